"""An emulated loudspeaker: keeps the samples and knows which words were spoken, by comparing them with the clips.

Words are recognised by their very samples, so a join that lost or doubled one would not be recognised. What is not a word, a
volume below full or a background, is shown as `…`.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.profiles import Profile
from drivers.voice import words
from drivers.voice.clips import ClipStore
from drivers.voice.codec import NoClip, samples_of
from drivers.voice.traits import SAMPLE_BYTES, VoiceTraits

SPEECH_BYTES_MAX: Final = 12_000_000
"""Two minutes of samples; what goes on longer is cut there."""
_KEY_BYTES: Final = 256
_UNKNOWN: Final = "…"
_MUTED: Final = "（静音）"


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something that was said; the text is worked out when somebody asks."""

    n: int
    at: datetime
    samples: bytes
    complete: bool
    muted: bool
    clips: ClipStore
    kind: OutputKind = OutputKind.SPEECH

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(_recognised(self.samples, self.clips))

    @property
    def text(self) -> str:
        return _MUTED if self.muted else words.read(self.words)


class VoiceEmulator(Emulator):
    """One loudspeaker."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._clips = ClipStore()
        self._tail = bytes(samples_of(profile.section(VoiceTraits).tail_ms) * SAMPLE_BYTES)
        self._muted = False
        self._begun: datetime | None = None
        self._samples = bytearray()
        self._quiet_bytes = 0
        self._odd = b""

    def receive(self, data: bytes) -> None:
        data = self._odd + data
        cut = len(data) - len(data) % SAMPLE_BYTES
        self._odd = data[cut:]
        for start in range(0, cut, len(self._tail) or cut):
            self._hear(data[start : min(cut, start + (len(self._tail) or cut))])

    def hands(self) -> Mapping[str, Hand]:
        return {"mute": hand(partial(self._mute, muted=True)), "unmute": hand(partial(self._mute, muted=False))}

    def attached(self) -> None:
        """A new connection begins with a whole sample."""
        self._odd = b""
        self._end(complete=False)

    def lose_power(self) -> None:
        self._end(complete=False)

    def _mute(self, *, muted: bool) -> None:
        self._muted = muted

    def _hear(self, samples: bytes) -> None:
        sounding = samples.strip(b"\0")
        if not sounding and not self._samples:
            return
        if not self._samples:
            self._begun = self.clock()
        self._samples += samples
        self._quiet_bytes = self._quiet_bytes + len(samples) if not sounding else len(samples) - len(samples.rstrip(b"\0"))
        if self._tail and self._quiet_bytes >= len(self._tail) - SAMPLE_BYTES:
            self._end(complete=True)
        elif len(self._samples) > SPEECH_BYTES_MAX:
            self._end(complete=False)

    def _end(self, *, complete: bool) -> None:
        if self._samples and self._begun is not None:
            heard = bytes(self._samples)
            self.put_out(Spoken(self.next_n(), self._begun, heard, complete and not self._muted, self._muted, self._clips))
        self._samples.clear()
        self._quiet_bytes = 0


def _recognised(samples: bytes, clips: ClipStore) -> Iterator[str]:
    """The words in a row of samples; runs that are none give one `…`."""
    index, at, known = _index(clips), 0, True
    while at < len(samples):
        found = next((one for one in index.get(samples[at : at + _KEY_BYTES], ()) if samples.startswith(one[1], at)), None)
        if found is not None:
            yield found[0]
            at, known = at + len(found[1]), True
            continue
        if known and samples[at : at + SAMPLE_BYTES] != bytes(SAMPLE_BYTES):
            known = False
            yield _UNKNOWN
        at += SAMPLE_BYTES


def _index(clips: ClipStore) -> Mapping[bytes, list[tuple[str, bytes]]]:
    """The clips by their first samples."""
    index: dict[bytes, list[tuple[str, bytes]]] = {}
    for name in clips.names:
        with contextlib.suppress(NoClip):
            clip = clips(name)
            index.setdefault(clip[:_KEY_BYTES], []).append((name, clip))
    return index
