"""The Plate interface: number plates that a camera at the branch's drive recognised. Same envelope as XFS4IoT's.

A plate points to a person. It is a value that hides itself: in a repr or a log only its last three characters show. Nothing
of it is kept below; whoever hears `Seen` hashes the plate at once.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from drivers.api import Command, Event, Payload
from drivers.confidential import Confidential

SHOWN_CHARS = 3


class Plate(Confidential):
    """A normalised plate; see `drivers.plate_camera.plates` for what normal is."""

    TAIL = SHOWN_CHARS
    __slots__ = ()

    @property
    def ending(self) -> str:
        """The last characters, which people may be shown."""
        return self.reveal()[-SHOWN_CHARS:]


class PlateKind(StrEnum):
    ORDINARY = "ordinary"
    """Seven characters."""
    NEW_ENERGY = "newEnergy"
    """Eight characters, GA 36-2018."""
    OTHER = "other"
    """Police, embassy, trailers and the like."""


class Heading(StrEnum):
    APPROACHING = "approaching"
    LEAVING = "leaving"
    UNKNOWN = "unknown"


class Seen(Event, frozen=True, kw_only=True, tag="Plate.SeenEvent"):
    """A car was seen: once per passage, however often the camera says so."""

    plate: Plate
    kind: PlateKind
    heading: Heading = Heading.UNKNOWN
    confidence: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    """The camera's own, in percent."""


class Read(Command, frozen=True, kw_only=True, tag="Plate.Read"):
    """Wait for the next car; completed with `Recognised`. Nothing is asked of the camera."""

    within_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] = 60_000


class Recognised(Payload, frozen=True, kw_only=True, tag="Plate.Read"):
    plate: Plate
    kind: PlateKind


PlateCommand = Read
