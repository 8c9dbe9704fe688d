"""The driver of a signature pad: shows a picture, lets a customer sign, and hands out what the pen did.

* One question to the pad is open at a time: a feature report that is read or set, and its answer. Pen reports come in between.
* A capture that is given up leaves nothing behind: the samples are dropped, the outcome is held.
* A picture that is given up half-way is abandoned with the pad's word for it: then the outcome is cleared.
* What the pen does while nobody asked for a signature is nobody's business, and is not told.
* Whoever asks for an encrypted capture gets one or none: from a pad that cannot, it is refused before anything is sent.
* Encrypted pen reports that belong to no capture of ours are told as a fault of the configuration, never taken for ink.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Noise,
    Outcome,
    Proof,
    StaleReply,
    Status,
)
from drivers.interfaces import signature as words
from drivers.interfaces.signature import Ink, Tablet
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.signature_pad import codec, sealing
from drivers.signature_pad.capture import Gathering
from drivers.signature_pad.codec import PadState, Pen, Point, Report
from drivers.signature_pad.picture import NoPicture, pixels
from drivers.signature_pad.sealed_capture import agree
from drivers.signature_pad.sealing import BadSeal, KeyPair
from drivers.signature_pad.traits import SignatureTraits
from drivers.transport.packets import HID, Hid, Packet, Unexplained, Unpacker
from drivers.transport.wire import Dial

FAMILY: Final = "signature_pad"
TRIES_MAX: Final = 2
STATUS_POLL_S: Final = 0.05
STATUS_POLLS_MAX: Final = 100
_ENCRYPTED: Final = frozenset({Report.PEN_ENCRYPTED, Report.PEN_TIMED_ENCRYPTED})
_SCREEN_COMMANDS: Final = ("Signature.ClearScreen", "Signature.SetBacklight", "Signature.SetInking", "Signature.ShowScreen")


class Refused(Exception):
    """The pad refuses a report; the text is its reason."""


class SignaturePad(Session):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self.traits = profile.section(SignatureTraits)
        self._answer_s = timing.answer_ms / 1000
        self._packets = Unpacker(HID)
        self._pen = Pen()
        self._asking = False
        self._answer: Packet | None = None
        self._gathering: Gathering | None = None
        self._told = 0
        """Samples of the gathering that were handed on."""
        self._encrypted = False
        """The pad sends ink that we cannot read."""
        self._pair: KeyPair | None = None
        self._sealed: sealing.Session | None = None
        """While a capture is enciphered."""
        self._tablet = _tablet_of(profile, self.traits)

    @property
    def tablet(self) -> Tablet:
        return self._tablet

    def capabilities(self) -> Capabilities:
        screen = _SCREEN_COMMANDS if self.traits.screen else ()
        return Capabilities(
            family=FAMILY,
            model=self._tablet.model,
            firmware=self._tablet.firmware,
            commands=("Signature.Capture", *screen),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._packets, self._pen = Unpacker(HID), Pen()
        self._asking, self._answer, self._gathering, self._encrypted = False, None, None, False
        self._sealed = None
        if self.traits.dialect == "stu":
            try:
                await self._learn(link)
            except Refused as error:
                raise DeviceError(ErrorCode.DEVICE_FAULT, str(error)) from error
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _look_after(self, link: Link) -> None:
        if self.traits.dialect == "stu":
            try:
                await self._ask(link, codec.get(Report.STATUS))
            except Refused as error:
                raise DeviceError(ErrorCode.DEVICE_FAULT, str(error)) from error

    async def _perform(self, link: Link, request: Request) -> Completion:
        try:
            match request.command:
                case words.CaptureSignature() as command:
                    return await self._capture(link, request, command)
                case words.ShowScreen(png=png) if self.traits.screen is not None:
                    return await self._show(link, request, png)
                case _:
                    return await self._set(link, request)
        except (Refused, BadSeal) as error:
            return request.complete(CompletionCode.HARDWARE_ERROR, error=ErrorCode.DEVICE_FAULT, detail=str(error))

    def _received(self, data: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        if self.traits.dialect == "evdev":
            for found in self._pen.receive(data):
                if isinstance(found, bytes):
                    self._publish(Noise(data=found))
                else:
                    self._point(found, now_s)
            return
        for packet in self._packets.receive(data):
            self._took(packet, now_s)

    # A signature.

    async def _capture(self, link: Link, request: Request, command: words.CaptureSignature) -> Completion:
        screen = self.traits.screen
        if command.encrypted and self.traits.encryption == "none":
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND, detail="this pad's ink cannot be enciphered")
        if command.area is not None and (
            screen is None or command.area.x2 >= screen.width_px or command.area.y2 >= screen.height_px
        ):
            return request.complete(CompletionCode.INVALID_DATA, detail="no such area on this pad")
        await request.start()
        try:
            if self.traits.dialect == "stu":
                await self._begin_ink(link, request, command)
            gathering = Gathering(command.pause_ms / 1000, command.strokes_min)
            self._gathering, self._told = gathering, 0
            await self._gather(link, request, gathering)
        except Interrupted as stop:
            self._gathering = None
            await self._end_ink(link)
            return request.complete(stop.code, outcome=Outcome.HELD)
        finally:
            self._gathering = None
        await self._end_ink(link)
        tablet = msgspec.structs.replace(self._tablet, encrypted=command.encrypted)
        ink = Ink(samples=gathering.finished(), tablet=tablet)
        return request.succeed(Proof.ANSWER, words.SignatureCaptured(ink=ink))

    async def _begin_ink(self, link: Link, request: Request, command: words.CaptureSignature) -> None:
        if command.area is not None:
            await self._ask(link, codec.writing_area(command.area), request.check)
        if command.encrypted:
            self._pair = self._pair or KeyPair()
            self._sealed = await agree(lambda question: self._ask(link, question, request.check), self._pair)
        await self._ask(link, codec.put(Report.INKING, 1), request.check)

    async def _end_ink(self, link: Link) -> None:
        if self.traits.dialect == "stu":
            await self._ask(link, codec.put(Report.INKING, 0))
        if self._sealed is not None:
            self._sealed = None
            await self._ask(link, codec.put(Report.END_CAPTURE, 0))

    async def _gather(self, link: Link, request: Request, gathering: Gathering) -> None:
        """Until the signature is over. Raises `Interrupted`, and `DeviceError` for a pad that is not there any more."""
        loop = asyncio.get_running_loop()
        look_s = loop.time() + self._poll_s
        while True:
            fresh = tuple(gathering.samples[self._told :])
            self._told = len(gathering.samples)
            if fresh:
                await request.report(words.PenMoved(samples=fresh))
                look_s = loop.time() + self._poll_s
            if gathering.over(loop.time()):
                return
            self._told = min(self._told, len(gathering.samples))
            request.check(loop.time())
            if loop.time() >= look_s:
                await self._look_after(link)
                look_s = loop.time() + self._poll_s
            times = (request.deadline_s, gathering.over_s(), look_s)
            await link.wait(min(until_s for until_s in times if until_s is not None))

    def _point(self, point: Point, now_s: float) -> None:
        if self._gathering is not None:
            self._gathering.take(point, now_s)

    # The screen.

    async def _show(self, link: Link, request: Request, png: bytes) -> Completion:
        screen = self.traits.screen
        if screen is None:
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        try:
            data = pixels(png, screen)
        except NoPicture as error:
            return request.complete(CompletionCode.INVALID_DATA, detail=str(error))
        await request.start()
        try:
            await self._ask(link, codec.put(Report.START_IMAGE, codec.IMAGE_MODES[screen.colours]), request.check)
            await self._until(link, PadState.IMAGE, request.check)
            for at in range(0, len(data), screen.block_bytes):
                await self._ask(link, codec.image_block(data[at : at + screen.block_bytes]), request.check, tries_max=1)
            await self._ask(link, codec.put(Report.END_IMAGE, codec.COMMIT), request.check, tries_max=1)
            await self._until(link, PadState.READY, request.check)
        except Interrupted as stop:
            await self._ask(link, codec.put(Report.END_IMAGE, codec.ABANDON))
            return request.complete(stop.code, outcome=Outcome.CLEARED)
        return request.succeed(Proof.ANSWER)

    async def _set(self, link: Link, request: Request) -> Completion:
        match request.command:
            case words.ClearScreen():
                wish = codec.put(Report.CLEAR, 0)
            case words.SetInking(on=on):
                wish = codec.put(Report.INKING, int(on))
            case words.SetBacklight(level=level):
                wish = codec.put(Report.BACKLIGHT, level, 0)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        if self.traits.screen is None:
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND, detail="this pad has no screen")
        await request.start()
        await self._ask(link, wish, request.check)
        return request.succeed(Proof.ANSWER)

    async def _until(self, link: Link, wanted: PadState, check: Callable[[float], None]) -> None:
        """Ask for the pad's state until it is this one. Raises `DeviceError` for one that never is."""
        for _ in range(STATUS_POLLS_MAX):
            report = await self._ask(link, codec.get(Report.STATUS), check)
            if len(report) > 1 and report[1] == wanted:
                return
            await asyncio.sleep(STATUS_POLL_S)
        raise DeviceError(ErrorCode.DEVICE_FAULT, f"the pad is never {wanted.name}")

    # Questions and answers.

    async def _learn(self, link: Link) -> None:
        info = codec.parse_identity(await self._ask(link, codec.get(Report.INFO)))
        able = codec.parse_capability(await self._ask(link, codec.get(Report.CAPABILITY)))
        if self.traits.timed:
            await self._ask(link, codec.put(Report.PEN_MODE, codec.TIMED_MODE))
        self._tablet = _tablet_of(self.profile, self.traits, info, able)

    async def _ask(
        self, link: Link, question: bytes, check: Callable[[float], None] | None = None, *, tries_max: int = TRIES_MAX
    ) -> bytes:
        """The report that was asked for, or nothing for one that was set.

        Raises `Refused`, `DeviceError(noAnswer)`, and what `check` raises where there is no reason to go on.
        """
        loop = asyncio.get_running_loop()
        self._asking, self._answer = True, None
        try:
            for _ in range(tries_max):
                await link.write(question)
                until_s = loop.time() + self._answer_s
                while (answer := self._heard()) is None and loop.time() < until_s:
                    if check is not None:
                        check(loop.time())
                    await link.wait(until_s)
                if answer is not None:
                    if answer.kind is Hid.REFUSED:
                        raise Refused(answer.payload.decode("utf-8", errors="replace"))
                    return answer.payload
        finally:
            self._asking = False
        raise DeviceError(ErrorCode.NO_ANSWER, "the pad does not answer")

    def _heard(self) -> Packet | None:
        return self._answer

    def _took(self, packet: Packet | Unexplained, now_s: float) -> None:
        match packet:
            case Unexplained(data=data):
                self._publish(Noise(data=data))
            case Packet(kind=Hid.INPUT, payload=report):
                self._reported(report, now_s)
            case Packet(kind=Hid.FEATURE | Hid.DONE | Hid.REFUSED) if self._asking and self._answer is None:
                self._answer = packet
            case Packet(payload=payload):
                self._publish(StaleReply(data=packet.kind.encode("ascii") + payload))

    def _reported(self, report: bytes, now_s: float) -> None:
        point = codec.parse_pen(report)
        if point is not None:
            if self._sealed is None:  # while ink is enciphered, what comes in the clear is not the customer's
                self._point(point, now_s)
        elif report[:1] and report[0] in _ENCRYPTED:
            self._unsealed(report, now_s)
        else:
            self._publish(Noise(data=report[:1]))

    def _unsealed(self, report: bytes, now_s: float) -> None:
        points = None if self._sealed is None else self._sealed.points(report)
        if points is not None:
            for point in points:
                self._point(point, now_s)
        elif self._sealed is not None:
            self._publish(Noise(data=report[:1]))
        elif not self._encrypted and self._gathering is not None:
            self._encrypted = True
            self._set_status(Status(device=DeviceStatus.HARDWARE_ERROR, error=ErrorCode.DEVICE_FAULT))


def _tablet_of(
    profile: Profile,
    traits: SignatureTraits,
    info: tuple[str, str] | None = None,
    able: codec.Capability | None = None,
) -> Tablet:
    """What the pad says of itself, or else what its profile does."""
    model, firmware = info or (profile.model, None)
    said = able or traits
    return Tablet(
        model=model or profile.model,
        firmware=firmware,
        x_max=said.x_max or traits.x_max,
        y_max=said.y_max or traits.y_max,
        pressure_max=said.pressure_max or traits.pressure_max,
        rate_hz=said.rate_hz or traits.rate_hz,
        width_mm=traits.width_mm,
    )
