"""The identity card reader's driver: looks for cards, reads each once, and knows when it is taken away.

How a card is read: it is looked for every `poll_ms`; a card that is found is selected and read at once. A card that answers
badly is tried again while it lies there, `CARD_TRIES` times, since most were laid askew or are still moving; then it is told as
unreadable, once, and not tried again before it has left.

Nothing of a card is kept. Text and photo are wiped from memory as soon as the `Holder` is made of them; a photo leaves only
with the command that asked for it. Whoever asks while a card lies there has it read again.
"""

import asyncio
from contextlib import suppress
from enum import Enum
from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceStatus,
    ErrorCode,
    MediaStatus,
    Proof,
    Status,
    names_of,
)
from drivers.confidential import Confidential, Opaque, wipe
from drivers.id_card_reader import codec, layouts
from drivers.id_card_reader.codec import Answer, Sw
from drivers.id_card_reader.conversation import Conversation
from drivers.id_card_reader.traits import IdCardReaderTraits
from drivers.interfaces.id_card import CardLaid, CardRemoved, CardUnreadable, Holder, IdCardRead, ReadIdCard, Reset
from drivers.profiles import Profile
from drivers.session import Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "id_card_reader"
CARD_TRIES: Final = 3
AGAIN_S: Final = 2.0
"""What was given up is looked at again this often: another card may have taken its place between two looks."""


class Presence(Enum):
    """What lies on the reader, as far as it was looked at."""

    NOTHING = "nothing"
    READ = "read"
    TROUBLE = "trouble"
    """Something that was given up."""


