"""The driver of a GSM modem: sends a message at most once, and says what the network said.

How a message goes:

1. **Look.** SIM card and network are asked for. Without them the message is held: nothing left the box.
2. `AT+CMGS` and wait for the prompt. Until here ESC undoes everything.
3. **Say so** (`Started`), then the PDU and Ctrl-Z. From here on nothing can be taken back.
4. **The network's word.** `+CMGS` with its reference is the proof. An error says that the network did not take it: a first part
   may be sent again, whole (`cleared`); behind a part that was taken, a repeat would double that one (`unknown`).
5. Silence, a lost wire, or an error that means "I do not know either": `unknown`. The driver never sends it again.

That the phone has it comes later, as `Delivered`, whenever the network reports it. Numbers and texts go into bytes and nowhere
else.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
from drivers.gsm_modem import codec, pdu, update
from drivers.gsm_modem.codec import Conversation, Done, Failed, Garbage, Heard, Line, Prompted, Unasked
from drivers.gsm_modem.traits import ModemTraits
from drivers.interfaces import firmware
from drivers.interfaces.sms import Delivered, Delivery, GetNetwork, Network, NetworkFound, Registration, Send, Sent
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "gsm_modem"
TRIES_MAX: Final = 3
"""A question that changes nothing is asked so often."""
REFERENCES: Final = 256
LINES_MAX: Final = 32
DESCRIPTION_CHARS_MAX: Final = 64
_ECHO: Final = "AT"
_TRYING, _GIVEN_UP = 0x20, 0x40
"""TP-Status from 23.040 9.2.3.15."""

_REGISTRATIONS: Final[Mapping[int, Registration]] = MappingProxyType(
    {
        0: Registration.NONE,
        1: Registration.HOME,
        2: Registration.SEARCHING,
        3: Registration.DENIED,
        4: Registration.UNKNOWN,
        5: Registration.ROAMING,
        6: Registration.HOME,  # for messages only
        7: Registration.ROAMING,
    }
)
_SIM: Final[Mapping[str, ErrorCode | None]] = MappingProxyType(
    {"READY": None, "SIM PIN": ErrorCode.SIM_LOCKED, "SIM PUK": ErrorCode.SIM_LOCKED}
)
_ERRORS: Final[Mapping[int, ErrorCode]] = MappingProxyType(
    {
        **dict.fromkeys(codec.NEVER, ErrorCode.NUMBER_REFUSED),
        codec.Sms.SIM_MISSING: ErrorCode.SIM_MISSING,
        codec.Sms.SIM_FAILURE: ErrorCode.SIM_MISSING,
        codec.Sms.SIM_PIN: ErrorCode.SIM_LOCKED,
        codec.Sms.SIM_PUK: ErrorCode.SIM_LOCKED,
    }
)


class GsmModem(Session):
    """One modem and its SIM card."""

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = profile.section(ModemTraits)
        self._answer_s = timing.answer_ms / 1000
        self._settle_s = timing.settle_ms / 1000
        self._talk = Conversation()
        self._asking = False
        self._lines: list[str] = []
        self._final: Done | Failed | None = None
        self._prompted = False
        self._described: dict[str, str] = {}
        self._network = Network(registration=Registration.UNKNOWN, signal_dbm=None)
        self._reference = 0

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self._described.get("AT+CGMM", self.profile.model),
            serial_number=self._described.get("AT+CGSN"),
            firmware=self._described.get("AT+CGMR"),
            commands=("Sms.GetNetwork", "Sms.Send", *(firmware.COMMANDS if self._traits.firmware == "quectel_dfota" else ())),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        await link.write(codec.ESC + b"\r")  # it may still wait for a message that was cut off
        await self._fall_silent(link)
        for command in ("AT", "ATE0", "AT+CMEE=1", "AT+CMGF=0", f"AT+CNMI={self._traits.indications}"):
            await self._insist(link, command)
        if self._traits.identify:
            for command in ("AT+CGMM", "AT+CGMR", "AT+CGSN"):
                _, lines = await self._ask(link, command)
                if lines:
                    self._described[command] = lines[-1][:DESCRIPTION_CHARS_MAX]
        await self._look(link)

    def _received(self, data: bytes) -> None:
        for item in self._talk.receive(data):
            self._understand(item)

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case Send() as command:
                return await self._send(link, request, command)
            case GetNetwork():
                return await self._tell_network(link, request)
            case firmware.Prepare() | firmware.Write() | firmware.Install() as step if self._traits.firmware == "quectel_dfota":
                return await update.perform(self, link, request, step)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    async def _look_after(self, link: Link) -> None:
        await self._look(link)

    # What it says.

    def _understand(self, item: Heard) -> None:
        match item:
            case pdu.Report(reference=reference, status=status):
                self._publish(Delivered(reference=reference, delivery=_delivery(status)))
            case Garbage(data=data):
                self._publish(Noise(data=data))
            case Prompted():
                self._prompted = True
            case Unasked(text=text):
                self._publish(StaleReply(data=text.encode("ascii")))
            case Line() | Done() | Failed():
                self._answered(item)

    def _answered(self, item: Line | Done | Failed) -> None:
        """A piece of the answer to what is being asked, or of one that comes too late."""
        if not self._asking or self._final is not None or len(self._lines) >= LINES_MAX:
            said = item.text if isinstance(item, Line) else type(item).__name__
            self._publish(StaleReply(data=said.encode("ascii")))
        elif not isinstance(item, Line):
            self._final = item
        elif not item.text.startswith(_ECHO):
            self._lines.append(item.text)

    # Questions.

    async def _fall_silent(self, link: Link) -> None:
        """Let whatever was under way arrive, and forget it."""
        until_s = asyncio.get_running_loop().time() + self._settle_s
        while asyncio.get_running_loop().time() < until_s:
            await link.wait(until_s)
        self._begin()

    def _begin(self) -> None:
        if rest := self._talk.forget():
            self._publish(Noise(data=rest))
        self._asking, self._prompted = False, False
        self._lines, self._final = [], None

    # What an update needs.

    def begin(self, command: str) -> bytes:
        """The bytes of a question that is asked once, whose answer is looked at as it comes."""
        self._begin()
        self._asking = True
        return command.encode("ascii") + b"\r"

    def lines(self) -> list[str]:
        return self._lines

    def final(self) -> Done | Failed | None:
        return self._final

    async def ask(self, link: Link, command: str) -> tuple[Done | Failed, list[str]]:
        """One question that may be repeated, its end and the lines before it. Raises `DeviceError(noAnswer)`."""
        return await self._ask(link, command)

    async def _ask(self, link: Link, command: str) -> tuple[Done | Failed, list[str]]:
        """One question that changes nothing, its end and the lines before it. Raises `DeviceError(noAnswer)`."""
        loop = asyncio.get_running_loop()
        for _ in range(TRIES_MAX):
            self._begin()
            self._asking = True
            await link.write(command.encode("ascii") + b"\r")
            until_s = loop.time() + self._answer_s
            while (final := self._final_word()) is None and loop.time() < until_s:
                await link.wait(until_s)
            self._asking = False
            if final is not None:
                return final, self._lines
        raise DeviceError(ErrorCode.NO_ANSWER, command)

    async def _insist(self, link: Link, command: str) -> None:
        """A setting without which nothing works. Raises `DeviceError`."""
        final, _ = await self._ask(link, command)
        if isinstance(final, Failed):
            raise DeviceError(ErrorCode.DEVICE_FAULT, f"{command} is refused")

    def _final_word(self) -> Done | Failed | None:
        return self._final

    async def _look(self, link: Link) -> None:
        """SIM card, signal, network."""
        error = await self._sim(link)
        _, lines = await self._ask(link, "AT+CSQ")
        signal = next((codec.signal_dbm(line) for line in lines if line.startswith("+CSQ")), None)
        _, lines = await self._ask(link, f"AT+{self._traits.registration}?")
        states = [state for state in map(codec.registration, lines) if state is not None]
        found = _REGISTRATIONS.get(states[-1], Registration.UNKNOWN) if states else Registration.UNKNOWN
        network = Network(registration=found, signal_dbm=signal)
        if network != self._network:
            self._network = network
            self._publish(network)
        if error is None and found not in (Registration.HOME, Registration.ROAMING):
            error = ErrorCode.NO_NETWORK
        device = DeviceStatus.ONLINE if error is None else DeviceStatus.USER_ERROR
        self._set_status(Status(device=device, error=error))

    async def _sim(self, link: Link) -> ErrorCode | None:
        for _ in range(TRIES_MAX):
            final, lines = await self._ask(link, "AT+CPIN?")
            if isinstance(final, Failed):
                return ErrorCode.SIM_MISSING
            for line in lines:
                if (said := line.removeprefix("+CPIN:").strip()) in _SIM:
                    return _SIM[said]
        return ErrorCode.DEVICE_FAULT

    async def _tell_network(self, link: Link, request: Request) -> Completion:
        await request.ask()
        await self._look(link)
        if (error := self._status.error) is not None:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=error)
        found = NetworkFound(registration=self._network.registration, signal_dbm=self._network.signal_dbm)
        return request.succeed(Proof.ANSWER, found)

    # Sending.

    async def _send(self, link: Link, request: Request, command: Send) -> Completion:
        await self._look(link)
        if (error := self._status.error) is not None:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=error)
        try:
            reference = self._reference = (self._reference + 1) % REFERENCES
            parts = pdu.submits(
                command.to, command.text, report=command.report, valid_min=command.valid_min, reference=reference
            )
        except ValueError as why:
            return request.complete(CompletionCode.INVALID_DATA, detail=str(why))
        if len(parts) > 1 and self._traits.more_to_send:
            await self._ask(link, "AT+CMMS=1")
        taken: list[int] = []
        for part in parts:
            said = await self._send_part(link, request, pdu.encode(part))
            if isinstance(said, Failed):
                return _not_taken(request, said, after=len(taken))
            taken.append(said)
        return request.succeed(Proof.ANSWER, Sent(references=tuple(taken)))

    async def _send_part(self, link: Link, request: Request, tpdu: bytes) -> int | Failed:
        """The network's reference, or why it has none. Raises `DeviceError` and `Interrupted`."""
        refused = await self._open_prompt(link, request, len(tpdu))
        if refused is not None:
            return refused
        try:
            if not request.started:
                await request.start()
        except BaseException:
            await self._close_prompt(link)
            raise
        try:
            await link.write(b"00" + tpdu.hex().upper().encode("ascii") + codec.SUBMIT)
            return await self._taken(link, request)
        except Interrupted:
            link.end(DeviceError(ErrorCode.CONNECTION_LOST, "a message was given up while the network had it"))
            raise

    async def _open_prompt(self, link: Link, request: Request, size: int) -> Failed | None:
        """None once it waits for the message. Raises `DeviceError` and `Interrupted`."""
        loop = asyncio.get_running_loop()
        self._begin()
        self._asking = self._talk.prompt_awaited = True
        await link.write(f"AT+CMGS={size}\r".encode("ascii"))
        until_s = loop.time() + self._traits.prompt_ms / 1000
        try:
            while not self._has_prompted():
                if isinstance(final := self._final_word(), Failed):
                    return final
                request.check(loop.time())
                if loop.time() >= until_s:
                    raise DeviceError(ErrorCode.NO_ANSWER, "no prompt")
                await link.wait(min(until_s, request.deadline_s or until_s))
        except Interrupted:
            await self._close_prompt(link)
            raise
        return None

    def _has_prompted(self) -> bool:
        return self._prompted

    async def _close_prompt(self, link: Link) -> None:
        await link.write(codec.ESC)
        await self._fall_silent(link)

    async def _taken(self, link: Link, request: Request) -> int | Failed:
        """What the network says of what was sent."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._traits.network_ms / 1000
        while (final := self._final_word()) is None:
            request.check(loop.time())
            if loop.time() >= until_s:
                raise DeviceError(ErrorCode.NO_ANSWER, "the network says nothing")
            await link.wait(min(until_s, request.deadline_s or until_s))
        self._asking = False
        if isinstance(final, Failed):
            return final
        references = [reference for reference in map(codec.reference_of, self._lines) if reference is not None]
        if not references:
            raise DeviceError(ErrorCode.NO_ANSWER, "an end without a reference")
        return references[-1]


def _not_taken(request: Request, said: Failed, *, after: int) -> Completion:
    """The network or the modem said no to a part, after so many that it took."""
    code = said.code if said.kind == "S" else None
    error = _ERRORS.get(code or 0, ErrorCode.NO_NETWORK)
    clear = not after and code not in codec.DOUBTFUL and request.started
    outcome = Outcome.CLEARED if clear else None
    detail = f"CM{said.kind or '?'} {said.code}" + (f", after {after} parts" if after else "")
    return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=outcome, error=error, detail=detail)


def _delivery(status: int) -> Delivery:
    if status < _TRYING:
        return Delivery.DELIVERED
    return Delivery.PENDING if status < _GIVEN_UP else Delivery.FAILED
