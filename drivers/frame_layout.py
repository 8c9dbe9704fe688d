"""Frames as data: builds and reads whatever a profile describes. Pure.

Where every maker has its own frame, a frame is a section of the profile: a head, a row of parts, a check, a tail. A part is
one of

* ``name/width``: a whole number, `board`, `command`, `colour`, `motion`, `number`, `key`, `length`, `status` or `any`
  (whatever a reply holds there), as ``1`` byte or ``2be``, ``2le``, ``4be``, ``4le``;
* ``=4A01``: these bytes;
* ``data`` in a frame, ``text`` in a message within: the rest, whose size `length` gives.

Reading never skips a byte in silence: what begins no frame, or a frame whose check or tail is wrong, is handed out as noise,
one byte on, so that a good frame behind a bad one is found.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from drivers.checks import xor8
from drivers.modbus import crc16
from drivers.profiles import Section

Part = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^((board|command|colour|motion|number|key|length|status|any)/(1|2be|2le|4be|4le)|=([0-9A-F]{2})+|data|text)$"
    ),
]
Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2})*$", max_length=32)]
Byte = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{2}$")]

FRAME_BYTES_MAX: Final = 2048
_BLOBS: Final = ("data", "text")
_CHECKS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        "none": lambda _: b"",
        "sum8": lambda data: bytes([sum(data) & 0xFF]),
        "xor8": lambda data: bytes([xor8(data)]),
        "sum16be": lambda data: (sum(data) & 0xFFFF).to_bytes(2, "big"),
        "sum16le": lambda data: (sum(data) & 0xFFFF).to_bytes(2, "little"),
        "crc16be": lambda data: crc16(data).to_bytes(2, "big"),
        "crc16le": lambda data: crc16(data).to_bytes(2, "little"),
    }
)


class FrameTraits(Section, frozen=True, kw_only=True):
    """One kind of frame."""

    head: Annotated[Hex, msgspec.Meta(min_length=2)]
    layout: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=16)]
    check: Literal["none", "sum8", "xor8", "sum16be", "sum16le", "crc16be", "crc16le"] = "none"
    """`crc16` is the one of Modbus: polynomial 0x8005 reflected, from 0xFFFF."""
    check_from: Literal["head", "layout"] = "layout"
    """Where the check begins to count; it ends before itself."""
    tail: Hex = ""
    escapes: Mapping[Byte, Hex] = {}
    """What replaces a byte between head and tail, so that neither can occur there."""

    def __post_init__(self) -> None:
        open_ended = "data" in self.layout and not any(part.startswith("length/") for part in self.layout)
        if self.layout.count("data") > 1 or "text" in self.layout:
            raise ValueError("a frame holds data at most once, and text only within")
        if (open_ended or self.escapes) and not (self.escapes and len(self.tail) == 2 and self.tail in self.escapes):
            raise ValueError("a frame that does not give its length ends with one escaped byte")


class Mismatch(Exception):
    """These bytes are not what the layout says."""


@dataclass(frozen=True, slots=True)
class _Number:
    name: str
    size: int
    big: bool

    def build(self, value: int) -> bytes:
        """Raises `Mismatch` for a number that does not fit."""
        if not 0 <= value < 1 << 8 * self.size:
            raise Mismatch(f"{self.name} {value} does not fit")
        return value.to_bytes(self.size, "big" if self.big else "little")

    def parse(self, data: bytes) -> int:
        return int.from_bytes(data, "big" if self.big else "little")


_Item = _Number | bytes | None
"""A number, fixed bytes, or the blob."""


def _item(part: str) -> _Item:
    if part in _BLOBS:
        return None
    if part.startswith("="):
        return bytes.fromhex(part[1:])
    name, _, width = part.partition("/")
    return _Number(name, int(width[0]), not width.endswith("le"))


def _size(item: _Item) -> int:
    return 0 if item is None else item.size if isinstance(item, _Number) else len(item)


class Layout:
    """A row of parts."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._items = [_item(part) for part in parts]
        self.fixed_bytes = sum(map(_size, self._items))
        """Without the blob."""
        self.has_blob = None in self._items

    def build(self, values: Mapping[str, int], blob: bytes = b"") -> bytes:
        """Raises `Mismatch`."""
        known = {"any": 0, **values, "length": len(blob)}
        return b"".join(self._built(item, known, blob) for item in self._items)

    def parse(self, data: bytes) -> tuple[dict[str, int], bytes]:
        """The numbers and the blob of exactly these bytes. Raises `Mismatch`."""
        spare = len(data) - self.fixed_bytes
        if spare < 0 or (spare and not self.has_blob):
            raise Mismatch("wrong size")
        values: dict[str, int] = {}
        blob, at = b"", 0
        for item in self._items:
            size = spare if item is None else _size(item)
            piece, at = data[at : at + size], at + size
            if item is None:
                blob = piece
            elif isinstance(item, _Number):
                values[item.name] = item.parse(piece)
            elif piece != item:
                raise Mismatch("other bytes than the layout's own")
        if values.get("length", spare) != spare:
            raise Mismatch("wrong length")
        return values, blob

    def length_at(self) -> tuple[int, _Number] | None:
        """Where the length stands, where that can be known before the blob."""
        at = 0
        for item in self._items:
            if item is None:
                return None
            if isinstance(item, _Number) and item.name == "length":
                return at, item
            at += _size(item)
        return None

    @staticmethod
    def _built(item: _Item, values: Mapping[str, int], blob: bytes) -> bytes:
        if item is None:
            return blob
        return item.build(values.get(item.name, 0)) if isinstance(item, _Number) else item


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was read: its numbers, its data, and the bytes it came as."""

    values: Mapping[str, int]
    data: bytes
    raw: bytes


class Framing:
    """One kind of frame, built and read."""

    def __init__(self, traits: FrameTraits) -> None:
        self._head = bytes.fromhex(traits.head)
        self._tail = bytes.fromhex(traits.tail)
        self._layout = Layout(traits.layout)
        self._check = _CHECKS[traits.check]
        self._check_bytes = len(self._check(b""))
        self._counts_head = traits.check_from == "head"
        self._escapes = {int(byte, 16): bytes.fromhex(to) for byte, to in traits.escapes.items()}
        self._length = self._layout.length_at()

    def build(self, values: Mapping[str, int], data: bytes = b"") -> bytes:
        """Raises `Mismatch` for what does not fit into a frame."""
        body = self._layout.build(values, data)
        body += self._checked(body)
        if self._escapes:
            body = b"".join(self._escapes.get(byte, bytes([byte])) for byte in body)
        if len(self._head) + len(body) + len(self._tail) > FRAME_BYTES_MAX:
            raise Mismatch("longer than a frame may be")
        return self._head + body + self._tail

    def read(self, buffer: bytes) -> tuple[Frame | None, int]:
        """A frame and how many bytes it takes; None and 0 where more must come; None and 1 where none begins here."""
        head = buffer[: len(self._head)]
        if not self._head.startswith(head):
            return None, 1
        end = self._end(buffer) if len(head) == len(self._head) else None
        if (end or len(buffer)) > FRAME_BYTES_MAX:
            return None, 1
        if end is None or len(buffer) < end:
            return None, 0
        try:
            return self._parsed(buffer[:end]), end
        except Mismatch:
            return None, 1

    def _end(self, buffer: bytes) -> int | None:
        """Where the frame ends; None while that cannot be said."""
        around = len(self._head) + self._check_bytes + len(self._tail)
        if self._escapes:
            at = buffer.find(self._tail, len(self._head))
            return None if at < 0 else at + len(self._tail)
        if self._length is None:
            return around + self._layout.fixed_bytes
        offset, number = self._length
        start = len(self._head) + offset
        if len(buffer) < start + number.size:
            return None
        return around + self._layout.fixed_bytes + number.parse(buffer[start : start + number.size])

    def _parsed(self, raw: bytes) -> Frame:
        if not raw.endswith(self._tail):
            raise Mismatch("no tail")
        body = raw[len(self._head) : len(raw) - len(self._tail)]
        body = self._unescaped(body)
        split = len(body) - self._check_bytes
        if split < 0 or self._checked(body[:split]) != body[split:]:
            raise Mismatch("wrong check")
        values, data = self._layout.parse(body[:split])
        return Frame(values, data, raw)

    def _checked(self, body: bytes) -> bytes:
        return self._check(self._head + body if self._counts_head else body)

    def _unescaped(self, body: bytes) -> bytes:
        if not self._escapes:
            return body
        plain, at = bytearray(), 0
        while at < len(body):
            found = next((byte for byte, to in self._escapes.items() if body.startswith(to, at)), None)
            if found is None and (body[at] in self._escapes or any(to[0] == body[at] for to in self._escapes.values())):
                raise Mismatch("a byte that is always escaped")
            plain.append(body[at] if found is None else found)
            at += 1 if found is None else len(self._escapes[found])
        return bytes(plain)
