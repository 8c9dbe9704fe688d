"""The driver of a passbook printer: each line at its place, and asked behind each line whether all is well.

* **Before.** Without a book, with a jam or an open cover nothing is sent: held, and the completion says why.
* **Proof.** Behind each line the printer is asked for its status, which it answers in the order of the stream, so its head has
  worked through the line. That is weak: whether ink is on the paper only a person can see.
* **Never twice.** A line is sent once. Whatever goes wrong behind the first one leaves the outcome unknown; the completion says
  how many lines are proven, and a person looks into the book.
* At a page's end the book comes out, `TurnPage` is told, and the print goes on once a book has been inserted again.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from drivers.api import (
    Capabilities,
    Command,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    MediaStatus,
    Noise,
    Outcome,
    Proof,
    StaleReply,
    Status,
)
from drivers.confidential import Confidential
from drivers.interfaces import passbook_printer as words
from drivers.passbook_printer import codec
from drivers.passbook_printer.codec import CannotPrint, Kind, Reply
from drivers.passbook_printer.traits import PassbookTraits
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "passbook_printer"
TRIES_MAX: Final = 2
TEST_LINE: Final = words.BookLine(text="Branchbox 打印测试 PRINT TEST 0123456789", bold=True)

MOVES: Final[Mapping[type[Command], bytes]] = {
    words.EjectBook: codec.EJECT,
    words.Reset: codec.CLEAR_ERROR + codec.RESET,
}


class Trouble(Exception):
    """The printer says that it cannot go on."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error)
        self.error = error


