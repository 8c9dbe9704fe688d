"""The driver of a bus of boards of lights: it alone speaks on the bus, to one board at a time.

* **Gap.** Before each frame the bus has been silent for three and a half characters (Modbus over Serial Line, 2.5.1.1), counted
  from whatever was said last, by us or by a board.
* **Deadline.** Each board owes its answer within the profile's time and is asked once more; writing twice does no harm. Then it
  is silent: that is told, and the bus goes on. Where *every* board is silent the bus itself is gone, and is dialled anew.
* **Memory.** What each board was last told is remembered for as long as the program runs. An idle bus asks its boards in turn,
  by telling them that again, once: so one that had lost its power shows the right number, not its maker's greeting.
* **Echo.** Where the adapter hears itself, exactly what was sent is taken out of what comes back, and nothing else.
* A bus whose boards say nothing back proves nothing: done means written.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Noise,
    Proof,
    StaleReply,
    Status,
)
from drivers.interfaces.text_terminal import BoardStatus, ClearScreen, Write
from drivers.led_board.codec import CannotShow, Reply, lettering, tongue
from drivers.led_board.traits import LedTraits
from drivers.profiles import Profile
from drivers.session import Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "led_board"
TRIES_MAX: Final = 2
GAP_CHARS: Final = 3.5
GAP_MIN_S: Final = 0.00175
"""Above 19,200 baud the gap does not shrink any more."""
BITS_A_CHAR: Final = 11


class LedBus(Session):
    """All boards of one bus."""

    TRACES_CONTENT = True

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self.traits = profile.section(LedTraits)
        self._answer_s = timing.answer_ms / 1000
        self._char_s = BITS_A_CHAR / profile.serial.baud
        self._tongue = tongue(self.traits)
        first, last = self.traits.boards
        self._boards = range(first, last + 1)
        self._shown: dict[int, bytes] = {board: self._tongue.clear(board) for board in self._boards}
        """The frame each board was last told."""
        self._answering: dict[int, bool] = {}
        self._next_look = 0
        self._quiet_s = 0.0
        """Since when the bus has been silent, by what we sent."""
        self._echo = b""
        """What we sent and have not heard back yet."""
        self._asked: int | None = None
        self._reply: Reply | None = None

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
        self._echo, self._asked, self._reply = b"", None, None
        self._tongue.flush()
        self._answering.clear()
        if self.traits.answers:
            await self._find_somebody(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    def _received(self, data: bytes) -> None:
        for item in self._tongue.receive(self._without_echo(data)):
            self._understand(item)

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
        board = self._boards[self._next_look % len(self._boards)]
        self._next_look += 1
        await self._exchange(link, board, self._shown[board], _never, tries_max=1)
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
            if board not in self._boards:
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
                self._shown = {each: self._tongue.write(each, text, colour, motion) for each in self._boards}
            case _:
                self._shown = {each: self._tongue.clear(each) for each in self._boards}

    async def _find_somebody(self, link: Link) -> None:
        """One board that answers is enough. Raises `DeviceError(noAnswer)`."""
        for board in self._boards:
            if await self._exchange(link, board, self._shown[board], _never) is not None:
                return
        raise DeviceError(ErrorCode.NO_ANSWER, "no board answers")

    async def _exchange(
        self, link: Link, board: int, frame: bytes, check: Callable[[float], None], *, tries_max: int = TRIES_MAX
    ) -> Reply | None:
        """Say it until the board answers; None where it is silent. `check` raises where there is no reason to go on."""
        loop = asyncio.get_running_loop()
        self._asked, self._reply = board, None
        reply: Reply | None = None
        try:
            for _ in range(tries_max):
                await self._send(link, frame)
                until_s = loop.time() + self._answer_s
                while (reply := self._answer()) is None and loop.time() < until_s:
                    check(loop.time())
                    await link.wait(until_s)
                if reply is not None:
                    break
        finally:
            self._asked = None
        self._note(board, answering=reply is not None)
        return reply

    def _answer(self) -> Reply | None:
        """What the board that was asked has said by now."""
        return self._reply

    async def _send(self, link: Link, frame: bytes) -> None:
        """One frame, behind its gap."""
        loop = asyncio.get_running_loop()
        gap_s = max(GAP_CHARS * self._char_s, GAP_MIN_S)
        await asyncio.sleep(max(0.0, max(self._quiet_s, link.heard_s) + gap_s - loop.time()))
        for item in self._tongue.flush():  # whoever was speaking has fallen silent in the middle
            self._understand(item)
        if self.traits.echo:
            self._echo = frame
        self._quiet_s = loop.time() + len(frame) * self._char_s
        await link.write(frame)

    # Words from boards.

    def _without_echo(self, data: bytes) -> bytes:
        """Drop what we hear of ourselves, up to the first byte that differs."""
        same = 0
        for mine, heard in zip(self._echo, data, strict=False):
            if mine != heard:
                self._echo = b""
                break
            same += 1
        self._echo = self._echo[same:]
        return data[same:]

    def _understand(self, item: Reply | bytes) -> None:
        if isinstance(item, bytes):
            self._publish(Noise(data=item))
        elif self._asked is None or self._reply is not None or item.board not in (None, self._asked):
            self._publish(StaleReply(data=item.raw))
        else:
            self._reply = item

    def _note(self, board: int, *, answering: bool) -> None:
        if self._answering.get(board, True) != answering:
            self._publish(BoardStatus(board=board, answering=answering))
        self._answering[board] = answering


def _refused(request: Request, why: CannotShow) -> Completion:
    if why.characters:
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.CHAR_SET_DATA, detail=str(why))
    return request.complete(CompletionCode.INVALID_DATA, detail=str(why))


def _never(_now_s: float) -> None:
    """Nobody waits who could lose patience."""
