"""The pictures against an independent model, and what happens to events that fit no picture."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sync.chain import Position, Record
from sync.headoffice.projections import FOLDS
from sync.headoffice.store_views import Picture, Progress, Views
from tests.sync.box import DAY, NOON_MS, Fact, MemoryJournal, day

STATE_AFTER = {
    "issued": "waiting", "called": "called", "recalled": "called", "served": "serving", "parked": "parked",
    "requeued": "waiting", "transferred": "waiting", "no_show": "no_show", "finished": "finished",
    "cancelled": "cancelled", "expired": "expired",
}  # fmt: skip


@pytest.fixture
async def views(tmp_path: Path) -> AsyncIterator[Views]:
    views = Views(tmp_path)
    await views.start()
    yield views
    await views.stop()


async def fold(views: Views, records: list[Record]) -> tuple[int, int]:
    position = Position(records[-1].seq, bytes(32))
    return await views.fold(Progress("0001", bytes(16), position, records[-1].at_ms), records)


async def picture(views: Views) -> Picture:
    found = await views.picture("0001")
    assert found is not None
    return found


def numbered(*facts: Fact) -> list[Record]:
    return [Record(seq, *one) for seq, one in enumerate(facts, start=1)]


def fact(kind: str, entity: str, **body: Any) -> Fact:
    return (NOON_MS, f"queue.{kind}.v1", entity, "system", json.dumps(body).encode())


def issued(ticket: str, number: str = "A001") -> Fact:
    return fact("ticket_issued", ticket, ticket=ticket, number=number, service="personal", tier="normal", day=DAY)


def called(ticket: str, counter: int = 1, call_no: int = 1) -> Fact:
    return fact("ticket_called", ticket, ticket=ticket, counter=f"c{counter}", counter_number=counter, call_no=call_no)


def moved(what: str, ticket: str, **more: Any) -> Fact:
    return fact(f"ticket_{what}", ticket, ticket=ticket, **more)


def model(records: list[Record]) -> dict[str, dict[str, Any]]:
    """What the tickets should look like, said another way: the last event of each decides."""
    tickets: dict[str, dict[str, Any]] = {}
    for record in records:
        _, what, _ = record.type.split(".")
        if not what.startswith("ticket_") or what == "ticket_rated":
            continue
        body = json.loads(record.body)
        ticket = tickets.setdefault(body["ticket"], {"taken": record.at_ms} | body)
        ticket["state"] = STATE_AFTER[what.removeprefix("ticket_")]
        ticket["ended"] = record.at_ms if ticket["state"] in {"finished", "no_show"} else None
        ticket["counter"] = body.get("counter", ticket.get("counter"))
    return tickets


@pytest.mark.parametrize("chunk", [1, 7, 500])
async def test_the_tables_are_what_the_events_say(views: Views, chunk: int) -> None:
    journal = MemoryJournal()
    journal.append(*itertools.islice(day(11), 1200))
    for start in range(0, 1200, chunk):
        _, letters = await fold(views, journal.records[start : start + chunk])
        assert letters == 0
    expected = model(journal.records)
    rows = await views.tickets("0001", DAY)
    assert {row.ticket: (row.state, row.number, row.taken_at_ms, row.ended_at_ms, row.counter) for row in rows} == {
        name: (one["state"], one["number"], one["taken"], one["ended"], one["counter"]) for name, one in expected.items()
    }
    shown = await picture(views)
    waiting = Counter((one["service"], one["tier"]) for one in expected.values() if one["state"] == "waiting")
    assert {(line.service, line.tier): line.waiting for line in shown.queues} == dict(waiting)
    assert shown.tickets_today == len(expected)
    assert (shown.card.day, shown.card.day_open) == (DAY, True)
    assert [counter.number for counter in shown.counters] == [1, 2, 3, 4]


async def test_the_journey_of_one_ticket(views: Views) -> None:
    steps = numbered(
        issued("t1"), called("t1"), moved("parked", "t1"), moved("requeued", "t1"), called("t1", 2),
        moved("transferred", "t1", service="wealth", tier="gold", queue="wealth.gold"), called("t1", 3),
        moved("served", "t1"), moved("finished", "t1", outcome="done"), fact("day_closed", DAY, day=DAY),
    )  # fmt: skip
    hands = []
    for record in steps:
        await fold(views, [record])
        (row,) = await views.tickets("0001", DAY)
        hands.append((row.state, {one.number for one in (await picture(views)).counters if one.ticket == "t1"}))
    assert hands == [
        ("waiting", set()), ("called", {1}), ("parked", set()), ("waiting", set()), ("called", {2}),
        ("waiting", set()), ("called", {3}), ("serving", {3}), ("finished", set()), ("finished", set()),
    ]  # fmt: skip
    (row,) = await views.tickets("0001", DAY)
    assert (row.service, row.tier, row.queue) == ("wealth", "gold", "wealth.gold")
    assert (await picture(views)).card.day_open is False


@pytest.mark.parametrize("at_once", [True, False])
async def test_whoever_was_at_a_removed_counter_waits_for_anybody(views: Views, at_once: bool) -> None:  # noqa: FBT001 -- drawn
    def configured(*counters: int) -> Fact:
        cards = [{"id": f"c{number}", "number": number} for number in counters]
        return (NOON_MS, "org.branch_configured.v1", "branch", "system", json.dumps({"counters": cards}).encode())

    steps = numbered(
        fact("day_opened", DAY, day=DAY), configured(1, 2), issued("t1"), issued("t2", "A002"), issued("t3", "A003"),
        called("t1", 2), called("t2", 1), moved("transferred", "t3", queue="@c2"), configured(1),
    )  # fmt: skip
    for part in [steps] if at_once else [[step] for step in steps]:
        await fold(views, part)
    rows = {row.number: row for row in await views.tickets("0001", DAY)}
    assert (rows["A001"].state, rows["A001"].counter) == ("waiting", None)
    assert (rows["A002"].state, rows["A002"].counter) == ("called", "c1")
    assert (rows["A003"].state, rows["A003"].queue) == ("waiting", "personal.normal")
    assert {one.counter: one.ticket for one in (await picture(views)).counters} == {"c1": "t2", "c2": None}


async def test_counters_come_and_go(views: Views) -> None:
    at = {"counter": "c7", "counter_number": 7}
    kinds = ["signed_in", "opened", "paused", "resumed", "signed_out"]
    states = []
    for record in numbered(*(fact(f"counter_{kind}", "c7", **at) for kind in kinds)):
        await fold(views, [record])
        states.append((await picture(views)).counters[0].state)
    assert states == ["signed_in", "open", "paused", "open", "closed"]


async def test_a_type_that_is_not_known_is_passed_over(views: Views) -> None:
    shown, letters = await fold(views, numbered(issued("t1"), fact("ticket_teleported", "t1", ticket="t1")))
    assert (shown, letters) == (1, 0)
    assert (await picture(views)).progress.position.seq == 2


BROKEN: dict[str, Callable[[], Fact]] = {
    "not JSON": lambda: (NOON_MS, "queue.ticket_called.v1", "t1", "x", b"{"),
    "not UTF-8": lambda: (NOON_MS, "queue.ticket_called.v1", "t1", "x", b'{"ticket":"\xff"}'),
    "a field is missing": lambda: fact("ticket_called", "t1", ticket="t1"),
    "never issued": lambda: fact("ticket_served", "t1", ticket="t99"),
    "issued twice": lambda: issued("t1"),
}


@pytest.mark.parametrize("why", BROKEN)
async def test_what_cannot_be_folded_parks_its_own_ticket_and_nothing_else(views: Views, why: str) -> None:
    records = numbered(
        issued("t1"), issued("t2", "A002"), BROKEN[why](), moved("finished", "t1"), called("t2"), issued("t3", "A003")
    )
    assert await fold(views, records) == (4, 2)
    rows = {row.ticket: row.state for row in await views.tickets("0001", DAY)}
    assert rows == {"t1": "waiting", "t2": "called", "t3": "waiting"}
    assert (await picture(views)).dead_letters == 2
    assert await fold(views, [Record(7, *moved("cancelled", "t1"))]) == (0, 1)


async def test_a_reset_forgets_one_branch(views: Views) -> None:
    await fold(views, numbered(issued("t1")))
    await views.fold(Progress("0002", bytes(16), Position(1, bytes(32)), 0), numbered(issued("t1")))
    await views.reset("0001")
    assert await views.picture("0001") is None
    assert set(await views.progress()) == {"0002"}
    assert await views.ticket_count() == 1


def test_every_ticket_event_of_the_contract_is_shown() -> None:
    assert {f"queue.ticket_{what}.v1" for what in STATE_AFTER} <= set(FOLDS)


async def test_views_can_be_read_while_they_are_written(views: Views) -> None:
    journal = MemoryJournal()
    journal.append(*itertools.islice(day(3), 2000))
    writing = asyncio.create_task(fold(views, journal.records))
    counts = [await views.ticket_count() for _ in range(5)]
    await writing
    assert set(counts) <= {0, await views.ticket_count()}


def device_fact(kind: str, **body: Any) -> Fact:
    return (NOON_MS, f"devices.{kind}.v1", str(body.get("device", "")), "system", json.dumps(body).encode())


def stands(device: str, state: str, error: str | None = None) -> Fact:
    return device_fact("condition_changed", device=device, family="escpos_printer", model="XP-80", state=state, error=error)


async def test_devices_stand_as_the_branch_told_last(views: Views) -> None:
    day_sum = {"device": "printer-1", "ready_s": 900, "away_s": 100, "failures": 3}
    stranger = {"device": "printer-9", "ready_s": 1, "away_s": 0}
    await fold(
        views,
        numbered(
            stands("printer-1", "away", "notConnected"),
            stands("printer-1", "ready"),
            stands("led-1", "needs_help", "paperOut"),
            stands("led-2", "away"),
            device_fact("day_summed", day=DAY, devices=[day_sum, stranger]),
            stands("led-2", "removed"),
        ),
    )
    led, printer = await views.devices("0001")
    assert (led.device, led.state, led.error, led.day) == ("led-1", "needs_help", "paperOut", "")
    assert (printer.state, printer.error, printer.day, printer.ready_s, printer.failures) == ("ready", None, DAY, 900, 3)
    shown = await picture(views)
    assert (shown.devices, shown.devices_away) == (2, 1)


async def test_an_older_day_does_not_take_the_place_of_a_newer_one(views: Views) -> None:
    newer = {"device": "led-1", "ready_s": 5, "away_s": 0}
    older = {"device": "led-1", "ready_s": 1, "away_s": 9}
    told = (
        device_fact("day_summed", day="2025-10-08", devices=[newer]),
        device_fact("day_summed", day="2025-10-07", devices=[older]),
    )
    await fold(views, numbered(stands("led-1", "ready"), *told))
    (led,) = await views.devices("0001")
    assert (led.day, led.ready_s) == ("2025-10-08", 5)
