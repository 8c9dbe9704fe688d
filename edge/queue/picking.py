"""The call rule, compiled for a simulation that calls a hundred thousand times.

`edge.queue.rules.choose` explains every call it makes; a simulation only needs the answer. A picker gives the same answer from
the same rule, proven on random states by a property test (tests/property/forecast). What can be worked out once (ranks,
thresholds, targets, which of the counter's queues are asked at all) is worked out when the picker is made.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from edge.queue.model import Tier
from edge.queue.rules import PERSON_S, Memory, Rule, Threshold


class Place(NamedTuple):
    """A ticket in a simulated queue; the first two parts order it."""

    place_ms: int
    seq: int
    waits_from_ms: int
    number: int
    """Its place in the list of whoever waits or arrives."""
    appointment: bool = False
    """Its holder has an appointment: blending may hold it back."""


class Lane(NamedTuple):
    """A queue as one counter sees it."""

    queue: int
    tier: Tier
    pooled: bool


class Line:
    """A queue in one run: `places` from `first` on still wait. Whoever left without a word still counts, as in the hall."""

    __slots__ = ("first", "imagined", "places")

    def __init__(self, places: list[Place], imagined: int = 0) -> None:
        """`imagined`: so many of the places are of people who are not there; they are no crowd."""
        self.places = places
        self.first = 0
        self.imagined = imagined

    @property
    def length(self) -> int:
        return len(self.places) - self.first - self.imagined


class _Asked(NamedTuple):
    """A lane with what the rule says about it."""

    queue: int
    pooled: bool
    rank: int
    tier: Tier
    threshold: Threshold | None
    target_s: float | None
    share: int


class Picker:
    """Which queue a counter calls from. Remembers its calls, so each run takes a `fresh` one."""

    __slots__ = ("_asked", "_groups", "_promoted_in_row", "_rule", "_simple", "_turns", "_walk_ins_owed")

    def __init__(self, rule: Rule, lanes: Sequence[Lane], memory: Memory) -> None:
        self._rule = rule
        ranks = rule.ranks
        asked = [
            _Asked(
                lane.queue,
                lane.pooled,
                ranks[lane.tier],
                lane.tier,
                rule.thresholds.get(lane.tier),
                rule.target_s.get(lane.tier),
                rule.turns.get(lane.tier, 1),
            )
            for lane in lanes
        ]
        self._asked = sorted(asked, key=lambda lane: (not lane.pooled, lane.rank))
        self._simple = not (rule.target_s or rule.turns or rule.blend) and not any(lane.threshold for lane in asked)
        self._groups = _grouped(self._asked)
        self._promoted_in_row = memory.promoted_in_row
        self._turns = dict(memory.turns)
        self._walk_ins_owed = memory.walk_ins_owed

    def fresh(self) -> "Picker":
        """The same counter, at the beginning of another run."""
        if self._simple:
            return self
        other = object.__new__(Picker)
        other._rule, other._asked, other._groups = self._rule, self._asked, self._groups
        other._simple, other._promoted_in_row, other._turns = self._simple, self._promoted_in_row, dict(self._turns)
        other._walk_ins_owed = self._walk_ins_owed
        return other

    def pick(self, lines: Sequence[Line], now_ms: int) -> int:
        """The queue to call from; -1 where nobody waits."""
        return self._earliest(lines) if self._simple else self._ranked(lines, now_ms)

    def _earliest(self, lines: Sequence[Line]) -> int:
        """Without thresholds, targets or turns: the first group that has anybody, and there the earliest place."""
        for group in self._groups:
            found, best = -1, _LAST
            for queue in group:
                line = lines[queue]
                if line.first < len(line.places) and line.places[line.first] < best:
                    found, best = queue, line.places[line.first]
            if found >= 0:
                return found
        return -1

    def _ranked(self, lines: Sequence[Line], now_ms: int) -> int:
        """The general rule, part by part as in the module's list of `edge.queue.rules`."""
        capped = 0 < self._rule.promoted_in_row_max <= self._promoted_in_row
        best: tuple[bool, bool, float, bool, float, int, int, int] | None = None
        chosen: _Asked | None = None
        for lane in self._asked:
            line = lines[lane.queue]
            if line.first >= len(line.places):
                continue
            head = line.places[line.first]
            waited_ms = max(0, now_ms - head.waits_from_ms)
            excess = None if capped or lane.threshold is None else _excess_s(lane.threshold, line.length, waited_ms)
            base = self._base(lane, waited_ms)
            back = excess is None and self._stands_back(head, now_ms)
            key = (not lane.pooled, excess is None, -(excess or 0.0), back, base, lane.rank, head.place_ms, head.seq)
            if best is None or key < best:
                best, chosen = key, lane
        return -1 if chosen is None else chosen.queue

    def _stands_back(self, head: Place, now_ms: int) -> bool:
        blend = self._rule.blend
        if blend is None or not head.appointment:
            return False
        early = blend.lead_s is not None and now_ms < head.place_ms - blend.lead_s * 1_000
        return early or self._walk_ins_owed > 0

    def _base(self, lane: _Asked, waited_ms: int) -> float:
        if self._rule.target_s:
            return 0.0 if lane.target_s is None else -waited_ms / 1000 / lane.target_s
        if self._rule.turns:
            return float(self._turns.get(lane.tier, 0) >= lane.share)
        return 0.0

    def called(self, queue: int, lines: Sequence[Line], now_ms: int) -> None:
        """Remember the call of the head of `queue`; asked before that head is taken out."""
        if self._simple:
            return
        lane = next(lane for lane in self._asked if lane.queue == queue)
        line = lines[queue]
        capped = 0 < self._rule.promoted_in_row_max <= self._promoted_in_row
        head = line.places[line.first]
        waited_ms = max(0, now_ms - head.waits_from_ms)
        past = lane.threshold is not None and _excess_s(lane.threshold, line.length, waited_ms) is not None
        self._promoted_in_row = self._promoted_in_row + 1 if past and not capped and not lane.pooled else 0
        if self._rule.blend is not None:
            self._walk_ins_owed = self._rule.blend.walk_ins if head.appointment else max(0, self._walk_ins_owed - 1)
        if self._rule.turns:
            self._take_turn(lane, lines)

    def _take_turn(self, lane: _Asked, lines: Sequence[Line]) -> None:
        present = (one for one in self._asked if lines[one.queue].length)
        if all(self._turns.get(one.tier, 0) >= one.share for one in present):
            self._turns = {}
        self._turns[lane.tier] = self._turns.get(lane.tier, 0) + 1

    @property
    def memory(self) -> Memory:
        return Memory(self._promoted_in_row, dict(self._turns), self._walk_ins_owed)


_LAST: Final = Place(1 << 62, 0, 0, 0)


def _grouped(asked: Sequence[_Asked]) -> list[list[int]]:
    """Queues of equal standing together, the first to be asked first."""
    groups: dict[tuple[bool, int], list[int]] = {}
    for lane in asked:
        groups.setdefault((not lane.pooled, lane.rank), []).append(lane.queue)
    return [groups[standing] for standing in sorted(groups)]


def _excess_s(threshold: Threshold, length: int, waited_ms: int) -> float | None:
    """As `Threshold.overshoot_s`, from figures instead of a head."""
    best: float | None = None
    if threshold.wait_s is not None:
        best = _past(float(waited_ms // 1000 - threshold.wait_s), threshold)
    if threshold.count is not None:
        people = length - 1 if threshold.metric == "behind" else length
        crowd = _past(float((people - threshold.count) * PERSON_S), threshold)
        best = crowd if best is None or (crowd is not None and crowd > best) else best
    return best


def _past(excess_s: float, threshold: Threshold) -> float | None:
    return excess_s if excess_s > 0 or (excess_s == 0 and threshold.op == "ge") else None
