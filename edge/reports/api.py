"""Reports over HTTP: as JSON for the screen, as a page to print, or as a workbook; all three of the same table."""

from collections.abc import Awaitable, Callable
from datetime import date
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.org.place import Place
from edge.reports import excel, page, rollup
from edge.reports.__main__ import Order
from edge.reports.ask import ReportQuery, check, period_of
from edge.reports.catalogue import REPORTS
from edge.reports.export import Exporter
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask, Report
from edge.reports.table import Column, Table, Written, edition_text, written
from edge.reports.words import in_language
from edge.web.problems import Problem
from edge.web.routes import Call, Language, Reply, Routes

routes: Final = Routes("reports")
PROBLEMS: Final = (
    Problem("unknown_report", 404, "没有这个报表", "There is no such report"),
    Problem("invalid_period", 400, "日期范围有误", "The range of days is not valid"),
    Problem("filter_not_supported", 400, "该报表不支持此筛选条件", "This report cannot be filtered by that"),
    Problem("report_too_large", 413, "报表行数过多，请缩短日期范围", "The report has too many rows: ask for fewer days"),
    Problem("export_busy", 503, "正在导出其他报表，请稍后再试", "Other reports are being exported, try again in a moment"),
    Problem("export_too_slow", 503, "导出超时，请缩短日期范围", "The export took too long: ask for fewer days"),
    Problem("export_failed", 500, "导出失败", "The export failed"),
)
_EXPORTER: Final = Exporter()
"""One at a time, whoever asks."""


class ReportName(msgspec.Struct, frozen=True):
    """A report that there is, and by what it can be filtered."""

    name: str
    title: str
    title_en: str
    filters: list[str]


class ReportList(msgspec.Struct, frozen=True):
    reports: list[ReportName]


class DrillView(msgspec.Struct, frozen=True):
    """Where the numbers of a column lead: this report, with the row's own query and this one over it."""

    report: str
    query: dict[str, str]


class ColumnView(msgspec.Struct, frozen=True):
    name: str
    title: str
    title_en: str
    kind: str
    drill: DrillView | None


class EditionView(msgspec.Struct, frozen=True):
    """Which state of the facts this is."""

    days: int
    version: int
    through_seq: int
    open_days: list[date]
    """未结: still going on."""
    text: str


class ChartView(msgspec.Struct, frozen=True):
    """A picture of some columns."""

    kind: str
    title: str
    x: str
    series: list[str]


class ConditionView(msgspec.Struct, frozen=True):
    """One thing that the report was narrowed to, in the caller's language."""

    name: str
    """As the query string has it."""
    title: str
    text: str


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report as the screen shows it; texts in rows are in the caller's language."""

    name: str
    title: str
    title_en: str
    branch: str
    first: date
    last: date
    edition: EditionView
    conditions: list[ConditionView]
    columns: list[ColumnView]
    rows: list[list[str | int | float | None]]
    at: list[dict[str, str]]
    """For each row the query that leads to what it is about."""
    total: list[str | int | float | None] | None
    charts: list[ChartView]
    truncated: bool
    """There are more rows behind `limit`."""


@routes.get("/api/reports", permission="reports.view", reply=ReportList, summary="What reports there are")
async def list_reports(_call: Call[None]) -> ReportList:
    found = REPORTS.values()
    return ReportList([ReportName(one.name, one.title.zh, one.title.en, sorted(one.filters)) for one in found])


@routes.get(page.STYLE_PATH, permission="reports.view", summary="How a report's page is laid out", content_type=page.STYLE_TYPE)
async def print_style(_call: Call[None]) -> Reply:
    return Reply(page.STYLE.encode(), content_type=page.STYLE_TYPE)


@routes.get(
    "/api/reports/{name}",
    query=ReportQuery,
    permission="reports.view",
    reply=ReportView,
    summary="One report, for a day, month, quarter, year or range",
    problems=tuple(problem.code for problem in PROBLEMS),
)
async def report(call: Call[ReportQuery]) -> ReportView | Reply:
    wish, place = call.query, call.app[Place]
    made = REPORTS.get(call.path["name"])
    if made is None:
        raise Rejected("unknown_report")
    check(wish, made.filters)
    period = period_of(wish, place.now())
    await rollup.catch_up(call.app.pipeline, period)
    if made.looks_back:
        await rollup.catch_up(call.app.pipeline, period.previous)
    language = wish.language or call.language
    return await SHOW[wish.format](call, made, period, language)


