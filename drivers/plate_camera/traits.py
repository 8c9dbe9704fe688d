"""What differs between makers of plate cameras: the `[traits]` section of their profiles."""

from typing import Annotated

import msgspec

from drivers.profiles import Section

Field = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9]*(/[A-Za-z][A-Za-z0-9]*)*$", max_length=100)]


class CameraTraits(Section, frozen=True, kw_only=True):
    """Where in its XML a camera says what; a path of element names below the root, without name spaces."""

    kind: Field = "eventType"
    kind_is: str = "ANPR"
    """Other events, heartbeats among them, say only that the camera lives."""
    number: Field = "ANPR/licensePlate"
    confidence: Field = "ANPR/confidenceLevel"
    direction: Field = "ANPR/direction"
    approaching: str = "forward"
    leaving: str = "reverse"
    identity: Field = "UUID"
    confidence_min: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """Less certain plates are not told."""
    same_car_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 60
    """The same plate within this is the same passage."""
    heartbeat_s: Annotated[int, msgspec.Meta(ge=10, le=3_600)] | None = None
    """A camera that sends heartbeats and has been silent for this long needs somebody to look at it."""
