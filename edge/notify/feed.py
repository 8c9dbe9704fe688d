"""Which facts appear on which screen: the table of topics."""

from typing import Final

import msgspec

from edge.kernel.domain import Event
from edge.notify.model import AdviserTold
from edge.org.model import BranchConfigured
from edge.parking.model import BayAsked, BayGiven, CarAdmitted, CarArrived, CarHeld, GateAnswered, StayEnded
from edge.queue import events as e
from edge.vip_services.model import AdviserInformed, RequestMoved, ServiceAsked
from edge.web.feed import INSIDE, Shown, View
from edge.web.principal import Kind
from sync.chain import Record

CALLS: Final = "calls"
QUEUE: Final = "queue"
DEVICES: Final = "devices"
NOTICES: Final = "notices"
RECOGNITION: Final = "recognition"
FORECAST: Final = "forecast"
UNJOURNALLED: Final = {
    **dict.fromkeys((DEVICES, FORECAST), frozenset({Kind.STAFF, Kind.DEVICE})),
    NOTICES: frozenset({Kind.STAFF}),
    RECOGNITION: frozenset({Kind.DEVICE}),
}

REFERENCES: Final = frozenset({"customer", "holder", "phone_ref", "comment_ref", "plate_ref", "why"})
"""Fields that no screen needs: references to customers and their words; the reasons of a call have their own view."""


def without_references(record: Record) -> bytes:
    """The event as it is, less what points to a person."""
    body: dict[str, object] = msgspec.json.decode(record.body)
    return msgspec.json.encode({name: value for name, value in body.items() if name not in REFERENCES})


def _shown(topic: str, *events: type[Event], view: View = without_references) -> tuple[Shown, ...]:
    return tuple(Shown(event.TYPE, topic, INSIDE, view) for event in events)


LINES: Final = (
    *_shown(CALLS, e.TicketCalled, e.TicketRecalled),
    *_shown(
        QUEUE,
        BranchConfigured,
        e.DayOpened,
        e.DayClosed,
        e.TicketIssued,
        e.TicketCalled,
        e.TicketRecalled,
        e.TicketBound,
        e.TicketUnbound,
        e.TicketActivated,
        e.TicketServed,
        e.TicketParked,
        e.TicketNoShow,
        e.TicketFinished,
        e.TicketCancelled,
        e.TicketTransferred,
        e.TicketRequeued,
        e.TicketPinned,
        e.TicketDeferred,
        e.DiversionAnswered,
        e.TicketExpired,
        e.TicketRated,
        e.SlipRequested,
        e.SlipRecorded,
        e.CounterSignedIn,
        e.CounterSignedOut,
        e.CounterOpened,
        e.CounterPaused,
        e.CounterResumed,
        e.CounterLost,
        e.CounterFound,
        e.CallRulesSet,
        e.CallRulesGivenUp,
        AdviserTold,
        ServiceAsked,
        RequestMoved,
        AdviserInformed,
        BayAsked,
        BayGiven,
        CarArrived,
        CarAdmitted,
        CarHeld,
        GateAnswered,
        StayEnded,
    ),
)

MOVES: Final = frozenset(
    kind.TYPE
    for kind in (
        e.TicketIssued,
        e.TicketActivated,
        e.TicketBound,
        e.TicketUnbound,
        e.TicketCalled,
        e.TicketCancelled,
        e.TicketTransferred,
        e.TicketRequeued,
        e.TicketPinned,
        e.TicketDeferred,
        e.TicketExpired,
        e.CounterOpened,
        e.CounterPaused,
        e.CounterResumed,
        e.CounterSignedOut,
    )
)
"""After these, other people's places or waits may have changed; a newcomer goes before those of a lower tier."""
