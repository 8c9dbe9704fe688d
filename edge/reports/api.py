"""Reports over HTTP, as JSON for the screen or as a workbook."""

from collections.abc import Callable
from datetime import date
from typing import Final, Literal

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.org.place import Place
from edge.reports import excel, ticket_detail
from edge.reports.period import Period, resolve
from edge.reports.table import Table, written
from edge.web.problems import Problem
from edge.web.routes import Call, Reply, Routes

routes: Final = Routes("reports")
PROBLEMS: Final = (
    Problem("unknown_report", 404, "没有这个报表", "There is no such report"),
    Problem("invalid_period", 400, "日期范围有误", "The range of days is not valid"),
)

Make = Callable[[Connection, Period], Table]


class ReportName(msgspec.Struct, frozen=True):
    name: str
    title: str
    title_en: str


REPORTS: Final[dict[str, tuple[ReportName, Make]]] = {
    "ticket-detail": (ReportName("ticket-detail", "排队机明细报表", "Ticket detail"), ticket_detail.make),
}
"""The table of contents: a new report is one module and one line here."""


class ReportList(msgspec.Struct, frozen=True):
    reports: list[ReportName]


class ColumnView(msgspec.Struct, frozen=True):
    name: str
    title: str
    title_en: str
    kind: str


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report as the screen shows it."""

    name: str
    title: str
    title_en: str
    branch: str
    first: date
    last: date
    columns: list[ColumnView]
    rows: list[list[str | int | None]]
    truncated: bool


class ReportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    period: Literal["day", "month", "quarter", "year"] = "day"
    first: date | None = None
    last: date | None = None
    format: Literal["json", "xlsx"] = "json"


@routes.get("/api/reports", permission="reports.view", reply=ReportList, summary="What reports there are")
async def list_reports(_call: Call[None]) -> ReportList:
    return ReportList([name for name, _ in REPORTS.values()])


@routes.get(
    "/api/reports/{name}",
    query=ReportQuery,
    permission="reports.view",
    reply=ReportView,
    summary="One report, for a day, month, quarter, year or range",
    problems=("unknown_report", "invalid_period"),
    also_content_type=excel.MEDIA_TYPE,
)
async def report(call: Call[ReportQuery]) -> ReportView | Reply:
    wish, place = call.query, call.app[Place]
    if call.path["name"] not in REPORTS:
        raise Rejected("unknown_report")
    _, make = REPORTS[call.path["name"]]
    period = resolve(wish.period, wish.first, wish.last, place.now().date())
    table = await call.app.pipeline.db.scan(lambda connection: make(connection, period))
    if wish.format == "json":
        return _view(table, place)
    chinese = call.language == "zh-CN"
    content = await call.app.pipeline.db.scan(lambda _: excel.workbook(table, place.zone, chinese=chinese))
    name = f"{table.name}-{period.first}-{period.last}.xlsx"
    return Reply(content, headers=(("Content-Disposition", f'attachment; filename="{name}"'),), content_type=excel.MEDIA_TYPE)


def _view(table: Table, place: Place) -> ReportView:
    return ReportView(
        name=table.name,
        title=table.title,
        title_en=table.title_en,
        branch=table.branch,
        first=table.period.first,
        last=table.period.last,
        columns=[ColumnView(column.name, column.title, column.title_en, column.kind.value) for column in table.columns],
        rows=written(table, place.zone),
        truncated=table.truncated,
    )
