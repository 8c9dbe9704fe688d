"""What head office shows of a branch, folded from its events. Pure.

An event changes a few rows: tickets, counters, the branch's own card. The table at the end says which event does what;
a type that is not in it is kept in the journal and passed over here, so that a newer branch never disturbs an older head
office. Fields beyond those named are ignored for the same reason. An event that cannot be folded raises, and the
projector parks the one ticket or counter that it is about.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from sync.chain import Record


class TicketRow(NamedTuple):
    """A ticket as the events up to now have left it; times by the branch's clock."""

    ticket: str
    number: str
    service: str
    tier: str
    queue: str
    state: str
    channel: str
    day: str
    taken_at_ms: int
    called_at_ms: int | None = None
    served_at_ms: int | None = None
    ended_at_ms: int | None = None
    counter: str | None = None
    calls: int = 0


class CounterRow(NamedTuple):
    """A counter and the ticket in its hand."""

    counter: str
    number: int | str
    state: str = "closed"
    ticket: str | None = None
    ticket_number: str | None = None
    since_ms: int = 0


class CardRow(NamedTuple):
    """What the branch says of itself."""

    config: bytes = b"{}"
    """The newest `org.branch_configured.v1` body."""
    day: str = ""
    """The business day, ISO; empty before the first."""
    day_open: bool = False


class PolicyRow(NamedTuple):
    """What became of the newest document of a scope at the branch."""

    scope: str
    version: int
    state: str
    """`accepted`, `applied` or `refused`."""
    reason: str
    detail: str
    at_ms: int


class RequestRow(NamedTuple):
    """A value that the branch asked an upper level for."""

    request: str
    policy: str
    value: str
    """JSON."""
    held_by: str
    reason: str
    state: str
    """`pending`, `approved` or `denied`."""
    asked_at_ms: int


class ValueRow(NamedTuple):
    """What the outlet says about a key, for itself."""

    policy: str
    level: str
    """`outlet` or `temporary`."""
    value: str
    """JSON."""
    granted: bool
    """The level that holds it has allowed it."""


class DeviceRow(NamedTuple):
    """A device of the branch: how it stands, and how its last whole day was."""

    device: str
    family: str
    model: str
    state: str = ""
    """`ready`, `needs_help`, `away`; empty until the branch has told."""
    error: str | None = None
    since_ms: int = 0
    day: str = ""
    """The last day that was summed, ISO; empty before the first."""
    ready_s: int = 0
    away_s: int = 0
    failures: int = 0


class Sheet(Protocol):
    """One branch's rows, to be read and put."""

    def ticket(self, ticket: str) -> TicketRow | None: ...
    def put_ticket(self, row: TicketRow) -> None: ...
    def tickets_in(self, day: str, queue: str) -> list[TicketRow]: ...
    def counter(self, counter: str) -> CounterRow | None: ...
    def put_counter(self, row: CounterRow) -> None: ...
    def counters(self) -> list[CounterRow]: ...
    def card(self) -> CardRow: ...
    def put_card(self, row: CardRow) -> None: ...
    def put_policy(self, row: PolicyRow) -> None: ...
    def request(self, request: str) -> RequestRow | None: ...
    def put_request(self, row: RequestRow) -> None: ...
    def values(self) -> list[ValueRow]: ...
    def put_value(self, row: ValueRow) -> None: ...
    def drop_value(self, row: ValueRow) -> None: ...
    def device(self, device: str) -> DeviceRow | None: ...
    def put_device(self, row: DeviceRow) -> None: ...
    def drop_device(self, device: str) -> None: ...


class Unfoldable(Exception):
    """The event does not fit what came before it."""


class Issued(msgspec.Struct):
    ticket: str
    number: str
    service: str
    tier: str
    queue: str = ""
    channel: str = ""
    day: str = ""
    remote: bool = False


class Called(msgspec.Struct):
    ticket: str
    counter: str
    counter_number: int | str
    call_no: int = 1


