"""How the desk works, for the teller's page: what can be chosen, and what happens by itself."""

from typing import Final

import msgspec

from edge.policy import tables as policy
from edge.queue import desk_policy as keys
from edge.queue.desk_policy import Option, Outcomes
from edge.queue.policy import CALLS_BEFORE_NO_SHOW, CALLS_MAX
from edge.web.routes import Call, Routes

routes: Final = Routes("queue")


class DeskWays(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that hold at one counter."""

    pause_reasons: tuple[Option, ...]
    pause_reason_needed: bool
    outcomes: dict[str, Outcomes]
    """By service; `*` for those that are not named."""
    auto_call: bool
    wrap_up_s: int
    calls_before_no_show: int
    calls_max: int
    served_after_s: int
    """Next so soon after a call means that nobody came."""


@routes.get(
    "/api/counters/{counter}/ways",
    audience={"staff"},
    permission="queue.view",
    reply=DeskWays,
    summary="What can be chosen at a counter, and what happens by itself",
)
async def ways(call: Call[None]) -> DeskWays:
    with call.app.pipeline.db.reader() as connection:
        return DeskWays(
            pause_reasons=policy.read(connection, keys.PAUSE_REASONS),
            pause_reason_needed=policy.read(connection, keys.PAUSE_REASON_NEEDED),
            outcomes=policy.read(connection, keys.OUTCOMES),
            auto_call=keys.auto_call(connection, call.path["counter"]),
            wrap_up_s=policy.read(connection, keys.WRAP_UP_S),
            calls_before_no_show=policy.read(connection, CALLS_BEFORE_NO_SHOW),
            calls_max=policy.read(connection, CALLS_MAX),
            served_after_s=policy.read(connection, keys.SERVED_AFTER_S),
        )
