"""Whom a free counter calls: one pure function over the heads of its queues.

Every queue is first come, first served, so only its head can be the answer, and a decision looks at as many tickets as there
are queues, however many people wait. The same function serves Call Next, the waiting forecast and the replay of past days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from edge.queue.events import Candidate, Why
from edge.queue.model import Tier


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
    """Sent to this counter by name."""
    calls: int = 0
    """How often it was called before: a missed one that waits again was."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Data, not code: what a counter prefers."""

    order: tuple[Tier, ...] = (Tier.PRIORITY, Tier.GOLD, Tier.NORMAL)
    name: str = "priority_then_time"
    ranks: dict[Tier, int] = field(init=False)

    def __post_init__(self) -> None:
        unnamed = [tier for tier in Tier if tier not in self.order]
        object.__setattr__(self, "ranks", {tier: rank for rank, tier in enumerate([*unnamed, *self.order], 1)})


DEFAULT: Final = Rule()


def choose(heads: Sequence[Head], rule: Rule, now_ms: int) -> tuple[Head, Why] | None:
    """The ticket to call now and why; None where nobody waits.

    Tickets sent to this counter by name come first, then the rule's order of tiers, then the earlier place.
    """
    if not heads:
        return None
    ranked = sorted(heads, key=lambda head: (not head.pooled, rule.ranks[head.tier], head.place_ms, head.seq))
    best = ranked[0]
    text_code = "sent_to_this_counter" if best.pooled else _reason(best, ranked)
    candidates = tuple(_candidate(head, rank, now_ms) for rank, head in enumerate(ranked, 1))
    return best, Why(rule=rule.name, text_code=text_code, candidates=candidates)


def _reason(best: Head, ranked: Sequence[Head]) -> str:
    if len(ranked) == 1:
        return "only_queue_waiting"
    if all(head.tier == best.tier for head in ranked):
        return "waited_longest"
    return "tier_goes_first"


def _candidate(head: Head, rank: int, now_ms: int) -> Candidate:
    return Candidate(
        ticket=head.ticket,
        number=head.number,
        queue=head.queue,
        tier=head.tier,
        waited_s=max(0, now_ms - head.place_ms) // 1000,
        rank=rank,
        chosen=rank == 1,
    )