class Moved(msgspec.Struct):
    """Whatever else happens to a ticket; what it does not say stays as it was."""

    ticket: str
    number: str | None = None
    service: str | None = None
    tier: str | None = None
    queue: str | None = None


class AtCounter(msgspec.Struct):
    counter: str
    counter_number: int | str


class Day(msgspec.Struct):
    day: str


class PolicyFact(msgspec.Struct):
    scope: str = ""
    version: int = 0
    reason: str = ""
    detail: str = ""


class Asked(msgspec.Struct):
    request: str
    policy: str
    value: msgspec.Raw
    held_by: str
    reason: str = ""


class Answered(msgspec.Struct):
    request: str
    approved: bool = False


class ValueFact(msgspec.Struct):
    policy: str
    level: str
    value: msgspec.Raw = msgspec.Raw(b"null")


class ConditionFact(msgspec.Struct):
    device: str
    family: str
    model: str
    state: str
    error: str | None = None


class DeviceDay(msgspec.Struct):
    device: str
    family: str = ""
    model: str = ""
    ready_s: int = 0
    away_s: int = 0
    failures: int = 0


class DaySummed(msgspec.Struct):
    day: str
    devices: list[DeviceDay] = []


class _CounterCard(msgspec.Struct):
    id: str
    number: int | str


class Configured(msgspec.Struct):
    counters: list[_CounterCard] = []


Fact = TypeVar("Fact", bound=msgspec.Struct)
Fold = Callable[[Sheet, Record], None]

OUTLET = "outlet"
TEMPORARY = "temporary"
"""Levels of policy at which an outlet speaks for itself; the second ends with the day."""
_ENDED = {"finished", "no_show", "cancelled", "expired"}


def fold(sheet: Sheet, record: Record) -> bool:
    """Apply one event. Returns False for a type that is not shown. Raises Unfoldable and msgspec.MsgspecError."""
    handler = FOLDS.get(record.type)
    if handler is None:
        return False
    handler(sheet, record)
    return True


def _issued(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, Issued)
    if sheet.ticket(fact.ticket) is not None:
        raise Unfoldable(f"ticket {fact.ticket} was issued before")
    sheet.put_ticket(
        TicketRow(
            ticket=fact.ticket,
            number=fact.number,
            service=fact.service,
            tier=fact.tier,
            queue=fact.queue or f"{fact.service}.{fact.tier}",
            state="pending" if fact.remote else "waiting",
            channel=fact.channel,
            day=fact.day,
            taken_at_ms=record.at_ms,
        )
    )
    card = sheet.card()
    if fact.day > card.day:
        sheet.put_card(card._replace(day=fact.day))


def _called(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, Called)
    ticket = _known(sheet, fact.ticket)
    _let_go(sheet, ticket, unless=fact.counter)
    called_at_ms = ticket.called_at_ms or record.at_ms
    sheet.put_ticket(ticket._replace(state="called", called_at_ms=called_at_ms, counter=fact.counter, calls=fact.call_no))
    counter = sheet.counter(fact.counter) or CounterRow(fact.counter, fact.counter_number, "open")
    sheet.put_counter(counter._replace(ticket=ticket.ticket, ticket_number=ticket.number, since_ms=record.at_ms))


def _served(sheet: Sheet, record: Record) -> None:
    ticket = _known(sheet, _fact(record, Moved).ticket)
    sheet.put_ticket(ticket._replace(state="serving", served_at_ms=record.at_ms))


def _left(state: str, sheet: Sheet, record: Record) -> None:
    """It is over, or pauses, and the counter is free; the ticket keeps the counter's name."""
    ticket, fact = _moved(sheet, record)
    _let_go(sheet, ticket)
    ended_at_ms = record.at_ms if state in _ENDED else None
    sheet.put_ticket(_as_said(ticket, fact)._replace(state=state, ended_at_ms=ended_at_ms))


