"""Words and commands of the queue.

A *visit* gets a *ticket* for a *service*; it waits in a *queue* (one per service and tier, plus a pool per counter and per
teller for tickets sent there by name) until a *counter* calls it. Glossary with Chinese: docs/reference/glossary.md.
"""

import enum
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

import msgspec

from edge.kernel.domain import Command
from edge.kernel.identities import IdentityKind


class State(enum.StrEnum):
    """Where a ticket is."""

    PENDING = "pending"
    """待激活: taken from afar; it waits for its holder to come in (S08)."""
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    PARKED = "parked"
    NO_SHOW = "no_show"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


LIVE: Final = (State.PENDING, State.WAITING, State.CALLED, State.SERVING, State.PARKED, State.NO_SHOW)
"""What the end of the business day still has to settle."""


class Presence(enum.StrEnum):
    """What a counter is doing."""

    CLOSED = "closed"
    SIGNED_IN = "signed_in"
    OPEN = "open"
    PAUSED = "paused"


class Tier(enum.StrEnum):
    """Who is served with which standing; in the order of the default rule."""

    PRIORITY = "priority"
    GOLD = "gold"
    NORMAL = "normal"


class Slip(enum.StrEnum):
    """What became of the paper."""

    NONE = "none"
    QUEUED = "queued"
    HELD = "held"
    PRINTED = "printed"
    UNKNOWN = "unknown"


class PriorityReason(enum.StrEnum):
    """Who may go first, whatever the tier (R235)."""

    ELDERLY = "elderly"
    DISABLED = "disabled"
    PREGNANT = "pregnant"
    MILITARY = "military"
    OTHER = "other"


class Language(enum.StrEnum):
    ZH = "zh-CN"
    EN = "en"


class Channel(enum.StrEnum):
    KIOSK = "kiosk"
    COUNTER = "counter"
    LOBBY = "lobby"
    PHONE = "phone"
    MOBILE_BANK = "mobile_bank"
    WECHAT = "wechat"
    WEB_BANK = "web_bank"
    CALL_CENTRE = "call_centre"


REMOTE: Final = frozenset({Channel.MOBILE_BANK, Channel.WECHAT, Channel.WEB_BANK, Channel.CALL_CENTRE})
"""Channels of people who are not in the branch yet: their tickets wait for activation."""


DIVERTED_TO_MACHINE: Final = "diverted_self_service"
DIVERTED: Final = frozenset({DIVERTED_TO_MACHINE, "diverted_mobile_bank", "diverted_other_branch", "diverted_another_day"})
"""Reasons of a ticket cancelled by staff who led its holder elsewhere (引导分流, S21)."""


TicketId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-v]{20,26}$")]
Reason = Annotated[str, msgspec.Meta(max_length=80)]
Score = Annotated[int, msgspec.Meta(ge=1, le=5)]
"""5 very satisfied 非常满意 · 4 satisfied 满意 · 3 fair 一般 · 2 not satisfied 不满意 · 1 very dissatisfied 非常不满意."""


def queue_id(service: str, tier: str) -> str:
    return f"{service}.{tier}"


@lru_cache(maxsize=256)
def queues_of(service: str) -> Mapping[str, Tier]:
    """The queues of a service, each with its tier; in the order of the tiers."""
    return MappingProxyType({queue_id(service, tier): tier for tier in Tier})


POOL: Final = "@"
STAFF_POOL: Final = "@staff:"


def pool_id(counter: str) -> str:
    """The queue of tickets sent to one counter by name."""
    return f"{POOL}{counter}"


def staff_pool_id(staff: str) -> str:
    """The queue of tickets sent to one teller by name, wherever they sit."""
    return f"{STAFF_POOL}{staff}"


class Pool(enum.StrEnum):
    """Where a parked ticket will wait when its holder is back."""

    QUEUE = "queue"
    """With everybody else, at its old place."""
    COUNTER = "counter"
    """For the counter that parked it."""
    STAFF = "staff"
    """For the teller who parked it."""


class IssueTicket(Command, frozen=True, kw_only=True):
    """Give somebody a number."""

    NAME: ClassVar[str] = "queue.issue_ticket"
    service: str
    tier: Tier
    channel: Channel
    language: Language = Language.ZH
    priority_reason: PriorityReason | None = None
    customer: str | None = None
    """Reference of a recognised customer."""
    phone_ref: str | None = None
    """Vault subject that holds the phone number, where one was given."""
    holder: str | None = None
    """Keyed hash of the identity that was shown; a remote ticket is activated with it."""
    printer: str | None = None
    """The device that is to print the slip."""
    appointment: str | None = None
    """What entitles to this ticket, an appointment or a code; there is one ticket for each, in whatever state."""
    place_ms: int | None = None
    """The beginning of an appointment's slot: its place in time, with priority. Its wait counts from then or from now (S17)."""
    shown: IdentityKind | None = None
    """What was shown for it; kept by its kind only."""


class AnswerDiversion(Command, frozen=True, kw_only=True):
    """A customer was offered a machine before a number (S27), and accepts or declines."""

    NAME: ClassVar[str] = "queue.answer_diversion"
    service: str
    accepted: bool


class ActivateTicket(Command, frozen=True, kw_only=True):
    """The holder of a remote ticket is here. The identity is compared, and never kept."""

    NAME: ClassVar[str] = "queue.activate_ticket"
    ticket: str | None = None
    """Whichever they hold today where none is named."""
    holder: str
    customer: str | None = None
    printer: str | None = None
    shown: IdentityKind | None = None


