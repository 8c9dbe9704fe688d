"""触发规则: what made the rule call just this ticket, in one word for each call.

A call has a rule and a reason (`edge.queue.rules.Why`); people ask for something coarser: was it a threshold (and which), a
schedule, an appointment, a ratio, a hand? The first line that holds decides. A schedule's rule that promotes by its threshold
counts as the threshold; how often schedules were in force at all is counted apart (`scheduled`). The books of an older branch
say of a threshold only that it was one, and of a schedule only that the rule had a name of its own.
"""

from collections.abc import Mapping
from typing import Final

from edge.queue.rules import Why

PICKED: Final = "picked_by_hand"
"""The rule of a call out of turn."""
THRESHOLD: Final = "past_its_threshold"
BASE_RULES: Final = frozenset({"priority_then_time", "credit", "turns", PICKED})
"""Labels of rules without a name of their own."""

THRESHOLD_TIME: Final = "threshold_time"
THRESHOLD_COUNT: Final = "threshold_count"
THRESHOLD_UNTOLD: Final = "threshold"
_THRESHOLDS: Final[Mapping[str | None, str]] = {"time": THRESHOLD_TIME, "count": THRESHOLD_COUNT, None: THRESHOLD_UNTOLD}
BY_THRESHOLD: Final = frozenset(_THRESHOLDS.values())
_BY_REASON: Final[Mapping[str, str]] = {
    PICKED: "manual",
    "sent_to_this_counter": "sent_here",
    "sent_to_this_teller": "sent_here",
    "after_promoted_calls": "cap",
    "between_appointments": "between_appointments",
    "its_turn": "ratio",
    "highest_credit": "credit",
}


def is_scheduled(why: Why) -> bool:
    """Whether a schedule's rule was in force (时段规则命中)."""
    return why.rule not in BASE_RULES if why.scheduled is None else why.scheduled


def trigger_of(why: Why, *, appointed: bool) -> str:
    """The one word; `appointed` says whether the ticket was taken with an appointment."""
    if why.text_code == THRESHOLD:
        return _THRESHOLDS[why.threshold]
    found = _BY_REASON.get(why.text_code)
    if found is not None:
        return found
    if appointed:
        return "appointment"
    return "schedule" if is_scheduled(why) else "order"
