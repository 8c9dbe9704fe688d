"""Following bad ratings up over HTTP: what waits, what was done lately, and that one is done."""

from datetime import datetime
from typing import Final

import msgspec

from edge.follow_ups import tables
from edge.follow_ups.model import FollowUpRating, Note, Outcome
from edge.follow_ups.tables import BadRating
from edge.kernel.db import Connection
from edge.org import tables as org
from edge.org.place import Place
from edge.queue.said import said
from edge.web.routes import Call, Routes

routes: Final = Routes("follow_ups")
SHOWN_MAX: Final = 200
DONE_SHOWN_MS: Final = 7 * 24 * 3600 * 1000
"""How long one that was followed up stays on the list."""


class BadRatingView(msgspec.Struct, frozen=True, kw_only=True):
    """A bad rating and what came of it."""

    ticket: str
    number: str
    score: int
    reasons: list[str]
    counter: str | None
    counter_number: int | None
    staff: str | None
    staff_name: str | None
    rated_at: datetime
    outcome: Outcome | None
    note: str
    done_by: str | None
    done_by_name: str | None
    done_at: datetime | None


class BadRatings(msgspec.Struct, frozen=True):
    """The newest first."""

    waiting: list[BadRatingView]
    done: list[BadRatingView]
    """Of the last seven days."""


@routes.get(
    "/api/bad-ratings",
    permission="follow_ups.follow_up_rating",
    reply=BadRatings,
    summary="Bad ratings that wait to be followed up, and those that lately were",
)
async def bad_ratings(call: Call[None]) -> BadRatings:
    place = call.app[Place]

    def read(connection: Connection) -> BadRatings:
        waiting = tables.waiting(connection, SHOWN_MAX)
        done = tables.done_since(connection, place.clock.now_ms() - DONE_SHOWN_MS, SHOWN_MAX)
        show = _Show(connection, place)
        return BadRatings([show(one) for one in waiting], [show(one) for one in done])

    return await call.app.pipeline.db.scan(read)


class FollowUpRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it."""

    outcome: Outcome
    note: Note = ""


class FollowedUp(msgspec.Struct, frozen=True):
    ticket: str
    outcome: Outcome


@routes.post(
    "/api/bad-ratings/{ticket}/follow-up",
    body=FollowUpRequest,
    reply=FollowedUp,
    permission="follow_ups.follow_up_rating",
    summary="A bad rating was followed up (差评回访), once",
    problems=("no_bad_rating", "already_followed_up", "number_in_text"),
)
async def follow_up(call: Call[FollowUpRequest]) -> FollowedUp:
    wish, ticket = call.body, call.path["ticket"]
    await call.submit(FollowUpRating(ticket=ticket, outcome=wish.outcome, note=said(wish.note.strip())))
    return FollowedUp(ticket, wish.outcome)


class _Show:
    """Puts names to numbers."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection, self._zone = connection, place.zone
        self._counters = {one.id: one.number for one in org.counters(connection)}

    def __call__(self, one: BadRating) -> BadRatingView:
        return BadRatingView(
            ticket=one.ticket,
            number=one.number,
            score=one.score,
            reasons=msgspec.json.decode(one.reasons, type=list[str]),
            counter=one.counter,
            counter_number=self._counters.get(one.counter or ""),
            staff=one.staff,
            staff_name=self._name(one.staff),
            rated_at=self._at(one.rated_ms),
            outcome=None if one.outcome is None else Outcome(one.outcome),
            note=one.note,
            done_by=one.done_by,
            done_by_name=self._name(one.done_by),
            done_at=None if one.done_ms is None else self._at(one.done_ms),
        )

    def _name(self, staff_no: str | None) -> str | None:
        found = None if staff_no is None else org.staff(self._connection, staff_no)
        return None if found is None else found.name

    def _at(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, self._zone)