class ExpirePassed(Command, frozen=True, kw_only=True):
    """Let remote tickets go whose turn passed long ago."""

    NAME: ClassVar[str] = "queue.expire_passed"


class CancelTicket(Command, frozen=True, kw_only=True):
    """The customer does not want to wait any more."""

    NAME: ClassVar[str] = "queue.cancel_ticket"
    ticket: str
    reason: str = ""


class TransferTicket(Command, frozen=True, kw_only=True):
    """Send a ticket to another service, to one counter or to one teller; the number stays, and the place in time unless told
    otherwise."""

    NAME: ClassVar[str] = "queue.transfer_ticket"
    ticket: str
    service: str | None = None
    counter: str | None = None
    staff_no: str | None = None
    keep_place: bool = True
    reason: str = ""


class PinTicket(Command, frozen=True, kw_only=True):
    """Put a ticket at the head of those who go first, for whichever counter is free next (置顶, S21)."""

    NAME: ClassVar[str] = "queue.pin_ticket"
    ticket: str
    reason: str


class RequeueTicket(Command, frozen=True, kw_only=True):
    """Let a parked or missed ticket wait again: parked at its old place, missed behind the next few calls."""

    NAME: ClassVar[str] = "queue.requeue_ticket"
    ticket: str


class AskForTime(Command, frozen=True, kw_only=True):
    """The customer is not ready yet and lets the next few go first."""

    NAME: ClassVar[str] = "queue.ask_for_time"
    ticket: str


class ReprintSlip(Command, frozen=True, kw_only=True):
    """Print the slip once more, marked as a copy (补打)."""

    NAME: ClassVar[str] = "queue.reprint_slip"
    ticket: str
    printer: str


class RecordSlip(Command, frozen=True, kw_only=True):
    """What the printer proved about a slip."""

    NAME: ClassVar[str] = "queue.record_slip"
    ticket: str
    slip: Slip
    copy: int
    proof: str = ""
    """`process_id` or `weak` for a printed one; the device's error for a held one."""


class RateService(Command, frozen=True, kw_only=True):
    """The customer's opinion, once per service."""

    NAME: ClassVar[str] = "queue.rate_service"
    ticket: str
    score: int
    reasons: tuple[str, ...] = ()
    comment_ref: str | None = None
    """Vault subject of a written comment."""


class SignIn(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.sign_in"
    counter: str
    staff: str


class SignOut(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.sign_out"
    counter: str
    staff: str


class OpenCounter(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.open_counter"
    counter: str
    staff: str


class PauseCounter(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.pause_counter"
    counter: str
    staff: str
    reason: str = ""


class ResumeCounter(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.resume_counter"
    counter: str
    staff: str


class MarkLost(Command, frozen=True, kw_only=True):
    """A teller's terminal fell silent (失联); with `give_back` whoever was called there goes back to the head of the queue."""

    NAME: ClassVar[str] = "queue.mark_lost"
    counter: str
    staff: str
    give_back: bool = False


class MarkFound(Command, frozen=True, kw_only=True):
    """The terminal is back."""

    NAME: ClassVar[str] = "queue.mark_found"
    counter: str
    staff: str


class CallNext(Command, frozen=True, kw_only=True):
    """Call whom the rule picks; whoever is still in hand is finished first."""

    NAME: ClassVar[str] = "queue.call_next"
    counter: str
    staff: str
    if_free: bool = False
    """Only where the counter is open and has nobody in hand; else nothing happens."""


class CallTicket(Command, frozen=True, kw_only=True):
    """Call this one out of turn; the reason is kept and reported."""

    NAME: ClassVar[str] = "queue.call_ticket"
    counter: str
    staff: str
    ticket: str
    reason: str


class BindCustomer(Command, frozen=True, kw_only=True):
    """Somebody who took a number without showing anything turned out to be known (S16)."""

    NAME: ClassVar[str] = "queue.bind_customer"
    ticket: str
    customer: str
    tier: Tier
    shown: IdentityKind | None = None


class UnbindCustomer(Command, frozen=True, kw_only=True):
    """It was not them after all: the ticket is nobody's again, with the tier it had before (S16)."""

    NAME: ClassVar[str] = "queue.unbind_customer"
    ticket: str


class RecallTicket(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.recall_ticket"
    counter: str
    staff: str


class ServeTicket(Command, frozen=True, kw_only=True):
    """The customer is at the counter."""

    NAME: ClassVar[str] = "queue.serve_ticket"
    counter: str
    staff: str


class MarkNoShow(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.mark_no_show"
    counter: str
    staff: str
    unanswered: tuple[str, int] | None = None
    """Ticket and number of calls: only where nothing has happened since; else nothing happens now."""


class ParkTicket(Command, frozen=True, kw_only=True):
    """The customer has to fetch something and comes back to this ticket later."""

    NAME: ClassVar[str] = "queue.park_ticket"
    counter: str
    staff: str
    reason: str = ""
    pool: Pool = Pool.QUEUE


class FinishTicket(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "queue.finish_ticket"
    counter: str
    staff: str
    outcome: str = ""


class OpenDay(Command, frozen=True, kw_only=True):
    """Begin today's business day, closing an older one that was left open."""

    NAME: ClassVar[str] = "queue.open_day"


class CloseDay(Command, frozen=True, kw_only=True):
    """End the business day: what still waits expires, who is still signed in is signed out."""

    NAME: ClassVar[str] = "queue.close_day"
