"""Back-tests that are under way or were answered lately: they take longer than anybody holds a request open."""

import asyncio
import secrets
from collections import OrderedDict
from datetime import datetime
from typing import Final, Literal

import msgspec

from edge.forecast import letters
from edge.forecast.letters import BackTest, BackTested, ClassPast, Progress
from edge.forecast.live import LiveForecast
from edge.kernel.domain import Rejected
from edge.queue.call_rules import CallRules
from edge.queue.model import Tier

JOBS_MAX: Final = 16
"""The oldest finished one is forgotten."""


class BackTestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a back-test is, and what it found."""

    id: str
    state: Literal["running", "done", "refused"]
    asked_at: datetime
    done: int = 0
    """Days played."""
    of: int = 0
    code: str | None = None
    """Why it was refused."""
    days: list[str] = []
    classes: list[ClassPast] = []


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be tested."""

    rules: CallRules
    counters: tuple[str, ...]
    days: int
    target_s: dict[Tier, int]


class BackTests:
    """Asks the forecast's process, one test after the other."""

    def __init__(self, forecast: LiveForecast) -> None:
        self._forecast = forecast
        self._views: OrderedDict[str, BackTestView] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, wish: Wish, now: datetime) -> BackTestView:
        """Start one. Raises Rejected where one is under way."""
        if self._tasks:
            raise Rejected("forecast_busy")
        if self._forecast.standing.state == "stopped":
            raise Rejected("forecast_stopped")
        number = secrets.token_hex(8)
        self._views[number] = view = BackTestView(id=number, state="running", asked_at=now, of=wish.days)
        while len(self._views) > JOBS_MAX:
            self._views.popitem(last=False)
        self._tasks[number] = asyncio.create_task(self._run(number, wish, int(now.timestamp() * 1_000)))
        return view

    def show(self, number: str) -> BackTestView:
        """Raises Rejected("not_found")."""
        found = self._views.get(number)
        if found is None:
            raise Rejected("not_found")
        return found

    async def settled(self, number: str) -> BackTestView:
        """As `show`, once it is not under way any more."""
        task = self._tasks.get(number)
        if task is not None:
            await asyncio.wait([task])
        return self.show(number)

    async def _run(self, number: str, wish: Wish, now_ms: int) -> None:
        def make(question: int) -> letters.ToWorker:
            return BackTest(question, now_ms, wish.rules, wish.counters, wish.days, wish.target_s)

        def progress(sign: Progress) -> None:
            self._note(number, done=sign.done, of=sign.of)

        try:
            found = await self._forecast.ask(make, BackTested, progress=progress)
        except Rejected as refusal:
            self._views[number] = msgspec.structs.replace(self._views[number], state="refused", code=refusal.code)
        else:
            self._views[number] = msgspec.structs.replace(
                self._views[number],
                state="done",
                done=len(found.days),
                of=len(found.days),
                days=found.days,
                classes=found.classes,
            )
        finally:
            del self._tasks[number]

    def _note(self, number: str, **news: object) -> None:
        self._views[number] = msgspec.structs.replace(self._views[number], **news)
