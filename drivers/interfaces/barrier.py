"""The Barrier interface: what a relay opens and what closes by itself, the barrier at the drive.

XFS4IoT's Auxiliaries come nearest. Opening is a pulse on a relay; that it opened is known only where a contact says so. It is
safe to repeat: an open thing stays open.
"""

from enum import StrEnum

from drivers.api import Command, Event, Payload


class Position(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """There is no contact that would tell, or it could not be asked."""


class Open(Command, frozen=True, kw_only=True, tag="Barrier.Open"):
    """Pulse the relay; completed with `Opened`. The proof is the contact's word where there is one."""


class Opened(Payload, frozen=True, kw_only=True, tag="Barrier.Open"):
    position: Position


class PositionChanged(Event, frozen=True, kw_only=True, tag="Barrier.PositionEvent"):
    """It opened or closed, whoever did it."""

    position: Position
