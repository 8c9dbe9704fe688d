"""A disk that remembers what was done to it, and one that fails where it is told to: apsw VFSes under the real writer.

`RecordingDisk` passes everything on to the real files and notes each write, sync, truncation and deletion, in order.
`Image` replays such a recording up to any moment and says what a disk may hold when the power goes there:

* what was synced is there;
* of what was not, any part may be: nothing, everything, some of the writes in any order, or single sectors of 512 bytes,
  old, new or garbage. Bytes outside the range that was written stay as they were (SQLite's "powersafe overwrite", which it
  assumes of every disk unless told otherwise, and so do we).

`FailingDisk` returns an error at chosen operations, as the kernel would.
"""

import enum
import random
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import apsw

SECTOR_BYTES: Final = 512


class Kind(enum.StrEnum):
    """What is done to a file."""

    WRITE = "write"
    SYNC = "sync"
    TRUNCATE = "truncate"
    DELETE = "delete"


class Operation(NamedTuple):
    """One thing done to one file; `offset` is the new size for a truncation, and 1 for a deletion that syncs the folder."""

    kind: Kind
    file: str
    offset: int = 0
    data: bytes = b""


class Watch(Protocol):
    """Asked before each operation; what it raises, the program gets from the disk. `write` goes on with the real file."""

    def before(self, operation: Operation, write: Callable[[bytes], None]) -> None: ...
    def after(self, operation: Operation) -> None: ...


