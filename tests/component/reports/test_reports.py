"""S24: the figures of every report are those of a recomputation from the journal, and the workbook equals the screen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from edge.kernel.identities import IdentityKind
from edge.reports import excel, rollup, words
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.page import page
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import Kind, Table, Value, written
from tests.component.reports.books import SERVICES, ZONE, Books, at, tell_days
from tests.component.reports.naive import Naive, Rows
from tests.component.reports.naive_journal import Journal
from tests.component.reports.workbook import as_on_screen

FIRST = date(2026, 2, 27)
"""A Friday: the days run over a weekend and over the end of a month."""
DAYS = 5
ALL = Period(FIRST, FIRST + timedelta(days=DAYS - 1))
SCOPES: list[dict[str, str]] = [
    {},
    {"service": "personal"},
    {"tier": "normal"},
    {"service": "corporate", "tier": "normal"},
    {"teller": "1002"},
    {"counter": "counter-1", "service": "personal"},
]


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    told = Books()
    tell_days(told, FIRST, DAYS, tickets=150, seed=7, tellers=3)
    yield told
    told.connection.close()


@pytest.fixture(scope="module")
def journal(books: Books) -> Journal:
    rows = books.connection.execute("SELECT seq, at_ms, type, body, actor FROM journal ORDER BY seq")
    return Journal((int(seq), int(at_ms), str(kind), bytes(body), str(actor)) for seq, at_ms, kind, body, actor in rows)


@pytest.fixture(scope="module", params=["counted live", "rolled up"])
def branch(request: pytest.FixtureRequest, books: Books) -> Books:
    if request.param == "rolled up":
        roll(books, ALL)
        assert all(state.fresh for state in rollup.states(books.connection, ALL))
    return books


def roll(books: Books, period: Period) -> None:
    for state in rollup.states(books.connection, period):
        if not state.open:
            rollup.keep(books.connection, rollup.count(books.connection, state, ZONE), now_ms=0)


def table(books: Books, name: str, asked: Mapping[str, Any] | None = None, period: Period = ALL) -> Table:
    query = ReportQuery(**(asked or {}))
    source = Source(books.connection, period, ZONE, books.last_ms, query.by, query.scope)
    return REPORTS[name].table(Ask(source, query))


def lines(made: Table, language: str = "zh-CN") -> list[dict[str, Value]]:
    names = [column.name for column in made.columns]
    return [dict(zip(names, row, strict=True)) for row in written(made, made.rows, ZONE, language)]


def raw(made: Table, *keys: str) -> dict[tuple[Any, ...], dict[str, Value]]:
    """The written rows, found by the plain values of some columns."""
    rows = list(made.rows)
    places = [[column.name for column in made.columns].index(key) for key in keys]
    cells = list(written(made, rows, ZONE, "zh-CN"))
    names = [column.name for column in made.columns]
    return {
        tuple(row.values[place] for place in places): dict(zip(names, line, strict=True))
        for row, line in zip(rows, cells, strict=True)
    }


def agree(found: dict[tuple[Any, ...], dict[str, Value]], expected: Rows) -> None:
    assert set(found) == set(expected)
    for key, row in expected.items():
        assert {name: found[key][name] for name in row} == pytest.approx(row, abs=0.0101, nan_ok=False), key


def naive(journal: Journal, scope: dict[str, str], period: Period = ALL) -> Naive:
    return Naive(journal, [day.isoformat() for day in period.days], scope)


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_s24_waiting_times(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    for target in (30, 12):
        found = raw(table(branch, "wait-times", {"target": target, **scope}), "service", "tier")
        agree(found, naive(journal, scope).wait_times(target))


@pytest.mark.parametrize("scope", [one for one in SCOPES if not {"service", "tier"} & set(one)], ids=str)
def test_s24_teller_efficiency(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    weights = {name: usual_s / 300 for name, _, usual_s in SERVICES}
    found = raw(table(branch, "teller-efficiency", scope), "teller", "counter")
    agree(found, naive(journal, scope).teller_efficiency(weights))


def test_idle_time_is_not_told_of_a_part_of_the_work(branch: Books) -> None:
    for row in lines(table(branch, "teller-efficiency", {"service": "personal"})):
        assert (row["idle"], row["utilisation"], row["per_hour"]) == (None, None, None)


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_s24_satisfaction(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    agree(raw(table(branch, "satisfaction", scope), "teller", "counter", "service"), naive(journal, scope).satisfaction())


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_s24_ticket_detail(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    agree(raw(table(branch, "ticket-detail", scope), "seq"), naive(journal, scope).ticket_detail())


@pytest.mark.parametrize("scope", [one for one in SCOPES if not {"teller", "counter"} & set(one)], ids=str)
def test_s24_traffic(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    found = {
        (kind, int(str(band)[:2]) * 2 + int(str(band)[3:5]) // 30): row
        for (kind, band), row in raw(table(branch, "traffic", scope), "day_class", "band").items()
    }
    weekend = {"2026-03-01"}  # 28 February 2026 is a Saturday that the state has people work on
    agree(found, naive(journal, scope).traffic(lambda day: "weekend" if day in weekend else "workday"))


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_s24_calls_by_half_hour(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    found = {
        (int(str(band)[:2]) * 2 + int(str(band)[3:5]) // 30,): row
        for (band,), row in raw(table(branch, "calls-by-band", scope), "band").items()
    }
    expected = naive(journal, scope).calls_by_band()
    if {"teller", "counter"} & set(scope):
        expected = {key: {**row, "backlog": None} for key, row in expected.items() if row["calls"] or row["open_counters"]}
    agree(found, expected)


@pytest.mark.parametrize("scope", [{}, {"teller": "1002"}, {"counter": "counter-3"}], ids=str)
def test_s24_attendance(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    def hours(day: str) -> tuple[int, int] | None:
        return None if day == "2026-03-01" else (8 * 3600 + 50 * 60, 17 * 3600 + 45 * 60)

    agree(raw(table(branch, "attendance", scope), "day", "teller"), naive(journal, scope).attendance(hours))


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_promises_kept(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    agree(raw(table(branch, "promise-kept", scope), "service", "tier"), naive(journal, scope).promise_kept())


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_fairness(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    agree(raw(table(branch, "fairness", {"target": 20, **scope}), "service", "tier"), naive(journal, scope).fairness(20))


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_reasons_of_calls(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    agree(raw(table(branch, "call-reasons", scope), "rule", "reason", "tier"), naive(journal, scope).call_reasons())


@pytest.mark.parametrize("scope", [{}, {"service": "corporate"}], ids=str)
def test_s24_appointments(branch: Books, journal: Journal, scope: dict[str, str]) -> None:
    agree(raw(table(branch, "appointments", scope), "channel", "service"), naive(journal, scope).appointments())


@pytest.mark.parametrize("cut", ["day", "month"])
def test_a_period_cut_into_lines_is_its_parts(branch: Books, cut: str) -> None:
    parts = [Period(day, day) for day in ALL.days] if cut == "day" else [Period(FIRST, date(2026, 2, 28))]
    whole = lines(table(branch, "wait-times", {"by": cut}))
    for part in parts:
        alone = lines(table(branch, "wait-times", None, part))
        label = part.label if cut == "day" else f"{part.first} – {part.last}"
        assert [row for row in whole if row["period"] == label] == [{**row, "period": label} for row in alone]


NUMBERS = {Kind.COUNT}
UNITS = {"days", "pauses", "recalls", "seq", "peak", "most_overtakes"}


NO_TICKETS = {"device-health"}
"""Reports of something that no ticket or call stands behind."""


@pytest.mark.parametrize("name", [name for name, report in REPORTS.items() if not report.lists and name not in NO_TICKETS])
@pytest.mark.parametrize("cut", ["total", "day"])
def test_every_number_leads_to_its_rows(branch: Books, name: str, cut: str) -> None:
    """What a count says, the detail it drills down to lists: as many rows."""
    asked = {"by": cut} if "by" in REPORTS[name].filters else {}
    made = table(branch, name, asked)
    followed = 0
    for row in [*list(made.rows)[:25], *([made.total] if made.total else [])]:
        for column, value in zip(made.columns, row.values, strict=True):
            if column.drill is not None and column.kind in NUMBERS and column.name not in UNITS and value:
                assert rows_behind(branch, column.drill.report, {**row.at, **column.drill.query}) == value, column.name
                followed += 1
    assert followed


@pytest.mark.parametrize("name", ["trigger", "means", "sms"])
def test_a_list_can_be_narrowed_to_each_word_of_a_column(branch: Books, name: str) -> None:
    found = [row[name] for row in table_values(branch, "ticket-detail")]
    for word in set(found) - {None}:
        query = {"from": ALL.first.isoformat(), "to": ALL.last.isoformat(), name: str(word)}
        assert rows_behind(branch, "ticket-detail", query) == found.count(word)


def table_values(books: Books, name: str) -> list[dict[str, Any]]:
    made = table(books, name)
    return [dict(zip([column.name for column in made.columns], row.values, strict=True)) for row in made.rows]


def rows_behind(books: Books, name: str, query: dict[str, str]) -> int:
    given = {key: value for key, value in query.items() if key not in ("from", "to")}
    asked = {key: _typed(key, value) for key, value in given.items()}
    assert set(asked) <= REPORTS[name].filters
    period = Period(date.fromisoformat(query["from"]), date.fromisoformat(query["to"]))
    return len(list(table(books, name, asked, period).rows))


def _typed(key: str, value: str) -> str | int | bool:
    if value in ("true", "false"):
        return value == "true"
    return int(value) if key in ("over", "within", "score") else value


# --- the same table on the screen, on paper and in Excel


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_s24_the_workbook_equals_the_screen(branch: Books, tmp_path: Path, name: str, language: str) -> None:
    screen = table(branch, name)
    cells = list(written(screen, screen.rows, ZONE, language))
    total = [] if screen.total is None else list(written(screen, [screen.total], ZONE, language))
    excel.write(table(branch, name), tmp_path / "report.xlsx", ZONE, language, rows_max=100_000)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    sheet = book.active
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(min_row=excel.HEAD_ROWS, max_col=len(screen.columns), values_only=True)]
    titles = [column.en if language == "en" else column.zh for column in screen.columns]
    assert rows[0] == titles
    assert [as_on_screen(row) for row in rows[1:]] == [*cells, *total]
    kinds = {column.kind: place for place, column in enumerate(screen.columns)}
    for kind in kinds.keys() & {Kind.DAY, Kind.TIME}:
        found = {type(row[kinds[kind]]) for row in rows[1:]} - {type(None)}
        assert found <= {datetime}, "days and times are Excel's own"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$4:$4"
    assert sheet.page_setup.fitToHeight == 0
    foot = sheet.oddFooter
    assert foot is not None
    assert foot.left is not None
    assert ("Data version" if language == "en" else "数据版本") in str(foot.left.text)


def test_no_text_becomes_a_formula(branch: Books, tmp_path: Path) -> None:
    """A pause's reason and a teller's name that look like formulas arrive as the text they are."""
    excel.write(table(branch, "attendance"), tmp_path / "report.xlsx", ZONE, "zh-CN", rows_max=1000)
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx").active
    assert sheet is not None
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in found if cell.data_type == "f" or cell.hyperlink is not None]
    assert any(str(cell.value).startswith("=员工") for cell in found)


def test_charts_point_at_the_tables_own_cells(branch: Books, tmp_path: Path) -> None:
    excel.write(table(branch, "wait-times"), tmp_path / "report.xlsx", ZONE, "zh-CN", rows_max=1000)
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx").active
    assert sheet is not None
    assert len(sheet._charts) == 1  # type: ignore[attr-defined]


def test_more_rows_than_allowed_are_refused(branch: Books, tmp_path: Path) -> None:
    with pytest.raises(excel.TooManyRows):
        excel.write(table(branch, "ticket-detail"), tmp_path / "report.xlsx", ZONE, "zh-CN", rows_max=10)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_to_print_has_every_cell_but_those_that_its_head_says(branch: Books, language: str) -> None:
    made = table(branch, "satisfaction")
    rows = list(written(made, made.rows, ZONE, language))
    drawn = page(made, rows, None, language)
    assert drawn.count("<tr>") == len(rows) + 1
    assert _cells(drawn) == len(rows) * (len(made.columns) - len(("branch", "period")))
    assert "<script" not in drawn
    assert "&amp; Branch" in drawn or language == "zh-CN"
    by_day = table(branch, "satisfaction", {"by": "day"})
    rows = list(written(by_day, by_day.rows, ZONE, language))
    assert _cells(page(by_day, rows, None, language)) == len(rows) * (len(made.columns) - len(("branch",)))


def _cells(drawn: str) -> int:
    """But for the foot's one."""
    return drawn.count("<td") - 1


