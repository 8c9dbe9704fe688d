"""How this room says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("service_not_offered", 409, "本网点不提供这项服务", "This branch does not offer this service"),
    Problem("tier_not_eligible", 403, "这项服务不适用于该客户级别", "This service is not for this customer's tier"),
    Problem("fee_changed", 409, "费用已变，请重新确认", "The fee is another now; confirm it again"),
    Problem("already_asked", 409, "已经申请过这项服务", "This service was asked for already"),
    Problem("too_many_requests", 409, "本次到店的申请已达上限", "So many requests cannot be made in one visit"),
    Problem("unknown_request", 404, "没有这项申请", "There is no such request"),
    Problem("request_not_in_state", 409, "该申请当前状态不能这样操作", "The request's state does not allow this"),
)
"""The refusals of `decide.py`; the rest are the queue's."""
