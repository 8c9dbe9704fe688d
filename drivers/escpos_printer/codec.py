"""ESC/POS, the host's side, without any I/O: commands to bytes, bytes to replies.

What is true here:

* A printer's bytes come unframed and unasked. What a byte is shows in its fixed bits, which Epson chose so that the kinds
  never collide (TM-T88 command reference, "transmission status"): a real-time status has bits 1 and 4 set and 0 and 7
  clear; the first byte of an automatic status (ASB) has bit 4 set and 0, 1 and 7 clear, its other three have 4 and 7
  clear; the answer to `GS r` has 4 and 7 clear; `37` opens a `GS ( H` or clear response, `5F` a text, both up to a `00`.
* A real-time status does not say which question it answers. That is the driver's to know; here it is only a byte.
* No byte is ever skipped unread: what fits nothing comes out as `Unexplained`. A message that turns out not to be one
  gives up its first byte only; the rest is read afresh. So garbage costs itself and nothing behind it.
* What waits for its end is bounded (`TEXT_BYTES_MAX`), so garbage cannot grow.
* The same bytes give the same replies however they are cut, apart from how neighbouring `Unexplained` bytes are grouped.

Sources: Epson TM-L90/TM-T88 guides, pp. 319 and 425–431; TM-L60II p. 1217; easymanua BT-532C p. 49.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

DLE, ESC, FS, GS = 0x10, 0x1B, 0x1C, 0x1D

INITIALISE: Final = b"\x1b@"
CHINESE_ON: Final = b"\x1c&"
SMOOTH: Final = b"\x1db\x01"
ASB_ON: Final = b"\x1da\xff"
ORDERED_STATUS: Final = b"\x1dr\x01"
"""Answered in the order of the stream, so its answer says that everything before it has been taken up."""
RESUME: Final = b"\x10\x05\x01"
"""Recover from an error and go on with the line where it happened."""
RECOVER_CLEARED: Final = b"\x10\x05\x02"
"""Recover from an error and drop the buffers."""
CLEAR_BUFFER: Final = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"

TEXT_BYTES_MAX: Final = 80
"""Longest text a printer says of itself (`GS I`), with its head and end."""


class Question(IntEnum):
    """What `DLE EOT n` can ask. Answered at once, even while the printer stands still."""

    PRINTER = 1
    OFFLINE = 2
    ERROR = 3
    PAPER = 4


class Text(IntEnum):
    """What `GS I n` can ask, answered in the order of the stream by a text."""

    FIRMWARE = 65
    MAKER = 66
    MODEL = 67
    SERIAL_NUMBER = 68


def ask(question: Question) -> bytes:
    return bytes((DLE, 0x04, question))


def ask_text(text: Text) -> bytes:
    return bytes((GS, 0x49, text))


def request_process_id(process_id: str) -> bytes:
    """`GS ( H`, function 48: say these four characters when everything before them has printed."""
    return b"\x1d(H\x06\x0000" + process_id.encode("ascii")


def cut(*, full: bool, feed_dots: int) -> bytes:
    """Feed the last line past the cutter, and so many dots more, then cut."""
    return bytes((GS, 0x56, 65 if full else 66, feed_dots))


def kick(*, pin: int, on_ms: int, off_ms: int) -> bytes:
    """`ESC p`: a pulse to pin 2 or 5 of the kick-out socket, in the order of the stream; the times go in steps of 2 ms."""
    return bytes((ESC, 0x70, 0 if pin == 2 else 1, on_ms // 2, off_ms // 2))


@dataclass(frozen=True, slots=True)
class RealTimeStatus:
    """The answer to a `DLE EOT`, without saying to which."""

    value: int

    def has(self, bits: int) -> bool:
        return self.value & bits != 0


@dataclass(frozen=True, slots=True)
class OrderedStatus:
    """The answer to `GS r 1`."""

    value: int


@dataclass(frozen=True, slots=True)
class AutomaticStatus:
    """An ASB frame: the whole state, sent whenever some of it changes."""

    frame: bytes

    def has(self, byte: int, bits: int) -> bool:
        return self.frame[byte] & bits != 0


@dataclass(frozen=True, slots=True)
class ProcessIdDone:
    process_id: str


@dataclass(frozen=True, slots=True)
class BufferCleared:
    """Everything unprinted has been dropped."""


@dataclass(frozen=True, slots=True)
class OfflineCause:
    """`GS ( H`, function 49: up to ten bytes 40..7F."""

    causes: bytes


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """The answer to a `GS I`, without saying to which."""

    text: str


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Bytes that are part of no reply."""

    data: bytes


