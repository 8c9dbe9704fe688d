"""The export worker: a process of its own that reads the branch's database and writes one workbook.

It takes its order as JSON on standard input and answers in JSON on standard output, so that the event loop, its memory and its
interpreter never feel an export. It cannot write to the database. `export.py` starts it.
"""

import os
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from time import process_time
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge.kernel.db import connect_reader
from edge.reports import excel
from edge.reports.ask import EXPORT_ROWS_MAX, ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask

NICE: Final = 5
"""Customers first."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to export, from where, to where."""

    database: str
    target: str
    report: str
    query: ReportQuery
    first: date
    last: date
    zone: str
    now_ms: int
    language: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `rows` is None where there were too many."""

    rows: int | None
    peak_kib: int
    cpu_s: float


def carry_out(order: Order) -> int | None:
    """Write the workbook, from one snapshot; returns its rows, None where there are too many."""
    zone = ZoneInfo(order.zone)
    with closing(connect_reader(order.database)) as connection:
        connection.execute("BEGIN")
        period, query = Period(order.first, order.last), order.query
        source = Source(connection, period, zone, order.now_ms, query.by, query.scope)
        table = REPORTS[order.report].table(Ask(source, query))
        try:
            return excel.write(table, Path(order.target), zone, order.language, rows_max=EXPORT_ROWS_MAX)
        except excel.TooManyRows:
            return None
        finally:
            connection.execute("COMMIT")


def main() -> int:
    """One order, one answer."""
    os.nice(NICE)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    rows = carry_out(order)
    sys.stdout.buffer.write(msgspec.json.encode(Done(rows=rows, peak_kib=peak_kib(), cpu_s=process_time())))
    return 0


def peak_kib() -> int:
    """The most memory this program held at once; what its parent held before it became this program does not count."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
