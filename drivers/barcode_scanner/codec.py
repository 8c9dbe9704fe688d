"""What serial scanners say and are told. Pure.

A code comes as bytes in one character set, ended by a suffix or by a pause. Newland's scanners are told
``7E 01 30 30 30 30``, ``@`` or ``#`` (kept, or for now), command, ``;``, ``03``, and confirm with the same behind ``02 01``, a
``06`` or ``15`` before the ``;``. Honeywell's are told ``16 54 0D`` and ``16 55 0D`` and say nothing. Source: a Linux
bank agent's scanner module; the confirmation is common knowledge of Newland's, and nothing waits for it.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from drivers.api import ErrorCode
from drivers.listening import Answered, Broken, Heard, Line, Unexplained

AIM: Final = re.compile(r"\](?P<symbology>[A-Za-z][0-9A-Za-z])(?P<text>.*)", re.DOTALL)
REPLY_HEAD: Final = bytes.fromhex("020130303030")
REPLY_END: Final = b";\x03"
ACCEPTED: Final = 0x06


class Trigger(NamedTuple):
    on: bytes
    off: bytes


def newland(command: str, *, kept: bool = False) -> bytes:
    return b"\x7e\x010000" + (b"@" if kept else b"#") + command.encode("ascii") + REPLY_END


def newland_reply(told: bytes, *, accepted: bool = True) -> bytes:
    """What a Newland scanner confirms with, for the emulator."""
    inner = told.removeprefix(b"\x7e\x010000").removesuffix(REPLY_END)
    return REPLY_HEAD + inner + bytes((ACCEPTED if accepted else 0x15,)) + REPLY_END


TRIGGERS: Final[Mapping[str, Trigger]] = MappingProxyType(
    {
        "newland": Trigger(newland("SCNTRG1"), newland("SCNTRG0")),
        "honeywell": Trigger(bytes.fromhex("16540D"), bytes.fromhex("16550D")),
    }
)


class SerialFraming:
    """Codes and confirmations out of one stream. Holds one unfinished code of at most `bytes_max`."""

    def __init__(self, suffix: bytes, charset: str, bytes_max: int) -> None:
        self._suffix = suffix
        self._charset = charset
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._broken = False

    @property
    def pending(self) -> int:
        return len(self._buffer) + self._broken

    def receive(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        for byte in data:
            self._buffer.append(byte)
            if self._is_reply():
                heard += self._reply()
            elif self._suffix and self._buffer.endswith(self._suffix):
                heard += self._code(len(self._suffix))
            elif len(self._buffer) > self._bytes_max:
                self._buffer.clear()
                self._broken = True
        return heard

    def idle(self) -> list[Heard]:
        return self._code(0)

    def _is_reply(self) -> bool:
        return self._buffer.startswith(REPLY_HEAD) and self._buffer.endswith(REPLY_END)

    def _reply(self) -> list[Heard]:
        accepted = self._buffer[-len(REPLY_END) - 1] == ACCEPTED
        self._buffer.clear()
        return [Answered(done=accepted)]

    def _code(self, suffix_bytes: int) -> list[Heard]:
        said, broken = bytes(self._buffer[: len(self._buffer) - suffix_bytes]), self._broken
        size = len(self._buffer)
        self._buffer.clear()
        self._broken = False
        if broken:
            return [Broken(ErrorCode.INVALID_MEDIA)]
        try:
            text = said.decode(self._charset).strip("\r\n")
        except UnicodeDecodeError:
            return [Broken(ErrorCode.CHAR_SET_DATA)]
        return [Line(text)] if text else [Unexplained(size)] if size else []