class PassbookPrinter(Session):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self.traits = profile.section(PassbookTraits)
        self._answer_s = timing.answer_ms / 1000
        self._settle_s = timing.settle_ms / 1000
        self._parser = codec.Parser()
        self._asked: Kind | None = None
        self._reply: Reply | None = None
        self._identity: str | None = None
        codes = self.traits.status
        self._states = {
            codes.ready: Status(device=DeviceStatus.ONLINE, media=MediaStatus.PRESENT),
            codes.no_form: Status(device=DeviceStatus.ONLINE, media=MediaStatus.NOT_PRESENT),
            codes.jam: Status(device=DeviceStatus.USER_ERROR, error=ErrorCode.MEDIA_JAM, media=MediaStatus.JAMMED),
            codes.cover: Status(device=DeviceStatus.USER_ERROR, error=ErrorCode.COVER_OPEN, media=MediaStatus.UNKNOWN),
            codes.fault: Status(device=DeviceStatus.HARDWARE_ERROR, error=ErrorCode.DEVICE_FAULT, media=MediaStatus.UNKNOWN),
        }

    def capabilities(self) -> Capabilities:
        stripe = ("Printer.ReadForm",) if self.traits.stripe else ()
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            firmware=self._identity,
            commands=(
                "Printer.ControlMedia",
                "Printer.InsertBook",
                "Printer.PrintBook",
                "Printer.Reset",
                "Printer.TestBook",
                *stripe,
            ),
            proof=Proof.ORDERED_STATUS,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._parser.flush()
        self._asked, self._reply = None, None
        identity = await self._ask(link, codec.IDENTIFY, Kind.IDENTITY)
        self._identity = identity.decode("ascii", errors="replace").strip()[:32] or None
        await self._look(link)

    async def _look_after(self, link: Link) -> None:
        await self._look(link)

    async def _perform(self, link: Link, request: Request) -> Completion:
        try:
            return await self._obey(link, request)
        except Trouble as trouble:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=trouble.error)

    async def _obey(self, link: Link, request: Request) -> Completion:
        match request.command:
            case words.PrintBook() as command:
                return await self._print(link, request, command)
            case words.InsertBook():
                return await self._insert(link, request)
            case words.ReadBookStripe() if self.traits.stripe:
                return await self._read_stripe(link, request)
            case words.TestBook():
                return await self._test(link, request)
            case words.EjectBook() | words.Reset() as command:
                return await self._move(link, request, MOVES[type(command)])
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    def _received(self, data: bytes) -> None:
        for item in self._parser.receive(data):
            self._understand(item)

    # Printing.

    async def _print(self, link: Link, request: Request, command: words.PrintBook) -> Completion:
        try:
            pages = self._laid_out(command)
        except CannotPrint as error:
            known = ErrorCode.CHAR_SET_DATA if error.characters else None
            code = CompletionCode.COMMAND_ERROR_CODE if known else CompletionCode.INVALID_DATA
            return request.complete(code, error=known, detail=str(error))
        await self._must_have_a_book(link, request.check)
        await request.start()
        await link.write(codec.PASSBOOK)
        proven, page = 0, command.page
        try:
            for n, lines in enumerate(pages):
                if n:
                    page += 1
                    await self._turn(link, request, page, len(command.lines) - proven)
                for line in lines:
                    await link.write(line)
                    await self._must_have_a_book(link, request.check)
                    proven += 1
        except Interrupted as stop:
            return request.complete(stop.code, detail=f"{proven} of {len(command.lines)} lines are proven")
        except Trouble as trouble:
            detail = f"{proven} of {len(command.lines)} lines are proven"
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=trouble.error, detail=detail)
        behind = (command.from_line if len(pages) == 1 else 1) + len(pages[-1])
        return request.succeed(Proof.ORDERED_STATUS, words.BookPrinted(page=page, line=behind))

    def _laid_out(self, command: words.PrintBook) -> list[list[bytes]]:
        """The bytes of each line, page by page. Raises `CannotPrint`."""
        book, pages, number = self.traits.book, list[list[bytes]]([[]]), command.from_line
        for line in command.lines:
            if number > book.lines and pages[-1]:
                pages.append([])
                number = 1
            pages[-1].append(codec.build_line(book, number, line))
            number += 1
        if command.page + len(pages) - 1 > words.PAGES_MAX:
            raise CannotPrint(f"a book has at most {words.PAGES_MAX} pages")
        return pages

    async def _turn(self, link: Link, request: Request, page: int, lines_left: int) -> None:
        """Give the book out and wait until it comes back."""
        await link.write(codec.EJECT)
        await request.report(words.TurnPage(page=page, lines_left=lines_left))
        await self._until(link, request, MediaStatus.NOT_PRESENT)
        await self._until(link, request, MediaStatus.PRESENT)
        await link.write(codec.PASSBOOK)

    # The book.

    async def _insert(self, link: Link, request: Request) -> Completion:
        await request.start()
        try:
            await self._until(link, request, MediaStatus.PRESENT)
            await link.write(codec.PASSBOOK)
            position = await self._ask(link, codec.POSITION, Kind.POSITION, request.check)
        except Interrupted as stop:
            return request.complete(stop.code, outcome=Outcome.HELD)
        return request.succeed(Proof.ANSWER, words.BookInserted(position=position[0]))

    async def _read_stripe(self, link: Link, request: Request) -> Completion:
        await self._must_have_a_book(link, request.check)
        await request.start()
        try:
            stripe = await self._ask(link, codec.READ_STRIPE, Kind.STRIPE, request.check)
        except Interrupted as stop:
            return request.complete(stop.code, outcome=Outcome.HELD)
        if not stripe:
            error = ErrorCode.INVALID_MEDIA
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=Outcome.HELD, error=error, detail="no stripe")
        data = Confidential(stripe.decode("ascii", errors="replace"))
        return request.succeed(Proof.ANSWER, words.BookStripe(data=data))

    async def _move(self, link: Link, request: Request, wish: bytes) -> Completion:
        await request.start()
        return await self._moved(link, request, wish)

    async def _moved(self, link: Link, request: Request, wish: bytes) -> Completion:
        await link.write(wish)
        status = await self._look(link, request.check)
        if status.error is not None:
            raise Trouble(status.error)
        return request.succeed(Proof.ORDERED_STATUS)

    async def _test(self, link: Link, request: Request) -> Completion:
        [[line]] = self._laid_out(words.PrintBook(lines=(TEST_LINE,)))
        await request.start()
        await link.write(codec.EJECT)
        try:
            await self._until(link, request, MediaStatus.NOT_PRESENT)
            await self._until(link, request, MediaStatus.PRESENT)
        except Interrupted as stop:
            return request.complete(stop.code, outcome=Outcome.HELD)
        await link.write(codec.PASSBOOK)
        await link.write(line)
        await self._must_have_a_book(link, request.check)
        return await self._moved(link, request, codec.EJECT)

    async def _until(self, link: Link, request: Request, media: MediaStatus) -> None:
        """Ask until the book is there, or gone. Raises `Trouble`, `Interrupted`."""
        loop = asyncio.get_running_loop()
        while True:
            status = await self._look(link, request.check)
            if status.error is not None:
                raise Trouble(status.error)
            if status.media is media:
                return
            next_s = loop.time() + self.traits.insert_poll_ms / 1000
            while loop.time() < next_s:
                request.check(loop.time())
                await link.wait(next_s if request.deadline_s is None else min(next_s, request.deadline_s))

    # Questions and answers.

    async def _must_have_a_book(self, link: Link, check: Callable[[float], None]) -> None:
        """Raises `Trouble`."""
        status = await self._look(link, check)
        if status.error is not None or status.media is not MediaStatus.PRESENT:
            raise Trouble(status.error or ErrorCode.NO_MEDIA)

    async def _look(self, link: Link, check: Callable[[float], None] | None = None) -> Status:
        code = (await self._ask(link, codec.STATUS, Kind.STATUS, check))[0]
        status = self._states.get(code) or self._states[self.traits.status.fault]
        self._set_status(status)
        return status

    async def _ask(self, link: Link, question: bytes, wanted: Kind, check: Callable[[float], None] | None = None) -> bytes:
        """The answer's own part. Raises `DeviceError(noAnswer)`, and what `check` raises."""
        loop = asyncio.get_running_loop()
        for _ in range(TRIES_MAX):
            for item in self._parser.flush():  # whatever has not become a reply by now is none
                self._understand(item)
            self._asked, self._reply = wanted, None
            try:
                await link.write(question)
                until_s = loop.time() + self._answer_s
                while (reply := self._heard()) is None and loop.time() < until_s:
                    if check is not None:
                        check(loop.time())
                    await link.wait(until_s)
            finally:
                self._asked = None
            if reply is not None:
                return reply.value
            await link.quiet(self._settle_s)
        raise DeviceError(ErrorCode.NO_ANSWER, f"no {wanted}")

    def _heard(self) -> Reply | None:
        return self._reply

    def _understand(self, item: Reply | bytes) -> None:
        if isinstance(item, bytes):
            self._publish(Noise(data=item))
        elif item.kind is self._asked and self._reply is None:
            self._reply = item
        else:
            self._publish(StaleReply(data=item.raw if item.kind is not Kind.STRIPE else item.raw[:2]))
