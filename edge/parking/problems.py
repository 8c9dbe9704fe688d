"""How this room says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("no_car_park", 409, "本网点没有可预约的车位", "This branch has no bays to reserve"),
    Problem("unknown_visit", 404, "没有这张号票或预约", "There is no such ticket or appointment"),
    Problem("visit_over", 409, "这次到访已经结束", "This visit is over"),
    Problem("bay_asked_already", 409, "这次到访已经预约车位", "A bay was asked for already for this visit"),
    Problem("plate_needed", 422, "请填写车牌号", "Say the number plate"),
    Problem("car_park_full", 409, "车位候补已满", "Too many are waiting for a bay"),
    Problem("unknown_stay", 404, "没有这条停车记录", "There is no such stay"),
    Problem("stay_not_in_state", 409, "该车辆当前状态不能这样操作", "The state of the stay does not allow this"),
    Problem("no_bay_free", 409, "没有空闲车位", "There is no free bay"),
    Problem("unknown_gate", 404, "没有这个道闸", "There is no such barrier"),
)
"""The refusals of `decide.py` and `api.py`; the rest are the queue's."""
