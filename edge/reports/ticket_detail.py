"""排队机明细 ticket detail: one row per ticket, the ground on which every other report stands (R080)."""

from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.org import tables as org
from edge.reports.period import Period
from edge.reports.table import Column, Kind, Table

ROWS_MAX: Final = 20_000

COLUMNS: Final = (
    Column("day", "日期", "Day", Kind.TEXT),
    Column("number", "票号", "Number", Kind.TEXT),
    Column("service", "业务", "Service", Kind.TEXT),
    Column("queue", "队列", "Queue", Kind.TEXT),
    Column("tier", "等级", "Tier", Kind.TEXT),
    Column("channel", "渠道", "Channel", Kind.TEXT),
    Column("recognised", "已识别", "Recognised", Kind.FLAG),
    Column("taken", "取号", "Taken", Kind.TIME),
    Column("called", "首叫", "First call", Kind.TIME),
    Column("calls", "叫号次数", "Calls", Kind.COUNT),
    Column("served", "开始", "Start", Kind.TIME),
    Column("finished", "结束", "End", Kind.TIME),
    Column("wait", "等待", "Wait", Kind.DURATION),
    Column("service_time", "办理", "Service time", Kind.DURATION),
    Column("counter", "窗口", "Counter", Kind.COUNT),
    Column("staff", "柜员", "Teller", Kind.TEXT),
    Column("result", "结果", "Result", Kind.TEXT),
    Column("rule", "规则", "Rule", Kind.TEXT),
    Column("rating", "评价", "Rating", Kind.COUNT),
    Column("slip", "号单", "Slip", Kind.TEXT),
)

_ROWS: Final = """
SELECT day, ticket.number, service, queue, tier, channel, customer IS NOT NULL, taken_ms, called_ms, calls, served_ms,
       finished_ms, max(0, called_ms - taken_ms) / 1000,
       CASE WHEN ticket.state = 'finished' THEN max(0, finished_ms - served_ms) / 1000 END, org_counter.number, staff,
       CASE WHEN ticket.state = 'expired' AND outcome = 'no_show' THEN outcome ELSE ticket.state END, rule, rating, slip
FROM ticket LEFT JOIN org_counter ON org_counter.id = ticket.counter
WHERE day BETWEEN ? AND ? ORDER BY day, ticket.seq LIMIT ?
"""


def make(connection: Connection, period: Period) -> Table:
    """The tickets of `period`, oldest first; `truncated` says that there are more than the limit."""
    rows = connection.execute(_ROWS, (period.first.isoformat(), period.last.isoformat(), ROWS_MAX + 1)).fetchall()
    branch = org.branch(connection)
    return Table(
        name="ticket-detail",
        title="排队机明细报表",
        title_en="Ticket detail",
        branch=msgspec.to_builtins(branch)["name"] if branch else "",
        period=period,
        columns=COLUMNS,
        rows=rows[:ROWS_MAX],
        truncated=len(rows) > ROWS_MAX,
    )
