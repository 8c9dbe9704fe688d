"""How this room says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("no_such_customer", 404, "没有这位客户", "There is no such customer"),
    Problem("customer_erased", 410, "这位客户的资料已应其要求删除", "This customer's data was erased on their request"),
    Problem(
        "consent_text_outdated",
        409,
        "客户已同意更新版本的文本",
        "The customer has agreed to a newer version of this text",
    ),
    Problem(
        "nothing_to_unmask", 404, "本网点没有这位客户的姓名和电话", "The branch keeps no name and no phone of this customer"
    ),
    Problem(
        "unmask_limit_reached",
        409,
        "今天查看完整信息的次数已用完",
        "You have seen unmasked data as often as is allowed today",
    ),
)
"""The refusals of `decide.py` and of the routes."""
