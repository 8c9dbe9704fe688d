"""What is said to a board of lights and what it says back, for every protocol that a profile can describe. Pure.

Two tongues behind one face: frames of the maker (`frame_layout`) and Modbus RTU registers for boards of digits. Text is
GB2312 at most; a character outside it cannot be drawn by a board and is refused by name, never replaced in silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from drivers import modbus
from drivers.frame_layout import Frame, Framing, Layout, Mismatch
from drivers.framing import Frames
from drivers.interfaces.text_terminal import Colour, Motion, Write
from drivers.led_board.traits import DigitsTraits, FramedTraits, LedTraits, MessageTraits

L = TypeVar("L", Colour, Motion)

DIGITS_A_BCD_REGISTER: Final = 4
_BLANK_BCD: Final = "F"


class CannotShow(Exception):
    """This board cannot show that text; the message says why."""

    def __init__(self, why: str, *, characters: bool = False) -> None:
        super().__init__(why)
        self.characters = characters
        """It is a character that the board has not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A board's answer."""

    sender: int | None
    """The board; None where its frames do not say which one speaks: whoever was asked."""
    accepted: bool
    raw: bytes


class Tongue(Protocol):
    """How the boards of one bus are spoken to."""

    def write(self, board: int, text: bytes, colour: int, motion: int) -> bytes: ...

    def clear(self, board: int) -> bytes: ...

    def receive(self, data: bytes) -> list[Reply | bytes]: ...

    def flush(self) -> list[Reply | bytes]: ...


def tongue(traits: LedTraits) -> Tongue:
    if traits.framed is not None:
        return FramedTongue(traits.framed)
    return DigitsTongue(traits.modbus or DigitsTraits())


class FramedTongue:
    """Frames of the maker."""

    def __init__(self, traits: FramedTraits) -> None:
        self._traits = traits
        self._request = Framing(traits.request)
        self._replies = Frames(Framing(traits.reply or traits.request).read)

    def write(self, board: int, text: bytes, colour: int, motion: int) -> bytes:
        return self._say(self._traits.write, board, text, {"colour": colour, "motion": motion})

    def clear(self, board: int) -> bytes:
        return self._say(self._traits.clear, board, b"", {})

    def receive(self, data: bytes) -> list[Reply | bytes]:
        return [self._understood(item) for item in self._replies.receive(data)]

    def flush(self) -> list[Reply | bytes]:
        return [self._understood(item) for item in self._replies.flush()]

    def _say(self, message: MessageTraits, board: int, text: bytes, look: dict[str, int]) -> bytes:
        number = int(text) if text.isdigit() else 0
        values = {"board": board, "command": message.command, "number": number, **look}
        try:
            data = Layout(message.data).build(values, text)
            return self._request.build(values, data)
        except Mismatch as error:
            raise CannotShow(str(error)) from error

    def _understood(self, item: Frame | bytes) -> Reply | bytes:
        if isinstance(item, bytes):
            return item
        accepted = item.values.get("status", self._traits.accepted) == self._traits.accepted
        return Reply(item.values.get("board"), accepted, item.raw)


class DigitsTongue:
    """Modbus RTU: the text is put into registers."""

    def __init__(self, traits: DigitsTraits) -> None:
        self._traits = traits
        self._answers = Frames(modbus.read_answer)

    def write(self, board: int, text: bytes, colour: int, motion: int) -> bytes:
        del colour, motion  # digits have one of each
        return modbus.write_registers(board, self._traits.register, registers(self._traits, text.decode("ascii")))

    def clear(self, board: int) -> bytes:
        count = len(registers(self._traits, "0"))
        return modbus.write_registers(board, self._traits.register, [self._traits.clears_with] * count)

    def receive(self, data: bytes) -> list[Reply | bytes]:
        return [_answered(item) for item in self._answers.receive(data)]

    def flush(self) -> list[Reply | bytes]:
        return [_answered(item) for item in self._answers.flush()]


def _answered(item: modbus.Answer | bytes) -> Reply | bytes:
    if isinstance(item, bytes):
        return item
    return Reply(item.slave, item.function == modbus.Function.WRITE_REGISTERS and not item.refused, item.raw)


def registers(traits: DigitsTraits, text: str) -> list[int]:
    """A text of digits, right-aligned, as the registers of a board. Raises `CannotShow`."""
    if len(text) > traits.digits:
        raise CannotShow(f"{len(text)} characters on {traits.digits} digits")
    if traits.coding == "value":
        value = int(text)
        if value > 0xFFFF:
            raise CannotShow(f"{value} does not fit into a register")
        return [value]
    if traits.coding == "bcd":
        cells = -(-traits.digits // DIGITS_A_BCD_REGISTER) * DIGITS_A_BCD_REGISTER
        row = text.rjust(cells, _BLANK_BCD)
        return [int(row[start : start + DIGITS_A_BCD_REGISTER], 16) for start in range(0, cells, DIGITS_A_BCD_REGISTER)]
    row = text.rjust(traits.digits + traits.digits % 2)
    return [int.from_bytes(row[start : start + 2].encode("ascii"), "big") for start in range(0, len(row), 2)]


def lettering(traits: LedTraits, command: Write) -> tuple[bytes, int, int]:
    """The text, colour and motion of a command in this board's codes. Raises `CannotShow`."""
    if len(command.lines) > traits.rows:
        raise CannotShow(f"{len(command.lines)} lines on {traits.rows}")
    lines = [_encoded(traits, line) for line in command.lines]
    motion = command.motion
    if any(len(line) > traits.columns for line in lines) and motion is not Motion.SCROLL:
        if Motion.SCROLL not in traits.motions:
            raise CannotShow(f"more than {traits.columns} columns")
        motion = Motion.SCROLL
    text = bytes.fromhex(traits.line_end).join(lines)
    return text, _code(traits.colours, command.colour), _code(traits.motions, motion)


def _encoded(traits: LedTraits, line: str) -> bytes:
    if traits.charset == "digits":
        digits = "".join(character for character in line if character in "0123456789")
        if not digits:
            raise CannotShow("no digits in the text")
        return digits.encode("ascii")
    try:
        return line.encode(traits.charset)
    except UnicodeEncodeError as error:
        missing = line[error.start : error.end]
        raise CannotShow(f"no such characters on the board: {missing}", characters=True) from error


def _code(table: Mapping[L, int], wish: L) -> int:
    """A board without that colour or motion shows its first."""
    return table.get(wish, next(iter(table.values())))
