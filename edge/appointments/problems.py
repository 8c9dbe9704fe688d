"""How the slot book says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("not_bookable", 409, "该业务不接受预约", "This service cannot be booked"),
    Problem("invalid_slot", 400, "没有这个预约时段", "There is no such slot"),
    Problem("slot_over", 409, "该时段已过", "This slot is over"),
    Problem("too_far_ahead", 409, "预约日期太远", "This day is too far ahead"),
    Problem("slot_taken", 409, "该时段已约满", "This slot is fully booked"),
    Problem("unknown_expert", 404, "没有这位专家", "There is no such expert"),
    Problem("expert_taken", 409, "专家该时段已有预约", "The expert is booked at that time"),
    Problem("expert_absent", 409, "专家当天不在", "The expert is away"),
    Problem("cash_needs_notice", 409, "大额现金需提前预约", "So much cash has to be ordered ahead"),
    Problem("duplicate_appointment", 409, "当天已有该业务的预约", "There is an appointment for this service that day"),
    Problem("unknown_appointment", 404, "没有这个预约", "There is no such appointment"),
    Problem("no_appointment", 404, "今天没有您的预约", "There is no appointment for you today"),
    Problem("appointment_used", 409, "该预约的号码已经结束", "The number given for this appointment is over"),
    Problem("appointment_not_in_state", 409, "该预约当前状态不能这样操作", "The appointment's state does not allow this"),
    Problem("no_code_free", 409, "今天的预约号已用完", "No code is left for today"),
    Problem("invalid_code", 404, "号码无效或已过期", "This code is not valid, or not today's"),
    Problem("identity_or_code_needed", 400, "请出示证件或输入预约号", "Show an identity or say the code"),
)
"""The refusals of `decide.py` and of the routes."""
