"""The words of this room: a service that a customer may ask for, and where a request stands.

    requested ──accept──▶ accepted ──set_out──▶ on_the_way ──finish──▶ done
        │  └──refuse──▶ refused  │                   │
        └────────────────────────┴────── cancel ─────┴──▶ cancelled

A request holds no address, no amount and no name: whoever accepts it talks to the customer about those.
"""

import enum
from typing import Annotated, ClassVar, Final, NamedTuple

import msgspec

from edge.kernel.domain import Command, Event

FEE_FEN_MAX: Final = 1_000_000
REQUESTS_MAX: Final = 6
"""In one visit."""
Fen = Annotated[int, msgspec.Meta(ge=0, le=FEE_FEN_MAX)]


class Kind(enum.StrEnum):
    CAR_PICKUP = "car_pickup"
    """专车接送."""
    CASH_DELIVERY = "cash_delivery"
    """送款上门."""


class State(enum.StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ON_THE_WAY = "on_the_way"
    DONE = "done"
    CANCELLED = "cancelled"


class Move(enum.StrEnum):
    """What can be done about a request."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    SET_OUT = "set_out"
    FINISH = "finish"
    CANCEL = "cancel"


OPEN: Final = (State.REQUESTED, State.ACCEPTED, State.ON_THE_WAY)


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a service is, and what it costs."""

    tiers: tuple[str, ...]
    fee_fen: Fen = 0
    """In fen; 0 is free of charge."""


class Request(NamedTuple):
    """One request as decisions and views see it; the names are the columns."""

    id: str
    ticket: str
    customer: str
    kind: Kind
    state: State
    fee_fen: int
    adviser: str | None
    asked_ms: int
    changed_ms: int
    changed_by: str
    reason: str
    told: str | None
    """What became of the newest text message to the adviser."""


class AskForService(Command, frozen=True, kw_only=True):
    """A customer asks, having seen the fee."""

    NAME: ClassVar[str] = "vip_services.ask_for_service"
    ticket: str
    kind: Kind
    fee_fen: int
    """As it was shown before the customer confirmed."""


class MoveRequest(Command, frozen=True, kw_only=True):
    """Staff do something about a request, or its customer cancels it."""

    NAME: ClassVar[str] = "vip_services.move_request"
    request: str
    move: Move
    reason: str = ""
    by_ticket: str | None = None
    """The visit whose phone wishes it: it can only cancel its own."""


class RecordMessage(Command, frozen=True, kw_only=True):
    """What became of a text message to the adviser."""

    NAME: ClassVar[str] = "vip_services.record_message"
    request: str
    state: State
    """Which the message told of."""
    outcome: str


class RequestFact(Event, frozen=True, kw_only=True):
    """A fact about one request, shown to the phone of its visit."""

    TYPE: ClassVar[str] = ""
    request: str
    ticket: str

    def entity(self) -> str:
        return self.ticket


class ServiceAsked(RequestFact, frozen=True, kw_only=True):
    """A customer confirmed a service and its fee."""

    TYPE: ClassVar[str] = "vip_services.service_asked.v1"
    customer: str
    kind: Kind
    fee_fen: int
    adviser: str | None = None


class RequestMoved(RequestFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "vip_services.request_moved.v1"
    state: State
    reason: str = ""


class AdviserInformed(RequestFact, frozen=True, kw_only=True):
    """The adviser was told of a request's state, or could not be."""

    TYPE: ClassVar[str] = "vip_services.adviser_informed.v1"
    state: State
    outcome: str
