"""The table of contents: a new report is one module and one line here."""

from typing import Final

from edge.reports import (
    appointment_counts,
    attendance,
    booking_detail,
    call_detail,
    call_reasons,
    calls_by_band,
    device_health,
    fairness,
    promise_kept,
    satisfaction,
    teller_efficiency,
    ticket_detail,
    traffic,
    wait_times,
)
from edge.reports.report import Report

_ALL: Final = (
    wait_times.REPORT,
    teller_efficiency.REPORT,
    satisfaction.REPORT,
    ticket_detail.REPORT,
    traffic.REPORT,
    calls_by_band.REPORT,
    appointment_counts.REPORT,
    attendance.REPORT,
    promise_kept.REPORT,
    fairness.REPORT,
    call_reasons.REPORT,
    call_detail.REPORT,
    booking_detail.REPORT,
    device_health.REPORT,
)
REPORTS: Final[dict[str, Report]] = {report.name: report for report in _ALL}
