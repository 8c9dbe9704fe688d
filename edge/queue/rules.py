"""Whom a free counter calls: one pure function over the heads of its queues.

Every queue is first come, first served, so only its head can be the answer, and a decision looks at as many tickets as there
are queues, however many people wait. The same function serves Call Next, the waiting forecast and the replay of past days.

A rule is data. Its parts are asked in this order, and the first that has an answer decides:

1. A ticket sent to this counter, or to the teller who sits there, by name.
2. After `promoted_in_row_max` promoted calls in a row: the static order once, so that nobody starves behind the overdue (S06).
3. Promotion: whoever has passed a threshold of their tier, the largest overshoot first (S01–S03). A threshold is a time
   waited, or a head-count: people behind the head of the queue, or the queue's whole length. It is looked at now, at the
   call, never when the ticket was taken. "Passed" is strictly more, in whole seconds, unless the rule says `ge`.
4. Blending: an appointment steps back while its slot is not near, or while this counter owes walk-ins a call after the last
   appointment. Only somebody else who waits can go before it: it is never left standing at an idle counter.
5. The base: `credit` (waited ÷ target minutes, the highest first), `turns` (so many of each tier in a round), or the static
   `order` of tiers. Among equals the earlier place wins.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import field

from edge.queue.model import STAFF_POOL, Tier

PERSON_S: Final = 60
"""What one person too many weighs against seconds too many, where a head-count and a time compete for the overshoot."""

Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Measure = Literal["time", "count"]
"""What a threshold looks at: how long the head of a queue has waited, or how many people there are."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of those whom a call could have gone to: the head of a queue."""

    ticket: str
    number: str
    queue: str
    tier: str
    waited_s: int
    rank: int
    """Its place in the rule's order, from 1."""
    chosen: bool = False


