"""What belongs to a person and passes through a driver: shown masked, given out only to whoever asks for it by name.

A card number or a name is never a `str` in an event or a completion. It is one of these, so that a log line, a traceback, a
trace or a forgotten `print` shows its mask; msgspec refuses to encode it, so it does not slip into JSON either. The edge
calls `reveal` once, hashes, and lets go.

Python cannot erase a `str`. Pictures and fingerprints, which are large and live longest in a dump, are `Opaque`: bytes that
can be wiped, and are.
"""

from typing import Final, NoReturn

HIDDEN_CHARS_MIN: Final = 3
"""A mask that would hide fewer characters hides them all."""


class Confidential:
    """A person's text. `HEAD` and `TAIL` characters of it may be seen."""

    HEAD = 0
    TAIL = 0

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; whoever calls this answers for where it goes."""
        return self._text

    @property
    def masked(self) -> str:
        hidden = len(self._text) - self.HEAD - self.TAIL
        if hidden < HIDDEN_CHARS_MIN:
            return "*" * len(self._text)
        return self._text[: self.HEAD] + "*" * hidden + self._text[len(self._text) - self.TAIL :]

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Confidential) and type(other) is type(self) and other._text == self._text

    def __hash__(self) -> int:
        return hash((type(self), self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not written down")


class Pan(Confidential):
    """A card number. First six and last four may be seen (PCI DSS 3.4.1)."""

    HEAD = 6
    TAIL = 4
    __slots__ = ()


class IdNumber(Confidential):
    """The number of an identity document."""

    HEAD = 6
    TAIL = 4
    __slots__ = ()


class PersonName(Confidential):
    """张三丰 shows as 张**."""

    HEAD = 1
    __slots__ = ()

    @property
    def masked(self) -> str:
        return self._text[:1] + "*" * (len(self._text) - 1) if len(self._text) > 1 else "*" * len(self._text)


class Scanned(Confidential):
    """What a scanner read: a ticket's secret, a payment code, whatever somebody held before it."""

    __slots__ = ()

    @property
    def masked(self) -> str:
        return f"{len(self._text)} characters"


class Opaque:
    """A person's bytes that nothing here looks into: a photo, a fingerprint, a chip's answer."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = bytearray(data)

    def reveal(self) -> bytes:
        """A copy, which the caller is to let go of."""
        return bytes(self._data)

    def wipe(self) -> None:
        """Overwrite and forget."""
        wipe(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"Opaque({len(self._data)} bytes)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("opaque bytes are not written down")


def wipe(data: bytearray) -> None:
    """Overwrite the memory, then shorten it to nothing."""
    for at in range(len(data)):
        data[at] = 0
    data.clear()
