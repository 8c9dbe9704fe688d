"""What the daemon and the forecast's process say to each other, on the process's standard input and output.

A letter is a length and a MessagePack body, never longer than `LETTER_BYTES_MAX`. Facts do not travel here: the process reads
the journal and the tables itself, with a connection that cannot write. So a letter is small, and one that is lost costs
nothing but a forecast.
"""

import struct
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from edge.queue.call_rules import CallRules
from edge.queue.model import Tier
from edge.queue.outlook import Expected, Newcomer

LETTER_BYTES_MAX: Final = 4 * 1024 * 1024
_LENGTH: Final = struct.Struct(">I")


class BadLetter(Exception):
    """The other side does not speak this language; the text says why."""


# --- to the process


class Look(msgspec.Struct, frozen=True, tag=True):
    """Facts may have been committed, or time has passed: forecast everybody."""

    now_ms: int


OPENS_WITHIN_S: Final = 14_400
"""Later than in four hours is not thought through: nobody who waits now would wait for it."""


class OpenCounter(msgspec.Struct, frozen=True, tag="open_counter", forbid_unknown_fields=True):
    """One more counter calls, now or later."""

    counter: str
    in_s: Annotated[int, msgspec.Meta(ge=0, le=OPENS_WITHIN_S)] = 0


class CloseCounter(msgspec.Struct, frozen=True, tag="close_counter", forbid_unknown_fields=True):
    """A counter calls nobody any more once it is done with whoever is there."""

    counter: str


class ChangeRule(msgspec.Struct, frozen=True, tag="change_rule", forbid_unknown_fields=True):
    """Counters follow other rules (the default alone is enough); without names, all of them."""

    rules: CallRules
    counters: tuple[str, ...] = ()


class MoveService(msgspec.Struct, frozen=True, tag="move_service", forbid_unknown_fields=True):
    """A service is taken by exactly these counters."""

    service: str
    counters: tuple[str, ...]


Change = OpenCounter | CloseCounter | ChangeRule | MoveService


class WhatIf(msgspec.Struct, frozen=True, tag=True):
    """What would these changes save, all of them together?"""

    id: int
    now_ms: int
    changes: tuple[Change, ...]


class Staffing(msgspec.Struct, frozen=True, tag=True):
    """Which counters would help most in the next hours?"""

    id: int
    now_ms: int
    target_s: dict[Tier, int]


class BackTest(msgspec.Struct, frozen=True, tag=True):
    """How would past days have gone under other rules?"""

    id: int
    now_ms: int
    rules: CallRules
    counters: tuple[str, ...]
    days: int
    target_s: dict[Tier, int]


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Nobody wants the answer any more."""

    id: int


class Goodbye(msgspec.Struct, frozen=True, tag=True):
    """Keep what was learned, and end."""


ToWorker = Look | WhatIf | Staffing | BackTest | Cancel | Goodbye

# --- from the process


class Outlook(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The forecast of everybody, as of fact `seq`."""

    seq: int
    expected: list[Expected]
    newcomers: list[Newcomer]
    why: str
    spent_s: float
    learned: int
    """Facts that it has learned from."""


class Silent(msgspec.Struct, frozen=True, tag=True):
    """There is no forecast now: `warming` while it still learns, `too_crowded`, or `unconfigured`."""

    reason: Literal["warming", "too_crowded", "unconfigured"]
    share: float = 1.0
    """How much of what it wants to learn at the start it has."""


class ClassEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does for a class: mean waits from now, in seconds, of those who are called with and without it."""

    service: str
    tier: Tier
    people: int
    before_s: float
    after_s: float
    stuck_before: int = 0
    """Of them, so many would be called by nobody within four hours as things are, and with the change."""
    stuck_after: int = 0


class Effects(msgspec.Struct, frozen=True, tag=True):
    """The answer to a what-if."""

    id: int
    classes: list[ClassEffect]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that could be done, and what it brings."""

    counter: str
    in_s: int
    share_before: float
    """Of all who wait and will come within the two hours: served within their target."""
    share_after: float
    saved_s: float
    """Mean wait saved, over the same people."""


class Proposals(msgspec.Struct, frozen=True, tag=True):
    """The answer to a question about staffing, best first."""

    id: int
    people: float
    share_now: float
    proposals: list[Proposal]


class ClassPast(msgspec.Struct, frozen=True, kw_only=True):
    """A class over the days of a back-test: as it was, replayed under the rules of today, and under the new ones."""

    service: str
    tier: Tier
    people: int
    was_s: float
    before_s: float
    after_s: float
    before_p90_s: float
    after_p90_s: float
    before_share: float
    """Called within their target."""
    after_share: float


class Progress(msgspec.Struct, frozen=True, tag=True):
    """A back-test is under way."""

    id: int
    done: int
    of: int


class BackTested(msgspec.Struct, frozen=True, tag=True):
    """The answer to a back-test."""

    id: int
    days: list[str]
    classes: list[ClassPast]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A question that cannot be answered; the code is a problem of this room."""

    id: int
    code: str


class Beat(msgspec.Struct, frozen=True, tag=True):
    """Still there."""


FromWorker = Outlook | Silent | Effects | Proposals | Progress | BackTested | Refused | Beat

_to_worker: Final[msgspec.msgpack.Decoder[ToWorker]] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: Final[msgspec.msgpack.Decoder[FromWorker]] = msgspec.msgpack.Decoder(FromWorker)


def packed(letter: ToWorker | FromWorker) -> bytes:
    """A letter as it travels. Raises BadLetter where it is too long."""
    body = msgspec.msgpack.encode(letter)
    if len(body) > LETTER_BYTES_MAX:
        raise BadLetter("too long")
    return _LENGTH.pack(len(body)) + body


class Unpacker:
    """Takes bytes as they come, gives whole bodies."""

    def __init__(self) -> None:
        self._got = bytearray()

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Raises BadLetter for a length that no letter has."""
        self._got += part
        while len(self._got) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._got)
            if length > LETTER_BYTES_MAX:
                raise BadLetter("too long")
            end = _LENGTH.size + length
            if len(self._got) < end:
                return
            body = bytes(self._got[_LENGTH.size : end])
            del self._got[:end]
            yield body


def for_worker(body: bytes) -> ToWorker:
    """Raises BadLetter."""
    try:
        return _to_worker.decode(body)
    except msgspec.DecodeError as error:
        raise BadLetter(str(error)) from error


def from_worker(body: bytes) -> FromWorker:
    """Raises BadLetter."""
    try:
        return _from_worker.decode(body)
    except msgspec.DecodeError as error:
        raise BadLetter(str(error)) from error
