"""What differs between models of chip card readers: the `[traits]` section of their profiles."""

from typing import Literal

from drivers.profiles import Milliseconds, Section


class ChipTraits(Section, frozen=True, kw_only=True):
    interface: Literal["contact", "contactless"]
    apdu_ms: Milliseconds = 5000
    """A card answers one command within this, or is gone."""
