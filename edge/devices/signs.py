"""Boards of lights follow the calls: each window's board shows whom it called, the hall's board the newest call.

A follower, after the facts: it never holds up a call. The newest text is the true one, so what was not shown yet is replaced
and never queued, and a bus that is slow or gone delays no other. After a restart the boards are told anew from the tables. A
window's board has the window's number as its address; what a board cannot show is left to the other displays.
"""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog

from drivers.api import Command
from drivers.interfaces.text_terminal import ClearScreen, Write
from drivers.led_board.traits import LedTraits
from drivers.supervisor import UnknownDevice
from edge.devices.floor import Floor
from edge.kernel.db import Database
from edge.queue import events as e
from edge.queue import views
from edge.queue.model import Presence, State
from sync.chain import Record

log = structlog.get_logger()

FAMILY: Final = "led_board"
SHOW_TIMEOUT_S: Final = 10.0
"""A bus that takes longer is left until the next call."""
LOOK_S: Final = 30.0
"""A board that was plugged in later is told within this."""
CALLS: Final = frozenset({e.TicketCalled.TYPE, e.TicketRecalled.TYPE})
LEAVES: Final = frozenset({e.CounterPaused.TYPE, e.CounterSignedOut.TYPE})
"""The window serves nobody: its board goes dark."""
GONE: Final = frozenset(
    kind.TYPE for kind in (e.TicketNoShow, e.TicketParked, e.TicketRequeued, e.TicketTransferred, e.TicketCancelled)
)
"""Whom the window called does not come, or not now: nobody else should go there for that number."""


SHOWN: Final = frozenset({State.CALLED, State.SERVING, State.FINISHED})
"""A window's board keeps the number until the next one."""


class _Called(msgspec.Struct, frozen=True):
    """What the boards need of a call."""

    number: str
    counter_number: int
    ticket: str = ""


class _Gone(msgspec.Struct, frozen=True):
    ticket: str


class _Left(msgspec.Struct, frozen=True):
    counter_number: int


class Signs:
    """What the boards of the branch should show now, and what they have been told."""

    def __init__(self, db: Database, zone: ZoneInfo, floor: Floor) -> None:
        self._db = db
        self._zone = zone
        self._floor = floor
        self._windows: dict[int, str | None] = {}
        """Window → the number it called; None: dark."""
        self._whose: dict[str, int] = {}
        """Ticket → the window that shows its number."""
        self._newest: _Called | None = None
        self._told: dict[str, dict[int, str | None]] = {}
        """Device → board → what it was told last."""
        self._news = asyncio.Event()

    def follow(self, records: Sequence[Record]) -> None:
        """The pipeline's follower; returns at once."""
        for record in records:
            if record.type in CALLS:
                call = msgspec.json.decode(record.body, type=_Called)
                self._light(call)
                self._newest = call
                self._told_nothing(call.counter_number)
                self._news.set()
            elif record.type in LEAVES:
                self._darken(msgspec.json.decode(record.body, type=_Left).counter_number)
            elif record.type in GONE:
                window = self._whose.get(msgspec.json.decode(record.body, type=_Gone).ticket)
                if window is not None:
                    self._darken(window)

    def _light(self, call: _Called) -> None:
        self._forget(call.counter_number)
        self._windows[call.counter_number] = call.number
        self._whose[call.ticket] = call.counter_number

    def _darken(self, window: int) -> None:
        self._forget(window)
        self._windows[window] = None
        self._news.set()

    def _forget(self, window: int) -> None:
        self._whose = {ticket: other for ticket, other in self._whose.items() if other != window}

    def wake(self) -> None:
        """A device may have come back."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled; the supervisor restarts it, and it begins with what the tables say."""
        self._remember()
        async with asyncio.TaskGroup() as showing:
            busy: dict[str, asyncio.Task[None]] = {}
            while True:
                for device_id in self._boards():
                    if device_id not in busy or busy[device_id].done():
                        busy[device_id] = showing.create_task(self._show(device_id))
                self._news.clear()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._news.wait()
                except TimeoutError:
                    continue

    def _remember(self) -> None:
        """Whom each open window has at it or had last, and the newest call, from the tables."""
        with self._db.reader() as connection:
            calls = views.calls(connection, self._zone)
            states = {call.ticket: views.row(connection, call.ticket) for call in calls}
            working = {one.number for one in views.counters(connection, self._zone) if one.state == Presence.OPEN}
        for call in calls:
            record = states[call.ticket]
            shown = record is not None and record.state in SHOWN and call.counter_number in working
            if shown and call.counter_number not in self._windows:
                self._light(_Called(call.number, call.counter_number, call.ticket))
        if calls and self._newest is None:
            self._newest = _Called(calls[0].number, calls[0].counter_number, calls[0].ticket)

    def _told_nothing(self, window: int) -> None:
        """A recall is shown again even where the number is the same: the board may have been changed by hand."""
        for told in self._told.values():
            told.pop(window, None)

    def _boards(self) -> list[str]:
        return [view.id for view in self._floor.views() if view.family == FAMILY]

    async def _show(self, device_id: str) -> None:
        """Tell one bus whatever it does not show yet, the newest of each board."""
        try:
            _, profile = self._floor.configured(device_id)
            device = self._floor.device(device_id)
        except UnknownDevice:
            return
        told, silent = self._told.setdefault(device_id, {}), set[int]()
        while (wish := self._next(profile.section(LedTraits), told, silent)) is not None:
            board, text, command = wish
            told[board] = text
            completion = await device.execute(command, timeout_s=SHOW_TIMEOUT_S)
            if not completion.done:
                told.pop(board, None)
                silent.add(board)  # the others of the bus are told nevertheless
                log.info("board_not_told", device=device_id, board=board, code=str(completion.error or completion.code))

    def _next(
        self, traits: LedTraits, told: Mapping[int, str | None], silent: AbstractSet[int]
    ) -> tuple[int, str | None, Command] | None:
        """The first board of a bus that shows something else than it should, and what to tell it."""
        wishes: dict[int, str | None]
        first, last = traits.boards
        if traits.place == "hall":
            call = self._newest
            text = None if call is None else hall_text(call.number, call.counter_number)
            wishes = {first: text} if call is not None else {}
        else:
            wishes = {window: number for window, number in self._windows.items() if first <= window <= last}
        for board, text in wishes.items():
            if board not in silent and (board not in told or told[board] != text):
                return board, text, _command(board, text)
        return None


def hall_text(number: str, window: int) -> str:
    return f"请{number}号到{window}号窗口"


def _command(board: int, text: str | None) -> Command:
    return ClearScreen(board=board) if text is None else Write(board=board, lines=(text,))
