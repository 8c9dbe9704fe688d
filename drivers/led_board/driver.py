"""The driver of a bus of boards of lights: it alone speaks on the bus, to one board at a time.

* Gap, deadline and echo are those of every bus, see `drivers.bus`; writing twice does no harm.
* **Memory.** What each board was last told is remembered for as long as the program runs. An idle bus asks its boards in turn,
  by telling them that again, once: so one that had lost its power shows the right number, not its maker's greeting.
* A bus whose boards say nothing back proves nothing: done means written.
"""

from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceStatus,
    ErrorCode,
    Event,
    Proof,
    Status,
)
from drivers.bus import Bus, never
from drivers.interfaces.text_terminal import BoardStatus, ClearScreen, Write
from drivers.led_board.codec import CannotShow, Reply, lettering, tongue
from drivers.led_board.traits import LedTraits
from drivers.profiles import Profile
from drivers.session import Link, Request
from drivers.transport.wire import Dial

FAMILY: Final = "led_board"


class LedBus(Bus[Reply]):
    """All boards of one bus."""

    TRACES_CONTENT = True

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        self.traits = profile.section(LedTraits)
        self._tongue = tongue(self.traits)
        boards, echo = self.traits.boards, self.traits.echo
        super().__init__(device_id, profile, dial, tongue=self._tongue, members=boards, echo=echo)
        self._shown: dict[int, bytes] = {board: self._tongue.clear(board) for board in self._members}
        """The frame each board was last told."""
        self._next_look = 0

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=("TextTerminal.ClearScreen", "TextTerminal.Write"),
            proof=Proof.ANSWER if self.traits.answers else Proof.WRITTEN,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._forget()
        if self.traits.answers:
            await self._find_somebody(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _perform(self, link: Link, request: Request) -> Completion:
        try:
            board, frame = self._wanted(request)
        except CannotShow as error:
            return _refused(request, error)
        if frame is None:
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        await request.start()
        self._remember(request, board, frame)
        if board is None or not self.traits.answers:
            await self._send(link, frame)
            return request.succeed(Proof.WRITTEN)
        reply = await self._exchange(link, board, frame, request.check)
        if reply is not None and reply.accepted:
            return request.succeed(Proof.ANSWER)
        why = ErrorCode.NO_ANSWER if reply is None else ErrorCode.DEVICE_FAULT
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=why, detail=f"board {board}")

    async def _look_after(self, link: Link) -> None:
        """Tell the next board again what it shows. Raises `DeviceError` once none answers."""
        if not self.traits.answers:
            return
        board = self._members[self._next_look % len(self._members)]
        self._next_look += 1
        await self._exchange(link, board, self._shown[board], never, tries_max=1)
        if not any(self._answering.values()):
            await self._find_somebody(link)

    # Words to boards.

    def _wanted(self, request: Request) -> tuple[int | None, bytes | None]:
        """The board, None for all, and the frame; no frame for what is no command of ours. Raises `CannotShow`."""
        match request.command:
            case Write() as command:
                text, colour, motion = lettering(self.traits, command)
                return command.board, self._tongue.write(self._address(command.board), text, colour, motion)
            case ClearScreen(board=board):
                return board, self._tongue.clear(self._address(board))
            case _:
                return None, None

    def _address(self, board: int | None) -> int:
        if board is not None:
            if board not in self._members:
                raise CannotShow(f"no board {board} on this bus")
            return board
        if self.traits.broadcast is None:
            raise CannotShow("these boards have no address for all")
        return self.traits.broadcast

    def _remember(self, request: Request, board: int | None, frame: bytes) -> None:
        """What is to be shown from now on, also by a board that does not hear it yet."""
        if board is not None:
            self._shown[board] = frame
            return
        match request.command:
            case Write() as command:
                text, colour, motion = lettering(self.traits, command)
                self._shown = {each: self._tongue.write(each, text, colour, motion) for each in self._members}
            case _:
                self._shown = {each: self._tongue.clear(each) for each in self._members}

    def _question(self, member: int) -> bytes:
        return self._shown[member]

    def _presence(self, member: int, *, answering: bool) -> Event:
        return BoardStatus(board=member, answering=answering)


def _refused(request: Request, why: CannotShow) -> Completion:
    if why.characters:
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.CHAR_SET_DATA, detail=str(why))
    return request.complete(CompletionCode.INVALID_DATA, detail=str(why))


def trial(profile: Profile) -> Write:
    """Every segment of a board of digits, or a text that any board of letters has: on all boards where one frame reaches all,
    else on the first."""
    traits = profile.section(LedTraits)
    return Write(board=None if traits.broadcast is not None else traits.boards[0], lines=("8" * min(traits.columns, 3),))
