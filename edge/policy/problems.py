"""How the policy room says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("unknown_policy", 404, "没有这项参数", "There is no such policy"),
    Problem("invalid_policy_value", 400, "取值不符合该参数的要求", "The value is not one this policy can have"),
    Problem("policy_locked", 409, "上级已锁定此项，已向上级提出申请", "A higher level holds this; it has been asked"),
    Problem("policy_set_elsewhere", 409, "本网点在专门页面设置此项", "An outlet sets this on a page of its own"),
    Problem("held_by_policy", 409, "上级策略不允许这样设置", "A higher level's policy does not allow this"),
    Problem("too_many_requests_pending", 409, "等待上级答复的申请过多", "Too many requests wait for an answer"),
)