class Unreadable(Exception):
    """This card, this time: no."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error)
        self.error = error


MODULE_TROUBLES: Final = (ErrorCode.SECURITY_MODULE, ErrorCode.DEVICE_FAULT, ErrorCode.GARBLED)
"""What is wrong with the module, whatever card lies there."""
PASSING: Final = (ErrorCode.READ_FAIL, ErrorCode.NO_MEDIA)
"""What another try may well put right."""


class IdCardReader(Session):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = profile.section(IdCardReaderTraits)
        self._talk: Conversation
        self._serial_number: str | None = None
        self._presence = Presence.NOTHING
        self._fails = 0
        self._again_s = 0.0
        """Loop time of the next look at what was given up."""

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            serial_number=self._serial_number,
            commands=names_of(ReadIdCard, Reset),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        timing = self.profile.timing
        answer_s, settle_s = timing.answer_ms / 1000, timing.settle_ms / 1000
        self._talk = Conversation(link, answer_s=answer_s, settle_s=settle_s, publish=self._publish)
        self._gone()
        module = await self._talk.ask(codec.MODULE_STATUS)
        if module.status is Sw.OK:
            named = await self._talk.ask(codec.MODULE_SERIAL)
            self._serial_number = codec.serial_number(named.data) if named.status is Sw.OK else None
        self._show(None if module.status is Sw.OK else codec.ERRORS[module.status])

    async def _look_after(self, link: Link) -> None:
        del link  # the conversation has it
        self._talk.tidy()
        if self._status.device is DeviceStatus.HARDWARE_ERROR and self._presence is Presence.NOTHING:
            await self._try_module()
            return
        try:
            if self._presence is not Presence.NOTHING:
                await self._look_for_its_leaving()
                await self._look_again()
            elif await self._found():
                await self._read_and_tell()
        except Unreadable as trouble:
            self._failed(trouble.error)

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case ReadIdCard() as command:
                return await self._serve_reading(link, request, command)
            case Reset():
                await request.start()
                answer = await self._talk.ask(codec.RESET_MODULE, self._traits.read_ms / 1000)
                self._gone()
                error = None if answer.status is Sw.OK else codec.ERRORS[answer.status]
                self._show(error)
                return request.succeed(Proof.ANSWER) if error is None else _failure(request, error)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    def _received(self, data: bytes) -> None:
        self._talk.received(data)

    # Reading.

    async def _serve_reading(self, link: Link, request: Request, command: ReadIdCard) -> Completion:
        if self._status.error is not None:
            return _failure(request, self._status.error)
        await request.ask()
        loop = asyncio.get_running_loop()
        tries = CARD_TRIES
        while True:
            request.check(loop.time())
            try:
                if (payload := await self._reading(command)) is not None:
                    return request.succeed(Proof.ANSWER, payload)
            except Unreadable as trouble:
                tries -= 1
                if tries == 0 or trouble.error not in PASSING:
                    self._give_up(trouble.error)
                    return _failure(request, trouble.error)
            await link.wait(min(loop.time() + self._poll_s, request.deadline_s or loop.time() + self._poll_s))

    async def _reading(self, command: ReadIdCard) -> IdCardRead | None:
        """What lies there now; None where nothing does. Raises `Unreadable`."""
        if self._presence is Presence.TROUBLE:
            await self._look_for_its_leaving()
        read = await self._read_again() if self._presence is Presence.READ else None
        if read is None and self._presence is Presence.NOTHING and await self._found():
            read = await self._read()
        if read is None:
            return None
        holder, photo = read
        if command.newest_address:
            newest = await self._newest_address()
            holder = holder if newest is None else _moved(holder, newest)
        if not command.photo:
            photo.wipe()
        return IdCardRead(holder=holder, photo=photo if command.photo else None)

    async def _read_and_tell(self) -> None:
        """Raises `Unreadable`."""
        holder, photo = await self._read()
        photo.wipe()
        self._publish(CardLaid(holder=holder))

    async def _look_again(self) -> None:
        """Whether what was given up can be read after all; that it still cannot is no news."""
        now_s = asyncio.get_running_loop().time()
        if self._presence is Presence.TROUBLE and now_s >= self._again_s:
            self._again_s = now_s + AGAIN_S
            with suppress(Unreadable):
                await self._read_and_tell()

    async def _found(self) -> bool:
        answer = await self._talk.ask(codec.FIND)
        if answer.status is Sw.NO_CARD:
            self._fails = 0
            return False
        _demand(answer, Sw.FOUND)
        return True

    async def _read(self) -> tuple[Holder, Opaque]:
        """Select the card that was found, and read it. Raises `Unreadable`."""
        _demand(await self._talk.ask(codec.SELECT), Sw.OK)
        holder, photo = await self._read_selected()
        self._presence, self._fails = Presence.READ, 0
        self._show(None)
        return holder, photo

    async def _read_again(self) -> tuple[Holder, Opaque] | None:
        """The card that was read before; None where it left, or the module wants it laid anew."""
        try:
            return await self._read_selected()
        except Unreadable:
            self._gone()
            return None

    async def _read_selected(self) -> tuple[Holder, Opaque]:
        answer = await self._talk.ask(codec.READ, self._traits.read_ms / 1000)
        _demand(answer, Sw.OK)
        parts = codec.split_information(answer.data)
        if parts is None:
            raise Unreadable(ErrorCode.READ_FAIL)
        text, picture = parts
        try:
            return layouts.holder(text), Opaque(picture)
        except layouts.BadText as bad:
            raise Unreadable(ErrorCode.INVALID_MEDIA) from bad
        finally:
            wipe(text)
            wipe(picture)

    async def _newest_address(self) -> Confidential | None:
        """None where the card holds none."""
        if not self._traits.newest_address:
            return None
        answer = await self._talk.ask(codec.NEWEST_ADDRESS)
        try:
            return layouts.address(answer.data) if answer.status is Sw.OK else None
        except layouts.BadText:
            return None
        finally:
            wipe(answer.data)

    async def _look_for_its_leaving(self) -> None:
        """Whether what was read, or given up, still lies there."""
        if self._presence is Presence.TROUBLE or self._traits.presence == "find":
            still = (await self._talk.ask(codec.FIND)).status is Sw.FOUND
        else:
            answer = await self._talk.ask(codec.NEWEST_ADDRESS)
            still = answer.status in (Sw.OK, Sw.NO_DATA)
            wipe(answer.data)
        if not still:
            self._gone()

    # What is known of it.

    def _failed(self, error: ErrorCode) -> None:
        """One more look at a card that could not be read."""
        self._fails += 1
        if error not in PASSING or self._fails >= CARD_TRIES:
            self._give_up(error)
            self._publish(CardUnreadable(error=error))

    def _give_up(self, error: ErrorCode) -> None:
        """Not tried again before it has left; where it is the module that is broken, that shows."""
        self._presence = Presence.TROUBLE
        self._again_s = asyncio.get_running_loop().time() + AGAIN_S
        self._show(error if error in MODULE_TROUBLES else None)

    def _gone(self) -> None:
        was, self._presence, self._fails = self._presence, Presence.NOTHING, 0
        if was is Presence.READ:
            self._publish(CardRemoved())
        if was is not Presence.NOTHING and self._status.device is DeviceStatus.ONLINE:
            self._show(None)

    async def _try_module(self) -> None:
        answer = await self._talk.ask(codec.MODULE_STATUS)
        if answer.status is Sw.OK:
            self._show(None)

    def _show(self, error: ErrorCode | None) -> None:
        device = DeviceStatus.ONLINE if error is None else DeviceStatus.HARDWARE_ERROR
        media = MediaStatus.NOT_PRESENT if self._presence is Presence.NOTHING else MediaStatus.PRESENT
        self._set_status(Status(device=device, error=error, media=media))


def _demand(answer: Answer, wanted: Sw) -> None:
    """Raises `Unreadable`."""
    if answer.status is not wanted:
        wipe(answer.data)
        raise Unreadable(codec.ERRORS.get(answer.status, ErrorCode.READ_FAIL))


def _moved(holder: Holder, newest: Confidential) -> Holder:
    return Holder(**{name: getattr(holder, name) for name in holder.__struct_fields__} | {"address": newest})


def _failure(request: Request, error: ErrorCode) -> Completion:
    return request.complete(
        CompletionCode.HARDWARE_ERROR if error in MODULE_TROUBLES else CompletionCode.COMMAND_ERROR_CODE, error=error
    )
