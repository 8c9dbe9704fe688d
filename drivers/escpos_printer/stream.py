"""Where ESC/POS commands begin and end, as a printer reads them: the emulator's ear.

Commands are a table: the bytes that name one, and how many more belong to it. An unknown command byte is taken alone, as
real printers do; that is why a wrong command prints rubbish instead of failing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_REAL_TIME = re.compile(rb"(\x10\x04[\x01-\x04]|\x10\x05[\x01\x02]|\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08)", re.DOTALL)
_REAL_TIME_BEGUN = re.compile(rb"\x10(?:[\x04\x05]|\x14(?:\x08(?:\x01(?:\x03(?:\x14(?:\x01(?:\x06\x02?)?)?)?)?)?)?)?\Z")


@dataclass(frozen=True, slots=True)
class Taken:
    """One command: its name (empty for a character of text), its arguments, and its length in the stream."""

    name: bytes
    body: bytes
    length: int


def separate(data: bytes) -> tuple[list[bytes], bytes]:
    """The stream in order, each real-time command a piece of its own, and a tail that may yet become one."""
    begun = _REAL_TIME_BEGUN.search(data)
    tail = data[begun.start() :] if begun else b""
    pieces = _REAL_TIME.split(data[: len(data) - len(tail)])
    return [piece for piece in pieces if piece], tail


def is_real_time(piece: bytes) -> bool:
    return _REAL_TIME.fullmatch(piece) is not None


def take(buffer: bytearray, position: int) -> Taken | None:
    """The command at `position`; None where its end has not come yet."""
    if position >= len(buffer):
        return None
    first = buffer[position]
    if first not in _LEADS:
        return Taken(b"\n" if first == 0x0A else _text_or_nothing(first), bytes((first,)), 1)
    name = _name(buffer, position)
    if name is None:
        return None
    begin = position + len(name)
    length = _ARGUMENTS[name](buffer, begin) if name in _ARGUMENTS else 0
    if length is None or begin + length > len(buffer):
        return None
    return Taken(name, bytes(buffer[_body_start(name, begin) : begin + length]), len(name) + length)


def _text_or_nothing(first: int) -> bytes:
    """Control bytes that name nothing are passed over by a handler that does not exist."""
    return b"" if first >= 0x20 and first != 0x7F else bytes((first,))


def _name(buffer: bytearray, position: int) -> bytes | None:
    """Two bytes, or three where two are only a family; None where they have not all come."""
    two = bytes(buffer[position : position + 2])
    wanted = 3 if two in _FAMILIES else 2
    name = bytes(buffer[position : position + wanted])
    return name if len(name) == wanted else None


def _body_start(name: bytes, begin: int) -> int:
    """`GS (` commands carry their length first; it is not part of what they say."""
    return begin + 2 if name[:2] == b"\x1d(" else begin


def _fixed(length: int) -> Callable[[bytearray, int], int | None]:
    return lambda _buffer, _begin: length


def _counted(buffer: bytearray, begin: int) -> int | None:
    """pL pH, then so many bytes."""
    if len(buffer) < begin + 2:
        return None
    return 2 + int.from_bytes(buffer[begin : begin + 2], "little")


def _raster(buffer: bytearray, begin: int) -> int | None:
    """m xL xH yL yH, then x · y bytes."""
    if len(buffer) < begin + 5:
        return None
    row_bytes, rows = (int.from_bytes(buffer[begin + at : begin + at + 2], "little") for at in (1, 3))
    return 5 + row_bytes * rows


def _cut(buffer: bytearray, begin: int) -> int | None:
    """m, and a distance where m asks for one."""
    if len(buffer) <= begin:
        return None
    return 2 if buffer[begin] in (65, 66) else 1


_LEADS = frozenset(b"\x10\x1b\x1c\x1d")
_FAMILIES = frozenset((b"\x1d(", b"\x1dv"))
_ARGUMENTS: dict[bytes, Callable[[bytearray, int], int | None]] = {
    b"\x1b!": _fixed(1),
    b"\x1b3": _fixed(1),
    b"\x1bE": _fixed(1),
    b"\x1bG": _fixed(1),
    b"\x1bJ": _fixed(1),
    b"\x1bM": _fixed(1),
    b"\x1bR": _fixed(1),
    b"\x1ba": _fixed(1),
    b"\x1bd": _fixed(1),
    b"\x1bp": _fixed(3),
    b"\x1bt": _fixed(1),
    b"\x1c!": _fixed(1),
    b"\x1d!": _fixed(1),
    b"\x1dB": _fixed(1),
    b"\x1dI": _fixed(1),
    b"\x1dV": _cut,
    b"\x1da": _fixed(1),
    b"\x1db": _fixed(1),
    b"\x1dr": _fixed(1),
    b"\x1d(H": _counted,
    b"\x1d(k": _counted,
    b"\x1dv0": _raster,
}
