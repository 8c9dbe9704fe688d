"""Rules as somebody writes them down, for one counter or in a policy: nothing is left to be guessed.

What is stored may leave out what the shipped rule says anyway. What is written must not: a rule that says nothing at all would
silently put the shipped order in the place of whatever a counter follows, so it is refused, and so is a set of rules without
a default. Both ways to wish for rules, the counter's own and the policy of the outlet, read this shape and keep to the same
bounds.
"""

from typing import Annotated, Any

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.policy.keys import Unacceptable
from edge.queue import load
from edge.queue.call_rules import SCHEDULES_MAX, CallRules, Schedule
from edge.queue.model import Tier
from edge.queue.policy import COUNTERS_MAX, EVERY_COUNTER, CounterId
from edge.queue.rule_changes import agreed, within_bounds
from edge.queue.rules import DEFAULT, Rule


class WrittenRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule that says something; without an order, the shipped one holds beside what it says."""

    order: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        capped = self.promoted_in_row_max != DEFAULT.promoted_in_row_max
        if not (self.order or self.thresholds or self.target_s or self.turns or self.blend or capped):
            raise ValueError("a rule says whom it calls first: missing required field `order`")

    def plain(self) -> Rule:
        fields = msgspec.structs.asdict(self)
        return Rule(**{**fields, "order": self.order or DEFAULT.order})


class WrittenSchedule(Schedule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: WrittenRule

    def plain(self) -> Schedule:
        return Schedule(**{**msgspec.structs.asdict(self), "rule": self.rule.plain()})


class WrittenRules(CallRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a counter should follow: a default rule, and schedules."""

    default: WrittenRule
    schedules: Annotated[tuple[WrittenSchedule, ...], msgspec.Meta(max_length=SCHEDULES_MAX)] = ()

    def plain(self) -> CallRules:
        return CallRules(default=self.default.plain(), schedules=tuple(one.plain() for one in self.schedules))


RuleSets = Annotated[dict[CounterId, WrittenRules], msgspec.Meta(max_length=COUNTERS_MAX)]


def review(connection: Connection, value: Any) -> None:
    """Hold rule sets that an outlet writes as a policy to what its rule page is held to. Raises Rejected or Unacceptable."""
    try:
        sets = msgspec.convert(value, RuleSets)
    except (msgspec.ValidationError, ValueError) as error:
        raise Unacceptable(str(error)) from error
    latest_s = load.latest_s(connection)
    for counter, written in sets.items():
        if counter != EVERY_COUNTER and load.desk(connection, counter) is None:
            raise Rejected("unknown_counter", counter=counter)
        rules = written.plain()
        agreed(rules)
        within_bounds(rules, latest_s)
