"""The Voice interface: calls spoken in the hall, made of recorded words. XFS4IoT has no class for it; same envelope.

An utterance is a row of words and pauses in one voice recording's names (`zh/qing`, `en/number`, `chime`). Speaking late is
worse than not speaking: a customer sent to a counter that moved on is sent wrong. So an utterance may carry the moment after
which it is not begun any more. Utterances are spoken one at a time, the more urgent first, equally urgent ones in order.
"""

import re
from enum import IntEnum
from typing import Annotated

import msgspec

from drivers.api import Command, Event

WORDS_MAX = 64
REPEAT_MAX = 5
PAUSE_MS_MAX = 2_000
_CLIP = re.compile(r"[a-z0-9]+(?:[/-][a-z0-9]+)*")

PauseMs = Annotated[int, msgspec.Meta(ge=1, le=PAUSE_MS_MAX)]
Word = str | PauseMs
"""A clip by its name, without extension; or silence, in milliseconds."""


class Urgency(IntEnum):
    """Higher goes first; an alarm also breaks off what is being spoken."""

    NOTICE = 0
    CALL = 1
    ALARM = 2


class Speak(Command, frozen=True, kw_only=True, tag="Voice.Speak"):
    """Say one utterance, `repeat` times with `between_ms` of silence. Done when its last sample has sounded."""

    words: tuple[Word, ...]
    urgency: Urgency = Urgency.CALL
    repeat: Annotated[int, msgspec.Meta(ge=1, le=REPEAT_MAX)] = 1
    between_ms: PauseMs = 600
    begin_within_ms: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """From when the command is given; not begun by then, it is not spoken at all."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.words) <= WORDS_MAX:
            raise ValueError(f"an utterance has 1 to {WORDS_MAX} words")
        for word in self.words:
            if isinstance(word, str) and _CLIP.fullmatch(word) is None:
                raise ValueError(f"{word!r} is no name of a clip")


class SetVolume(Command, frozen=True, kw_only=True, tag="Voice.SetVolume"):
    """How loud, in percent of full scale; 0 is mute. It holds from the next block of samples on."""

    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]


class SetBackground(Command, frozen=True, kw_only=True, tag="Voice.SetBackground"):
    """Loop a clip behind everything, ducked while somebody is called; None: silence."""

    clip: str | None


class Speaking(Event, frozen=True, kw_only=True, tag="Voice.SpeakingEvent"):
    """The hall is being spoken to, or is quiet again: whatever else makes sound there should duck."""

    active: bool


VoiceCommand = Speak | SetVolume | SetBackground
