"""The Printer interface: what a ticket printer can be asked, and what only printers tell.

Printing twice is worse than printing late. So a print carries a `process_id`, which the printer gives back when the slip
is physically out, and a print is never repeated by a driver. The caller persists the ring of ids.
"""

import re
from enum import StrEnum

import msgspec

from drivers.api import Command, Event, PaperStatus
from drivers.document import Document

PROCESS_IDS = 9999
"""The ring of a printer's process ids is "0001" … "9999", then "0001" again."""
RAW_BYTES_MAX = 256 * 1024

_PROCESS_ID = re.compile(r"[0-9]{4}")


def next_process_id(last: str | None) -> str:
    """The id behind `last` in the ring; None starts it."""
    return f"{int(last or 0) % PROCESS_IDS + 1:04d}"


class GiveUp(StrEnum):
    """What to do about a print that is cancelled or timed out after its first byte."""

    KEEP = "keep"
    """Leave it to the printer, which may still finish it: the outcome is unknown."""
    CLEAR = "clear"
    """Have the printer drop the rest; with its word for that the outcome is cleared, without it unknown."""


class Cut(StrEnum):
    PARTIAL = "partialCut"
    FULL = "cut"
    NONE = "none"


class _Print(Command, frozen=True, kw_only=True):
    process_id: str
    """Four digits, from `next_process_id`, committed to disk before the command is given."""
    give_up: GiveUp = GiveUp.KEEP

    def __post_init__(self) -> None:
        if _PROCESS_ID.fullmatch(self.process_id) is None:
            raise ValueError(f"a process id is four digits, not {self.process_id!r}")


class PrintForm(_Print, frozen=True, kw_only=True, tag="Printer.PrintForm"):
    """Print one slip from a device-neutral document."""

    document: Document
    mark: str | None = None
    """Printed white on black above everything else: `补打` on every copy after the first."""


class PrintRaw(_Print, frozen=True, kw_only=True, tag="Printer.PrintRaw"):
    """Print bytes in the printer's own language. The driver adds the proof behind them, nothing else."""

    data: bytes

    def __post_init__(self) -> None:
        _Print.__post_init__(self)
        if len(self.data) > RAW_BYTES_MAX:
            raise ValueError(f"{len(self.data)} bytes are more than a print may have ({RAW_BYTES_MAX})")


class TestPrint(_Print, frozen=True, kw_only=True, tag="Printer.TestPrint"):
    """Print the driver's own test slip: model, profile, a line in each size, a QR code."""

    __test__ = False  # or pytest takes it for a test class


class ControlMedia(Command, frozen=True, kw_only=True, tag="Printer.ControlMedia"):
    """Move paper: cut it, and with `flush` wait until everything sent so far is physically printed."""

    cut: Cut = Cut.NONE
    flush: bool = False


class Reset(Command, frozen=True, kw_only=True, tag="Printer.Reset"):
    """Recover from an error, dropping whatever was unfinished, and start afresh."""


class ClearBuffer(Command, frozen=True, kw_only=True, tag="Printer.ClearBuffer"):
    """Drop everything unprinted. Succeeds only with the printer's word that it did."""


PrinterCommand = PrintForm | PrintRaw | TestPrint | ControlMedia | Reset | ClearBuffer


class PaperThreshold(Event, frozen=True, kw_only=True, tag="Printer.PaperThresholdEvent"):
    """The paper went to another level: full, low, out."""

    paper: PaperStatus


class LateProof(Event, frozen=True, kw_only=True, tag="Printer.LateProof"):
    """The printer names a job that is not the present one: a slip left in doubt came out after all."""

    process_id: str


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a printer says of itself."""

    maker: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware: str | None = None
