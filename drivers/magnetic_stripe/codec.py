"""How swipes travel on serial lines, in two forms that public drivers show. Pure.

A keypad (实达) is asked: ``1B 30 1B 5D`` for track 2, ``1B 30 1B 54 5D`` for track 3, ``1B 30 1B 42 5D`` for both. It answers
when somebody swipes, ``1B 73 … 3F``; with both, ``41`` stands between the tracks. An MRS100 is told ``02 02``, command,
parameter, ``03``, check; it says ``Y``, and sends each swipe as a line of ISO tracks.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.api import ErrorCode
from drivers.checks import xor8
from drivers.listening import Answered, Broken, Heard, Line, Unexplained

ARM: Final[Mapping[str, bytes]] = MappingProxyType(
    {"2": bytes.fromhex("1B301B5D"), "3": bytes.fromhex("1B301B545D"), "2+3": bytes.fromhex("1B301B425D")}
)
HEAD: Final = bytes.fromhex("1B73")
END: Final = 0x3F
BETWEEN: Final = "A"
LINE_ENDS: Final = b"\r\n"
YES: Final = ord("Y")


def keypad_swipe(second: str, third: str, asked: str) -> bytes:
    """What a keypad answers, for the emulator; tracks without their sentinels."""
    said = {"2": second, "3": third, "2+3": f"{second}{BETWEEN}{third}"}[asked]
    return HEAD + said.encode("ascii") + bytes((END,))


def setup(command: int, parameter: int) -> bytes:
    """An MRS100's command; the last byte is the XOR of all before it."""
    told = bytes((0x02, 0x02, command, parameter, 0x03))
    return told + bytes((xor8(told),))


class KeypadFraming:
    """``1B 73 … 3F``. Anything outside is unexplained."""

    def __init__(self, asked: str, chars_max: int) -> None:
        self._asked = asked
        self._chars_max = chars_max
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Heard]:
        self._buffer += data
        heard: list[Heard] = []
        while self._buffer:
            start = self._buffer.find(HEAD)
            if start < 0:
                start = len(self._buffer) - self._buffer.endswith(HEAD[:1])
            if start:
                heard.append(Unexplained(start))
                del self._buffer[:start]
            end = self._buffer.find(bytes((END,)))
            if end < 0:
                heard += self._too_long()
                break
            heard.append(self._swipe(bytes(self._buffer[len(HEAD) : end])))
            del self._buffer[: end + 1]
        return heard

    def idle(self) -> list[Heard]:
        """Half a swipe will not be finished any more."""
        size = len(self._buffer)
        whole_head = self._buffer.startswith(HEAD)
        self._buffer.clear()
        if not size:
            return []
        return [Broken(ErrorCode.READ_FAIL)] if whole_head else [Unexplained(size)]

    def _too_long(self) -> list[Heard]:
        if len(self._buffer) <= self._chars_max + len(HEAD):
            return []
        self._buffer.clear()
        return [Broken(ErrorCode.INVALID_MEDIA)]

    def _swipe(self, said: bytes) -> Heard:
        try:
            text = said.decode("ascii")
        except UnicodeDecodeError:
            return Broken(ErrorCode.READ_FAIL)
        if len(text) > self._chars_max:
            return Broken(ErrorCode.INVALID_MEDIA)
        second, _, third = text.partition(BETWEEN) if self._asked == "2+3" else (text, "", "")
        if self._asked == "3":
            second, third = "", text
        return Line("".join(_track(sentinel, said) for sentinel, said in ((";", second), ("+", third)) if said))


class LineFraming:
    """Lines of an MRS100, and its `Y`."""

    def __init__(self, chars_max: int) -> None:
        self._chars_max = chars_max
        self._buffer = bytearray()
        self._broken = False

    @property
    def pending(self) -> int:
        return len(self._buffer) + self._broken

    def receive(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        for byte in data:
            if byte in LINE_ENDS:
                heard += self.idle()
            elif byte == YES and not self._buffer and not self._broken:
                heard.append(Answered(done=True))
            elif len(self._buffer) >= self._chars_max:
                self._buffer.clear()
                self._broken = True
            elif not self._broken:
                self._buffer.append(byte)
        return heard

    def idle(self) -> list[Heard]:
        said, broken = bytes(self._buffer), self._broken
        self._buffer.clear()
        self._broken = False
        if broken:
            return [Broken(ErrorCode.INVALID_MEDIA)]
        if not said:
            return []
        return [Line(said.decode("ascii"))] if said.isascii() else [Unexplained(len(said))]


def _track(sentinel: str, said: str) -> str:
    """A keypad leaves the first sentinel out, or writes it."""
    return f"{sentinel}{said.lstrip(';+')}?"
