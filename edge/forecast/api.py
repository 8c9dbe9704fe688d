"""The forecast over HTTP: how it is, what a change would save, how a rule would have done, whom to ask to the counters."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from edge.forecast import tables
from edge.forecast.back_test import DAYS_MAX
from edge.forecast.jobs import BackTests, BackTestView, Wish
from edge.forecast.letters import Change, ClassEffect, Effects, Proposal, Proposals, Staffing, WhatIf
from edge.forecast.live import LiveForecast
from edge.kernel.domain import Rejected
from edge.org import tables as org
from edge.org.place import Place
from edge.queue import views
from edge.queue.call_rules import CallRules
from edge.queue.model import Tier
from edge.queue.ruling import targets_s
from edge.web.problems import Problem
from edge.web.routes import Call, Routes

routes: Final = Routes("forecast")

PROBLEMS: Final = (
    Problem("forecast_stopped", 503, "等候预测暂不可用", "The waiting forecast is not available now"),
    Problem("forecast_warming", 503, "等候预测正在学习历史数据，请稍候", "The waiting forecast is still learning"),
    Problem("forecast_busy", 503, "等候预测正忙，请稍后再试", "The waiting forecast is busy; try again"),
    Problem("too_crowded", 503, "等候人数过多，无法逐人预测", "Too many people wait to forecast them one by one"),
)
_PROBLEMS: Final = tuple(problem.code for problem in PROBLEMS)
CHANGES_MAX: Final = 10
Counter = Annotated[str, msgspec.Meta(max_length=32)]
Counters = Annotated[tuple[Counter, ...], msgspec.Meta(max_length=99)]


class ForecastView(msgspec.Struct, frozen=True, kw_only=True):
    """How the forecast is, and how often its promises held today."""

    basis: str
    """What waits are made from now: `simulated` or `position`."""
    state: str
    """`ready`, `warming`, `too_crowded`, `unconfigured` or `stopped`."""
    learned_share: float
    made_at: datetime | None
    spent_ms: float
    called_today: int
    kept_today: int
    """Of those, called within the range that stood on their ticket."""


@routes.get("/api/forecast", permission="queue.view", reply=ForecastView, summary="How the waiting forecast is")
async def forecast(call: Call[None]) -> ForecastView:
    standing, place = call.app[LiveForecast].standing, call.app[Place]
    kept = await call.app.pipeline.db.scan(tables.kept_today)
    return ForecastView(
        basis=standing.basis,
        state=standing.state,
        learned_share=standing.learned_share,
        made_at=views.maybe_moment(standing.made_ms, place.zone),
        spent_ms=standing.spent_ms,
        called_today=kept.called,
        kept_today=kept.kept,
    )


class WhatIfRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to be thought through together."""

    changes: Annotated[tuple[Change, ...], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]


class WhatIfView(msgspec.Struct, frozen=True, kw_only=True):
    """What the changes do for each class of those who wait now: mean waits from now, in seconds."""

    classes: list[ClassEffect]


@routes.post(
    "/api/what-if",
    body=WhatIfRequest,
    reply=WhatIfView,
    permission="forecast.ask",
    idempotent=False,
    summary="What a change of counters, rules or services would save",
    problems=(*_PROBLEMS, "unknown_counter", "unknown_service"),
)
async def what_if(call: Call[WhatIfRequest]) -> WhatIfView:
    now_ms = call.app[Place].clock.now_ms()
    found = await call.app[LiveForecast].ask(lambda number: WhatIf(number, now_ms, call.body.changes), Effects)
    return WhatIfView(classes=found.classes)


class StaffingView(msgspec.Struct, frozen=True, kw_only=True):
    """The next two hours: who will be served within the target, and what one more counter would do about it."""

    people: float
    """Who waits now and who will come, on average."""
    share_now: float
    """Of them, served within their target if nothing changes."""
    proposals: list[Proposal]
    """Best first."""


@routes.get(
    "/api/staffing",
    permission="forecast.ask",
    reply=StaffingView,
    summary="Which counter to open in the next two hours",
    problems=_PROBLEMS,
)
async def staffing(call: Call[None]) -> StaffingView:
    now_ms, targets = call.app[Place].clock.now_ms(), _targets_s(call)
    found = await call.app[LiveForecast].ask(lambda number: Staffing(number, now_ms, targets), Proposals)
    return StaffingView(people=found.people, share_now=found.share_now, proposals=found.proposals)


class BackTestRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules to be tried on the branch's own past days; without names, at all counters."""

    rules: CallRules
    counters: Counters = ()
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 5


@routes.post(
    "/api/back-test",
    body=BackTestRequest,
    reply=BackTestView,
    status=202,
    permission="queue.set_rules",
    idempotent=False,
    summary="Try rules on past days before they are published; the answer is fetched from its address",
    problems=("forecast_stopped", "forecast_busy", "unknown_counter"),
)
async def back_test(call: Call[BackTestRequest]) -> BackTestView:
    wish = call.body
    with call.app.pipeline.db.reader() as connection:
        if any(org.counter(connection, counter) is None for counter in wish.counters):
            raise Rejected("unknown_counter")
    asked = Wish(rules=wish.rules, counters=wish.counters, days=wish.days, target_s=_targets_s(call))
    return call.app[BackTests].begin(asked, call.app[Place].now())


@routes.get(
    "/api/back-test/{test}",
    permission="queue.set_rules",
    reply=BackTestView,
    summary="How far a back-test is, and what it found",
    problems=("not_found",),
)
async def back_test_state(call: Call[None]) -> BackTestView:
    return call.app[BackTests].show(call.path["test"])


def _targets_s(call: Call[Any]) -> dict[Tier, int]:
    with call.app.pipeline.db.reader() as connection:
        return targets_s(connection)
