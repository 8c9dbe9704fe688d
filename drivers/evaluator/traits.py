"""What differs between makers of rating pads: the `[traits]` section of their profiles.

Most makers publish a DLL and no frame. So the frames are data (`drivers.frame_layout`), made from a capture of the pad:
a request with a `command`, a reply with a `key`.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from drivers.frame_layout import Byte, FrameTraits
from drivers.interfaces.evaluator import Score
from drivers.profiles import Section

Code = Annotated[int, msgspec.Meta(ge=0, le=255)]


class EvaluatorTraits(Section, frozen=True, kw_only=True):
    request: FrameTraits
    reply: FrameTraits
    ask: Code
    """The `command` that has the pad ask the customer."""
    cancel: Code
    """The `command` that has it stop."""
    scores: Annotated[Mapping[Byte, Score], msgspec.Meta(min_length=2, max_length=8)]
    """The `key` of a reply, in hex, and what it means."""
    probe: Code | None = None
    """The `command` that asks whether the pad is there; without one its silence cannot be told from a customer's."""
    present: Code | None = None
    """The `key` of the answer to that."""

    def __post_init__(self) -> None:
        if not any(part.startswith("key/") for part in self.reply.layout):
            raise ValueError("a rating pad's reply has a key")
        if not any(part.startswith("command/") for part in self.request.layout):
            raise ValueError("a rating pad's request has a command")
        if (self.probe is None) != (self.present is None):
            raise ValueError("a probe and its answer come together")
        if self.present is not None and f"{self.present:02X}" in self.scores:
            raise ValueError("the answer to the probe is no opinion")
