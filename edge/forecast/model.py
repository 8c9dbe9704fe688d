"""The words of this room: what became of the ranges that phones showed after a number was taken."""

from typing import ClassVar

from edge.kernel.domain import Command, Event


class ScorePromises(Command, frozen=True, kw_only=True):
    """A ticket was called: compare what its phone had shown with what came true."""

    NAME: ClassVar[str] = "forecast.score_promises"
    ticket: str


class PromisesScored(Event, frozen=True, kw_only=True):
    """How often the ranges on a ticket's phone turned out true; the range on its slip is not among them."""

    TYPE: ClassVar[str] = "forecast.promises_scored.v1"
    ticket: str
    kept: int
    early: int
    """Called sooner than shown."""
    late: int
    """Called later than shown."""
    late_s: int = 0
    """By how many seconds, all late ones together."""

    def entity(self) -> str:
        return self.ticket
