"""The words every capability speaks: commands, events, effects, refusals.

A capability is a set of pure functions over these types (design decision 3): `decide` takes a loaded state, a command and
a `Context` and returns events; it may not ask a clock, a disk, a socket or a dice. Whatever it needs from the world is in
the `Context`, so that the same function serves the live branch, the forecast and the replay of last month.
"""

import base64
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

BASE32HEX: Final = "0123456789abcdefghijklmnopqrstuv"
PAIRS: Final = tuple(high + low for high in BASE32HEX for low in BASE32HEX)
ID_PAD_BITS: Final = 3
"""112 bits are 22 digits of five bits and a part of another."""
ID_SHIFTS: Final = tuple(range(110, -1, -10))


@lru_cache(maxsize=8)
def _moment(now_ms: int, zone: ZoneInfo) -> datetime:
    """A decision asks for it several times."""
    return datetime.fromtimestamp(now_ms / 1000, zone)


@lru_cache(maxsize=8)
def _day(now_ms: int, zone: ZoneInfo) -> date:
    return _moment(now_ms, zone).date()


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A wish, in the imperative: `CallNext`. It may be refused."""

    NAME: ClassVar[str]
    """`capability.wish`, for example `queue.call_next`."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact, in the past tense: `TicketCalled`. It happened and stays.

    The wire name ends in a version. A version is additive only: a field may be added with a default, never removed,
    renamed or given another meaning. A change beyond that is a new type `.v2` beside the old one.
    """

    TYPE: ClassVar[str]
    """`capability.fact.vN`."""

    def entity(self) -> str:
        """What the fact is about; overridden by events that are about one thing."""
        return ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision may know of the world."""

    now_ms: int
    """The branch's time, Unix milliseconds; never runs backwards but for a journalled `kernel.clock_stepped`."""
    zone: ZoneInfo
    actor: str
    """Who wishes it: `staff:1001`, `device:kiosk-1`, `phone`, `system`."""
    entropy: bytes
    """Thirty-two random bytes, drawn once per command."""

    @property
    def now(self) -> datetime:
        return _moment(self.now_ms, self.zone)

    @property
    def today(self) -> date:
        return _day(self.now_ms, self.zone)

    def new_id(self) -> str:
        """An id that sorts by time and cannot be guessed: 48 bits of milliseconds, 64 of chance, in base32hex (RFC 4648 §7)."""
        stamp = int.from_bytes(self.now_ms.to_bytes(6, "big") + self.entropy[:8], "big") << ID_PAD_BITS
        return "".join([PAIRS[stamp >> shift & 1023] for shift in ID_SHIFTS])[1:]

    def new_token(self) -> str:
        """An opaque secret of 128 bits, safe in a URL."""
        return base64.urlsafe_b64encode(self.entropy[16:32]).decode().rstrip("=")


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done in the world after the facts are on disk, at least once, under an idempotency key."""

    kind: str
    """`capability.act`, for example `queue.print_slip`; the registry names its handler."""
    key: str
    """Two effects with one key are one effect."""
    payload: bytes
    """JSON for the handler; references, never personal data."""
    not_after_ms: int | None = None
    """Past this moment it would do harm: it is dropped, and the drop is recorded."""


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units of one currency; never a float."""

    minor: int
    currency: str = "CNY"


class Rejected(Exception):
    """The domain said no. The code is stable; its text in each language is in the locale files."""

    def __init__(self, code: str, /, **facts: str | int | None) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class InvariantBroken(Exception):
    """A bug: the program's own promise does not hold. The process ends and is restarted from disk."""


def invariant(holds: bool, message: str) -> None:  # noqa: FBT001 -- reads as a sentence at the call
    """Raise `InvariantBroken` unless `holds`."""
    if not holds:
        raise InvariantBroken(message)
