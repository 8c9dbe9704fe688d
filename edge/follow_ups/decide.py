"""Whether a rating can be followed up. Pure: only a bad one, and only once."""

from collections.abc import Sequence
from typing import Final

from edge.follow_ups import tables
from edge.follow_ups.model import FollowUpRating, RatingFollowedUp
from edge.follow_ups.tables import BadRating
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler


def load(connection: Connection, command: FollowUpRating, _context: Context) -> BadRating | None:
    return tables.bad_rating(connection, command.ticket)


def follow_up(state: BadRating | None, command: FollowUpRating, _context: Context) -> Sequence[Event]:
    if state is None:
        raise Rejected("no_bad_rating")
    if state.outcome is not None:
        raise Rejected("already_followed_up", number=state.number)
    return [RatingFollowedUp(ticket=state.ticket, outcome=command.outcome, note=command.note)]


HANDLERS: Final[dict[type[Command], Handler]] = {FollowUpRating: Handler(load, follow_up)}
