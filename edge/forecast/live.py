"""The forecast of the live branch, as the daemon sees it: a process beside it that looks at the branch and says what it sees.

What is true here:

* The process is told to look when time has passed (`REFRESH_S`) or facts moved the queue, never twice at once, and not before a
  pause that leaves it idle most of the time. Many facts are one look.
* What it says is put in the tables (`edge.queue.outlook`), where everybody finds it. While there is nothing to believe (it
  is warming up, it died, it fell silent) the tables are empty, and the position formula answers and says so.
* A process that says nothing for `SILENT_S` is ended, and started again within the supervisor's budget.
* Questions have a bound (`QUESTIONS_MAX`) and a time; whoever asks gets an answer or a refusal.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar

import msgspec
import structlog

from edge.forecast import letters
from edge.forecast.letters import FromWorker, Outlook, Progress, Refused, Silent, ToWorker
from edge.kernel.db import Overloaded, StorageFull
from edge.kernel.domain import Rejected
from edge.kernel.pipeline import Pipeline
from edge.queue import events as e
from edge.queue import outlook
from edge.queue.forecast import POSITION, SIMULATED, Wait
from sync.chain import Record

log = structlog.get_logger()

REFRESH_S: Final = 20.0
PAUSE_S: Final = 2.0
"""At least so long between two looks."""
IDLE_FOR_EACH_S: Final = 8.0
"""So many times as long as a look took, the process rests afterwards."""
SILENT_S: Final = 30.0
ANSWER_S: Final = 20.0
"""A question is given up after so long without a sign."""
GOODBYE_S: Final = 3.0
QUESTIONS_MAX: Final = 8
READ_BYTES: Final = 65_536
WARMING: Final = "warming"

MOVING: Final = frozenset(
    kind.TYPE
    for kind in (
        e.DayOpened,
        e.DayClosed,
        e.TicketIssued,
        e.TicketActivated,
        e.TicketBound,
        e.TicketUnbound,
        e.TicketCalled,
        e.TicketNoShow,
        e.TicketParked,
        e.TicketFinished,
        e.TicketCancelled,
        e.TicketTransferred,
        e.TicketRequeued,
        e.TicketPinned,
        e.TicketDeferred,
        e.CounterOpened,
        e.CounterPaused,
        e.CounterResumed,
        e.CounterSignedIn,
        e.CounterSignedOut,
        e.CounterLost,
        e.CounterFound,
        e.CallRulesSet,
        e.CallRulesGivenUp,
    )
)
"""After these somebody's wait may be another."""

A = TypeVar("A", bound=FromWorker)


class ForecastBroken(Exception):
    """The process ended or fell silent; the supervisor starts it again."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the forecast is."""

    basis: str = POSITION
    """What waits are made from now: `simulated` or `position`."""
    state: str = "stopped"
    """`ready`, `warming`, `too_crowded`, `unconfigured` or `stopped`."""
    learned_share: float = 0.0
    """How much of what it wants to learn at the start it has."""
    made_ms: int | None = None
    """When the newest outlook was made, by the branch's clock."""
    spent_ms: float = 0.0
    """Processor time of the newest look."""


class _Question:
    """Somebody waits for an answer."""

    __slots__ = ("answer", "progress")

    def __init__(self, progress: Callable[[Progress], None]) -> None:
        self.answer: asyncio.Future[FromWorker] = asyncio.get_running_loop().create_future()
        self.progress = progress