def _expired(sheet: Sheet, record: Record) -> None:
    """At the end of the day; who was missed before had ended then."""
    ticket, _ = _moved(sheet, record)
    _let_go(sheet, ticket)
    sheet.put_ticket(ticket._replace(state="expired", ended_at_ms=ticket.ended_at_ms or record.at_ms))


def _waits(sheet: Sheet, record: Record) -> None:
    """In a queue, for the first time or again, and no longer any counter's."""
    ticket, fact = _moved(sheet, record)
    _let_go(sheet, ticket)
    sheet.put_ticket(_as_said(ticket, fact)._replace(state="waiting", counter=None, ended_at_ms=None))


def _bound(sheet: Sheet, record: Record) -> None:
    """Somebody was recognised, or was not who they were taken for; where the ticket is, it stays."""
    sheet.put_ticket(_as_said(*_moved(sheet, record)))


def _moved(sheet: Sheet, record: Record) -> tuple[TicketRow, Moved]:
    fact = _fact(record, Moved)
    return _known(sheet, fact.ticket), fact


def _as_said(ticket: TicketRow, fact: Moved) -> TicketRow:
    return ticket._replace(
        number=fact.number or ticket.number,
        service=fact.service or ticket.service,
        tier=fact.tier or ticket.tier,
        queue=fact.queue or ticket.queue,
    )


def _at_counter(state: str, sheet: Sheet, record: Record) -> None:
    fact = _fact(record, AtCounter)
    row = sheet.counter(fact.counter) or CounterRow(fact.counter, fact.counter_number)
    sheet.put_counter(row._replace(number=fact.counter_number, state=state, since_ms=record.at_ms))


def _day(open_: bool, sheet: Sheet, record: Record) -> None:  # noqa: FBT001 -- bound in the table below
    sheet.put_card(sheet.card()._replace(day=_fact(record, Day).day, day_open=open_))
    for row in sheet.values() if not open_ else ():
        if row.level == TEMPORARY:
            sheet.drop_value(row)


def _configured(sheet: Sheet, record: Record) -> None:
    cards = _fact(record, Configured).counters
    for card in cards:
        row = sheet.counter(card.id) or CounterRow(card.id, card.number)
        sheet.put_counter(row._replace(number=card.number))
    there = {card.id for card in cards}
    for row in sheet.counters():
        if row.counter not in there:
            _removed(sheet, row, record)
    sheet.put_card(sheet.card()._replace(config=record.body))


def _removed(sheet: Sheet, row: CounterRow, record: Record) -> None:
    """Nobody is at a counter that is no longer there: whoever was called or sent there waits for anybody (S04)."""
    if row.ticket is not None:
        sheet.put_ticket(_known(sheet, row.ticket)._replace(state="waiting", counter=None))
    sheet.put_counter(CounterRow(row.counter, row.number, since_ms=record.at_ms))
    card = sheet.card()
    for ticket in sheet.tickets_in(card.day, f"@{row.counter}") if card.day_open else ():
        sheet.put_ticket(ticket._replace(queue=f"{ticket.service}.{ticket.tier}"))


def _policy(state: str, sheet: Sheet, record: Record) -> None:
    fact = _fact(record, PolicyFact)
    sheet.put_policy(PolicyRow(fact.scope, fact.version, state, fact.reason, fact.detail, record.at_ms))


def _asked(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, Asked)
    value = bytes(fact.value).decode()
    row = RequestRow(fact.request, fact.policy, value, fact.held_by, fact.reason, "pending", record.at_ms)
    sheet.put_request(row)


def _answered(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, Answered)
    row = sheet.request(fact.request)
    if row is None:
        raise Unfoldable(f"request {fact.request} was never made")
    sheet.put_request(row._replace(state="approved" if fact.approved else "denied"))
    granted = ValueRow(row.policy, OUTLET, row.value, granted=True)
    if fact.approved:
        sheet.put_value(granted)
    elif granted in sheet.values():
        sheet.drop_value(granted)


