"""From a push to a plate: reads the camera's XML, safely, and says what was seen. Pure.

XML from a camera is XML from a stranger: it has no signature. A document type, and with it every entity, is refused; elements,
depth and text are bounded. Only what the profile names is looked at; pictures never get here.
"""

from dataclasses import dataclass
from typing import Any, Final
from xml.parsers import expat

from drivers.interfaces.plate import Heading, Plate, PlateKind
from drivers.plate_camera.plates import normalise
from drivers.plate_camera.traits import CameraTraits

XML_BYTES_MAX: Final = 64 * 1024
ELEMENTS_MAX: Final = 1_000
DEPTH_MAX: Final = 12
TEXT_CHARS_MAX: Final = 256


class BadXml(Exception):
    """Not an event of a camera that we would read."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A car in front of the camera, as the camera tells it."""

    plate: Plate
    kind: PlateKind
    heading: Heading
    confidence: int | None
    identity: str


def sighting(xml: bytes, traits: CameraTraits) -> Sighting | None:
    """What was seen; None for heartbeats, other events and plates that are none. Raises `BadXml`."""
    told = fields(xml)
    found = normalise(told.get(traits.number, ""))
    if told.get(traits.kind) != traits.kind_is or found is None:
        return None
    plate, kind = found
    said = told.get(traits.confidence, "")
    confidence = min(100, int(said)) if said.isascii() and said.isdigit() else None
    if confidence is not None and confidence < traits.confidence_min:
        return None
    headings = {traits.approaching: Heading.APPROACHING, traits.leaving: Heading.LEAVING}
    heading = headings.get(told.get(traits.direction, ""), Heading.UNKNOWN)
    return Sighting(plate, kind, heading, confidence, told.get(traits.identity, ""))


def fields(xml: bytes) -> dict[str, str]:
    """The texts of a document by their path below the root. Raises `BadXml`."""
    if len(xml) > XML_BYTES_MAX:
        raise BadXml("larger than an event is")
    reading = _Reading()
    parser: Any = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reading.refuse
    parser.EntityDeclHandler = reading.refuse
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadXml("not well-formed") from error
    return reading.told


class _Reading:
    def __init__(self) -> None:
        self.told: dict[str, str] = {}
        self._path: list[str] = []
        self._elements = 0

    def refuse(self, *_: object) -> None:
        raise BadXml("a document type")

    def start(self, name: str, _attributes: object) -> None:
        self._elements += 1
        self._path.append(name.rpartition(" ")[2])
        if self._elements > ELEMENTS_MAX or len(self._path) > DEPTH_MAX:
            raise BadXml("more elements than an event has")

    def end(self, _name: str) -> None:
        self._path.pop()

    def text(self, data: str) -> None:
        where = "/".join(self._path[1:])
        known = self.told.get(where, "")
        if len(known) < TEXT_CHARS_MAX and (data := data.strip()):
            self.told[where] = (known + data)[:TEXT_CHARS_MAX]
