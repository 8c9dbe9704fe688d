"""What can be asked of a report: the query string, checked against what the report understands."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec

from edge.appointments.model import State as Booked
from edge.kernel.domain import Rejected
from edge.queue.model import Channel, Tier
from edge.reports.facts import Scope
from edge.reports.period import Period, resolve

ROWS_MAX: Final = 20_000
"""Rows on one screen."""
EXPORT_ROWS_MAX: Final = 60_000
"""Rows in one workbook: a quarter of a busy branch."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Band = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):(00|30)$")]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=181)]
Result = Literal[
    "pending",
    "waiting",
    "called",
    "serving",
    "parked",
    "no_show",
    "finished",
    "cancelled",
    "expired",
    "transferred",
    "returned",
]

SCOPE: Final = frozenset({"service", "tier", "teller", "counter"})
EXPLAINED: Final = ("period", "first", "last", "format", "language", "limit", "offset")
"""Fields that every report understands."""


class ReportQuery(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """Which days, of whom, how to show it; below the line what the detail reports understand besides."""

    period: Literal["day", "month", "quarter", "year"] = "day"
    first: date | None = None
    last: date | None = None
    format: Literal["json", "xlsx", "print"] = "json"
    language: Literal["zh-CN", "en"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=ROWS_MAX)] = ROWS_MAX
    offset: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    by: Literal["total", "day", "month", "quarter", "year"] = "total"
    """How the period is cut into lines."""
    target: Annotated[int, msgspec.Meta(ge=1, le=180)] | None = None
    """Minutes that nobody should wait longer than; where none is given, the policy's for ordinary customers."""
    service: Text | None = None
    tier: Tier | None = None
    teller: Text | None = None
    counter: Text | None = None

    band: Band | None = None
    """The half hour that begins then."""
    day_class: Literal["workday", "weekend", "holiday"] | None = None
    result: Result | None = None
    over: Minutes | None = None
    """Waited longer than so many minutes; called ones only."""
    within: Minutes | None = None
    """Waited at most so many minutes; called ones only."""
    called: bool | None = None
    rated: bool | None = None
    score: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    bad: bool | None = None
    """Rated with one of the two worst scores."""
    followed_up: bool | None = None
    """That rating was followed up."""
    promise: Literal["kept", "early", "late"] | None = None
    later: bool | None = None
    """Its phone showed other ranges afterwards, and it was called."""
    overtaken: bool | None = None
    recognised: bool | None = None
    activated: bool | None = None
    appointed: bool | None = None
    channel: Channel | None = None
    booking: Booked | None = None
    """What has become of an appointment."""
    came: bool | None = None
    """Its holder came."""
    expert: bool | None = None
    cash: bool | None = None
    parking: bool | None = None
    """A bay was asked for."""
    parked: bool | None = None
    rule: Text | None = None
    scheduled: bool | None = None
    """Called under a schedule's rule."""
    trigger: Text | None = None
    """What made the rule call it."""
    means: Text | None = None
    """By what its holder was recognised, or would have been."""
    sms: Text | None = None
    """What became of its reminder."""
    reason: Text | None = None
    served: bool | None = None
    """The customer came and the service is over."""

    @property
    def scope(self) -> Scope:
        return Scope(self.service, self.tier, self.teller, self.counter)

    def named_fields(self) -> list[str]:
        """What was asked for beyond what every report understands."""
        defaults = ReportQuery()
        names = [name for name in self.__struct_fields__ if name not in EXPLAINED]
        return [name for name in names if getattr(self, name) != getattr(defaults, name)]


def check(query: ReportQuery, understood: Iterable[str]) -> None:
    """Raise Rejected where a report is asked for what it cannot tell apart."""
    for name in query.named_fields():
        if name not in understood:
            raise Rejected("filter_not_supported", filter=name)


def period_of(query: ReportQuery, now: datetime) -> Period:
    return resolve(query.period, query.first, query.last, now.date())


def band_number(band: str) -> int:
    hours, minutes = band.split(":")
    return int(hours) * 2 + int(minutes) // 30
