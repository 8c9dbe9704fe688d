"""The passbook half of XFS4IoT's Printer: lines put into a customer's book.

A book is evidence in the customer's hand: a line printed twice is as bad as one missing. A print names the page and the line it
begins at, is never repeated by a driver, and is done only once the printer has answered behind it without a complaint. That
proves that its head has worked through the line, not that the ribbon left ink: the person at the counter sees that.
"""

from typing import Annotated

import msgspec

from drivers.api import Command, Event, Payload
from drivers.confidential import Confidential

LINES_A_PRINT_MAX = 60
LINE_CHARS_MAX = 132
PAGES_MAX = 32

Line = Annotated[int, msgspec.Meta(ge=1, le=60)]


class BookLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line to be printed."""

    text: str
    bold: bool = False

    def __post_init__(self) -> None:
        if len(self.text) > LINE_CHARS_MAX or any(ord(character) < ord(" ") for character in self.text):
            raise ValueError(f"a line has at most {LINE_CHARS_MAX} characters, none of which controls the printer")


class InsertBook(Command, frozen=True, kw_only=True, tag="Printer.InsertBook"):
    """Take a book in, or wait for one until the command's time is over, and find where it lies."""


class BookInserted(Payload, frozen=True, kw_only=True, tag="Printer.InsertBook"):
    position: int | None = None
    """How the printer says that the book lies; its own number."""


class PrintBook(Command, frozen=True, kw_only=True, tag="Printer.PrintBook"):
    """Print these lines, beginning at this one; at a page's end ask for the next page and go on."""

    lines: tuple[BookLine, ...]
    from_line: Line = 1
    page: Annotated[int, msgspec.Meta(ge=1, le=PAGES_MAX)] = 1
    """The page that the book lies open at."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= LINES_A_PRINT_MAX:
            raise ValueError(f"a print has 1 to {LINES_A_PRINT_MAX} lines")


class BookPrinted(Payload, frozen=True, kw_only=True, tag="Printer.PrintBook"):
    page: int
    """Where the next print begins."""
    line: int


class ReadBookStripe(Command, frozen=True, kw_only=True, tag="Printer.ReadForm"):
    """Read the magnetic stripe on the back of the book, where the printer can."""


class BookStripe(Payload, frozen=True, kw_only=True, tag="Printer.ReadForm"):
    data: Confidential


class EjectBook(Command, frozen=True, kw_only=True, tag="Printer.ControlMedia"):
    """Give the book back."""


class Reset(Command, frozen=True, kw_only=True, tag="Printer.Reset"):
    """Clear an error and start afresh; a book inside comes out."""


class TestBook(Command, frozen=True, kw_only=True, tag="Printer.TestBook"):
    """Give out what lies inside, wait for a blank sheet, print the driver's own line on it and give it back.

    For a technician. What lies inside may be a customer's book: it comes out as it is.
    """

    __test__ = False  # or pytest takes it for a test class


PassbookCommand = InsertBook | PrintBook | ReadBookStripe | EjectBook | Reset | TestBook


class TurnPage(Event, frozen=True, kw_only=True, tag="Printer.TurnPageEvent"):
    """Within a print: the page is full. The book has come out; turn it to this page and insert it again."""

    page: int
    lines_left: int