def test_paper_has_the_columns_that_a_wide_report_declares_and_says_so(branch: Books) -> None:
    wide = [report for report in REPORTS.values() if report.paper]
    assert wide
    for report in wide:
        made = table(branch, report.name)
        rows = list(written(made, made.rows, ZONE, "zh-CN"))
        drawn = page(made, rows, None, "zh-CN")
        assert report.paper < {column.name for column in made.columns}
        assert _cells(drawn) == len(rows) * len(report.paper)
        assert f"纸上 {len(report.paper)} 列，全部 {len(made.columns)} 列见 Excel" in drawn
        assert f"<td>{rows[0][1]} " not in drawn, "a time of the row's day is told by the clock"


def test_paper_and_workbook_say_what_they_are_narrowed_to(branch: Books, tmp_path: Path) -> None:
    made = table(branch, "ticket-detail", {"service": "personal", "teller": "1002", "result": "no_show", "called": True})
    drawn = page(made, [], None, "en")
    assert "Service: Personal · Teller: =员工2 1002 · Result: No-show · Called: yes" in drawn
    excel.write(made, tmp_path / "report.xlsx", ZONE, "zh-CN", rows_max=1000)
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx").active
    assert sheet is not None
    assert str(sheet["A2"].value).endswith("业务：业务 personal · 柜员：=员工2 1002 · 结果：弃号 · 已叫号：是")


