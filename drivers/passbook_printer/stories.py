"""What is told of passbook printers beyond the stories of every family."""

from drivers.api import Command, CompletionCode, ErrorCode, MediaStatus, Outcome
from drivers.conformance import Bench
from drivers.interfaces.passbook_printer import (
    BookInserted,
    BookLine,
    BookPrinted,
    BookStripe,
    EjectBook,
    InsertBook,
    PrintBook,
    ReadBookStripe,
    Reset,
    TestBook,
    TurnPage,
)
from drivers.passbook_printer.driver import TEST_LINE
from drivers.passbook_printer.emulator import PassbookEmulator
from drivers.passbook_printer.traits import PassbookTraits


async def asks_for_the_next_page_and_goes_on(bench: "PassbookBench") -> None:
    bench.turns = True
    book = bench.profile.section(PassbookTraits).book
    lines = tuple(BookLine(text=f"row {n}") for n in range(4))
    told = await bench.begin(command=PrintBook(lines=lines, from_line=book.lines - 1), timeout_s=60)
    bench.expect(told.outcome is Outcome.DONE, f"printed over two pages, not {told.completion}")
    bench.expect(TurnPage(page=2, lines_left=2) in told.events, "having asked for the second")
    payload = told.completion and told.completion.payload
    bench.expect(payload == BookPrinted(page=2, line=3), f"and saying where it goes on, not {payload}")
    places = [(line.page, line.text) for line in bench.emulator.printed]
    wanted = [(1, "row 0"), (1, "row 1"), (2, "row 2"), (2, "row 3")]
    bench.expect(places == wanted, f"each line once, where it belongs, not {places}")
    bench.told.clear()


async def holds_without_a_book_and_with_a_jam(bench: "PassbookBench") -> None:
    bench.act("take")
    told = await bench.do()
    bench.expect(told.error is ErrorCode.NO_MEDIA and told.outcome is Outcome.HELD, f"no book, not {told.completion}")
    bench.act("insert")
    bench.act("jam")
    told = await bench.do()
    bench.expect(told.error is ErrorCode.MEDIA_JAM and told.outcome is Outcome.HELD, f"a jam, not {told.completion}")
    bench.expect(bench.device.status().media is MediaStatus.JAMMED, "its status says so")
    bench.act("clear_jam")
    bench.act("open_cover")
    told = await bench.do()
    bench.expect(told.error is ErrorCode.COVER_OPEN, f"an open cover, not {told.completion}")
    bench.act("close_cover")
    await bench.does_the_next("put right, it prints")


async def takes_a_book_in_and_gives_it_back(bench: "PassbookBench") -> None:
    bench.act("take")
    told = await bench.begin(command=InsertBook(), timeout_s=30)
    payload = told.completion and told.completion.payload
    bench.expect(isinstance(payload, BookInserted), f"waits for a book, not {told.completion}")
    if bench.profile.section(PassbookTraits).stripe:
        told = await bench.begin(command=ReadBookStripe(), timeout_s=30)
        payload = told.completion and told.completion.payload
        known = isinstance(payload, BookStripe) and payload.data.reveal().startswith("6228")
        bench.expect(known and "6228" not in repr(told), f"its stripe is read and not shown, not {told.completion}")
    told = await bench.begin(command=EjectBook(), timeout_s=30)
    bench.expect(told.outcome is Outcome.DONE, f"given back, not {told.completion}")
    bench.expect(bench.device.status().media is MediaStatus.NOT_PRESENT, "it is gone")
    told = await bench.begin(command=Reset(), timeout_s=30)
    bench.expect(told.outcome is Outcome.DONE, f"reset, not {told.completion}")
    bench.told.clear()


async def refuses_what_it_cannot_print(bench: "PassbookBench") -> None:
    told = await bench.begin(command=PrintBook(lines=(BookLine(text="䶮"),)))
    bench.expect(told.error is ErrorCode.CHAR_SET_DATA, f"a rare character by name, not {told.completion}")
    book = bench.profile.section(PassbookTraits).book
    for wrong in (
        PrintBook(lines=(BookLine(text="x" * (book.columns + 1)),)),
        PrintBook(lines=(BookLine(text="x"),), from_line=book.lines + 1),
    ):
        told = await bench.begin(command=wrong)
        bench.expect(told.code is CompletionCode.INVALID_DATA, f"{wrong} does not fit, not {told.completion}")
        bench.expect(told.outcome is Outcome.HELD, "nothing is sent")
    bench.told.clear()
    await bench.does_the_next("and it goes on")


async def tests_itself_on_a_sheet_and_not_in_the_book_inside(bench: "PassbookBench") -> None:
    before = len(bench.emulator.output())
    told = await bench.begin(command=TestBook(), timeout_s=30)
    bench.expect(told.outcome is Outcome.DONE, f"tested, not {told.completion}")
    texts = [line.text for line in bench.emulator.printed]
    bench.expect(texts == [TEST_LINE.text], f"one line, not {texts}")
    sheets = len(bench.emulator.output()) - before
    bench.expect(sheets == 1, f"on the sheet alone, {sheets} came out printed")
    bench.expect(bench.device.status().media is MediaStatus.NOT_PRESENT, "which is given back")
    bench.told.clear()


class PassbookBench(Bench):
    """A printer with a book in it; the specimen prints a line that belongs to it alone."""

    PROFILES = ("olivetti.pr2e", "generic.pr2-stripe")
    LATE = (b"\x1b\x72\x32", b"\x1b\x2fLATE\r")
    DIES_AFTER_BYTES = (1, 6, 20)
    STORIES = (
        asks_for_the_next_page_and_goes_on,
        holds_without_a_book_and_with_a_jam,
        takes_a_book_in_and_gives_it_back,
        refuses_what_it_cannot_print,
        tests_itself_on_a_sheet_and_not_in_the_book_inside,
    )
    emulator: PassbookEmulator
    turns = False
    _has_book = False

    async def connect(self) -> None:
        if not self._has_book:
            self._has_book = True
            self.act("insert")
        await super().connect()

    def specimen(self, n: int) -> Command:
        lines = self.profile.section(PassbookTraits).book.lines
        return PrintBook(lines=(BookLine(text=f"20260302 存入 {n:04d}.00"),), from_line=(n - 1) % lines + 1)

    def person(self, _n: int) -> None:
        self.act("insert", page=2 if self.turns else 1)

    def times_done(self, n: int) -> int:
        return sum(line.text == f"20260302 存入 {n:04d}.00" for line in self.emulator.printed)