class Why(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rule that decided a call and the candidates it saw."""

    rule: str
    text_code: str
    candidates: tuple[Candidate, ...]
    note: str = ""
    """Why it was called out of turn, in the words of whoever did it."""
    threshold: Measure | None = None
    """Which threshold promoted it; None where none did."""
    scheduled: bool | None = None
    """Whether the rule was a schedule's; None where nobody noted it."""


class Head(NamedTuple):
    """The first ticket of a queue that this counter may call."""

    ticket: str
    number: str
    queue: str
    service: str
    tier: Tier
    place_ms: int
    """Its place in time: earlier goes first."""
    seq: int
    """Breaks ties: order of issue."""
    language: str
    pooled: bool
    """Sent to this counter, or to its teller, by name."""
    waits_from_ms: int | None = None
    """Since when its wait counts, where that is not its place: a remote ticket ages from its activation (S08)."""
    length: int = 1
    """How many wait in its queue, itself included."""
    calls: int = 0
    """How often it was called before: a missed one that waits again was."""
    appointment: bool = False
    """Its holder has an appointment and came in time for it: `place_ms` is the beginning of the slot."""

    def waited_ms(self, now_ms: int) -> int:
        return max(0, now_ms - (self.place_ms if self.waits_from_ms is None else self.waits_from_ms))


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a tier's queue goes before its turn."""

    wait_s: Seconds | None = None
    count: Count | None = None
    op: Literal["gt", "ge"] = "gt"
    metric: Literal["behind", "length"] = "behind"

    def overshoot_s(self, head: Head, now_ms: int) -> float | None:
        """By how much `head` is past this threshold, in seconds; None where it is not."""
        return max(self._excesses_s(head, now_ms).values(), default=None)

    def passed_by(self, head: Head, now_ms: int) -> Measure | None:
        """What took `head` furthest past this threshold; time where both did alike."""
        excesses = self._excesses_s(head, now_ms)
        return max(excesses, key=excesses.__getitem__, default=None)

    def _excesses_s(self, head: Head, now_ms: int) -> dict[Measure, float]:
        measured: dict[Measure, float] = {}
        if self.wait_s is not None:
            measured["time"] = float(head.waited_ms(now_ms) // 1000 - self.wait_s)
        if self.count is not None:
            people = head.length - 1 if self.metric == "behind" else head.length
            measured["count"] = float((people - self.count) * PERSON_S)
        return {name: excess for name, excess in measured.items() if excess > 0 or (excess == 0 and self.op == "ge")}


class Blend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How appointments and walk-ins share a counter."""

    lead_s: Annotated[int, msgspec.Meta(ge=0, le=7200)] | None = None
    """An appointment goes first from so long before its slot on; None: as soon as its holder is here."""
    walk_ins: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    """So many walk-ins are called between two appointments, as long as any wait."""

    def holds_back(self, head: Head, now_ms: int, memory: "Memory") -> bool:
        if not head.appointment:
            return False
        early = self.lead_s is not None and now_ms < head.place_ms - self.lead_s * 1000
        return early or memory.walk_ins_owed > 0


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a counter prefers. Tiers that `order` does not name come before those it names."""

    order: tuple[Tier, ...] = (Tier.PRIORITY, Tier.GOLD, Tier.NORMAL)
    thresholds: dict[Tier, Threshold] = field(default_factory=dict)
    promoted_in_row_max: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    """0 lifts the cap."""
    target_s: dict[Tier, Seconds] = field(default_factory=dict)
    """Accumulating priority: credit grows with the share of this target that has been waited."""
    turns: dict[Tier, Count] = field(default_factory=dict)
    """So many calls of each tier make a round."""
    blend: Blend | None = None
    name: Annotated[str, msgspec.Meta(max_length=40)] = ""

    def __post_init__(self) -> None:
        if len(set(self.order)) != len(self.order):
            raise ValueError("a tier stands twice in field `order`")
        if self.target_s and self.turns:
            raise ValueError("a rule has no turns beside its targets: in field `turns`")

    @property
    def ranks(self) -> dict[Tier, int]:
        """1 is called first."""
        return _ranks(self.order)

    @property
    def label(self) -> str:
        """How the books name it."""
        base = "credit" if self.target_s else "turns" if self.turns else "priority_then_time"
        return self.name or base


@cache
def _ranks(order: tuple[Tier, ...]) -> dict[Tier, int]:
    unnamed = [tier for tier in Tier if tier not in order]
    return {tier: rank for rank, tier in enumerate([*unnamed, *order], 1)}


class Memory(NamedTuple):
    """What a counter remembers of its calls; the rule's parts that count need it."""

    promoted_in_row: int = 0
    turns: Mapping[Tier, int] = {}
    """Calls of each tier in this round."""
    walk_ins_owed: int = 0
    """Walk-ins to be called before the next appointment."""


class Choice(NamedTuple):
    """The ticket to call, why, and what the counter remembers afterwards."""

    head: Head
    why: Why
    memory: Memory


DEFAULT: Final = Rule()
FRESH: Final = Memory()


def choose(heads: Sequence[Head], rule: Rule, now_ms: int, memory: Memory = FRESH) -> Choice | None:
    """The ticket to call now; None where nobody waits."""
    if not heads:
        return None
    overshoot = _overshoots(heads, rule, now_ms)
    capped = 0 < rule.promoted_in_row_max <= memory.promoted_in_row
    ranked = sorted(heads, key=lambda head: _order(head, rule, now_ms, memory, {} if capped else overshoot))
    best = ranked[0]
    promoted = best.ticket in overshoot and not capped and not best.pooled
    stepped_back = not promoted and any(_stands_back(head, rule, now_ms, memory) for head in ranked[1:])
    after_promoted = capped and bool(overshoot)
    why = Why(
        rule=rule.label,
        text_code=_reason(ranked, rule, promoted=promoted, capped=after_promoted, stepped_back=stepped_back),
        candidates=tuple(_candidate(head, rank, now_ms) for rank, head in enumerate(ranked, 1)),
        threshold=rule.thresholds[best.tier].passed_by(best, now_ms) if promoted else None,
    )
    return Choice(best, why, _remember(best, rule, memory, promoted=promoted, heads=heads))


Key = tuple[bool, bool, float, bool, float, int, int, int]


def _order(head: Head, rule: Rule, now_ms: int, memory: Memory, overshoot: Mapping[str, float]) -> Key:
    """Sorts whoever is called first to the front; each part is one line of the module's list."""
    excess = overshoot.get(head.ticket)
    return (
        not head.pooled,
        excess is None,
        -(excess or 0.0),
        excess is None and _stands_back(head, rule, now_ms, memory),
        _base(head, rule, now_ms, memory),
        rule.ranks[head.tier],
        head.place_ms,
        head.seq,
    )


def _stands_back(head: Head, rule: Rule, now_ms: int, memory: Memory) -> bool:
    return rule.blend is not None and rule.blend.holds_back(head, now_ms, memory)


def _base(head: Head, rule: Rule, now_ms: int, memory: Memory) -> float:
    """The base of the rule as a number; lower goes first, equal leaves it to the static order."""
    if rule.target_s:
        target_s = rule.target_s.get(head.tier)
        return 0.0 if target_s is None else -head.waited_ms(now_ms) / 1000 / target_s
    if rule.turns:
        return float(memory.turns.get(head.tier, 0) >= rule.turns.get(head.tier, 1))
    return 0.0


def _overshoots(heads: Sequence[Head], rule: Rule, now_ms: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for head in heads:
        threshold = rule.thresholds.get(head.tier)
        excess = None if threshold is None else threshold.overshoot_s(head, now_ms)
        if excess is not None:
            found[head.ticket] = excess
    return found


def _remember(best: Head, rule: Rule, memory: Memory, *, promoted: bool, heads: Sequence[Head]) -> Memory:
    """Count the call. A round of turns is over when every tier that waits has had its share."""
    in_row = memory.promoted_in_row + 1 if promoted else 0
    owed = _owed(best, rule, memory)
    if not rule.turns:
        return Memory(in_row, walk_ins_owed=owed)
    spent = all(memory.turns.get(head.tier, 0) >= rule.turns.get(head.tier, 1) for head in heads)
    turns = {} if spent else dict(memory.turns)
    turns[best.tier] = turns.get(best.tier, 0) + 1
    return Memory(in_row, turns, owed)


def _owed(best: Head, rule: Rule, memory: Memory) -> int:
    if rule.blend is None:
        return 0
    return rule.blend.walk_ins if best.appointment else max(0, memory.walk_ins_owed - 1)


def _reason(ranked: Sequence[Head], rule: Rule, *, promoted: bool, capped: bool, stepped_back: bool) -> str:
    """The code of a sentence a teller understands."""
    best = ranked[0]
    for holds, code in (
        (best.pooled and best.queue.startswith(STAFF_POOL), "sent_to_this_teller"),
        (best.pooled, "sent_to_this_counter"),
        (promoted, "past_its_threshold"),
        (capped, "after_promoted_calls"),
        (len(ranked) == 1, "only_queue_waiting"),
        (stepped_back, "between_appointments"),
        (bool(rule.target_s), "highest_credit"),
        (bool(rule.turns), "its_turn"),
        (all(head.tier == best.tier for head in ranked), "waited_longest"),
    ):
        if holds:
            return code
    return "tier_goes_first"


def _candidate(head: Head, rank: int, now_ms: int) -> Candidate:
    return Candidate(
        ticket=head.ticket,
        number=head.number,
        queue=head.queue,
        tier=head.tier,
        waited_s=head.waited_ms(now_ms) // 1000,
        rank=rank,
        chosen=rank == 1,
    )
