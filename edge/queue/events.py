"""Facts of the queue. Additive only: a field may be added with a default; anything else is a new version."""

from typing import ClassVar

from msgspec import field

from edge.kernel.domain import Event
from edge.kernel.identities import IdentityKind
from edge.queue.call_rules import CallRules, DayClass
from edge.queue.forecast import POSITION
from edge.queue.model import Channel, Language, PriorityReason, Slip, Tier
from edge.queue.rules import Why


class TicketFact(Event, frozen=True, kw_only=True):
    """A fact about one ticket."""

    TYPE: ClassVar[str] = ""
    ticket: str
    number: str

    def entity(self) -> str:
        return self.ticket


class CounterFact(Event, frozen=True, kw_only=True):
    """A fact about one counter."""

    TYPE: ClassVar[str] = ""
    counter: str
    counter_number: int
    staff: str

    def entity(self) -> str:
        return self.counter


class DayOpened(Event, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.day_opened.v1"
    day: str

    def entity(self) -> str:
        return self.day


class DayClosed(Event, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.day_closed.v1"
    day: str

    def entity(self) -> str:
        return self.day


class TicketIssued(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_issued.v1"
    day: str
    letter: str
    ordinal: int
    """Position in the day's series of this letter, from 1."""
    service: str
    tier: Tier
    queue: str
    channel: Channel
    language: Language
    ahead: int
    """People the rule would call first, at the moment of issue."""
    wait_low_s: int
    wait_high_s: int
    """The promise that was shown."""
    wait_basis: str = POSITION
    """What it was made from: `position` or `simulated`."""
    priority_reason: PriorityReason | None = None
    customer: str | None = None
    phone_ref: str | None = None
    printer: str | None = None
    remote: bool = False
    """It waits for activation; nobody is called by it (S08)."""
    holder: str | None = None
    appointment: str | None = None
    """The appointment or code it was taken with."""
    place_ms: int | None = None
    """Its place in time, where that is not the moment of issue; its wait counts from the later of both."""
    shown: IdentityKind | None = None
    """What was shown for it, whether or not that named a customer of ours (识别方式)."""


class TicketActivated(TicketFact, frozen=True, kw_only=True):
    """The holder of a remote ticket came in: it waits at its place, and its wait counts from now."""

    TYPE: ClassVar[str] = "queue.ticket_activated.v1"
    queue: str
    place_ms: int
    printer: str | None = None
    shown: IdentityKind | None = None
    """What its holder proved it with."""
    moved_back: dict[str, int] = field(default_factory=dict)
    """Where it came late: new places of those who shared the millisecond and must stay behind, by ticket."""


class TicketPassed(TicketFact, frozen=True, kw_only=True):
    """Somebody behind a ticket that still waits for activation was called: its turn has passed (S09)."""

    TYPE: ClassVar[str] = "queue.ticket_passed.v1"


class TicketCalled(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_called.v1"
    service: str
    tier: Tier
    queue: str
    language: Language
    counter: str
    counter_number: int
    counter_name: str
    staff: str
    call_no: int
    """How often this ticket was called, this time included: ticket and number together name one call."""
    why: Why
    promoted_in_row: int = 0
    """Promoted calls of this counter in a row, this one included; 0 where it was none."""
    turns: dict[str, int] = field(default_factory=dict)
    """Calls of each tier in the counter's round, this one included; empty under rules without turns."""
    walk_ins_owed: int = 0
    """Walk-ins that the counter calls before its next appointment, under rules that blend."""
    reason: str = ""
    """Why it was called out of turn, in the words of whoever did it."""


class TicketBound(TicketFact, frozen=True, kw_only=True):
    """The branch learnt who holds a ticket."""

    TYPE: ClassVar[str] = "queue.ticket_bound.v1"
    customer: str
    tier: Tier
    queue: str
    from_queue: str
    shown: IdentityKind | None = None
    """By what they were known."""


class TicketUnbound(TicketFact, frozen=True, kw_only=True):
    """The branch took back whom it thought to hold a ticket."""

    TYPE: ClassVar[str] = "queue.ticket_unbound.v1"
    customer: str
    """Who it is not."""
    tier: Tier
    queue: str
    from_queue: str


class TicketRecalled(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_recalled.v1"
    service: str
    tier: Tier
    queue: str
    language: Language
    counter: str
    counter_number: int
    counter_name: str
    staff: str
    call_no: int


class TicketServed(TicketFact, frozen=True, kw_only=True):
    """Service began."""

    TYPE: ClassVar[str] = "queue.ticket_served.v1"
    counter: str
    staff: str


class TicketParked(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_parked.v1"
    counter: str
    staff: str
    reason: str = ""
    queue: str | None = None
    """Where it will wait when its holder is back, where that is not its own queue."""


class TicketNoShow(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_no_show.v1"
    counter: str
    staff: str


class TicketFinished(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_finished.v1"
    counter: str
    staff: str
    outcome: str = ""
    """What the teller says came of it; `assumed` where Next was pressed instead of Finish."""


class TicketCancelled(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_cancelled.v1"
    reason: str = ""


class TicketTransferred(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_transferred.v1"
    service: str
    tier: Tier
    queue: str
    from_queue: str
    place_ms: int
    """The moment whose place it takes among those who wait."""
    to_counter: str | None = None
    reason: str = ""
    to_staff: str | None = None


class TicketPinned(TicketFact, frozen=True, kw_only=True):
    """Staff put it first in the priority class; its wait counts on."""

    TYPE: ClassVar[str] = "queue.ticket_pinned.v1"
    tier: Tier
    queue: str
    from_queue: str
    place_ms: int
    reason: str


class TicketRequeued(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_requeued.v1"
    place_ms: int
    queue: str | None = None
    """Where it waits now, where the pool it was kept for is no longer attended."""
    moved_back: dict[str, int] = field(default_factory=dict)
    """New places of those who shared the millisecond and must stay behind, by ticket."""


class TicketDeferred(TicketFact, frozen=True, kw_only=True):
    """Its holder asked for more time: it waits on, behind the next few."""

    TYPE: ClassVar[str] = "queue.ticket_deferred.v1"
    queue: str
    place_ms: int
    times: int
    """How often in this visit, this time included."""
    moved_back: dict[str, int] = field(default_factory=dict)
    """New places of those who shared the millisecond and must stay behind, by ticket."""


class TicketExpired(TicketFact, frozen=True, kw_only=True):
    """The day ended before it was served."""

    TYPE: ClassVar[str] = "queue.ticket_expired.v1"


class TicketRated(TicketFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.ticket_rated.v1"
    score: int
    reasons: tuple[str, ...] = ()
    comment_ref: str | None = None
    counter: str | None = None
    staff: str | None = None


class SlipRequested(TicketFact, frozen=True, kw_only=True):
    """A copy of the slip (补打) was asked for."""

    TYPE: ClassVar[str] = "queue.slip_requested.v1"
    copy: int
    printer: str


class SlipRecorded(TicketFact, frozen=True, kw_only=True):
    """What the printer proved about a slip."""

    TYPE: ClassVar[str] = "queue.slip_recorded.v1"
    slip: Slip
    copy: int
    proof: str = ""


class CounterSignedIn(CounterFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.counter_signed_in.v1"


class CounterSignedOut(CounterFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.counter_signed_out.v1"
    automatic: bool = False
    """Nobody signed out: the end of the day did (S23)."""


class CounterOpened(CounterFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.counter_opened.v1"


class CounterPaused(CounterFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.counter_paused.v1"
    reason: str = ""


class CounterResumed(CounterFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.counter_resumed.v1"


class CounterLost(CounterFact, frozen=True, kw_only=True):
    """Its terminal fell silent (失联, S20)."""

    TYPE: ClassVar[str] = "queue.counter_lost.v1"


class CounterFound(CounterFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "queue.counter_found.v1"


class DiversionAnswered(Event, frozen=True, kw_only=True):
    """A machine was offered before a number; accepted, no number was issued (S27)."""

    TYPE: ClassVar[str] = "queue.diversion_answered.v1"
    offer: str
    day: str
    service: str
    accepted: bool
    machines: int
    free: int
    """Machines that were thought to be free when the answer came."""

    def entity(self) -> str:
        return self.offer


class CallRulesSet(Event, frozen=True, kw_only=True):
    """Somebody changed what a counter follows. The change before it in the journal says what it was."""

    TYPE: ClassVar[str] = "queue.call_rules_set.v1"
    counter: str
    counter_number: int
    rules: CallRules
    temporary: bool = False
    """In force until the end of the business day (S07)."""
    reason: str = ""

    def entity(self) -> str:
        return self.counter


class CallRulesGivenUp(Event, frozen=True, kw_only=True):
    """A counter has no rules of its own any more: it follows the levels above, or else the default rule."""

    TYPE: ClassVar[str] = "queue.call_rules_given_up.v1"
    counter: str
    counter_number: int

    def entity(self) -> str:
        return self.counter


class CalendarSet(Event, frozen=True, kw_only=True):
    """Which days are not what their weekday says: make-up workdays and holidays."""

    TYPE: ClassVar[str] = "queue.calendar_set.v1"
    days: dict[str, DayClass]
