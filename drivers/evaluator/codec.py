"""What is said to a rating pad and what it says back, in the frames of its profile. Pure."""

from dataclasses import dataclass

from drivers.evaluator.traits import EvaluatorTraits
from drivers.frame_layout import Frame, Framing
from drivers.framing import Frames


@dataclass(frozen=True, slots=True)
class Pressed:
    """The customer's key."""

    score: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Present:
    """The answer to the probe."""

    raw: bytes


Word = Pressed | Present


class Tongue:
    """The host's side."""

    def __init__(self, traits: EvaluatorTraits) -> None:
        self._traits = traits
        self._request = Framing(traits.request)
        self._replies = Frames(Framing(traits.reply).read)

    @property
    def pending(self) -> int:
        return self._replies.pending

    def ask(self) -> bytes:
        return self._request.build({"command": self._traits.ask})

    def cancel(self) -> bytes:
        return self._request.build({"command": self._traits.cancel})

    def probe(self) -> bytes | None:
        return None if self._traits.probe is None else self._request.build({"command": self._traits.probe})

    def receive(self, data: bytes) -> list[Word | bytes]:
        """Words, and what none of them explains as bytes."""
        return [self._understood(item) for item in self._replies.receive(data)]

    def flush(self) -> list[Word | bytes]:
        return [self._understood(item) for item in self._replies.flush()]

    def _understood(self, item: Frame | bytes) -> Word | bytes:
        if isinstance(item, bytes):
            return item
        key = item.values["key"]
        score = self._traits.scores.get(f"{key:02X}")
        if score is not None:
            return Pressed(score, item.raw)
        return Present(item.raw) if key == self._traits.present else item.raw
