"""How the consent ledger says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("no_such_customer", 404, "没有这位客户", "There is no such customer"),
    Problem(
        "consent_text_outdated",
        409,
        "客户已同意更新版本的文本",
        "The customer has agreed to a newer version of this text",
    ),
)
"""The refusals of `decide.py` and of the routes."""
