"""The scanner's driver: makes a code of each line, and lights the scanner while somebody waits for one.

A scanner cannot be asked whether it is there: its silence means that nobody holds a code before it. One that is told to look is
told again every `trigger_s` and told to stop when the wish ends, whichever way it ends.
"""

import asyncio
from typing import Final

from drivers.api import Capabilities, Completion, CompletionCode, DeviceStatus, ErrorCode, Outcome, Proof, Status, names_of
from drivers.barcode_scanner import codec
from drivers.barcode_scanner.traits import ScannerTraits
from drivers.confidential import Scanned
from drivers.interfaces.barcode_reader import Code, CodeRead, CodeScanned, CodeUnreadable, Read, Reset
from drivers.keyboard import Wedge
from drivers.listening import Framing, Listener
from drivers.profiles import Profile
from drivers.session import Link, Request
from drivers.transport.wire import Dial

FAMILY: Final = "barcode_scanner"


class BarcodeScanner(Listener[Code]):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        self._traits = profile.section(ScannerTraits)
        self._trigger = codec.TRIGGERS.get(self._traits.trigger)
        super().__init__(device_id, profile, dial, self._traits.gap_ms / 1000)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=names_of(Read, Reset),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    async def _greet(self, link: Link) -> None:
        self._begin()
        await self._put_out(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _look_after(self, link: Link) -> None:
        """Nothing can be asked of it; the wire itself tells when it is gone."""

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case Read():
                return await self._serve_reading(link, request)
            case Reset():
                await request.start()
                self._begin()
                await self._put_out(link)
                return request.succeed(Proof.WRITTEN)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    async def _serve_reading(self, link: Link, request: Request) -> Completion:
        found = None
        loop = asyncio.get_running_loop()
        with self._expecting():
            await request.ask()
            try:
                while found is None:
                    if self._trigger is not None:
                        await link.write(self._trigger.on)
                    found = await self._next(link, request, loop.time() + self._traits.trigger_s)
            finally:
                if link.lost is None:
                    await self._put_out(link)
        if isinstance(found, Code):
            return request.succeed(Proof.ANSWER, CodeRead(code=found))
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=Outcome.HELD, error=found)

    async def _put_out(self, link: Link) -> None:
        if self._trigger is not None:
            await link.write(self._trigger.off)

    def _new_framing(self) -> Framing:
        traits = self._traits
        if traits.framing == "wedge":
            return Wedge(traits.chars_max)
        return codec.SerialFraming(traits.suffix.encode("ascii"), traits.charset, traits.chars_max)

    def _understand(self, text: str) -> Code | ErrorCode:
        identified = codec.AIM.fullmatch(text) if self._traits.aim else None
        if identified is None:
            return Code(text=Scanned(text))
        return Code(text=Scanned(identified["text"]), symbology=identified["symbology"])

    def _tell(self, found: Code | ErrorCode) -> None:
        self._publish(CodeScanned(code=found) if isinstance(found, Code) else CodeUnreadable(error=found))
