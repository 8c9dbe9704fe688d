"""The driver of a PIN pad: has it ask, counts masked keys, and fetches what it has encrypted.

* **No clear PIN.** The pad sends a mask for each digit. A digit that it sends in its place is no key: it is told as noise,
  not which one, and no event, completion, trace or exception holds it. The trace stops for the whole prompt.
* **No clear entry beside a PIN.** From the moment a `PinEntry` is accepted until the pad has forgotten the PIN, `DataEntry` is
  refused at once, not queued: by this driver, whatever the pad would do.
* **Once.** A PIN is fetched once and the command that fetches it is never repeated: an answer that is lost leaves the outcome
  unknown, and the customer is asked again.
* A prompt that ended without our hearing how (a lost byte, a power cut) is found by asking the pad whether it still takes keys.
* A pad that says that it was opened is out of service until it is replaced.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from drivers.api import (
    Capabilities,
    Claim,
    Command,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Noise,
    OnEvent,
    Outcome,
    Proof,
    StaleReply,
    Status,
)
from drivers.confidential import Confidential
from drivers.interfaces import pin_pad as words
from drivers.interfaces.pin_pad import Press
from drivers.pin_pad import codec
from drivers.pin_pad.codec import Fault, Frame, Key
from drivers.pin_pad.traits import PinPadTraits
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "pin_pad"
TRIES_MAX: Final = 2
_ENDS: Final = {codec.ENTER: Press.ENTER, codec.CANCEL: Press.CANCEL, codec.CANCEL_TOO: Press.CANCEL}
_ERRORS: Final = {
    Fault.NO_KEY: ErrorCode.KEY_NOT_FOUND,
    Fault.NO_INITIAL_KEY: ErrorCode.KEY_NOT_FOUND,
    Fault.NO_MASTER_KEY: ErrorCode.KEY_NOT_FOUND,
    Fault.KEY_INCOMPATIBLE: ErrorCode.ACCESS_DENIED,
    Fault.NOT_AUTHORISED: ErrorCode.ACCESS_DENIED,
    Fault.LOCKED: ErrorCode.ACCESS_DENIED,
}
_OUT_OF_SERVICE: Final = frozenset({Fault.TAMPERED, Fault.BATTERY})


_DIGITS: Final = frozenset(b"0123456789") | {codec.DOUBLE_NOUGHT}


class Refused(Exception):
    """The pad says no."""

    def __init__(self, fault: int) -> None:
        super().__init__(f"the pad answers {fault:02X}")
        self.fault = fault


@dataclass(eq=False)
class Entry:
    """Keys while they are entered."""

    secret: bool
    max_digits: int
    typed: str = ""
    """Only of an entry that is no secret."""
    digits: int = 0
    ended_by: Press | None = None
    waiting: tuple[Press, ...] = ()
    """Not told yet."""

    def press(self, code: int, mask: int) -> bool:
        """Take a key; False where it is none."""
        if self.ended_by is not None:
            return False
        if code in _ENDS:
            self.ended_by = _ENDS[code]
            self.waiting += (self.ended_by,)
        elif code == codec.CLEAR:
            self.digits, self.typed = max(0, self.digits - 1), self.typed[:-1]
            self.waiting += (Press.CLEAR,)
        elif code == mask if self.secret else code in _DIGITS:
            self._digit("" if self.secret else chr(code), 2 if code == codec.DOUBLE_NOUGHT else 1)
        else:
            return False
        return True

    def _digit(self, character: str, times: int) -> None:
        self.typed = (self.typed + character.replace("#", "00"))[: self.max_digits]
        self.digits = min(self.digits + times, self.max_digits)
        self.waiting += (Press.MASKED,) * times
        if self.digits == self.max_digits:
            self.ended_by = Press.MASKED


class PinPad(Session):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self.traits = profile.section(PinPadTraits)
        self._answer_s = timing.answer_ms / 1000
        self._parser = codec.Parser()
        self._asking = False
        self._reply: Frame | None = None
        self._entry: Entry | None = None
        self._entries_wanted = 0
        """`PinEntry` commands that are accepted and not completed."""
        self._pin: words.PinEntry | None = None
        """The entry whose PIN waits in the pad."""
        self._facts: codec.PadFacts | None = None

    def capabilities(self) -> Capabilities:
        info = self._facts
        return Capabilities(
            family=FAMILY,
            model=info.model if info else self.profile.model,
            serial_number=info.serial_number if info else None,
            firmware=info.firmware if info else None,
            commands=(
                "KeyManagement.ImportKey",
                "Keyboard.DataEntry",
                "Keyboard.PinEntry",
                "PinPad.GetPinBlock",
                "PinPad.Reset",
            ),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    async def execute(
        self,
        command: Command,
        *,
        timeout_s: float | None = None,
        on_event: OnEvent | None = None,
        claim: Claim | None = None,
    ) -> Completion:
        """Refuses keys in the clear while a PIN is about, before anything else."""
        if isinstance(command, words.DataEntry) and (self._entries_wanted or self._pin is not None):
            code, error = CompletionCode.SEQUENCE_ERROR, ErrorCode.ACCESS_DENIED
            return Completion(request_id=next(self._ids), code=code, outcome=Outcome.HELD, error=error, detail="a PIN is about")
        secret = isinstance(command, words.PinEntry)
        self._entries_wanted += secret
        try:
            return await super().execute(command, timeout_s=timeout_s, on_event=on_event, claim=claim)
        finally:
            self._entries_wanted -= secret

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._parser.flush()
        self._asking, self._reply, self._entry, self._pin = False, None, None, None
        await self._look_after(link)
        if self.status().device is DeviceStatus.ONLINE:
            try:
                await self._ask(link, codec.INPUT_OFF)
                await self._learn(link)
            except Refused as error:
                self._out_of_service(error)

    async def _look_after(self, link: Link) -> None:
        """Setting the mask again does no harm, and only a pad that is there confirms it."""
        try:
            await self._ask(link, codec.set_byte("3", ord(self.traits.mask)))
        except Refused as error:
            self._out_of_service(error)
        else:
            self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _learn(self, link: Link) -> None:
        """Who the pad is, where the line is good enough for so long an answer."""
        try:
            self._facts = codec.parse_facts(await self._ask(link, codec.INFO, tries_max=1)) or self._facts
        except DeviceError:
            link.check()

    async def _perform(self, link: Link, request: Request) -> Completion:
        try:
            return await self._obey(link, request)
        except Refused as error:
            return self._refused(request, error)

    async def _obey(self, link: Link, request: Request) -> Completion:
        match request.command:
            case words.PinEntry() as command:
                return await self._pin_entry(link, request, command)
            case words.GetPinBlock():
                return await self._pin_block(link, request)
            case words.DataEntry(max_digits=max_digits):
                return await self._data_entry(link, request, max_digits)
            case words.ImportKey() as command:
                return await self._import_key(link, request, command)
            case words.Reset():
                return await self._reset(link, request)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    def _received(self, data: bytes) -> None:
        self._take(self._parser.receive(data))

    # Entering.

    async def _pin_entry(self, link: Link, request: Request, command: words.PinEntry) -> Completion:
        form = command.format or self.traits.usual
        slot, letter = self.traits.slots.get(command.key), self.traits.formats.get(form)
        if slot is None:
            return self._no_key(request, command.key)
        pan = command.pan.reveal()
        if letter is None or not pan.isdecimal() or not pan.isascii():
            return request.complete(CompletionCode.INVALID_DATA, detail="no such block here, or no card number")
        await request.start()
        loop = asyncio.get_running_loop()
        with self.trace.hidden(loop.time()):
            try:
                for parameter, value in (("4", command.min_digits), ("5", command.max_digits)):
                    await self._ask(link, codec.set_byte(parameter, value), request)
                self._pin, entry = command, Entry(secret=True, max_digits=command.max_digits)
                self._entry = entry
                await self._ask(link, codec.start_pin(slot, letter, command.max_digits, pan), request)
                await self._keys(link, request, entry)
            except Interrupted as stop:
                await self._forget(link)
                return request.complete(stop.code, outcome=Outcome.HELD)
            except Refused:
                self._pin = None
                raise
            finally:
                self._entry = None
        return await self._entered(link, request, entry)

    async def _entered(self, link: Link, request: Request, entry: Entry) -> Completion:
        if entry.ended_by is None:
            await self._forget(link)
            error = ErrorCode.BUFFER_LOST
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=Outcome.HELD, error=error, detail="prompt lost")
        if entry.ended_by is Press.CANCEL:
            self._pin = None
            return request.complete(CompletionCode.CANCELED, outcome=Outcome.HELD, detail="by the customer")
        return request.succeed(Proof.ANSWER, words.PinEntered(digits=entry.digits, ended_by=entry.ended_by))

    async def _data_entry(self, link: Link, request: Request, max_digits: int) -> Completion:
        await request.start()
        try:
            await self._ask(link, codec.INPUT_ON, request)
            self._entry = entry = Entry(secret=False, max_digits=max_digits)
            await self._keys(link, request, entry)
        except Interrupted as stop:
            self._entry = None
            await self._ask(link, codec.INPUT_OFF)
            return request.complete(stop.code, outcome=Outcome.HELD)
        finally:
            self._entry = None
        await self._ask(link, codec.INPUT_OFF)
        if entry.ended_by is None or entry.ended_by is Press.CANCEL:
            return request.complete(CompletionCode.CANCELED, outcome=Outcome.HELD, detail="by the customer")
        return request.succeed(Proof.ANSWER, words.DataEntered(data=Confidential(entry.typed), ended_by=entry.ended_by))

    async def _keys(self, link: Link, request: Request, entry: Entry) -> None:
        """Until the customer has ended it, or the pad takes no keys any more. Raises `Interrupted`."""
        loop = asyncio.get_running_loop()
        look_s = loop.time() + self._poll_s
        while True:
            told, entry.waiting = entry.waiting, ()
            for press in told:
                await request.report(words.KeyEvent(press=press))
            if entry.ended_by is not None:
                return
            request.check(loop.time())
            if entry.secret and loop.time() >= look_s:
                info = codec.parse_facts(await self._ask(link, codec.INFO, request))
                if info is not None and not info.input_on and entry.ended_by is None:
                    return
                look_s = loop.time() + self._poll_s
                continue
            times = [until_s for until_s in (request.deadline_s, look_s if entry.secret else None) if until_s is not None]
            await link.wait(min(times, default=None))

    async def _forget(self, link: Link) -> None:
        """Have the pad end its prompt and drop the PIN."""
        self._entry = None
        await self._ask(link, codec.INPUT_OFF)
        self._pin = None

    # Blocks and keys.

    async def _pin_block(self, link: Link, request: Request) -> Completion:
        entered = self._pin
        if entered is None:
            return request.complete(CompletionCode.SEQUENCE_ERROR, detail="no PIN has been entered")
        await request.start()
        self._pin = None  # whatever becomes of the answer: the pad gives it once
        found = codec.parse_block(await self._ask(link, codec.GET_BLOCK, request, tries_max=1))
        if found is None or len(found[1]) != (16 if self.traits.cipher == "sm4" else 8):
            return request.complete(CompletionCode.HARDWARE_ERROR, error=ErrorCode.DEVICE_FAULT, detail="no block")
        form = entered.format or self.traits.usual
        return request.succeed(Proof.ANSWER, words.PinBlock(block=found[1], key=entered.key, format=form))

    async def _import_key(self, link: Link, request: Request, command: words.ImportKey) -> Completion:
        slots = self.traits.slots
        for name in (command.key, command.under):
            if name not in slots:
                return self._no_key(request, name)
        kind = self.traits.key_types.get(command.use)
        if kind is None:
            return request.complete(CompletionCode.INVALID_DATA, detail=f"no keys for {command.use} here")
        await request.start()
        wish = codec.load_key(slots[command.under], slots[command.key], kind, command.value.reveal())
        kcv = codec.parse_hex(await self._ask(link, wish, request))
        if not kcv or (command.kcv is not None and not _same(kcv, command.kcv)):
            error = ErrorCode.INVALID_MEDIA if kcv is None else ErrorCode.ACCESS_DENIED
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=error, detail="the check value differs")
        return request.succeed(Proof.ANSWER, words.KeyImported(kcv=kcv))

    async def _reset(self, link: Link, request: Request) -> Completion:
        await request.start()
        await self._forget(link)
        return request.succeed(Proof.ANSWER)

    # Questions and answers.

    async def _ask(self, link: Link, text: bytes, request: Request | None = None, *, tries_max: int = TRIES_MAX) -> bytes:
        """What the pad answers, without its first byte.

        Raises `Refused`, `DeviceError(noAnswer)`, and `Interrupted` where the request ends before.
        """
        loop = asyncio.get_running_loop()
        self._asking, self._reply = True, None
        try:
            for _ in range(tries_max):
                self._take(self._parser.flush())  # whatever has not become a frame by now is none
                await link.write(Frame(text).raw)
                until_s = loop.time() + self._answer_s
                while (reply := self._heard()) is None and loop.time() < until_s:
                    if request is not None:
                        request.check(loop.time())
                    await link.wait(until_s)
                if reply is not None:
                    if reply.fault is not None:
                        raise Refused(reply.fault)
                    return reply.text[1:]
        finally:
            self._asking = False
        raise DeviceError(ErrorCode.NO_ANSWER, "the pad does not answer")

    def _heard(self) -> Frame | None:
        return self._reply

    def _take(self, items: Iterable[Frame | Key]) -> None:
        rubbish = bytearray()
        for item in items:
            match item:
                case Frame() if self._asking and self._reply is None:
                    self._reply = item
                case Frame():
                    self._publish(StaleReply(data=b"%d bytes" % len(item.text)))
                case Key(code=code):
                    if not self._pressed(code):
                        rubbish.append(_hidden(code))
        if rubbish:
            self._publish(Noise(data=bytes(rubbish)))

    def _pressed(self, code: int) -> bool:
        """A key of the entry under way. Digits beside an answer are pieces of a broken frame, not keys."""
        entry = self._entry
        if entry is None or (self._asking and not entry.secret):
            return False
        return entry.press(code, ord(self.traits.mask))

    # Refusals.

    def _no_key(self, request: Request, name: str) -> Completion:
        self._publish(words.IllegalKeyAccess(key=name))
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.KEY_NOT_FOUND, detail=name)

    def _refused(self, request: Request, refusal: Refused) -> Completion:
        """The pad's word that it did not do it: nothing came of it."""
        if self._out_of_service(refusal):
            error, code = ErrorCode.DEVICE_FAULT, CompletionCode.HARDWARE_ERROR
            return request.complete(code, outcome=Outcome.HELD, error=error, detail=str(refusal))
        known = next((error for fault, error in _ERRORS.items() if fault == refusal.fault), None)
        code = CompletionCode.COMMAND_ERROR_CODE if known else CompletionCode.INVALID_DATA
        if known is ErrorCode.ACCESS_DENIED:
            self._publish(words.IllegalKeyAccess(key=str(getattr(request.command, "key", ""))))
        return request.complete(code, outcome=Outcome.HELD, error=known, detail=str(refusal))

    def _out_of_service(self, refusal: Refused) -> bool:
        if refusal.fault not in _OUT_OF_SERVICE:
            return False
        self._pin = None
        if refusal.fault == Fault.TAMPERED and self.status().device is not DeviceStatus.HARDWARE_ERROR:
            self._publish(words.Tampered())
        self._set_status(Status(device=DeviceStatus.HARDWARE_ERROR, error=ErrorCode.DEVICE_FAULT))
        return True


def _same(one: bytes, other: bytes) -> bool:
    """Check values are cut to different lengths; the shorter one decides."""
    count = min(len(one), len(other))
    return one[:count] == other[:count]


def _hidden(code: int) -> int:
    """Rubbish may be a digit that somebody typed: it is told, and not which."""
    return ord("*") if chr(code).isdigit() else code