Reply = (
    RealTimeStatus
    | OrderedStatus
    | AutomaticStatus
    | ProcessIdDone
    | BufferCleared
    | OfflineCause
    | SelfDescription
    | Unexplained
)


class _Unfinished(Exception):
    """So far it could become a message; more bytes are needed."""


class ReplyParser:
    """Turns what a printer sends into replies, as it comes."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a message that has begun and not ended."""
        return len(self._pending)

    def receive(self, data: bytes) -> list[Reply]:
        self._pending += data
        replies: list[Reply] = []
        start = 0
        try:
            while start < len(self._pending):
                reply, length = _read(self._pending, start)
                _append(replies, reply)
                start += length
        except _Unfinished:
            pass
        del self._pending[:start]
        return replies

    def idle(self) -> list[Reply]:
        """The wire has been quiet: what has begun will never end. Its first byte explains nothing."""
        if not self._pending:
            return []
        first, rest = bytes(self._pending[:1]), bytes(self._pending[1:])
        self._pending.clear()
        replies: list[Reply] = [Unexplained(first)]
        for reply in self.receive(rest):
            _append(replies, reply)
        return replies


def _append(replies: list[Reply], reply: Reply) -> None:
    """Neighbouring noise is one noise."""
    if isinstance(reply, Unexplained) and replies and isinstance(replies[-1], Unexplained):
        reply = Unexplained(replies.pop().data + reply.data)  # type: ignore[union-attr] # the line above looked
    replies.append(reply)


def _read(data: bytearray, start: int) -> tuple[Reply, int]:
    """The reply at `start` and its length. Raises `_Unfinished`."""
    first = data[start]
    if first & 0x93 == 0x12:
        return RealTimeStatus(first), 1
    if first & 0x93 == 0x10:
        return _read_automatic_status(data, start)
    if first & 0xF0 == 0x00:
        return OrderedStatus(first), 1
    if first == 0x5F:
        return _read_text(data, start)
    if first == 0x37:
        return _read_response(data, start)
    return Unexplained(bytes((first,))), 1


def _read_automatic_status(data: bytearray, start: int) -> tuple[Reply, int]:
    frame = bytes(data[start : start + 4])
    if any(byte & 0x90 for byte in frame[1:]):
        return Unexplained(frame[:1]), 1
    if len(frame) < 4:
        raise _Unfinished
    return AutomaticStatus(frame), 4


def _read_text(data: bytearray, start: int) -> tuple[Reply, int]:
    body = _body(data, start + 1, TEXT_BYTES_MAX - 2, lambda byte: 0x20 <= byte <= 0x7E)
    if body is None:
        return Unexplained(bytes(data[start : start + 1])), 1
    return SelfDescription(body.decode("ascii")), len(body) + 2


def _read_response(data: bytearray, start: int) -> tuple[Reply, int]:
    if len(data) < start + 2:
        raise _Unfinished
    shape = _RESPONSES.get(data[start + 1])
    if shape is not None:
        lengths, belongs, make = shape
        body = _body(data, start + 2, lengths.stop - 1, belongs)
        if body is not None and len(body) in lengths:
            return make(body), len(body) + 3
    return Unexplained(bytes(data[start : start + 1])), 1


# The second byte of a response: how long its body may be, which bytes it may have, what it says.
_RESPONSES: dict[int, tuple[range, Callable[[int], bool], Callable[[bytes], Reply]]] = {
    0x22: (range(4, 5), lambda byte: 0x20 <= byte <= 0x7E, lambda body: ProcessIdDone(body.decode("ascii"))),
    0x23: (range(11), lambda byte: 0x40 <= byte <= 0x7F, OfflineCause),
    0x25: (range(1), lambda _: False, lambda _: BufferCleared()),
}


def _body(data: bytearray, start: int, length_max: int, belongs: Callable[[int], bool]) -> bytes | None:
    """What stands between `start` and the closing `00`; None where that is no message. Raises `_Unfinished`."""
    for position in range(start, len(data)):
        if data[position] == 0x00:
            return bytes(data[start:position])
        if position - start >= length_max or not belongs(data[position]):
            return None
    raise _Unfinished
