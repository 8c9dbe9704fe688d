"""An emulated plate camera: drive a car up, and it pushes what it saw, again until it is answered."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from xml.sax.saxutils import escape

import msgspec

from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.plate_camera.traits import CameraTraits
from drivers.profiles import Profile
from drivers.transport.packets import VISIT_BYTES_MAX, VISITOR, Packet, Unpacker, Visitor, pack

AGAIN_S: Final = 5.0
TRIES_MAX: Final = 5
BOUNDARY: Final = "MIME_boundary"
PICTURE: Final = bytes.fromhex("FFD8FFE000104A46494600010100000100010000FFD9")
"""The least that calls itself a JPEG; real ones are some 170 kB."""
HERE: Final = b"127.0.0.1"


class Car(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plate: Annotated[str, msgspec.Meta(min_length=1, max_length=16)] = "京A12345"
    direction: Literal["forward", "reverse"] = "forward"
    confidence: Annotated[int, msgspec.Meta(ge=0, le=100)] = 95


@dataclass
class _Push:
    """An event on its way."""

    car: Car
    body: bytes
    tries: int = 0


class CameraEmulator(Emulator):
    """One camera. One event is under way at a time, the others wait."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = profile.section(CameraTraits)
        self._waiting: list[_Push] = []
        self._answers = Unpacker(VISITOR)
        self._said = bytearray()
        self.accepted: list[str] = []
        """Plates of pushes that were answered by 200."""

    def receive(self, data: bytes) -> None:
        for packet in self._answers.receive(data):
            if isinstance(packet, Packet) and packet.kind is Visitor.DATA and len(self._said) < VISIT_BYTES_MAX:
                self._said += packet.payload
            elif isinstance(packet, Packet) and packet.kind is Visitor.END:
                self._ended()

    def hands(self) -> Mapping[str, Hand]:
        return {"drive_up": Hand(self._drive_up, Car), "heartbeat": hand(self._beat)}

    def lose_power(self) -> None:
        self._waiting.clear()
        self._said.clear()

    def attached(self) -> None:
        self._answers = Unpacker(VISITOR)
        self._said.clear()

    def _drive_up(self, car: Car) -> None:
        self._waiting.append(_Push(car, push(event(car, self._traits, self.clock()))))
        if len(self._waiting) == 1:
            self._send()

    def _beat(self) -> None:
        self._visit(
            push(f"<EventNotificationAlert><{self._traits.kind}>heartBeat</{self._traits.kind}></EventNotificationAlert>")
        )

    def _send(self) -> None:
        """Push the oldest, and again while nobody answers."""
        if not self._waiting:
            return
        sending = self._waiting[0]
        if sending.tries >= TRIES_MAX:
            self._waiting.pop(0)
            self._send()
            return
        sending.tries += 1
        self._visit(sending.body)
        asyncio.get_running_loop().call_later(AGAIN_S, self._unanswered, sending)

    def _unanswered(self, sending: _Push) -> None:
        if self._waiting[:1] == [sending]:
            self._send()

    def _visit(self, request: bytes) -> None:
        pieces = [request[start : start + VISIT_BYTES_MAX] for start in range(0, len(request), VISIT_BYTES_MAX)]
        self.reply(pack(Visitor.NEW, HERE) + b"".join(pack(Visitor.DATA, piece) for piece in pieces))

    def _ended(self) -> None:
        answer, self._said = bytes(self._said), bytearray()
        self.reply(pack(Visitor.END))
        if not self._waiting:
            return
        with contextlib.suppress(IndexError, ValueError):
            code = int(answer.split(b" ", 2)[1])
            plate = self._waiting.pop(0).car.plate
            self.produce(OutputKind.SIGNAL, f"{plate} → {code}")
            if code == 200:
                self.accepted.append(plate)
        self._send()


def event(car: Car, traits: CameraTraits, at: datetime) -> str:
    """The XML of a car, every field where the profile says it is."""
    told = {
        traits.kind: traits.kind_is,
        traits.identity: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{car.plate}{at.isoformat()}")),
        traits.number: car.plate,
        traits.confidence: str(car.confidence),
        traits.direction: traits.approaching if car.direction == "forward" else traits.leaving,
    }
    tree: dict[str, object] = {"dateTime": at.isoformat(timespec="seconds")}
    for path, value in told.items():
        *above, last = path.split("/")
        branch = tree
        for name in above:
            deeper = branch.setdefault(name, {})
            branch = deeper if isinstance(deeper, dict) else branch
        branch[last] = value
    return f'<EventNotificationAlert version="2.0">{_xml(tree)}</EventNotificationAlert>'


def push(xml: str, pictures: tuple[bytes, ...] = (PICTURE,)) -> bytes:
    """The request of a push: a form with the XML and the pictures."""
    parts = [("anpr.xml", "application/xml", xml.encode("utf-8"))]
    parts += [(f"picture{n}.jpg", "image/jpeg", picture) for n, picture in enumerate(pictures)]
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, kind, content in parts
    )
    body += f"--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST /plate HTTP/1.1\r\nHost: box\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _xml(tree: Mapping[str, object]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, dict) else escape(str(value))}</{name}>" for name, value in tree.items()
    )
