"""柜员服务效率 (R078): what each teller's time at a counter went into."""

from datetime import date
from typing import Any, Final

from edge.org import tables as org
from edge.reports import histogram as h
from edge.reports.cells import DeskCalls, Duty
from edge.reports.gather import total
from edge.reports.period import Period
from edge.reports.report import PERIOD, Ask, Grid, Report, branch_column, calls, teller_columns
from edge.reports.table import Chart, Column, Kind, Row, mean, share
from edge.reports.tally import DESK_CALLS, DUTY
from edge.reports.words import TOTAL, Term

STANDARD_S: Final = 300
"""One unit of the weighted volume (业务折算量): a service that usually takes five minutes."""
HOUR_S: Final = 3600

Key = tuple[Period, str, str]


def make(ask: Ask) -> Grid:
    """A service or tier in the scope leaves presence as it is, so idle time and what follows from it is not told then."""

    def group(day: date, cell: Duty | DeskCalls) -> Key:
        return ask.part(day), cell.staff, cell.counter

    duties = ask.source.sums(DUTY, Duty, group)
    work = ask.source.sums(DESK_CALLS, DeskCalls, group)
    volumes = _volumes(ask)
    keys = sorted({*duties, *work})
    rows = []
    for part, staff, counter in keys:
        key = (part, staff, counter)
        duty, done = duties.get(key, Duty(staff, counter)), work.get(key, DeskCalls(staff, counter, "", ""))
        head = [part.label, staff, ask.staff_name(staff), counter]
        values = _values(head, duty, done, volumes.get(key, 0.0), whole=_tells_idle(ask))
        rows.append(Row(values, ask.at(part, teller=staff, counter=counter)))
    period = ask.source.period
    duty, done = total(Duty, list(duties.values())), total(DeskCalls, list(work.values()))
    head = [period.label, TOTAL.zh if ask.query.language != "en" else TOTAL.en, None, None]
    whole = Row(_values(head, duty, done, sum(volumes.values()), whole=_tells_idle(ask)), ask.at(period))
    chart = Chart("column", Term("办理数", "Served"), "teller", ("finished",))
    return Grid(_columns(ask), rows, whole if rows else None, (chart,))


def _tells_idle(ask: Ask) -> bool:
    return not ask.source.scope.named & {"service", "tier"}


def _volumes(ask: Ask) -> dict[Any, float]:
    """Finished calls, each weighed by how long its service usually takes: by today's configuration."""
    usual = {service.id: service.usual_s for service in org.services(ask.connection)}
    by_service = ask.source.sums(
        DESK_CALLS, DeskCalls, lambda day, cell: (ask.part(day), cell.staff, cell.counter, cell.service)
    )
    found: dict[Any, float] = {}
    for (*key, service), cell in by_service.items():
        found[tuple(key)] = found.get(tuple(key), 0.0) + cell.finished * usual.get(service, STANDARD_S) / STANDARD_S
    return found


def _values(head: list[Any], duty: Duty, done: DeskCalls, volume: float, *, whole: bool) -> list[Any]:
    present_s = duty.signed_s - duty.paused_s
    served = h.size(done.services)
    idle_s = max(0, present_s - done.service_s) if whole else None
    return [
        *("", *head, duty.signed_s, duty.paused_s, duty.pauses, idle_s, done.service_s),
        share(done.service_s, present_s) if whole else None,
        *(done.calls, done.finished, done.transferred, done.no_show, done.parked),
        *(mean(done.service_s, served), h.percentile(done.services, 90)),
        share(done.finished * HOUR_S, present_s) if whole else None,
        *(volume, mean(done.response_s, done.calls)),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        PERIOD,
        *teller_columns(ask),
        Column("signed_in", "签到时长（分）", "Signed in (min)", Kind.MINUTES),
        Column("paused", "暂停时长（分）", "Paused (min)", Kind.MINUTES),
        Column("pauses", "暂停次数", "Pauses", Kind.COUNT),
        Column("idle", "空闲时长（分）", "Idle (min)", Kind.MINUTES),
        Column("serving", "服务时长（分）", "Serving (min)", Kind.MINUTES, drill=calls(served="true")),
        Column("utilisation", "利用率", "Utilisation", Kind.SHARE),
        Column("calls", "叫号数", "Calls", Kind.COUNT, drill=calls()),
        Column("finished", "办理数", "Served", Kind.COUNT, drill=calls(result="finished")),
        Column("transferred", "转移数", "Transferred", Kind.COUNT, drill=calls(result="transferred")),
        Column("no_show", "弃号数", "No-shows", Kind.COUNT, drill=calls(result="no_show")),
        Column("parked", "暂离数", "Parked", Kind.COUNT, drill=calls(result="parked")),
        Column("mean_service", "平均办理时长（分）", "Mean service (min)", Kind.MINUTES, drill=calls(served="true")),
        Column("p90_service", "办理P90（分）", "Service P90 (min)", Kind.WHOLE_MINUTES, drill=calls(served="true")),
        Column("per_hour", "每小时办理", "Served per hour", Kind.RATIO),
        Column("volume", "业务折算量", "Weighted volume", Kind.RATIO, drill=calls(result="finished")),
        Column("response", "平均响应（分）", "Mean response (min)", Kind.MINUTES, drill=calls()),
    ]


REPORT: Final = Report(
    "teller-efficiency",
    Term("柜员服务效率报表", "Teller efficiency"),
    make,
    frozenset({"service", "tier", "teller", "counter", "by"}),
)