async def _json(call: Call[ReportQuery], made: Report, period: Period, language: Language) -> ReportView:
    return await _read(call, made, period, lambda table: _view(table, _portion(table, call, language), language))


async def _print(call: Call[ReportQuery], made: Report, period: Period, language: Language) -> Reply:
    def draw(table: Table) -> bytes:
        portion = _portion(table, call, language)
        if portion.truncated:
            raise Rejected("report_too_large", rows_max=call.query.limit)
        return page.page(table, portion.rows, portion.total, language).encode()

    return Reply(await _read(call, made, period, draw), headers=page.HEADERS, content_type=page.MEDIA_TYPE)


async def _workbook(call: Call[ReportQuery], made: Report, period: Period, language: Language) -> Reply:
    place, pipeline = call.app[Place], call.app.pipeline
    order = Order(
        database=str(pipeline.db.path),
        target="",
        report=made.name,
        query=call.query,
        first=period.first,
        last=period.last,
        zone=place.zone.key,
        now_ms=place.clock.now_ms(),
        language=language,
    )
    done = await _EXPORTER.export(order)
    name = f'attachment; filename="{made.name}-{period.first}-{period.last}.xlsx"'
    return Reply(done.content, headers=(("Content-Disposition", name),), content_type=excel.MEDIA_TYPE)


Show = Callable[[Call[ReportQuery], Report, Period, Language], Awaitable[ReportView | Reply]]
SHOW: Final[dict[str, Show]] = {"json": _json, "print": _print, "xlsx": _workbook}
T = TypeVar("T")


async def _read(call: Call[ReportQuery], made: Report, period: Period, show: Callable[[Table], T]) -> T:
    """Make the table in a reading thread, and show it while its connection lives."""
    place, wish = call.app[Place], call.query

    def read(connection: Connection) -> T:
        source = Source(connection, period, place.zone, place.clock.now_ms(), wish.by, wish.scope)
        return show(made.table(Ask(source, wish)))

    return await call.app.pipeline.db.scan(read)


class Portion(NamedTuple):
    """The rows that were asked for, written, and where each of them leads."""

    rows: list[Written]
    at: list[dict[str, str]]
    total: Written | None
    truncated: bool


def _portion(table: Table, call: Call[ReportQuery], language: Language) -> Portion:
    wish, zone = call.query, call.app[Place].zone
    found = list(islice(table.rows, wish.offset, wish.offset + wish.limit + 1))
    shown = found[: wish.limit]
    total = None if table.total is None else next(written(table, [table.total], zone, language))
    rows = list(written(table, shown, zone, language))
    return Portion(rows, [dict(row.at) for row in shown], total, truncated=len(found) > wish.limit)


def _view(table: Table, portion: Portion, language: Language) -> ReportView:
    edition = table.edition
    return ReportView(
        name=table.name,
        title=table.title.zh,
        title_en=table.title.en,
        branch=in_language(table.branch, language),
        first=table.period.first,
        last=table.period.last,
        edition=EditionView(
            edition.days, edition.version, edition.through_seq, list(edition.open_days), edition_text(edition, language)
        ),
        conditions=[
            ConditionView(one.name, in_language(one.title, language), in_language(one.value, language))
            for one in table.conditions
        ],
        columns=[_column_view(column) for column in table.columns],
        rows=portion.rows,
        at=portion.at,
        total=portion.total,
        charts=[
            ChartView(chart.kind, in_language(chart.title, language), chart.x, list(chart.series)) for chart in table.charts
        ],
        truncated=portion.truncated,
    )


def _column_view(column: Column) -> ColumnView:
    drill = None if column.drill is None else DrillView(column.drill.report, dict(column.drill.query))
    return ColumnView(column.name, column.zh, column.en, column.kind.value, drill)
