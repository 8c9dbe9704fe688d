"""The file system of an emulated module, as far as `AT+QF…` shows it, and what a firmware package looks like to it.

Files outlive power cuts; what is open does not. A package of the emulator's is a head with the version, and filling.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

FILES_MAX: Final = 16
FILE_BYTES_MAX: Final = 32 * 1024 * 1024
PACKAGE_BYTES: Final = 64 * 1024 + 321
"""A small one: it goes over a serial line in a few seconds, and does not end with a block."""
_HEAD: Final = b"EMULATED-DFOTA "
_VERSION: Final = re.compile(rb"EMULATED-DFOTA ([A-Za-z0-9._-]{1,32})\n")
_NO_SUCH_FILE: Final = ("+CME ERROR: 405",)
_BAD: Final = ("+CME ERROR: 400",)
_FULL: Final = ("+CME ERROR: 403",)
_OK: Final = ("OK",)


def make_package(version: str) -> bytes:
    head = _HEAD + version.encode("ascii") + b"\n"
    filling = bytes(range(256)) * (PACKAGE_BYTES // 256 + 1)
    return head + filling[: PACKAGE_BYTES - len(head)]


def version_of(package: bytes) -> str | None:
    """None for what the module refuses: another maker's, or one that is not whole."""
    found = _VERSION.match(package)
    version = None if found is None else found.group(1).decode("ascii")
    return version if version is not None and package == make_package(version) else None


@dataclass(eq=False)
class Writing:
    """A block on its way."""

    handle: int
    size: int
    within_s: int
    taken: bytearray = field(default_factory=bytearray)


@dataclass(eq=False)
class _Open:
    name: str
    at: int = 0


class Flash:
    """Files, open files, and the block that is being taken."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.writing: Writing | None = None
        self._open: dict[int, _Open] = {}
        self._handles = 1000

    def lose_power(self) -> None:
        self.writing = None
        self._open.clear()

    def answer(self, command: str) -> tuple[str, ...]:
        for pattern, answer in _ANSWERS.items():
            if (found := pattern.fullmatch(command)) is not None:
                return answer(self, *found.groups())
        return _BAD

    def take(self, data: bytes) -> tuple[tuple[str, ...], bytes]:
        """What the module says once the block is whole, and the bytes behind it."""
        writing = self.writing
        if writing is None:
            return (), data
        missing = writing.size - len(writing.taken)
        writing.taken += data[:missing]
        return (self._put(writing) if len(writing.taken) == writing.size else ()), data[missing:]

    def give_up(self) -> tuple[str, ...]:
        """The time for the block is over: what came is kept, as the manual says."""
        return () if self.writing is None else self._put(self.writing)

    def package(self, quoted: str) -> bytes | None:
        name = quoted.strip('"').rpartition("/")[2]
        return bytes(self.files[name]) if name in self.files else None

    def _put(self, writing: Writing) -> tuple[str, ...]:
        self.writing = None
        opened = self._open[writing.handle]
        content = self.files[opened.name]
        content[opened.at : opened.at + len(writing.taken)] = writing.taken
        opened.at += len(writing.taken)
        return f"+QFWRITE: {len(writing.taken)},{len(content)}", "OK"

    def _list(self) -> tuple[str, ...]:
        return (*(f'+QFLST: "UFS:{name}",{len(content)}' for name, content in self.files.items()), "OK")

    def _which(self) -> tuple[str, ...]:
        return (*(f'+QFOPEN: "UFS:{one.name}",{handle},0' for handle, one in self._open.items()), "OK")

    def _open_file(self, name: str) -> tuple[str, ...]:
        if name not in self.files and len(self.files) >= FILES_MAX:
            return _FULL
        if any(one.name == name for one in self._open.values()):
            return ("+CME ERROR: 426",)
        self.files.setdefault(name, bytearray())
        self._handles += 1
        self._open[self._handles] = _Open(name)
        return f"+QFOPEN: {self._handles}", "OK"

    def _seek(self, handle: str, offset: str) -> tuple[str, ...]:
        opened = self._open.get(int(handle))
        if opened is None or int(offset) > len(self.files[opened.name]):
            return _BAD
        opened.at = int(offset)
        return _OK

    def _write(self, handle: str, size: str, within_s: str) -> tuple[str, ...]:
        opened = self._open.get(int(handle))
        if opened is None or not 0 < int(size) <= FILE_BYTES_MAX - opened.at:
            return _BAD
        self.writing = Writing(int(handle), int(size), int(within_s))
        return ("CONNECT",)

    def _close(self, handle: str) -> tuple[str, ...]:
        return _OK if self._open.pop(int(handle), None) is not None else _BAD

    def _delete(self, name: str) -> tuple[str, ...]:
        return _OK if self.files.pop(name, None) is not None else _NO_SUCH_FILE


_ANSWERS: Final = MappingProxyType[re.Pattern[str], Callable[..., tuple[str, ...]]](
    {
        re.compile(r'AT\+QFLST="\*"'): Flash._list,  # noqa: SLF001 -- the class's own table, which needs the class to be there
        re.compile(r"AT\+QFOPEN\?"): Flash._which,  # noqa: SLF001 -- as above
        re.compile(r'AT\+QFOPEN="([^"]{1,80})",0'): Flash._open_file,  # noqa: SLF001 -- as above
        re.compile(r"AT\+QFSEEK=(\d{1,9}),(\d{1,9}),0"): Flash._seek,  # noqa: SLF001 -- as above
        re.compile(r"AT\+QFWRITE=(\d{1,9}),(\d{1,9}),(\d{1,3})"): Flash._write,  # noqa: SLF001 -- as above
        re.compile(r"AT\+QFCLOSE=(\d{1,9})"): Flash._close,  # noqa: SLF001 -- as above
        re.compile(r'AT\+QFDEL="([^"]{1,80})"'): Flash._delete,  # noqa: SLF001 -- as above
    }
)
