"""S25: days are rolled up once, again when a fact comes late, and never while they are open; the edges of days and clocks."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from edge.kernel.fold import compare, fold, records
from edge.kernel.migrations import migrate
from edge.queue import events as e
from edge.queue.model import Channel, Language, Tier
from edge.queue.rules import Why
from edge.registry import folded_tables, migrations
from edge.reports import rollup, schema, tables
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.cells import LAYOUT
from edge.reports.gather import Edition, Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import written
from edge.reports.tally import PARTS, tally
from tests.component.reports.books import ZONE, Books, at, tell_days

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
WHO: dict[str, Any] = {"counter": "counter-1", "counter_number": 1, "staff": "1001"}


@pytest.fixture
def books() -> Iterator[Books]:
    empty = Books()
    empty.configure()
    yield empty
    empty.connection.close()


def states(books: Books) -> list[rollup.DayState]:
    return rollup.states(books.connection, Period(date(2026, 1, 1), date(2026, 12, 31)))


def roll(books: Books) -> dict[date, int]:
    """Roll up whatever needs it; the versions afterwards."""
    return {
        state.day: rollup.keep(books.connection, rollup.count(books.connection, state, ZONE), now_ms=0)
        for state in states(books)
        if not state.open
    }


def report(books: Books, name: str, first: date = DAY, last: date = DAY, *, now_ms: int | None = None) -> list[dict[str, Any]]:
    source = Source(books.connection, Period(first, last), ZONE, books.last_ms if now_ms is None else now_ms)
    made = REPORTS[name].table(Ask(source, ReportQuery()))
    names = [column.name for column in made.columns]
    return [dict(zip(names, row, strict=True)) for row in written(made, made.rows, ZONE, "zh-CN")]


def edition(books: Books, first: date = DAY, last: date = DAY) -> Edition:
    return Source(books.connection, Period(first, last), ZONE, books.last_ms).edition


def issue(ticket: str, number: str, day: date = DAY) -> e.TicketIssued:
    return e.TicketIssued(
        ticket=ticket,
        number=number,
        day=day.isoformat(),
        letter="A",
        ordinal=int(number[1:]),
        service="personal",
        tier=Tier.NORMAL,
        queue="personal.normal",
        channel=Channel.KIOSK,
        language=Language.ZH,
        ahead=0,
        wait_low_s=0,
        wait_high_s=600,
    )


def call(ticket: str, number: str) -> e.TicketCalled:
    return e.TicketCalled(
        ticket=ticket,
        number=number,
        service="personal",
        tier=Tier.NORMAL,
        queue="personal.normal",
        language=Language.ZH,
        counter="counter-1",
        counter_number=1,
        counter_name="1",
        staff="1001",
        call_no=1,
        why=Why(rule="priority_then_time", text_code="only_queue_waiting", candidates=()),
    )


def finish(ticket: str, number: str) -> e.TicketFinished:
    return e.TicketFinished(ticket=ticket, number=number, counter="counter-1", staff="1001")


def one_ticket_day(books: Books) -> None:
    """Signed in at 9, one ticket waits 12 minutes and is served for five, the day is closed at 17:00."""
    books.add(at(DAY, "09:00"), e.DayOpened(day=DAY.isoformat()), e.CounterSignedIn(**WHO), e.CounterOpened(**WHO))
    books.add(at(DAY, "10:00"), issue("t1", "A001"))
    books.add(at(DAY, "10:12"), call("t1", "A001"))
    books.add(at(DAY, "10:17"), finish("t1", "A001"))
    books.add(at(DAY, "17:00"), e.CounterSignedOut(**WHO), e.DayClosed(day=DAY.isoformat()))


def test_s25_a_closed_day_is_rolled_up_and_the_report_does_not_change(books: Books) -> None:
    one_ticket_day(books)
    live = {name: report(books, name) for name in REPORTS}
    assert roll(books) == {DAY: 1}
    assert {name: report(books, name) for name in REPORTS} == live
    assert edition(books) == Edition(days=1, version=1, through_seq=books.tip.seq, open_days=())


def test_s25_a_late_fact_rolls_its_own_day_up_again_under_a_higher_version(books: Books) -> None:
    one_ticket_day(books)
    roll(books)
    before = edition(books)
    books.add(at(NEXT, "08:00"), e.DayOpened(day=NEXT.isoformat()))
    late = e.TicketRated(ticket="t1", number="A001", score=5, counter="counter-1", staff="1001")
    books.add(at(NEXT, "08:30"), late)
    assert [(state.day, state.fresh, state.open) for state in states(books)] == [(DAY, False, False), (NEXT, False, True)]
    assert report(books, "satisfaction")[0]["score_5"] == 1, "also before it is rolled up again"
    assert roll(books) == {DAY: 2}
    assert report(books, "satisfaction")[0]["score_5"] == 1
    assert (before.version, edition(books).version) == (1, 2)
    assert edition(books).through_seq == books.tip.seq


def test_s25_the_open_day_is_live_and_marked(books: Books) -> None:
    books.add(at(DAY, "09:00"), e.DayOpened(day=DAY.isoformat()), e.CounterSignedIn(**WHO), e.CounterOpened(**WHO))
    books.add(at(DAY, "09:10"), issue("t1", "A001"))
    assert roll(books) == {}
    assert edition(books).open_days == (DAY,)
    assert report(books, "wait-times")[0]["taken"] == 1
    books.add(at(DAY, "09:11"), issue("t2", "A002"))
    assert report(books, "wait-times")[0]["taken"] == 2


def test_a_day_that_is_opened_again_is_open_again(books: Books) -> None:
    one_ticket_day(books)
    roll(books)
    books.add(at(DAY, "17:30"), e.DayOpened(day=DAY.isoformat()), issue("t2", "A002"))
    assert edition(books).open_days == (DAY,)
    assert report(books, "wait-times")[0]["taken"] == 2
    books.add(at(DAY, "18:00"), e.TicketExpired(ticket="t2", number="A002"), e.DayClosed(day=DAY.isoformat()))
    assert roll(books) == {DAY: 2}


def test_rolling_up_a_fresh_day_changes_nothing(books: Books) -> None:
    one_ticket_day(books)
    roll(books)
    before = kept(books)
    assert roll(books) == {DAY: 1}
    assert kept(books) == before


def test_a_roll_up_older_than_the_kept_one_is_not_kept(books: Books) -> None:
    """Two that count at once: whoever saw fewer facts loses, in whatever order they come."""
    one_ticket_day(books)
    early = rollup.count(books.connection, states(books)[0], ZONE)
    books.add(at(NEXT, "08:30"), e.TicketRated(ticket="t1", number="A001", score=5))
    assert roll(books) == {DAY: 1}
    after = kept(books)
    assert rollup.keep(books.connection, early, now_ms=5) == 1
    assert kept(books) == after


def test_what_a_program_of_another_layout_kept_is_rolled_up_again_under_the_same_version(books: Books) -> None:
    one_ticket_day(books)
    roll(books)
    books.connection.execute("UPDATE report_day SET layout = ?", (LAYOUT - 1,))
    assert not states(books)[0].fresh
    assert roll(books) == {DAY: 1}
    assert states(books)[0].fresh


def kept(books: Books) -> list[tuple[Any, ...]]:
    return [
        *books.connection.execute("SELECT * FROM report_roll ORDER BY 1, 2").fetchall(),
        *books.connection.execute("SELECT * FROM report_day").fetchall(),
    ]


# --- edges


@pytest.mark.parametrize("name", REPORTS)
def test_a_branch_without_facts_has_empty_reports(books: Books, name: str) -> None:
    source = Source(books.connection, Period(DAY, DAY), ZONE, at(DAY, "12:00"))
    made = REPORTS[name].table(Ask(source, ReportQuery()))
    assert (list(made.rows), made.total) == ([], None)
    assert made.edition == Edition(days=0, version=1, through_seq=0, open_days=())


@pytest.mark.parametrize("name", REPORTS)
def test_an_opened_and_closed_day_without_customers_has_no_rows(books: Books, name: str) -> None:
    books.add(at(DAY, "09:00"), e.DayOpened(day=DAY.isoformat()))
    books.add(at(DAY, "17:00"), e.DayClosed(day=DAY.isoformat()))
    assert roll(books) == {DAY: 1}
    assert report(books, name) == []


def test_one_ticket(books: Books) -> None:
    one_ticket_day(books)
    (waits,) = report(books, "wait-times")
    assert (waits["taken"], waits["finished"], waits["mean_wait"], waits["p50"], waits["p90"]) == (1, 1, 12.0, 12, 12)
    assert (waits["within_20"], waits["within_20_share"], waits["longest_number"]) == (1, 1.0, "A001")
    (teller,) = report(books, "teller-efficiency")
    assert (teller["signed_in"], teller["serving"], teller["idle"], teller["response"]) == (480.0, 5.0, 475.0, 12.0)
    (promise,) = report(books, "promise-kept")
    assert (promise["late"], promise["overrun"]) == (1, 2.0)


def test_s23_a_sign_out_forgotten_over_midnight_ends_at_midnight(books: Books) -> None:
    """The box was off in the evening; the next morning settles the day, flagged, and nobody worked all night (S23)."""
    books.add(at(DAY, "16:00"), e.DayOpened(day=DAY.isoformat()), e.CounterSignedIn(**WHO), e.CounterOpened(**WHO))
    books.add(at(DAY, "16:30"), issue("t1", "A001"))
    books.add(at(DAY, "23:50"), call("t1", "A001"))
    morning = [finish("t1", "A001"), e.CounterSignedOut(**WHO, automatic=True), e.DayClosed(day=DAY.isoformat())]
    books.add(at(NEXT, "08:00"), *morning, e.DayOpened(day=NEXT.isoformat()))
    (shift,) = report(books, "attendance")
    assert (shift["day"], shift["present"], shift["automatic"]) == (DAY.isoformat(), 480.0, "✓")
    assert shift["signed_out"] == f"{NEXT} 08:00:00", "the fact itself stays what it is"
    (teller,) = report(books, "teller-efficiency")
    assert (teller["serving"], teller["signed_in"]) == (10.0, 480.0)
    assert report(books, "attendance", NEXT, NEXT) == []
    bands = report(books, "calls-by-band")
    assert bands[-1]["band"] == "23:30–24:00"
    assert sum(row["open_counters"] for row in bands) == pytest.approx(16)


def test_a_shift_belongs_to_the_day_it_began_on(books: Books) -> None:
    books.add(at(DAY, "23:59"), e.DayOpened(day=DAY.isoformat()), e.CounterSignedIn(**WHO))
    books.add(at(NEXT, "00:00:20"), e.CounterSignedOut(**WHO, automatic=True), e.DayClosed(day=DAY.isoformat()))
    books.add(at(NEXT, "00:00:20"), e.DayOpened(day=NEXT.isoformat()), e.CounterSignedIn(**WHO))
    books.add(at(NEXT, "00:05"), e.CounterSignedOut(**WHO), e.DayClosed(day=NEXT.isoformat()))
    rows = report(books, "attendance", DAY, NEXT)
    assert [(row["day"], row["present"]) for row in rows] == [(DAY.isoformat(), 1.0), (NEXT.isoformat(), 4.67)]


def test_a_clock_set_back_makes_no_negative_duration(books: Books) -> None:
    books.add(at(DAY, "09:00"), e.DayOpened(day=DAY.isoformat()), e.CounterSignedIn(**WHO), e.CounterOpened(**WHO))
    books.add(at(DAY, "10:00"), issue("t1", "A001"))
    books.add(at(DAY, "09:30"), call("t1", "A001"))
    books.add(at(DAY, "08:20"), finish("t1", "A001"), e.CounterSignedOut(**WHO), e.DayClosed(day=DAY.isoformat()))
    assert roll(books) == {DAY: 1}
    for name in REPORTS:
        for row in report(books, name):
            assert not [key for key, value in row.items() if isinstance(value, int | float) and value < 0], name
    assert report(books, "wait-times")[0]["p90"] == 0


def test_a_clock_set_a_day_back_keeps_the_ticket_in_its_day(books: Books) -> None:
    books.add(at(DAY, "09:00"), e.DayOpened(day=DAY.isoformat()))
    books.add(at(DAY - timedelta(days=1), "23:00"), issue("t1", "A001"))
    (row,) = report(books, "traffic")
    assert (row["band"], row["taken"]) == ("00:00–00:30", 1)


# --- the tables


def test_the_tables_are_what_the_journal_says() -> None:
    books = Books()
    tell_days(books, DAY, 2, tickets=60, seed=3)
    again = Books()
    unknown = fold(again.connection, again.rules, records(books.connection))
    assert unknown == ()
    assert not [table for table in folded_tables() if compare(books.connection, again.connection, table)]


def test_an_older_branchs_journal_fills_the_tables_again() -> None:
    """A branch that was there before its reports: the facts are folded from its journal, with every shift in its own day."""
    books, fresh = Books(), Books()
    tell_days(books, DAY, 2, tickets=60, seed=3)
    fold(fresh.connection, fresh.rules, records(books.connection))
    rollup.keep(fresh.connection, rollup.count(fresh.connection, states(fresh)[0], ZONE), now_ms=0)
    _copy_journal(books, fresh)
    assert tables.rebuild(fresh.connection) > 0
    assert not [table for table in tables.FOLDED if compare(books.connection, fresh.connection, table)]
    assert kept(fresh) == []


def _copy_journal(source: Books, target: Books) -> None:
    rows = source.connection.execute("SELECT * FROM journal").fetchall()
    target.connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def test_appointments_of_a_branch_that_is_older_than_their_report_are_found_in_its_journal() -> None:
    books = Books()
    tell_days(books, DAY, 2, tickets=150, seed=3)
    query = "SELECT * FROM report_appointment ORDER BY day, seq"
    appointed = "SELECT day, seq FROM report_ticket WHERE appointed ORDER BY day, seq"
    before = [books.connection.execute(one).fetchall() for one in (query, appointed)]
    for undo in ("DROP TABLE report_appointment", "ALTER TABLE report_ticket DROP COLUMN appointed"):
        books.connection.execute(undo)
    for name in ("reports/005-appointments", "reports/008-parking"):
        migration = next(one for one in schema.MIGRATIONS if one.id == name)
        books.connection.execute(migration.sql).fetchall()
    assert [books.connection.execute(one).fetchall() for one in (query, appointed)] == before
    assert all(before)


def test_calls_of_a_branch_that_is_older_than_their_triggers_get_what_the_journal_says() -> None:
    """Which threshold it was, and whether a schedule's rule without a name was in force, nobody noted then."""
    books = Books()
    tell_days(books, DAY, 2, tickets=150, seed=3)
    calls = "SELECT rule, reason, triggered_by FROM report_call ORDER BY day, seq"
    tickets = "SELECT device, sms, triggered_by FROM report_ticket ORDER BY day, seq"
    before = [books.connection.execute(query).fetchall() for query in (calls, tickets)]
    for table, columns in (
        ("report_call", ("triggered_by", "scheduled")),
        ("report_ticket", ("shown", "device", "sms", "triggered_by")),
    ):
        for column in columns:
            books.connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    migration = next(one for one in schema.MIGRATIONS if one.id == "reports/006-columns")
    books.connection.execute(migration.sql).fetchall()
    after = [books.connection.execute(query).fetchall() for query in (calls, tickets)]
    known: dict[Any, str] = {"threshold_time": "threshold", "threshold_count": "threshold", "schedule": "order"}
    for old, new in zip(before, after, strict=True):
        told = [(*row[:-1], known.get(row[-1], row[-1])) for row in old]
        assert told == [(*row[:-1], known.get(row[-1], row[-1])) for row in new]
        assert {row[-1] for row in new} >= {"threshold", "manual", "appointment", "order"}


