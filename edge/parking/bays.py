"""Which bay a visit gets. Pure: times in, a name out.

A bay is held for a visit over a span of time, and for as long again as a car usually stays: whoever arrives at the last moment
must not find the next one's car coming. A car inside is expected to stay as long; one that stayed longer is there now.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from edge.parking.model import CarPark, State, Stay

MINUTE_MS: Final = 60_000


class Span(NamedTuple):
    """Half-open, Unix milliseconds."""

    from_ms: int
    until_ms: int

    def meets(self, other: "Span") -> bool:
        return self.from_ms < other.until_ms and other.from_ms < self.until_ms


def taken(stay: Stay, park: CarPark, now_ms: int) -> Span:
    """When a stay needs its bay."""
    usual_ms = park.usual_min * MINUTE_MS
    if stay.state is State.INSIDE:
        return Span(stay.from_ms, max(stay.from_ms + usual_ms, now_ms + 1))
    return Span(stay.from_ms, stay.until_ms + usual_ms)


def free(park: CarPark, stays: Iterable[Stay], span: Span, now_ms: int) -> list[str]:
    """The bays that nobody needs during `span`, in the order of the policy."""
    needed = {stay.bay for stay in stays if stay.bay is not None and taken(stay, park, now_ms).meets(span)}
    return [bay for bay in park.bays if bay not in needed]


def for_hold(park: CarPark, stays: Sequence[Stay], span: Span, now_ms: int) -> str | None:
    """A bay to hold over `span`; None where there is none, or where somebody waits who would be passed over."""
    needed = Span(span.from_ms, span.until_ms + park.usual_min * MINUTE_MS)
    if any(one.state is State.WAITING and taken(one, park, now_ms).meets(needed) for one in stays):
        return None
    return next(iter(free(park, stays, needed, now_ms)), None)


def for_arrival(park: CarPark, stays: Iterable[Stay], stay: Stay | None, now_ms: int) -> str | None:
    """Where a car that is at the barrier goes: to the bay that is held for it now, else to one that nobody needs soon."""
    others = [one for one in stays if stay is None or one.id != stay.id]
    possible = free(park, others, Span(now_ms, now_ms + park.usual_min * MINUTE_MS), now_ms)
    if stay is not None and stay.bay in park.bays:
        standing = {one.bay for one in others if one.state is State.INSIDE}
        held = stay.state is State.RESERVED and stay.from_ms <= now_ms and stay.bay not in standing
        if held or stay.bay in possible:
            return stay.bay
    return next(iter(possible), None)
