"""An emulated bus of boards of lights. What a board shows is its output, as `[address] text`, once per change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec

from drivers import modbus
from drivers.emulation import Emulator, Hand, OutputKind
from drivers.frame_layout import Frame, Framing, Layout, Mismatch
from drivers.framing import Frames
from drivers.led_board.traits import DigitsTraits, FramedTraits, LedTraits
from drivers.profiles import Profile

_BLANK: Final = ""


class OneBoard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which board a hand touches."""

    board: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 1


@dataclass
class _Board:
    powered: bool = True
    text: str | None = None
    """None: its maker's greeting."""


class LedEmulator(Emulator):
    """All boards of one bus."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = traits = profile.section(LedTraits)
        first, last = traits.boards
        self.boards = {board: _Board() for board in range(first, last + 1)}
        self._speak: _Framed | _Digits = (
            _Framed(traits.framed, traits) if traits.framed is not None else _Digits(traits.modbus or DigitsTraits())
        )

    def receive(self, data: bytes) -> None:
        if self._traits.echo:
            self.say(data)
        for board, text in self._speak.receive(data):
            self._show(board, text)

    def hands(self) -> Mapping[str, Hand]:
        return {"board_off": Hand(self._off, OneBoard), "board_on": Hand(self._on, OneBoard)}

    def lose_power(self) -> None:
        for board in self.boards.values():
            board.text = None

    def accepting(self, board: int) -> bytes:
        """What a board says when it has obeyed."""
        return self._speak.accept(board)

    def _off(self, which: OneBoard) -> None:
        if which.board in self.boards:
            self.boards[which.board] = _Board(powered=False)

    def _on(self, which: OneBoard) -> None:
        if which.board in self.boards:
            self.boards[which.board].powered = True

    def _show(self, address: int, text: str) -> None:
        everybody = address == self._traits.broadcast
        for number, board in self.boards.items():
            if board.powered and (everybody or number == address):
                if board.text != text:
                    board.text = text
                    self.produce(OutputKind.SIGN, f"[{number}] {text}")
                if not everybody:
                    self.reply(self.accepting(number))


class _Framed:
    """Boards that speak in frames of their maker."""

    def __init__(self, traits: FramedTraits, look: LedTraits) -> None:
        self._traits = traits
        self._requests = Frames(Framing(traits.request).read)
        self._reply = Framing(traits.reply) if traits.reply is not None else None
        self._charset = "ascii" if look.charset == "digits" else look.charset
        self._line_end = bytes.fromhex(look.line_end).decode("ascii")

    def receive(self, data: bytes) -> list[tuple[int, str]]:
        heard = (self._understood(item) for item in self._requests.receive(data) if not isinstance(item, bytes))
        return [told for told in heard if told is not None]

    def accept(self, board: int) -> bytes:
        if self._reply is None:
            return b""
        return self._reply.build({"board": board, "status": self._traits.accepted})

    def _understood(self, frame: Frame) -> tuple[int, str] | None:
        write, board = self._traits.write, frame.values.get("board", 0)
        if frame.values.get("command", write.command) != write.command:
            return board, _BLANK
        if not write.data:
            return board, str(frame.values.get("number", 0) or _BLANK)
        try:
            text = Layout(write.data).parse(frame.data)[1].decode(self._charset)
        except (Mismatch, UnicodeDecodeError):
            return board, _BLANK
        return board, text.replace(self._line_end, " / ") if self._line_end else text


class _Digits:
    """Modbus slaves with a register or some."""

    def __init__(self, traits: DigitsTraits) -> None:
        self._traits = traits
        self._requests = Frames(modbus.read_request)
        self._answer = bytes(4)

    def receive(self, data: bytes) -> list[tuple[int, str]]:
        return [
            self._understood(item)
            for item in self._requests.receive(data)
            if not isinstance(item, bytes) and item.function == modbus.Function.WRITE_REGISTERS
        ]

    def accept(self, board: int) -> bytes:
        return modbus.frame(board, modbus.Function.WRITE_REGISTERS, self._answer)

    def _understood(self, request: modbus.Answer) -> tuple[int, str]:
        self._answer, words = request.data[:4], request.data[5:]
        values = [int.from_bytes(words[start : start + 2], "big") for start in range(0, len(words), 2)]
        if all(value == self._traits.clears_with for value in values):
            return request.slave, _BLANK
        match self._traits.coding:
            case "value":
                return request.slave, str(values[0])
            case "bcd":
                return request.slave, "".join(f"{value:04X}" for value in values).replace("F", "")
            case _:
                return request.slave, words.decode("ascii", errors="replace").strip()
