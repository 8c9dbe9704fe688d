"""Files that survive a power cut: a name points to the old content or to the new, never to half of it.

Every change is: write a temporary file beside the target, fsync it, rename it over the target, fsync the folder. A failed
fsync is an OSError and the target is untouched. The temporary names end in `.part`; whoever owns a folder clears them at start.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PART: Final = ".part"
PRIVATE: Final = 0o600
COPY_STEP_BYTES: Final = 1024 * 1024
READ_AHEAD_BYTES_MAX: Final = 1024 * 1024 * 1024
"""More than two years of a busy branch; what lies behind is read as it is needed."""
READ_AHEAD_STEP_BYTES: Final = 2 * 1024 * 1024
"""Of a larger wish at once Linux fetches only the beginning."""


class FolderBusy(Exception):
    """Another process works in this data folder."""


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, mode: int = 0o700) -> None:
    """Make `folder` and what leads to it, durably; an existing one is left as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def write_durably(target: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replace `target` by `content`, wholly or not at all."""
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    sync_folder(target.parent)


def copy_durably(source: Path, target: Path, *, mode: int = PRIVATE) -> None:
    """Copy the content of `source`; `target` appears only once it is complete."""
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
        shutil.copyfileobj(reader, writer, COPY_STEP_BYTES)
        writer.flush()
        os.fsync(writer.fileno())
    part.replace(target)
    sync_folder(target.parent)


def sync_file(path: Path) -> None:
    """Make the content of `path` durable, whoever wrote it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_ahead(path: Path) -> None:
    """Have the kernel fetch the file into memory, from front to back, while others go on. What cannot be read here, whoever
    needs it will meet.

    After a power cut nothing is cached, and a check that follows a B-tree's pages reads a disk ten times slower than this.
    """
    with suppress(OSError), path.open("rb") as file:
        for start in range(0, min(path.stat().st_size, READ_AHEAD_BYTES_MAX), READ_AHEAD_STEP_BYTES):
            os.posix_fadvise(file.fileno(), start, READ_AHEAD_STEP_BYTES, os.POSIX_FADV_WILLNEED)


def move_durably(source: Path, target: Path) -> None:
    """Rename within one filesystem; both folders are made durable."""
    source.replace(target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def remove_durably(path: Path) -> None:
    """Remove `path` if it is there."""
    if path.exists():
        path.unlink()
        sync_folder(path.parent)


@contextmanager
def hold_folder(data: Path) -> Iterator[None]:
    """Be the only process that works in the data folder; the kernel lets go even of a killed process's hold.

    Raises FolderBusy at once where another has it: the daemon, a restore, an import.
    """
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderBusy(f"{data}: another Branchbox process works in this data folder") from error
        yield
    finally:
        os.close(descriptor)