def _value_set(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, ValueFact)
    sheet.put_value(ValueRow(fact.policy, fact.level, bytes(fact.value).decode(), granted=False))


def _value_cleared(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, ValueFact)
    sheet.drop_value(ValueRow(fact.policy, fact.level, "", granted=False))


def _device_stands(sheet: Sheet, record: Record) -> None:
    fact = _fact(record, ConditionFact)
    if fact.state == "removed":
        sheet.drop_device(fact.device)
        return
    row = sheet.device(fact.device) or DeviceRow(fact.device, fact.family, fact.model)
    stands = row._replace(family=fact.family, model=fact.model, state=fact.state, error=fact.error, since_ms=record.at_ms)
    sheet.put_device(stands)


def _device_day(sheet: Sheet, record: Record) -> None:
    """Only of devices that are there: the sum of a day may come after one was removed."""
    fact = _fact(record, DaySummed)
    for one in fact.devices:
        row = sheet.device(one.device)
        if row is not None and fact.day >= row.day:
            summed = row._replace(day=fact.day, ready_s=one.ready_s, away_s=one.away_s, failures=one.failures)
            sheet.put_device(summed)


def _known(sheet: Sheet, ticket: str) -> TicketRow:
    row = sheet.ticket(ticket)
    if row is None:
        raise Unfoldable(f"ticket {ticket} was never issued")
    return row


def _let_go(sheet: Sheet, ticket: TicketRow, unless: str | None = None) -> None:
    """Take the ticket out of the hand of the counter that has it."""
    if ticket.counter is None or ticket.counter == unless:
        return
    counter = sheet.counter(ticket.counter)
    if counter is not None and counter.ticket == ticket.ticket:
        sheet.put_counter(counter._replace(ticket=None, ticket_number=None))


def _fact(record: Record, kind: type[Fact]) -> Fact:
    return msgspec.json.decode(record.body, type=kind)


FOLDS: dict[str, Fold] = {
    "queue.ticket_issued.v1": _issued,
    "queue.ticket_called.v1": _called,
    "queue.ticket_recalled.v1": _called,
    "queue.ticket_served.v1": _served,
    "queue.ticket_activated.v1": _waits,
    "queue.ticket_requeued.v1": _waits,
    "queue.ticket_transferred.v1": _waits,
    "queue.ticket_pinned.v1": _waits,
    "queue.ticket_bound.v1": _bound,
    "queue.ticket_unbound.v1": _bound,
    "queue.ticket_parked.v1": partial(_left, "parked"),
    "queue.ticket_no_show.v1": partial(_left, "no_show"),
    "queue.ticket_finished.v1": partial(_left, "finished"),
    "queue.ticket_cancelled.v1": partial(_left, "cancelled"),
    "queue.ticket_expired.v1": _expired,
    "queue.counter_signed_in.v1": partial(_at_counter, "signed_in"),
    "queue.counter_signed_out.v1": partial(_at_counter, "closed"),
    "queue.counter_opened.v1": partial(_at_counter, "open"),
    "queue.counter_paused.v1": partial(_at_counter, "paused"),
    "queue.counter_resumed.v1": partial(_at_counter, "open"),
    "queue.day_opened.v1": partial(_day, True),
    "queue.day_closed.v1": partial(_day, False),
    "org.branch_configured.v1": _configured,
    "policy.document_accepted.v1": partial(_policy, "accepted"),
    "policy.document_applied.v1": partial(_policy, "applied"),
    "policy.document_refused.v1": partial(_policy, "refused"),
    "policy.override_requested.v1": _asked,
    "policy.request_answered.v1": _answered,
    "policy.value_set.v1": _value_set,
    "policy.value_cleared.v1": _value_cleared,
    "devices.condition_changed.v1": _device_stands,
    "devices.day_summed.v1": _device_day,
}
