"""The recorded words: Opus files from the box, decoded once each by `opusdec` and kept.

They are the clips of the display page (`tools/voice`), in the source tree or beside the installed package. A bank's own
recordings go into a folder that BRANCHBOX_CLIPS names. Decoding one takes some 20 ms, once per program; the driver decodes the
words that nobody has needed yet while it is idle.
"""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Final

from drivers.voice.codec import NoClip
from drivers.voice.traits import RATE_HZ, SAMPLE_BYTES

CLIPS_MAX: Final = 400
CLIP_S_MAX: Final = 30
DECODE_TIMEOUT_S: Final = 10
SUFFIX: Final = ".ogg"
_TOP: Final = Path(__file__).resolve().parents[2]
PLACES: Final = (_TOP / "edge" / "web" / "static" / "audio", _TOP / "ui" / "public" / "audio")


def folder() -> Path:
    """Where the clips are; the last place where none has them, so that the message names one."""
    named = os.environ.get("BRANCHBOX_CLIPS")
    places = (Path(named),) if named else PLACES
    return next((place for place in places if (place / "zh").is_dir()), places[-1])


class ClipStore:
    """Decoded clips by name, at most `CLIPS_MAX` files of at most `CLIP_S_MAX` seconds."""

    def __init__(self, source: Path | None = None) -> None:
        self._source = source or folder()
        files = sorted(self._source.rglob(f"*{SUFFIX}"))[:CLIPS_MAX]
        self._files = {file.relative_to(self._source).with_suffix("").as_posix(): file for file in files}
        self._decoded: dict[str, bytes] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def __call__(self, name: str) -> bytes:
        """Raises `NoClip`."""
        if name not in self._decoded:
            if name not in self._files:
                raise NoClip(name)
            self._decoded[name] = decode(self._files[name])
        return self._decoded[name]

    def prepare_one(self) -> None:
        """Decode a word that nobody has needed yet. Raises `NoClip`."""
        for name in self._files:
            if name not in self._decoded:
                self(name)
                return


@lru_cache(maxsize=CLIPS_MAX)
def decode(file: Path) -> bytes:
    """The samples of one file. Raises `NoClip`."""
    program = shutil.which("opusdec")
    if program is None:
        raise NoClip("opusdec is not installed (Debian: opus-tools)")
    order = [program, "--quiet", "--force-wav", "--rate", str(RATE_HZ), str(file), "-"]
    try:
        wav = subprocess.run(order, check=True, capture_output=True, timeout=DECODE_TIMEOUT_S).stdout  # noqa: S603 -- our own files
    except (OSError, subprocess.SubprocessError) as error:
        raise NoClip(f"{file.name}: {error}") from error
    samples = wav[wav.find(b"data") + 8 :]
    if not wav.startswith(b"RIFF") or not 0 < len(samples) <= CLIP_S_MAX * RATE_HZ * SAMPLE_BYTES:
        raise NoClip(f"{file.name}: no clip of at most {CLIP_S_MAX} s")
    return samples[: len(samples) // SAMPLE_BYTES * SAMPLE_BYTES]
