"""Who this head office is: its signing key, and the epoch of its memory.

The epoch is how a branch learns that head office was set back to an older state: it changes, cursors then lie behind
receipts, and branches send again from the cursor. The number of batches taken is noted beside the database now and then,
always after they were committed. A database that knows fewer than were noted was set back, and a new epoch begins by
itself. A restore tool that puts the whole folder back, notes and all, must call `new_epoch`.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sync.keys import KEY_BYTES, SigningKey
from sync.protocol import NONCE_BYTES

KEY_FILE = "head-office.key"
EPOCH_FILE = "epoch.json"
TOKEN_FILE = "console.token"  # noqa: S105 -- a file name
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Epoch:
    """The present epoch, and how many batches its database is known to have taken."""

    id: bytes
    batches: int


def signing_key(folder: Path, entropy: Callable[[int], bytes] = os.urandom) -> SigningKey:
    """The key in `folder`, made at the first start."""
    path = folder / KEY_FILE
    if not path.exists():
        write_durably(path, entropy(KEY_BYTES))
    return SigningKey(path.read_bytes())


def console_token(folder: Path, entropy: Callable[[int], bytes] = os.urandom) -> str:
    """The secret that opens the console, made at the first start."""
    path = folder / TOKEN_FILE
    if not path.exists():
        write_durably(path, entropy(_TOKEN_BYTES).hex().encode())
    return path.read_text(encoding="ascii").strip()


def begin(folder: Path, batches: int, entropy: Callable[[int], bytes] = os.urandom) -> Epoch:
    """The epoch to start with, the database knowing `batches`; a new one where more had been noted."""
    known = _read(folder)
    goes_on = known is not None and batches >= known.batches
    epoch = Epoch(known.id if known is not None and goes_on else entropy(NONCE_BYTES), batches)
    note(folder, epoch)
    return epoch


def note(folder: Path, epoch: Epoch) -> None:
    """Note how far the database is. Only what is committed may be noted."""
    text = json.dumps({"epoch": epoch.id.hex(), "batches": epoch.batches})
    write_durably(folder / EPOCH_FILE, text.encode())


def new_epoch(folder: Path, entropy: Callable[[int], bytes] = os.urandom) -> None:
    """Say that the memory was set back. For restore tools, while head office is stopped."""
    note(folder, Epoch(entropy(NONCE_BYTES), 0))


def write_durably(path: Path, content: bytes) -> None:
    """Readable by the owner alone; all or nothing, also through a power cut."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(folder: Path) -> Epoch | None:
    path = folder / EPOCH_FILE
    if not path.exists():
        return None
    known = json.loads(path.read_bytes())
    return Epoch(bytes.fromhex(known["epoch"]), int(known["batches"]))