class _File(apsw.VFSFile):
    def __init__(self, watch: Watch, filename: Any, flags: list[int]) -> None:
        name = filename.filename() if isinstance(filename, apsw.URIFilename) else filename
        self._name = Path(name).name if name else ""
        self._watch = watch
        super().__init__("", filename, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 -- SQLite's name
        operation = Operation(Kind.WRITE, self._name, offset, bytes(data))
        write = super().xWrite
        self._watch.before(operation, lambda part: write(part, offset))
        write(data, offset)
        self._watch.after(operation)

    def xSync(self, flags: int) -> None:  # noqa: N802 -- SQLite's name
        operation = Operation(Kind.SYNC, self._name)
        self._watch.before(operation, _nothing)
        super().xSync(flags)
        self._watch.after(operation)

    def xTruncate(self, size: int) -> None:  # noqa: N802 -- SQLite's name
        operation = Operation(Kind.TRUNCATE, self._name, size)
        self._watch.before(operation, _nothing)
        super().xTruncate(size)
        self._watch.after(operation)


def _nothing(_part: bytes) -> None:
    """Only a write can be done in part."""


class WatchedDisk(apsw.VFS):
    """The machine's own files, with somebody watching. Close it (`unregister`) when no connection uses it any more."""

    def __init__(self, name: str, watch: Watch) -> None:
        self.name = name
        self._watch = watch
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 -- SQLite's name
        return _File(self._watch, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 -- SQLite's name and arguments
        operation = Operation(Kind.DELETE, Path(filename).name, int(syncdir))
        self._watch.before(operation, _nothing)
        super().xDelete(filename, syncdir)
        self._watch.after(operation)


class Recording:
    """Everything done to the files, in order."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._lock = threading.Lock()

    def before(self, _operation: Operation, _write: Callable[[bytes], None]) -> None:
        """A recorder lets everything pass."""

    def after(self, operation: Operation) -> None:
        with self._lock:
            self.operations.append(operation)

    @property
    def position(self) -> int:
        """How many operations were done so far."""
        return len(self.operations)


class Faults:
    """Once armed, raises `error` where `chosen` says so, counting writes, syncs and truncations from 1."""

    def __init__(self, chosen: Callable[[int, Operation], bool], error: Callable[[Operation], BaseException]) -> None:
        self.chosen = chosen
        self.error = error
        self.counted = 0
        self.raised = 0
        self.armed = False
        self.short = False
        """A failing write leaves its first half on the disk."""
        self._lock = threading.Lock()

    def before(self, operation: Operation, write: Callable[[bytes], None]) -> None:
        if not self.armed or operation.kind is Kind.DELETE:
            return
        with self._lock:
            self.counted += 1
            fails = self.chosen(self.counted, operation)
            self.raised += fails
        if not fails:
            return
        if self.short and operation.kind is Kind.WRITE:
            write(operation.data[: len(operation.data) // 2])
        raise self.error(operation)

    def after(self, operation: Operation) -> None:
        """What was done is of no interest here."""


def disk_error(operation: Operation) -> BaseException:
    """EIO, as SQLite's own VFS reports it."""
    extended = {
        Kind.WRITE: apsw.SQLITE_IOERR_WRITE,
        Kind.SYNC: apsw.SQLITE_IOERR_FSYNC,
        Kind.TRUNCATE: apsw.SQLITE_IOERR_TRUNCATE,
    }[operation.kind]
    error = apsw.IOError(f"the test broke this {operation.kind} of {operation.file}")
    error.extendedresult = extended  # type: ignore[attr-defined] # documented, not in the stubs
    return error


def disk_full(operation: Operation) -> BaseException:
    """ENOSPC, as SQLite's own VFS reports it, also for a write that was cut short."""
    return apsw.FullError(f"the test left no room for this {operation.kind} of {operation.file}")


class Cut(enum.StrEnum):
    """What the power cut does to whatever was not synced."""

    NONE = "none"
    ALL = "all"
    REORDER = "reorder"
    TORN = "torn"


class Image:
    """What the disk holds for sure, and what is only on its way.

    A deletion is on its way until the folder is synced. SQLite syncs the folder with the first sync of a new journal or WAL.
    """

    def __init__(self) -> None:
        self._durable: dict[str, bytearray] = {}
        self._pending: defaultdict[str, list[Operation]] = defaultdict(list)
        self._deleted: dict[str, bytearray] = {}
        """Files that may still be found, although they were deleted."""

    def feed(self, operation: Operation) -> None:
        """One more operation was done."""
        name = operation.file
        match operation.kind:
            case Kind.SYNC:
                if name not in self._durable:
                    self._deleted.clear()
                self._durable.setdefault(name, bytearray())
                for waiting in self._pending.pop(name, ()):
                    _apply(self._durable, waiting)
            case Kind.DELETE:
                self._pending.pop(name, None)
                content = self._durable.pop(name, None)
                if content is not None and not operation.offset:
                    self._deleted[name] = content
            case _:
                self._pending[name].append(operation)

    def cut(self, mode: Cut, chance: random.Random, under_way: Operation | None) -> dict[str, bytes]:
        """The files as they may be found; `under_way` had begun and not ended."""
        pending = [operation for operations in self._pending.values() for operation in operations]
        if under_way is not None and under_way.kind in (Kind.WRITE, Kind.TRUNCATE):
            pending.append(under_way)
        files = {name: bytearray(content) for name, content in self._durable.items()}
        for name, content in self._deleted.items():
            if mode is Cut.NONE or (mode is not Cut.ALL and chance.random() < 0.5):
                files[name] = bytearray(content)
                pending = [operation for operation in pending if operation.file != name]
        for operation in _arriving(pending, mode, chance):
            _apply(files, operation)
        return {name: bytes(content) for name, content in files.items()}


def _arriving(pending: list[Operation], mode: Cut, chance: random.Random) -> list[Operation]:
    """Those that reach the disk, in the order in which they do."""
    match mode:
        case Cut.NONE:
            return []
        case Cut.ALL:
            return pending
        case Cut.REORDER:
            some = [operation for operation in pending if chance.random() < 0.5]
            chance.shuffle(some)
            return some
        case Cut.TORN:
            return [part for operation in pending for part in _torn(operation, chance)]


def _apply(files: dict[str, bytearray], operation: Operation) -> None:
    content = files.setdefault(operation.file, bytearray())
    if operation.kind is Kind.TRUNCATE:
        del content[operation.offset :]
        return
    end = operation.offset + len(operation.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.data


def _torn(operation: Operation, chance: random.Random) -> list[Operation]:
    """The sectors of a write that arrived, some of them as garbage; anything else arrives or does not."""
    if operation.kind is not Kind.WRITE:
        return [operation] if chance.random() < 0.5 else []
    parts: list[Operation] = []
    start, end = operation.offset, operation.offset + len(operation.data)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        dice = chance.random()
        if dice < 0.65:
            arrived = operation.data[start - operation.offset : stop - operation.offset]
            parts.append(operation._replace(offset=start, data=arrived if dice < 0.5 else chance.randbytes(stop - start)))
        start = stop
    return parts
