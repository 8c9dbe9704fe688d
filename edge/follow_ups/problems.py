"""How this room says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("no_bad_rating", 404, "该号码没有差评", "This ticket has no bad rating"),
    Problem("already_followed_up", 409, "该差评已回访", "This rating was followed up already"),
)
"""The refusals of `decide.py`."""
