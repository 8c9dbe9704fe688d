"""Words, command and event of following a bad rating up.

A rating is bad when its score is 2 or 1. It waits for somebody of the branch to talk to the customer; whoever did says in one
word, and in a few of their own, what came of it. That is done once: what was said first stands.
"""

import enum
from typing import Annotated, ClassVar, Final

import msgspec

from edge.kernel.domain import Command, Event
from edge.queue.model import TicketId

BAD_MAX: Final = 2
"""A score up to this one is a bad rating (不满意, 非常不满意)."""

Note = Annotated[str, msgspec.Meta(max_length=80)]


class Outcome(enum.StrEnum):
    """What came of talking to the customer."""

    SETTLED = "settled"
    EXPLAINED = "explained"
    PASSED_ON = "passed_on"
    NOT_REACHED = "not_reached"


class FollowUpRating(Command, frozen=True, kw_only=True):
    """Somebody followed a bad rating up."""

    NAME: ClassVar[str] = "follow_ups.follow_up_rating"
    ticket: TicketId
    outcome: Outcome
    note: Note = ""


class RatingFollowedUp(Event, frozen=True, kw_only=True):
    """A bad rating was followed up, once; who did it is the record's actor."""

    TYPE: ClassVar[str] = "follow_ups.rating_followed_up.v1"
    ticket: str
    outcome: Outcome
    note: str = ""
    """In the words of whoever did it; no number has a place in it."""

    def entity(self) -> str:
        return self.ticket
