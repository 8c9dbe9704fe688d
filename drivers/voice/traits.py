"""What differs between loudspeakers: the `[traits]` section of their profiles."""

from typing import Annotated, Final

import msgspec

from drivers.profiles import Section

RATE_HZ: Final = 48_000
"""Of every clip, so that nothing is resampled while it plays."""
SAMPLE_BYTES: Final = 2

Decibel = Annotated[int, msgspec.Meta(ge=0, le=60)]


class VoiceTraits(Section, frozen=True, kw_only=True):
    lead_ms: Annotated[int, msgspec.Meta(ge=40, le=2_000)] = 200
    """So far ahead of the loudspeaker is the sound handed over: late enough to break off, early enough not to stutter."""
    tail_ms: Annotated[int, msgspec.Meta(ge=0, le=3_000)] = 600
    """Silence behind every utterance, so that two calls do not run into each other."""
    volume_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100
    duck_db: Decibel = 18
    """So much quieter is the background while somebody speaks."""
    background_db: Decibel = 12
    """So much quieter than speech is the background otherwise."""