def test_late_and_early_against_the_opening_hours(books: Books) -> None:
    """The first shift of the day can be late and the last end early; a noon break is neither, nor a forgotten sign-out."""
    books.configure()
    for came, went in (("09:05", "11:30"), ("13:00", "17:30")):
        books.add(at(DAY, came), e.DayOpened(day=DAY.isoformat()), e.CounterSignedIn(**WHO))
        books.add(at(DAY, went), e.CounterSignedOut(**WHO))
    told = [(row["late"], row["early"]) for row in report(books, "attendance")]
    assert told == [(15.0, None), (None, None)], "it is half past five, and they may come back"
    books.add(at(DAY, "18:00"), e.DayClosed(day=DAY.isoformat()))
    assert [(row["late"], row["early"]) for row in report(books, "attendance")] == [(15.0, None), (None, 15.0)]
    books.add(at(NEXT, "08:40"), e.DayOpened(day=NEXT.isoformat()), e.CounterSignedIn(**WHO))
    books.add(at(NEXT, "12:00"), e.CounterSignedOut(**WHO, automatic=True), e.DayClosed(day=NEXT.isoformat()))
    (row,) = report(books, "attendance", NEXT, NEXT)
    assert (row["late"], row["early"]) == (0.0, None)


def test_migrations_are_in_the_registry() -> None:
    assert set(schema.MIGRATIONS) <= set(migrations())
    empty = Books()
    assert migrate(empty.connection, migrations(), now_ms=0) == []


def test_what_is_kept_of_a_day_is_small() -> None:
    books = Books()
    tell_days(books, DAY, 1, tickets=600, seed=1)
    roll(books)
    size = books.connection.execute("SELECT sum(length(cells)) FROM report_roll").get
    assert size < 40_000
    state = states(books)[0]
    source = Source(books.connection, Period(DAY, DAY), ZONE, books.last_ms)
    for part in PARTS:
        (day_and_cells,) = rollup.kept(books.connection, part, Period(DAY, DAY))
        assert day_and_cells == (state.day, tally(part, source.day(DAY)))
        assert msgspec.msgpack.encode(day_and_cells[1])