def test_every_title_is_there_in_both_languages(branch: Books) -> None:
    for report in REPORTS.values():
        columns = table(branch, report.name).columns
        for term in (report.title, *(column.term for column in columns)):
            assert term.zh
            assert term.en
            assert not _has_chinese(term.en), term
        assert len({column.name for column in columns}) == len(columns)


def _has_chinese(text: str) -> bool:
    return any("\u3400" <= letter <= "\u9fff" for letter in text)


def test_rows_in_english_have_no_chinese_but_names(branch: Books) -> None:
    told: Sequence[str] = ("branch", "service", "queue", "teller_name", "rule", "note", "pauses_told", "complaints")
    for name in REPORTS:
        for row in lines(table(branch, name), "en"):
            assert not [key for key, value in row.items() if key not in told and _has_chinese(str(value))], name


def test_the_books_are_really_full(journal: Journal) -> None:
    """The made-up days have everything in them that the reports tell apart."""
    calls = [call for visit in journal.visits.values() for call in visit.episodes]
    assert {call.result for call in calls} >= {"finished", "no_show", "parked", "transferred"}
    assert {visit.state for visit in journal.visits.values()} == {"finished", "no_show", "cancelled", "expired"}
    assert any(len(visit.episodes) > 1 for visit in journal.visits.values())
    assert any(visit.activated for visit in journal.visits.values())
    assert any(shift.automatic for shift in journal.shifts)
    assert {visit.sms for visit in journal.visits.values()} == set(words.REMINDERS)
    assert {visit.shown for visit in journal.visits.values()} > set(IdentityKind)
    told = {call.trigger for call in calls}
    assert told >= {"threshold_time", "threshold_count", "threshold", "manual", "ratio", "appointment", "schedule", "order"}
    assert at(FIRST, "17:30") > 0
