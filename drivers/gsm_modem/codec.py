"""A modem's side of the conversation, cut into what it means: 3GPP TS 27.007 and 27.005. Pure.

Answers are lines between CR and LF; the one exception is the prompt `> `, which ends in nothing and is looked for only while
it is awaited. Some lines come unasked, in the middle of answers too: they are told apart by their first word, and `+CDS:` takes
the line behind it along. Bytes that are not printable are noise and are handed out.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from drivers.gsm_modem.pdu import BadPdu, Report, decode_report

LINE_BYTES_MAX: Final = 1024
ESC: Final = b"\x1b"
SUBMIT: Final = b"\x1a"
"""Ctrl-Z: send it."""
PROMPT: Final = b"> "

_CMGS: Final = re.compile(r"\+CMGS: ?(\d{1,3})")
_CSQ: Final = re.compile(r"\+CSQ: ?(\d{1,2}),(\d{1,2})")
_REGISTERED: Final = re.compile(r"\+C(?:E|G)?REG: ?(?:\d,)?(\d{1,2})(?:,.*)?")
_FAILED: Final = re.compile(r"\+CM([SE]) ERROR: ?(.{1,64})")
_CALLS: Final = (
    "RING",
    "NO CARRIER",
    "BUSY",
    "NO ANSWER",
    "RDY",
    "+CMTI:",
    "+CPIN: NOT READY",
    "^",
    "*",
    "+CUSD:",
    "+CLIP:",
    "+QIND:",
)
"""What modems say unasked and nobody here needs. `^` and `*` begin what makers added."""


@dataclass(frozen=True, slots=True)
class Done:
    """OK."""


@dataclass(frozen=True, slots=True)
class Failed:
    """ERROR; `code` of +CMS or +CME where it gave one. 27.005 3.2.5, 27.007 9.2."""

    kind: str = ""
    """`S` for messages, `E` for equipment, empty for a plain ERROR."""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Prompted:
    """It waits for the message."""


@dataclass(frozen=True, slots=True)
class Line:
    """Any other line of an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """A line that nobody asked for and nobody needs."""

    text: str


@dataclass(frozen=True, slots=True)
class Garbage:
    data: bytes


Heard = Done | Failed | Prompted | Line | Unasked | Garbage | Report


class Sms(IntEnum):
    """+CMS ERROR codes whose meaning decides what is done: 27.005 3.2.5, and 24.011 annex E below 128."""

    UNASSIGNED = 1
    BARRED = 8
    CALL_BARRED = 10
    REJECTED = 21
    UNIDENTIFIED = 28
    REFUSED_FACILITY = 29
    UNKNOWN_SUBSCRIBER = 30
    INVALID_PDU = 304
    SIM_MISSING = 310
    SIM_PIN = 311
    SIM_FAILURE = 313
    SIM_PUK = 316
    NO_NETWORK = 331
    NETWORK_TIMEOUT = 332
    UNKNOWN = 500


NEVER: Final = frozenset(
    {Sms.UNASSIGNED, Sms.BARRED, Sms.CALL_BARRED, Sms.REJECTED, Sms.UNIDENTIFIED, Sms.REFUSED_FACILITY, Sms.UNKNOWN_SUBSCRIBER}
)
"""The network says that this number gets nothing; asking again gives the same."""
DOUBTFUL: Final = frozenset({Sms.NETWORK_TIMEOUT, Sms.UNKNOWN})
"""The modem does not know either: the network may have the message."""


class Conversation:
    """Bytes in, meanings out, however they are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._report_follows: str | None = None
        self.prompt_awaited = False

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Heard]:
        self._buffer += data
        found: list[Heard] = []
        while (line := self._line()) is not None:
            found += self._understood(line)
            if self._prompted():
                found.append(Prompted())
        if self._prompted():
            found.append(Prompted())
        return found

    def forget(self) -> bytes:
        """Start afresh; returns what was unfinished."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._report_follows = None
        self.prompt_awaited = False
        return rest

    def _prompted(self) -> bool:
        if self.prompt_awaited and self._buffer.startswith(PROMPT):
            del self._buffer[: len(PROMPT)]
            self.prompt_awaited = False
            return True
        return False

    def _line(self) -> bytes | None:
        """The next line, empty ones too; one without an end is cut off where it grows too long."""
        ends = [at for at in (self._buffer.find(b"\r"), self._buffer.find(b"\n")) if at >= 0]
        if not ends and len(self._buffer) <= LINE_BYTES_MAX:
            return None
        end = min([*ends, LINE_BYTES_MAX])
        line = bytes(self._buffer[:end])
        del self._buffer[: end + (1 if ends and end == min(ends) else 0)]
        return line

    def _understood(self, raw: bytes) -> list[Heard]:
        if not raw:
            return []
        if any(not 0x20 <= byte < 0x7F for byte in raw):
            self._report_follows = None
            return [Garbage(raw)]
        text = raw.decode("ascii")
        if self._report_follows is not None:
            return self._report(text)
        if text.startswith("+CDS:"):
            self._report_follows = text
            return []
        return [_meaning(text)]

    def _report(self, text: str) -> list[Heard]:
        announced, self._report_follows = self._report_follows or "", None
        try:
            return [decode_report(bytes.fromhex(text))]
        except (BadPdu, ValueError):
            return [Garbage(announced.encode("ascii")), _meaning(text)]


def _meaning(text: str) -> Heard:
    if text == "OK":
        return Done()
    if text == "ERROR":
        return Failed()
    if (failed := _FAILED.fullmatch(text)) is not None:
        code = failed.group(2)
        return Failed(failed.group(1), int(code) if code.isdigit() and len(code) <= 4 else None)
    return Unasked(text) if text.startswith(_CALLS) else Line(text)


def reference_of(text: str) -> int | None:
    """The network's number in `+CMGS: 12`."""
    found = _CMGS.match(text)
    return None if found is None or int(found.group(1)) > 255 else int(found.group(1))


def signal_dbm(text: str) -> int | None:
    """The strength in `+CSQ: 20,99`; None where it is not known. 27.007 8.5."""
    found = _CSQ.fullmatch(text)
    rssi = 99 if found is None else int(found.group(1))
    return None if rssi > 31 else -113 + 2 * rssi


def registration(text: str) -> int | None:
    """The state in `+CREG: 0,1`; None for another line. 27.007 7.2."""
    found = _REGISTERED.fullmatch(text)
    return None if found is None else int(found.group(1))
