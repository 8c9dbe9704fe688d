"""A data folder is opened while the rest of the program is still being read in.

Checking a million facts takes SQLite about as long as Python takes to load the program, and needs nothing of it. So the one
runs in a thread beside the other, and a box is back a second sooner after a power cut.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

from edge.kernel import startup
from edge.kernel.clock import wall_ms
from edge.kernel.files import hold_folder, make_folder
from edge.kernel.keys import BoxKeys, find_keys, open_box_keys, open_signing_key
from edge.kernel.startup import Start
from sync.keys import SigningKey


class Opened(NamedTuple):
    """A checked data folder and the keys to it."""

    box_keys: BoxKeys
    signing_key: SigningKey
    start: Start


def open_box(data: Path) -> Opened:
    """Find the keys, check and repair, mark the folder as running. The caller holds it.

    Raises KeysRefused, StartRefused.
    """
    folder = find_keys(data)
    lived = startup.has_lived(data)
    box_keys = open_box_keys(folder, create=not lived)
    signing_key = open_signing_key(folder, create=not lived)
    return Opened(box_keys, signing_key, startup.prepare(data, signing_key.public, now_ms=wall_ms()))


class Opening:
    """Hold a data folder and open it, in a thread of its own; use as a context."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._held = ExitStack()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="opening")
        self._opened = self._thread.submit(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()
        self._held.close()

    def result(self) -> Opened:
        """Wait for it. Raises FolderBusy, KeysRefused, StartRefused, OSError."""
        return self._opened.result()

    def _open(self) -> Opened:
        make_folder(self._data)
        self._held.enter_context(hold_folder(self._data))
        return open_box(self._data)