class LiveForecast:
    """Runs the process and keeps the outlook."""

    def __init__(self, pipeline: Pipeline, data: Path) -> None:
        self.standing = Standing()
        self.changed: Callable[[], None] = lambda: None
        """Told after each new outlook, and when there is none any more."""
        self._pipeline = pipeline
        self._data = data
        self._process: Process | None = None
        self._questions: dict[int, _Question] = {}
        self._ids = count(1)
        self._moved = asyncio.Event()
        self._looked = asyncio.Event()
        self._quoted: list[tuple[str, int, Wait]] = []

    def follow(self, records: list[Record]) -> None:
        """The pipeline's follower."""
        if any(record.type in MOVING for record in records):
            self._moved.set()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    async def begin(self) -> None:
        """Forget what an earlier life of the daemon left behind, before anybody reads it."""
        await self._pipeline.db.write(outlook.clear)

    async def run(self) -> None:
        """One life of the process. Raises ForecastBroken; the supervisor runs it again."""
        arguments = ("-m", "edge.forecast.worker", "--data", str(self._data), "--zone", str(self._pipeline.zone))
        self._process = process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(process))
                tasks.create_task(self._look_again())
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        finally:
            self._process = None
            await _say_goodbye(process)
            self._refuse_all()
            await self._fall_silent(Standing())

    async def ask(
        self, make: Callable[[int], ToWorker], kind: type[A], *, progress: Callable[[Progress], None] = lambda _sign: None
    ) -> A:
        """Ask the process something; `make` gets the question's number. Raises Rejected."""
        if self._process is None:
            raise Rejected("forecast_stopped")
        if len(self._questions) >= QUESTIONS_MAX:
            raise Rejected("forecast_busy")
        number, alive = next(self._ids), asyncio.Event()

        def sign(letter: Progress) -> None:
            alive.set()
            progress(letter)

        self._questions[number] = question = _Question(sign)
        try:
            await self._say(make(number))
            return _expected(await self._answer(question, alive), kind)
        finally:
            if self._questions.pop(number, None) is not None and not question.answer.done() and self._process is not None:
                await self._say(letters.Cancel(number))

    async def _answer(self, question: _Question, alive: asyncio.Event) -> FromWorker:
        """Wait as long as there are signs of life."""
        while not question.answer.done():
            alive.clear()
            sign = asyncio.ensure_future(alive.wait())
            done, _ = await asyncio.wait((question.answer, sign), timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
            sign.cancel()
            if not done:
                raise Rejected("forecast_busy")
        return question.answer.result()

    # --- the conversation

    async def _listen(self, process: Process) -> None:
        unpacker = letters.Unpacker()
        if process.stdout is None:
            raise ForecastBroken("no output")
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    part = await process.stdout.read(READ_BYTES)
            except TimeoutError as error:
                raise ForecastBroken("silent") from error
            if not part:
                raise ForecastBroken("ended")
            for body in unpacker.feed(part):
                await self._hear(letters.from_worker(body))

    async def _hear(self, letter: FromWorker) -> None:
        match letter:
            case Outlook():
                await self._publish(letter)
                self._looked.set()
            case Silent(reason, share):
                await self._fall_silent(Standing(state=reason, learned_share=share))
                self._looked.set()
            case Progress(number):
                question = self._questions.get(number)
                if question is not None:
                    question.progress(letter)
            case letters.Effects(number) | letters.Proposals(number) | letters.BackTested(number) | Refused(number):
                question = self._questions.get(number)
                if question is not None and not question.answer.done():
                    question.answer.set_result(letter)
            case letters.Beat():
                pass

    async def _look_again(self) -> None:
        while True:
            self._moved.clear()
            self._looked.clear()
            began_s = perf_counter()
            await self._say(letters.Look(self._pipeline.clock.now_ms()))
            await self._looked.wait()
            pause_s = max(PAUSE_S, IDLE_FOR_EACH_S * (perf_counter() - began_s))
            await asyncio.sleep(pause_s)
            if self.standing.state != WARMING:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), max(0.0, REFRESH_S - pause_s))

    async def _say(self, letter: ToWorker) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise Rejected("forecast_stopped")
        process.stdin.write(letters.packed(letter))
        with suppress(ConnectionError):  # the listener hears of the end as well
            await process.stdin.drain()

    def _refuse_all(self) -> None:
        for question in self._questions.values():
            if not question.answer.done():
                question.answer.set_exception(Rejected("forecast_stopped"))
                question.answer.exception()  # whoever gave up asking does not hear it

    # --- what everybody sees

    async def _publish(self, news: Outlook) -> None:
        self.standing = Standing(
            basis=SIMULATED,
            state="ready",
            learned_share=1.0,
            made_ms=self._pipeline.clock.now_ms(),
            spent_ms=round(news.spent_s * 1_000, 1),
        )
        quoted = [(one.queue, *one.quote(one.position)) for one in news.newcomers]
        if not news.expected and quoted == self._quoted:
            return
        try:
            await self._pipeline.db.write(lambda connection: outlook.put(connection, news.expected, news.newcomers, news.why))
        except (Overloaded, StorageFull) as error:
            log.warning("outlook_postponed", reason=type(error).__name__)
            return
        self._quoted = quoted
        self.changed()

    async def _fall_silent(self, standing: Standing) -> None:
        before, self.standing = self.standing, standing
        if before.basis == SIMULATED:
            self._quoted = []
            with suppress(Overloaded, StorageFull):
                await self._pipeline.db.write(outlook.clear)
            self.changed()


def _expected(letter: FromWorker, kind: type[A]) -> A:
    if isinstance(letter, Refused):
        raise Rejected(letter.code)
    if not isinstance(letter, kind):
        raise Rejected("forecast_stopped")
    return letter


async def _say_goodbye(process: Process) -> None:
    """Let it write down what it learned; who does not end then is ended."""
    if process.returncode is None and process.stdin is not None:
        with suppress(ConnectionError):
            process.stdin.write(letters.packed(letters.Goodbye()))
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GOODBYE_S)
    if process.returncode is None:
        process.kill()
        await process.wait()
