"""What a printer's status bits mean, as tables: which bit is which trouble, and which trouble matters most.

One picture, two sources: the answers to `DLE EOT` and the frames of the automatic status say the same with other bits
(Epson TM-T88 command reference; reference table in docs/explanation/devices.md). Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from drivers.api import DeviceStatus, ErrorCode, PaperStatus, Status
from drivers.escpos_printer.codec import AutomaticStatus, Question, RealTimeStatus
from drivers.transport.wire import PortStatus


class Trouble(StrEnum):
    COVER_OPEN = "cover open"
    PAPER_OUT = "paper out"
    PAPER_LOW = "paper low"
    JAMMED = "mechanism or cutter blocked"
    FATAL = "unrecoverable error"
    HOT = "head too hot"
    OFFLINE = "offline"
    STANDS = "stands still, and its port has no line that says why"


_REAL_TIME: Final[dict[Question, tuple[tuple[int, Trouble], ...]]] = {
    Question.PRINTER: ((0x08, Trouble.OFFLINE),),
    Question.OFFLINE: ((0x04, Trouble.COVER_OPEN),),
    Question.ERROR: ((0x0C, Trouble.JAMMED), (0x20, Trouble.FATAL), (0x40, Trouble.HOT)),
    Question.PAPER: ((0x0C, Trouble.PAPER_LOW), (0x60, Trouble.PAPER_OUT)),
}
_AUTOMATIC: Final[tuple[tuple[int, int, Trouble], ...]] = (
    (0, 0x08, Trouble.OFFLINE),
    (0, 0x20, Trouble.COVER_OPEN),
    (1, 0x0C, Trouble.JAMMED),
    (1, 0x20, Trouble.FATAL),
    (1, 0x40, Trouble.HOT),
    (2, 0x03, Trouble.PAPER_LOW),
    (2, 0x0C, Trouble.PAPER_OUT),
)
_PIN_REAL_TIME: Final = (Question.PRINTER, 0x04)
_PIN_AUTOMATIC: Final = (0, 0x04)
"""The level of pin 3 of the kick-out socket, where a drawer's switch is wired to."""
_BLOCKING: Final[tuple[tuple[Trouble, ErrorCode, DeviceStatus], ...]] = (
    # The first that applies is told: an open cover also ends the paper, and everything makes it offline.
    (Trouble.FATAL, ErrorCode.DEVICE_FAULT, DeviceStatus.HARDWARE_ERROR),
    (Trouble.COVER_OPEN, ErrorCode.COVER_OPEN, DeviceStatus.USER_ERROR),
    (Trouble.PAPER_OUT, ErrorCode.PAPER_OUT, DeviceStatus.USER_ERROR),
    (Trouble.JAMMED, ErrorCode.PAPER_JAMMED, DeviceStatus.USER_ERROR),
    (Trouble.HOT, ErrorCode.OVERHEATED, DeviceStatus.DEVICE_BUSY),
    (Trouble.OFFLINE, ErrorCode.SWITCHED_OFFLINE, DeviceStatus.OFFLINE),
    (Trouble.STANDS, ErrorCode.STANDS_STILL, DeviceStatus.USER_ERROR),
)
_PAPER: Final[tuple[tuple[Trouble, PaperStatus], ...]] = (
    (Trouble.PAPER_OUT, PaperStatus.OUT),
    (Trouble.JAMMED, PaperStatus.JAMMED),
    (Trouble.PAPER_LOW, PaperStatus.LOW),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """The troubles a printer has now."""

    troubles: frozenset[Trouble] = frozenset()
    pin_high: bool | None = None
    """The drawer's switch, as a level; None while it has not been asked."""
    paper_known: bool = True

    def answered(self, question: Question, answer: RealTimeStatus) -> "Condition":
        """With what one answer says; the other questions' troubles stay."""
        table = _REAL_TIME[question]
        found = {trouble for bits, trouble in table if answer.has(bits)}
        about, bit = _PIN_REAL_TIME
        pin_high = answer.has(bit) if question is about else self.pin_high
        return Condition(self.troubles - _asked_about(table) | found, pin_high)

    def at_port(self, lines: PortStatus | None) -> "Condition":
        """What the lines of its port say: that it stands still, and perhaps that it has no paper. Without lines nothing is
        known, and nothing held against it."""
        if lines is None:
            return Condition(paper_known=False)
        stands = not lines.selected or lines.error
        found = (lines.paper_empty, Trouble.PAPER_OUT), (stands and not lines.paper_empty, Trouble.STANDS)
        return Condition(frozenset(trouble for is_so, trouble in found if is_so))

    def told(self, status: AutomaticStatus) -> "Condition":
        """A frame says everything at once."""
        troubles = frozenset(trouble for byte, bits, trouble in _AUTOMATIC if status.has(byte, bits))
        return Condition(troubles, status.has(*_PIN_AUTOMATIC))

    @property
    def blocked(self) -> ErrorCode | None:
        """Why nothing would be printed now."""
        return next((error for trouble, error, _ in _BLOCKING if trouble in self.troubles), None)

    @property
    def paper(self) -> PaperStatus:
        otherwise = PaperStatus.FULL if self.paper_known else PaperStatus.UNKNOWN
        return next((paper for trouble, paper in _PAPER if trouble in self.troubles), otherwise)

    @property
    def recoverable(self) -> bool:
        """A blocked mechanism can be asked to try again once the cover is closed."""
        return Trouble.JAMMED in self.troubles and not self.troubles & {Trouble.COVER_OPEN, Trouble.FATAL}

    def status(self) -> Status:
        device = next((device for trouble, _, device in _BLOCKING if trouble in self.troubles), DeviceStatus.ONLINE)
        return Status(device=device, error=self.blocked, paper=self.paper)


def _asked_about(table: Iterable[tuple[int, Trouble]]) -> frozenset[Trouble]:
    return frozenset(trouble for _, trouble in table)
