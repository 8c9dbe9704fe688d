"""The motorised reader's driver: knows where the card is, reads its chip or its stripe, gives it back or keeps it.

A card that has been drawn in is read once and told: by its chip where the reader has contacts and the stripe does not say that
there is none, else by its stripe. A chip that does not answer is made up for by the stripe. Giving a card back and keeping it
change the world, so they are never said to be done without the reader's word; where the reader had to be told twice, its second
"there is no card" is checked against where the card is now. A chip is powered off before its card moves.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from drivers.api import (
    Capabilities,
    Command,
    Completion,
    CompletionCode,
    DeviceStatus,
    ErrorCode,
    MediaStatus,
    Outcome,
    Proof,
    Status,
    Supply,
    SupplyKind,
    SupplyLevel,
    names_of,
)
from drivers.chip_card.conversation import passes
from drivers.confidential import Opaque, wipe
from drivers.interfaces.card_reader import (
    Admit,
    BankCard,
    BankCardRead,
    CardSeen,
    ChipAnswer,
    ChipIo,
    ChipPower,
    ChipPowerAction,
    ChipPowered,
    Doubt,
    InvalidMedia,
    Lamp,
    MediaInserted,
    MediaRemoved,
    MediaRetained,
    Move,
    ReadCard,
    Reset,
    SetLight,
    Side,
)
from drivers.motor_card_reader.chip import Chip, ChipFailed
from drivers.motor_card_reader.codec import Position, Reply, Verb
from drivers.motor_card_reader.conversation import Conversation, codes
from drivers.motor_card_reader.traits import MotorTraits
from drivers.profiles import Profile
from drivers.session import Link, Request, Session
from drivers.tracks import BadTrack, Track, card, tracks
from drivers.transport.wire import Dial

FAMILY: Final = "motor_card_reader"
MEDIA: Final[Mapping[Position, MediaStatus]] = MappingProxyType(
    {
        Position.NONE: MediaStatus.NOT_PRESENT,
        Position.GATE: MediaStatus.ENTERING,
        Position.INSIDE: MediaStatus.PRESENT,
        Position.UNFIT: MediaStatus.PRESENT,
    }
)
INSIDE: Final = (Position.INSIDE, Position.UNFIT)
LIGHTS: Final[Mapping[Lamp, Verb]] = MappingProxyType(
    {
        Lamp.OFF: Verb.LIGHT_OFF,
        Lamp.GREEN: Verb.LIGHT_GREEN,
        Lamp.RED: Verb.LIGHT_RED,
        Lamp.AMBER: Verb.LIGHT_AMBER,
    }
)
STARTS: Final[Mapping[Side | None, Verb]] = MappingProxyType(
    {None: Verb.INITIALISE, Side.EXIT: Verb.INITIALISE_EJECT, Side.STORAGE: Verb.INITIALISE_CAPTURE}
)
READS: Final = ((Verb.READ_2, ";"), (Verb.READ_1, "%"), (Verb.READ_3, "+"))
NEEDS: Final[Mapping[type[Command], tuple[Verb, ...]]] = MappingProxyType(
    {
        ReadCard: (Verb.READ_2, Verb.CHIP_ASK),
        ChipPower: (Verb.CHIP_ON,),
        ChipIo: (Verb.CHIP_ASK,),
        Move: (Verb.EJECT,),
        Admit: (Verb.ADMIT,),
        SetLight: (Verb.LIGHT_GREEN,),
        Reset: (Verb.INITIALISE_EJECT,),
    }
)
"""Any one of these makes the command possible."""
HELP: Final[Mapping[ErrorCode, DeviceStatus]] = MappingProxyType(
    {
        ErrorCode.MEDIA_JAM: DeviceStatus.USER_ERROR,
        ErrorCode.INVALID_MEDIA: DeviceStatus.USER_ERROR,
        ErrorCode.RETAIN_BIN_FULL: DeviceStatus.USER_ERROR,
    }
)
"""Whether a person can help; with anything else, only service can."""


class MotorCardReader(Session):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = profile.section(MotorTraits)
        self._codes = codes(self._traits)
        self._talk: Conversation
        self._chip: Chip
        self._position = Position.NONE
        self._unread = False
        """The card that is inside has not been read."""
        self._admits = self._traits.admit
        self._bin_full = False

    def capabilities(self) -> Capabilities:
        known = (command for command, needs in NEEDS.items() if self._knows(*needs))
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=names_of(*known),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    def _knows(self, *verbs: Verb) -> bool:
        return any(verb in self._codes for verb in verbs)

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._talk = Conversation(link, self._traits, settle_s=self.profile.timing.settle_ms / 1000, publish=self._publish)
        self._chip = Chip(self._talk, self._codes)
        await self._look()
        if Verb.ADMIT in self._codes:
            await self._talk.tell(Verb.ADMIT if self._admits else Verb.REFUSE)

    async def _look_after(self, link: Link) -> None:
        del link  # the conversation has it
        self._talk.tidy()
        await self._look()
        if self._unread:
            self._tell(await self._read(ReadCard(), lambda: None))

    async def _perform(self, link: Link, request: Request) -> Completion:
        command = request.command
        needs = (STARTS[command.card],) if isinstance(command, Reset) else NEEDS.get(type(command), ())
        if not self._knows(*needs):
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        match command:
            case ReadCard():
                return await self._serve_reading(link, request, command)
            case Move(to=side):
                return await self._move(request, side)
            case Reset():
                return await self._reset(request, *needs)
            case ChipPower() | ChipIo():
                return await self._serve_chip(request, command)
            case _:
                return await self._simply(request, command)

    def _received(self, data: bytes) -> None:
        self._talk.received(data)

    # Commands.

    async def _serve_reading(self, link: Link, request: Request, wish: ReadCard) -> Completion:
        if not (wish.stripe and self._knows(Verb.READ_2)) and not (wish.chip and self._knows(Verb.CHIP_ASK)):
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        await request.ask()
        loop = asyncio.get_running_loop()
        while True:
            request.check(loop.time())
            await self._look()
            if self._position is Position.INSIDE:
                break
            if self._position is Position.UNFIT:
                return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.INVALID_MEDIA)
            await link.wait(min(loop.time() + self._poll_s, request.deadline_s or loop.time() + self._poll_s))
        found = await self._read(wish, lambda: request.check(loop.time()))
        if isinstance(found, BankCard):
            return request.succeed(Proof.ANSWER, BankCardRead(card=found))
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=Outcome.HELD, error=found)

    async def _serve_chip(self, request: Request, command: ChipPower | ChipIo) -> Completion:
        await self._look()
        if self._position is not Position.INSIDE:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.NO_MEDIA)
        if isinstance(command, ChipIo) and not passes(command.apdu.reveal()):
            return request.complete(CompletionCode.INVALID_DATA)
        if isinstance(command, ChipIo) and not self._chip.powered:
            return request.complete(CompletionCode.SEQUENCE_ERROR)
        await request.start()
        try:
            return request.succeed(Proof.ANSWER, await self._with_chip(command))
        except ChipFailed as failed:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=failed.error)

    async def _with_chip(self, command: ChipPower | ChipIo) -> ChipPowered | ChipAnswer:
        """Raises `ChipFailed`."""
        match command:
            case ChipIo(apdu=apdu):
                return ChipAnswer(apdu=Opaque(await self._chip.ask(apdu.reveal())))
            case ChipPower(action=ChipPowerAction.OFF):
                await self._chip.off()
                return ChipPowered(atr=None)
            case ChipPower(action=action):
                return ChipPowered(atr=await self._chip.power(warm=action is ChipPowerAction.WARM))

    async def _move(self, request: Request, side: Side) -> Completion:
        await self._look()
        if self._position is Position.NONE:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.NO_MEDIA)
        await request.start()
        await self._chip.off()
        reply = await self._talk.tell(Verb.EJECT if side is Side.EXIT else Verb.CAPTURE)
        repeated = self._talk.repeated
        self._bin_full = reply.error is ErrorCode.RETAIN_BIN_FULL
        if reply.error is ErrorCode.MEDIA_JAM:
            self._show(ErrorCode.MEDIA_JAM)
        done = reply.error is None
        if done and side is Side.STORAGE:
            self._position = Position.NONE
            self._publish(MediaRetained())
        await self._look()
        if repeated and not done and side is Side.EXIT and self._position in (Position.NONE, Position.GATE):
            done = True  # the first telling was heard after all
        return request.succeed(Proof.ANSWER) if done else _settled(request, reply.error, repeated=repeated)

    async def _reset(self, request: Request, start: Verb) -> Completion:
        await request.start()
        reply = await self._talk.tell(start)
        await self._look()
        return _settled(request, reply.error)

    async def _simply(self, request: Request, command: Command) -> Completion:
        match command:
            case Admit(cards=admits):
                self._admits = admits
                verb = Verb.ADMIT if admits else Verb.REFUSE
            case SetLight(lamp=lamp):
                verb = LIGHTS[lamp]
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        await request.start()
        return _settled(request, (await self._talk.tell(verb)).error)

    # The card.

    async def _look(self) -> None:
        """Learn where the card is, and tell of its coming and going."""
        reply = await self._talk.tell(Verb.STATUS)
        if reply.not_ready:
            await self._talk.tell(Verb.INITIALISE_EJECT)  # a card from before goes back to its owner
            reply = await self._talk.tell(Verb.STATUS)
        before, now = self._position, reply.position or self._position
        self._position = now
        self._show(reply.error)
        inside = now in INSIDE
        self._chip.powered = self._chip.powered and inside
        self._unread = inside and (self._unread or before not in INSIDE)
        if inside and before not in INSIDE:
            self._publish(MediaInserted())
        elif now is Position.NONE and before is not Position.NONE:
            self._publish(MediaRemoved())

    async def _read(self, wish: ReadCard, check: Callable[[], None]) -> BankCard | ErrorCode:
        """The card, as far as `wish` says how. `check` raises where there is no reason to go on."""
        self._unread = False
        if self._position is Position.UNFIT:
            return ErrorCode.INVALID_MEDIA
        stripe: BankCard | ErrorCode = ErrorCode.READ_FAIL
        if wish.stripe and self._knows(Verb.READ_2):
            stripe = await self._read_stripe()
        chipless = isinstance(stripe, BankCard) and stripe.has_chip is False
        if not wish.chip or chipless or not self._knows(Verb.CHIP_ASK):
            return stripe
        return _better(await self._chip.read(check), stripe)

    async def _read_stripe(self) -> BankCard | ErrorCode:
        """A track that does not read is made up for by the others."""
        read: list[Track] = []
        error = ErrorCode.READ_FAIL
        for verb, sentinel in READS:
            if verb in self._codes:
                reply = await self._talk.tell(verb)
                error = reply.error or error
                read += _tracks(sentinel, reply)
        try:
            return card(read)
        except BadTrack:
            return error

    def _tell(self, found: BankCard | ErrorCode) -> None:
        self._publish(CardSeen(card=found) if isinstance(found, BankCard) else InvalidMedia(error=found))

    def _show(self, error: ErrorCode | None) -> None:
        jammed = error is ErrorCode.MEDIA_JAM
        device = DeviceStatus.ONLINE if error is None else HELP.get(error, DeviceStatus.HARDWARE_ERROR)
        level = SupplyLevel.OUT if self._bin_full else SupplyLevel.OK
        media = MediaStatus.JAMMED if jammed else MEDIA[self._position]
        supplies = (Supply(kind=SupplyKind.RETAIN_BIN, level=level),)
        self._set_status(Status(device=device, error=error, media=media, supplies=supplies))


def _better(chip: BankCard | ErrorCode, stripe: BankCard | ErrorCode) -> BankCard | ErrorCode:
    """The chip's word goes before the stripe's; that they differ deserves a second look."""
    if not isinstance(chip, BankCard):
        return stripe if isinstance(stripe, BankCard) else chip
    differ = isinstance(stripe, BankCard) and stripe.pan != chip.pan and Doubt.TRACKS_DIFFER not in chip.doubts
    return msgspec.structs.replace(chip, doubts=(*chip.doubts, Doubt.TRACKS_DIFFER)) if differ else chip


def _tracks(sentinel: str, reply: Reply) -> list[Track]:
    """What a reader sends of a track, with its sentinels or without."""
    said = bytes(reply.data)
    wipe(reply.data)
    if reply.error is not None or not said.isascii():
        return []
    text = said.decode("ascii").strip("\0\r\n ")
    begun = text if text.startswith((sentinel, ";", "%", "+")) else sentinel + text
    return tracks(begun if begun.endswith("?") else begun + "?")


def _settled(request: Request, error: ErrorCode | None, *, repeated: bool = False) -> Completion:
    if error is None:
        return request.succeed(Proof.ANSWER)
    broken = error in (ErrorCode.DEVICE_FAULT, ErrorCode.SHUTTER_FAIL, ErrorCode.GARBLED)
    code = CompletionCode.HARDWARE_ERROR if broken else CompletionCode.COMMAND_ERROR_CODE
    # Told once and refused, nothing happened; told twice, the first telling may have been obeyed.
    return request.complete(code, outcome=Outcome.UNKNOWN if repeated else Outcome.HELD, error=error)
