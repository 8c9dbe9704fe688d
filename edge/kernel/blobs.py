"""Blobs: documents, ink, pictures, recordings, as files named by their SHA-256.

    blobs/ab/abcdef…      the content; a name never changes its content
    blobs/*.part          being written; those a crash left are removed at start

* A blob that `put` returned is on disk: file and folder are fsynced.
* What is read is hashed first: a blob is either what was put or `BlobDamaged`. Putting the content again repairs it.
* The store has a budget. When it is used up, `put` refuses with `BlobsFull`: blobs stop first, tickets last.
* Calls block on the disk; the event loop uses a thread. Several threads may use one store.
"""

import hashlib
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from edge.kernel.files import PART, PRIVATE, make_folder, sync_folder

READ_STEP_BYTES: Final = 1024 * 1024
_ID: Final = re.compile(r"[0-9a-f]{64}")


class BlobTooLarge(Exception):
    """One blob over the limit."""


class BlobsFull(Exception):
    """The budget of all blobs is used up. Nothing was kept; room is made by archiving to head office."""


class BlobMissing(Exception):
    """There is no such blob here."""


class BlobDamaged(Exception):
    """The file is not what was put. It stays where it is; putting the content again replaces it."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored blob."""

    id: str
    """SHA-256 of the content, hex."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """Bounds of the store."""

    blob_bytes_max: int = 64 * 1024 * 1024
    budget_bytes: int = 8 * 1024 * 1024 * 1024


class Blobs:
    """The branch's blob folder. One store per folder and process."""

    def __init__(self, folder: Path, limits: BlobLimits | None = None) -> None:
        """Open the folder: clear what a crash left, and count what is there."""
        self.folder = folder
        self.limits = limits or BlobLimits()
        self._lock = threading.Lock()
        make_folder(folder)
        for part in folder.glob("*" + PART):
            part.unlink()
        self._used_bytes = sum(file.stat().st_size for file in folder.glob("??/*"))
        self._parts = 0

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    def put(self, content: bytes | Iterable[bytes]) -> Blob:
        """Store `content`, in one piece or in chunks, and return once it is on disk. Storing it twice stores it once.

        Raises BlobTooLarge, BlobsFull, OSError; then nothing is kept.
        """
        part = self._new_part()
        try:
            blob = self._write(part, (content,) if isinstance(content, bytes) else content)
            self._settle(part, blob)
        finally:
            part.unlink(missing_ok=True)
        return blob

    def exists(self, blob_id: str) -> bool:
        return self._path(blob_id).is_file()

    def open(self, blob_id: str) -> BinaryIO:
        """The content, verified, as a file at its start; the caller closes it. Raises BlobMissing, BlobDamaged."""
        try:
            file = self._path(blob_id).open("rb")
        except FileNotFoundError:
            raise BlobMissing(blob_id) from None
        if _hash(file) != blob_id:
            file.close()
            raise BlobDamaged(blob_id)
        file.seek(0)
        return file

    def read(self, blob_id: str) -> bytes:
        """The whole content, verified. Raises BlobMissing, BlobDamaged."""
        with self.open(blob_id) as file:
            return file.read()

    def size_bytes(self, blob_id: str) -> int:
        """How big it is, unverified. Raises BlobMissing."""
        try:
            return self._path(blob_id).stat().st_size
        except FileNotFoundError:
            raise BlobMissing(blob_id) from None

    def delete(self, blob_id: str) -> bool:
        """Remove it; whether it was there. Only after head office has archived it, or when its subject is erased."""
        path = self._path(blob_id)
        with self._lock:
            try:
                size = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                return False
            sync_folder(path.parent)
            self._used_bytes -= size
            return True

    def _path(self, blob_id: str) -> Path:
        if not _ID.fullmatch(blob_id):
            raise BlobMissing("not a blob id")
        return self.folder / blob_id[:2] / blob_id

    def _new_part(self) -> Path:
        with self._lock:
            self._parts += 1
            return self.folder / f"{self._parts}{PART}"

    def _write(self, part: Path, chunks: Iterable[bytes]) -> Blob:
        """Write and fsync the temporary file, counting and hashing on the way."""
        digest = hashlib.sha256()
        size = 0
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                self._check_room(size)
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return Blob(digest.hexdigest(), size)

    def _check_room(self, size: int) -> None:
        if size > self.limits.blob_bytes_max:
            raise BlobTooLarge(f"more than {self.limits.blob_bytes_max} bytes")
        if self._used_bytes + size > self.limits.budget_bytes:
            raise BlobsFull(f"{self._used_bytes} of {self.limits.budget_bytes} bytes are used")

    def _settle(self, part: Path, blob: Blob) -> None:
        """Give the file its name, unless a sound one has it already."""
        target = self._path(blob.id)
        make_folder(target.parent)
        with self._lock:
            before = 0
            if target.exists():
                with target.open("rb") as file:
                    if _hash(file) == blob.id:
                        return
                before = target.stat().st_size
            self._check_room(blob.size_bytes - before)
            part.replace(target)
            sync_folder(target.parent)
            self._used_bytes += blob.size_bytes - before


def _hash(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(READ_STEP_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
