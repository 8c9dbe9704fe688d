"""What a keyboard wedge types: input events to lines of text. Pure.

Stripe readers and scanners that pass for a keyboard press keys as a person would, only faster. The map is ours, US layout: what
the system believes of the keyboard does not matter, because the device is held for us alone. A line ends with Enter or with
`idle`, which the driver calls once no key has come for a while. Auto-repeat is not typing. Where the kernel has dropped events
the line is broken, and told as such.

Sources: `linux/input-event-codes.h`; the HID keyboard page, US layout.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from drivers.api import ErrorCode
from drivers.listening import Broken, Heard, Line, Unexplained
from drivers.transport.input_events import (
    EV_KEY,
    EV_SYN,
    KEY_DOWN,
    KEY_UP,
    SYN_DROPPED,
    SYN_REPORT,
    InputEvent,
    InputUnpacker,
)

ENTER: Final = frozenset((28, 96))
STROKE_S: Final = 0.002
"""An emulated wedge types a key this often."""
SHIFT: Final = frozenset((42, 54))
CAPS_LOCK: Final = 58
_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (55, "*", "*"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
    (98, "/", "/"),
)
"""First code of each run, its characters, and those with Shift."""
KEYS: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        15: ("\t", "\t"),
        **{first + n: pair for first, plain, shift in _ROWS for n, pair in enumerate(zip(plain, shift, strict=True))},
    }
)
_CODES: Final[Mapping[str, tuple[int, bool]]] = MappingProxyType(
    {
        character: (code, shifted)
        for code, pair in sorted(KEYS.items(), reverse=True)
        for shifted, character in ((True, pair[1]), (False, pair[0]))
    }
)


class Wedge:
    """Bytes of an input device in, lines out. Holds one unfinished line of at most `chars_max`."""

    def __init__(self, chars_max: int) -> None:
        self._chars_max = chars_max
        self._events = InputUnpacker()
        self._line: list[str] = []
        self._broken = False
        self._held: set[int] = set()
        self._capitals = False

    @property
    def pending(self) -> int:
        return len(self._line) + self._events.pending + self._broken

    def receive(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        for event in self._events.receive(data):
            if not isinstance(event, InputEvent):
                heard.append(Unexplained(len(event.data)))
            elif event.type == EV_KEY:
                heard += self._key(event.code, event.value)
            elif (event.type, event.code) == (EV_SYN, SYN_DROPPED):
                self._held.clear()
                self._broken = True
        return heard

    def idle(self) -> list[Heard]:
        """No key has come for a while: what was typed is a line, and half an event will not be finished any more."""
        self._held.clear()  # a key whose release was lost is not held for ever
        half, self._events = self._events.pending, InputUnpacker()
        return [*self._end(), *([Unexplained(half)] if half else [])]

    def _key(self, code: int, value: int) -> Iterable[Heard]:
        if code in SHIFT:
            (self._held.discard if value == KEY_UP else self._held.add)(code)
        if value != KEY_DOWN:
            return ()
        if code in ENTER:
            return self._end()
        if code == CAPS_LOCK:
            self._capitals = not self._capitals
        elif code in KEYS:
            self._type(code)
        return ()

    def _type(self, code: int) -> None:
        plain, shifted = KEYS[code]
        upper = bool(self._held) != (self._capitals and plain.isalpha())
        if len(self._line) >= self._chars_max:
            self._line.clear()
            self._broken = True
        if not self._broken:
            self._line.append(shifted if upper else plain)

    def _end(self) -> list[Heard]:
        line, broken = "".join(self._line), self._broken
        self._line.clear()
        self._broken = False
        if broken:
            return [Broken(ErrorCode.INVALID_MEDIA)]
        return [Line(line)] if line else []


def strokes(text: str, at_us: int, *, enter: bool = True) -> list[bytes]:
    """A wedge typing `text`, a stroke each `STROKE_S`, for emulators. Raises `ValueError` for what it has no key for."""
    presses = [_press(min(ENTER))] if enter else []
    for character in reversed(text):
        if character not in _CODES:
            raise ValueError("a character that has no key")
        code, shifted = _CODES[character]
        presses.insert(0, _with_shift(code) if shifted else _press(code))
    step_us = int(STROKE_S * 1_000_000)
    return [_events(press, at_us + step_us * n) for n, press in enumerate(presses, 1)]


def _events(keys: list[tuple[int, int]], at_us: int) -> bytes:
    report = InputEvent(EV_SYN, SYN_REPORT, 0, at_us).pack()
    return b"".join(InputEvent(EV_KEY, code, value, at_us).pack() + report for code, value in keys)


def _press(code: int) -> list[tuple[int, int]]:
    return [(code, KEY_DOWN), (code, KEY_UP)]


def _with_shift(code: int) -> list[tuple[int, int]]:
    shift = min(SHIFT)
    return [(shift, KEY_DOWN), *_press(code), (shift, KEY_UP)]
