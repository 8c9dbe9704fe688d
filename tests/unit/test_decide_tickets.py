"""Given a ticket, when somebody wishes something of it, then these facts or this refusal."""

from itertools import product
from typing import Any

import msgspec
import pytest

from edge.kernel.domain import Rejected
from edge.queue import decide, desk, interventions, more_time
from edge.queue import events as e
from edge.queue import model as m
from edge.queue.desk import COPIES_MAX
from edge.queue.load import Day, IssueState, Ticket
from edge.queue.model import Presence, Slip, State, Tier
from edge.queue.places import Behind, Line
from tests.unit.given import (
    CONTEXT,
    CORPORATE,
    MINUTE_MS,
    NOW_MS,
    OPEN_TODAY,
    PERSONAL,
    a_desk,
    a_ticket,
    about,
    at,
    refused,
    standing_at,
)

LONG_HERE = Behind("o", NOW_MS - MINUTE_MS, 8)

# --- a number


def wish(**fields: Any) -> m.IssueTicket:
    return msgspec.structs.replace(m.IssueTicket(service="personal", tier=Tier.NORMAL, channel=m.Channel.KIOSK), **fields)


def issued(state: IssueState, command: m.IssueTicket) -> e.TicketIssued:
    event = decide.issue(state, command, CONTEXT)[-1]
    assert isinstance(event, e.TicketIssued)
    return event


@pytest.mark.parametrize(("last", "number"), [(0, "A001"), (6, "A007"), (998, "A999"), (999, "A1000")])
def test_the_next_number_of_the_series_is_given(last: int, number: str) -> None:
    event = issued(IssueState(OPEN_TODAY, PERSONAL, last), wish())
    assert (event.number, event.ordinal, event.day, event.letter) == (number, last + 1, "2026-11-23", "A")
    assert (event.queue, event.tier, event.ahead) == ("personal.normal", Tier.NORMAL, 0)


def test_what_the_customer_brought_along_is_kept() -> None:
    brought = {
        "customer": "c-1",
        "phone_ref": "contact-1",
        "printer": "printer-1",
        "language": m.Language.EN,
        "channel": m.Channel.LOBBY,
    }
    event = issued(IssueState(OPEN_TODAY, PERSONAL, 0), wish(**brought))
    assert {name: getattr(event, name) for name in brought} == brought


WAITING = {Tier.PRIORITY: 1, Tier.GOLD: 2, Tier.NORMAL: 4}


@pytest.mark.parametrize(
    ("fields", "tier", "ahead"),
    [
        ({"tier": Tier.NORMAL}, Tier.NORMAL, 7),
        ({"tier": Tier.GOLD}, Tier.GOLD, 3),
        ({"tier": Tier.NORMAL, "priority_reason": m.PriorityReason.ELDERLY}, Tier.PRIORITY, 1),
        ({"tier": Tier.GOLD, "priority_reason": m.PriorityReason.PREGNANT}, Tier.PRIORITY, 1),
    ],
)
def test_people_ahead_are_those_whom_the_rule_calls_first(fields: dict[str, Any], tier: Tier, ahead: int) -> None:
    event = issued(IssueState(OPEN_TODAY, PERSONAL, 7, WAITING, open_counters=2), wish(**fields))
    assert (event.tier, event.ahead, event.queue) == (tier, ahead, f"personal.{tier.value}")


def test_the_promise_is_made_of_position_service_time_and_open_counters() -> None:
    alone = issued(IssueState(OPEN_TODAY, CORPORATE, 0, {Tier.NORMAL: 5}, open_counters=1), wish(service="corporate"))
    shared = issued(IssueState(OPEN_TODAY, CORPORATE, 0, {Tier.NORMAL: 5}, open_counters=3), wish(service="corporate"))
    assert (alone.wait_low_s, alone.wait_high_s) == (1200, 3600)
    assert (shared.wait_low_s, shared.wait_high_s) == (480, 1200)


def test_an_unknown_service_gives_no_number() -> None:
    with refused("unknown_service") as no:
        decide.issue(IssueState(OPEN_TODAY, None, 0), wish(service="moon"), CONTEXT)
    assert no.facts == {"service": "moon"}


def test_the_first_number_of_the_morning_opens_the_day() -> None:
    facts = decide.issue(IssueState(Day(None), PERSONAL, 0), wish(), CONTEXT)
    assert [type(fact) for fact in facts] == [e.DayOpened, e.TicketIssued]


def test_nobody_takes_a_number_once_the_day_was_closed() -> None:
    with refused("day_closed"):
        decide.issue(IssueState(Day(None, closed_today=True), PERSONAL, 3), wish(), CONTEXT)


def test_the_first_number_after_midnight_settles_yesterday_and_has_nobody_ahead() -> None:
    yesterday = Day("2026-11-22", left_tickets=(a_ticket(),), left_desks=(a_desk(),))
    facts = decide.issue(IssueState(yesterday, PERSONAL, 0, WAITING), wish(), CONTEXT)
    assert [type(fact) for fact in facts] == [
        e.TicketExpired,
        e.CounterSignedOut,
        e.DayClosed,
        e.DayOpened,
        e.TicketIssued,
    ]
    assert isinstance(facts[-1], e.TicketIssued)
    assert facts[-1].ahead == 0


# --- what may happen to a ticket: every state × every move

BY_TICKET = {
    "cancel": lambda ticket: decide.cancel(about(ticket), m.CancelTicket(ticket="t"), CONTEXT),
    "transfer": lambda ticket: decide.transfer(
        about(ticket, service=PERSONAL), m.TransferTicket(ticket="t", service="personal"), CONTEXT
    ),
    "requeue": lambda ticket: decide.requeue(about(ticket), m.RequeueTicket(ticket="t"), CONTEXT),
    "pin": lambda ticket: interventions.pin(
        interventions.PinState(ticket, None), m.PinTicket(ticket="t", reason="complaint"), CONTEXT
    ),
    "more_time": lambda ticket: more_time.ask(
        more_time.MoreTimeState(ticket, times_max=1, line=Line(few=(Behind("o", 1, 2),))), m.AskForTime(ticket="t"), CONTEXT
    ),
    "reprint": lambda ticket: decide.reprint(about(ticket), m.ReprintSlip(ticket="t", printer="p"), CONTEXT),
}
AT_DESK = {
    "serve": lambda state: decide.serve(state, m.ServeTicket(counter="counter-1", staff="1001"), CONTEXT),
    "recall": lambda state: decide.recall(state, m.RecallTicket(counter="counter-1", staff="1001"), CONTEXT),
    "no_show": lambda state: decide.mark_no_show(state, m.MarkNoShow(counter="counter-1", staff="1001"), CONTEXT),
    "park": lambda state: decide.park(state, m.ParkTicket(counter="counter-1", staff="1001"), CONTEXT),
    "finish": lambda state: decide.finish(state, m.FinishTicket(counter="counter-1", staff="1001"), CONTEXT),
}
ALLOWED = {
    "serve": "called",
    "recall": "called",
    "no_show": "called",
    "park": "called serving",
    "finish": "called serving",
    "cancel": "pending waiting called parked no_show",
    "transfer": "waiting called serving parked no_show",
    "requeue": "parked no_show",
    "pin": "waiting parked no_show",
    "more_time": "waiting",
    "reprint": "waiting called serving parked no_show",
}
"""Written out once more by hand: the table of `decide.py` is the code, this one is the promise."""


def test_every_move_is_tried_here() -> None:
    assert set(ALLOWED) == set(desk.MOVES) == BY_TICKET.keys() | AT_DESK.keys()


@pytest.mark.parametrize(("move", "state"), list(product(ALLOWED, State)), ids=str)
def test_a_move_happens_where_it_may_and_is_refused_elsewhere(move: str, state: State) -> None:
    ticket = a_ticket(state)

    def carry_out() -> object:
        return BY_TICKET[move](ticket) if move in BY_TICKET else AT_DESK[move](standing_at(state))

    if state.value in ALLOWED[move].split():
        assert carry_out()
        return
    with refused("ticket_not_in_state") as no:
        carry_out()
    assert no.facts == {"move": move, "state": state.value, "number": "A007"}


@pytest.mark.parametrize("move", BY_TICKET)
def test_an_unknown_ticket_is_refused(move: str) -> None:
    with refused("unknown_ticket"):
        BY_TICKET[move](None)


def test_nothing_leaves_an_end_state() -> None:
    ends = {State.FINISHED, State.CANCELLED, State.EXPIRED}
    assert not any(ends & states for states in desk.MOVES.values())


# --- cancel, transfer, requeue


def test_leaving_says_why() -> None:
    facts = decide.cancel(about(a_ticket()), m.CancelTicket(ticket="t", reason="customer_left"), CONTEXT)
    assert facts == [e.TicketCancelled(ticket="ticket-a007", number="A007", reason="customer_left")]


def transferred(ticket: Ticket, command: m.TransferTicket, **known: Any) -> e.TicketTransferred:
    (fact,) = decide.transfer(about(ticket, **known), command, CONTEXT)
    assert isinstance(fact, e.TicketTransferred)
    return fact


def test_a_transfer_keeps_number_tier_and_place() -> None:
    gold = a_ticket(tier=Tier.GOLD, queue="personal.gold")
    fact = transferred(gold, m.TransferTicket(ticket="t", service="corporate"), service=CORPORATE)
    assert (fact.number, fact.queue, fact.from_queue) == ("A007", "corporate.gold", "personal.gold")
    assert (fact.place_ms, fact.to_counter) == (gold.place_ms, None)


def test_a_transfer_may_give_the_place_up() -> None:
    command = m.TransferTicket(ticket="t", service="corporate", keep_place=False)
    assert transferred(a_ticket(), command, service=CORPORATE).place_ms == NOW_MS


def test_a_transfer_to_a_counter_goes_to_its_pool_and_keeps_the_service() -> None:
    fact = transferred(a_ticket(), m.TransferTicket(ticket="t", counter="counter-1"), service=PERSONAL, desk=a_desk())
    assert (fact.queue, fact.service, fact.to_counter) == ("@counter-1", "personal", "counter-1")


def test_a_transfer_may_change_service_and_counter_at_once() -> None:
    command = m.TransferTicket(ticket="t", service="corporate", counter="counter-1")
    fact = transferred(a_ticket(), command, service=CORPORATE, desk=a_desk())
    assert (fact.queue, fact.service) == ("@counter-1", "corporate")


def test_a_transfer_out_of_a_pool_goes_back_to_the_queue() -> None:
    pooled = a_ticket(queue="@counter-2")
    fact = transferred(pooled, m.TransferTicket(ticket="t", service="personal"), service=PERSONAL)
    assert (fact.queue, fact.from_queue) == ("personal.normal", "@counter-2")


@pytest.mark.parametrize(
    ("command", "known", "code"),
    [
        (m.TransferTicket(ticket="t"), {"service": PERSONAL}, "transfer_needs_target"),
        (m.TransferTicket(ticket="t", service="moon"), {}, "unknown_service"),
        (m.TransferTicket(ticket="t", counter="counter-9"), {"service": PERSONAL}, "unknown_counter"),
        (
            m.TransferTicket(ticket="t", counter="counter-1"),
            {"service": PERSONAL, "desk": a_desk(Presence.CLOSED)},
            "counter_unattended",
        ),
    ],
)
def test_a_transfer_to_nowhere_is_refused(command: m.TransferTicket, known: dict[str, Any], code: str) -> None:
    with refused(code):
        decide.transfer(about(a_ticket(), **known), command, CONTEXT)


@pytest.mark.parametrize(
    ("state", "line", "place_ms"),
    [
        (State.PARKED, Line(7, (LONG_HERE,), full=True), NOW_MS - 10 * MINUTE_MS),
        (State.NO_SHOW, Line(7, (LONG_HERE,), full=True), NOW_MS - MINUTE_MS + 1),
        (State.NO_SHOW, Line(7), NOW_MS),
        (State.NO_SHOW, Line(7, (LONG_HERE,)), NOW_MS),
        (State.NO_SHOW, Line(7, (Behind("o", NOW_MS + 5 * MINUTE_MS, 8),)), NOW_MS + 5 * MINUTE_MS + 1),
    ],
    ids=[
        "parked: its old place",
        "missed: behind the next few",
        "missed: nobody waits",
        "missed: behind all, where they are fewer",
        "missed: also where the clock went back since they came",
    ],
)
def test_who_waits_again_gets_this_place(state: State, line: Line, place_ms: int) -> None:
    facts = decide.requeue(about(a_ticket(state), line=line), m.RequeueTicket(ticket="t"), CONTEXT)
    assert facts == [e.TicketRequeued(ticket="ticket-a007", number="A007", place_ms=place_ms)]


def test_whoever_shares_the_millisecond_stays_behind_a_missed_one() -> None:
    at_ms = NOW_MS - MINUTE_MS
    line = Line(1, (Behind("first", at_ms, 2),), (Behind("second", at_ms, 3), Behind("third", at_ms + 9, 4)), full=True)
    (fact,) = decide.requeue(about(a_ticket(State.NO_SHOW), line=line), m.RequeueTicket(ticket="t"), CONTEXT)
    assert fact == e.TicketRequeued(ticket="ticket-a007", number="A007", place_ms=at_ms + 1, moved_back={"second": at_ms + 1})


# --- the slip


def test_a_reprint_is_the_next_copy() -> None:
    facts = decide.reprint(about(a_ticket(copies=1)), m.ReprintSlip(ticket="t", printer="printer-2"), CONTEXT)
    assert facts == [e.SlipRequested(ticket="ticket-a007", number="A007", copy=2, printer="printer-2")]


@pytest.mark.parametrize("slip", [Slip.NONE, Slip.HELD, Slip.PRINTED, Slip.UNKNOWN])
def test_a_slip_may_be_reprinted_unless_it_is_printing(slip: Slip) -> None:
    assert decide.reprint(about(a_ticket(slip=slip)), m.ReprintSlip(ticket="t", printer="p"), CONTEXT)


def test_a_slip_that_is_printing_is_not_reprinted() -> None:
    with refused("slip_still_printing"):
        decide.reprint(about(a_ticket(slip=Slip.QUEUED)), m.ReprintSlip(ticket="t", printer="p"), CONTEXT)


def test_copies_are_limited() -> None:
    with refused("too_many_copies") as no:
        decide.reprint(about(a_ticket(copies=COPIES_MAX)), m.ReprintSlip(ticket="t", printer="p"), CONTEXT)
    assert no.facts == {"copies_max": 5}


def news(slip: Slip, copy: int) -> m.RecordSlip:
    return m.RecordSlip(ticket="t", slip=slip, copy=copy, proof="process_id")


def test_what_the_printer_proved_is_recorded() -> None:
    facts = decide.record_slip(about(a_ticket(slip=Slip.QUEUED)), news(Slip.PRINTED, 0), CONTEXT)
    assert facts == [e.SlipRecorded(ticket="ticket-a007", number="A007", slip=Slip.PRINTED, copy=0, proof="process_id")]


@pytest.mark.parametrize("ticket", [a_ticket(slip=Slip.QUEUED, copies=1), a_ticket(slip=Slip.PRINTED)])
def test_news_of_an_older_copy_or_no_news_changes_nothing(ticket: Ticket) -> None:
    assert decide.record_slip(about(ticket), news(Slip.PRINTED, 0), CONTEXT) == ()


def test_news_of_an_unknown_ticket_is_refused() -> None:
    with refused("unknown_ticket"):
        decide.record_slip(about(None), news(Slip.PRINTED, 0), CONTEXT)


@pytest.mark.parametrize("state", [State.FINISHED, State.CANCELLED, State.EXPIRED])
def test_the_printer_is_believed_also_when_the_ticket_is_over(state: State) -> None:
    assert decide.record_slip(about(a_ticket(state, slip=Slip.HELD)), news(Slip.NONE, 0), CONTEXT)


# --- the opinion


@pytest.mark.parametrize("state", State)
def test_only_who_was_served_may_rate(state: State) -> None:
    def rate() -> object:
        return decide.rate(about(a_ticket(state)), m.RateService(ticket="t", score=4), CONTEXT)

    if state in (State.SERVING, State.FINISHED):
        assert rate()
    else:
        with refused("not_served_yet"):
            rate()


def test_an_opinion_names_who_served() -> None:
    ticket = a_ticket(State.FINISHED, counter="counter-1", staff="1001")
    command = m.RateService(ticket="t", score=2, reasons=("wait",), comment_ref="comment-1")
    (fact,) = decide.rate(about(ticket), command, CONTEXT)
    assert fact == e.TicketRated(
        ticket="ticket-a007",
        number="A007",
        score=2,
        reasons=("wait",),
        comment_ref="comment-1",
        counter="counter-1",
        staff="1001",
    )


def test_one_opinion_per_service() -> None:
    with refused("already_rated"):
        decide.rate(about(a_ticket(State.FINISHED, rating=1)), m.RateService(ticket="t", score=5), CONTEXT)


def test_an_opinion_on_nothing_is_refused() -> None:
    with refused("unknown_ticket"):
        decide.rate(about(None), m.RateService(ticket="t", score=5), CONTEXT)


# --- the day


def test_a_day_that_is_open_stays_open() -> None:
    assert decide.open_day(OPEN_TODAY, m.OpenDay(), CONTEXT) == []


def test_a_closed_day_has_nothing_to_close() -> None:
    assert decide.close_day(Day(None), m.CloseDay(), CONTEXT) == []


def test_closing_settles_each_ticket_by_where_it_is() -> None:
    stood = (State.WAITING, State.CALLED, State.SERVING, State.PARKED, State.NO_SHOW)
    left = tuple(a_ticket(state, id=f"ticket-{state.value}") for state in stood)
    facts = decide.close(Day("2026-11-22", left_tickets=left, left_desks=(a_desk(),)))
    assert [(type(fact), fact.entity()) for fact in facts] == [
        (e.TicketExpired, "ticket-waiting"),
        (e.TicketExpired, "ticket-called"),
        (e.TicketFinished, "ticket-serving"),
        (e.TicketExpired, "ticket-parked"),
        (e.TicketExpired, "ticket-no_show"),
        (e.CounterSignedOut, "counter-1"),
        (e.DayClosed, "2026-11-22"),
    ]
    finished = facts[2]
    assert isinstance(finished, e.TicketFinished)
    assert (finished.counter, finished.staff, finished.outcome) == ("counter-1", "1001", "assumed")
    signed_out = facts[-2]
    assert isinstance(signed_out, e.CounterSignedOut)
    assert signed_out.automatic


def test_where_tellers_never_press_serve_a_call_is_a_service_when_the_day_ends() -> None:
    called = a_ticket(State.CALLED)
    settled, _ = decide.close(Day("2026-11-22", left_tickets=(called,), called_is_served=True))
    assert isinstance(settled, e.TicketFinished)


@pytest.mark.parametrize(
    ("now", "opened"),
    [
        ("2026-11-23 23:59:59", []),
        ("2026-11-24 00:00:00", ["2026-11-24"]),
        ("2026-11-27 08:30:00", ["2026-11-27"]),
        ("2026-11-22 12:00:00", ["2026-11-22"]),
    ],
    ids=["a second before midnight", "midnight", "after a long weekend", "a clock that was set back"],
)
def test_the_day_turns_at_midnight_of_the_branch(now: str, opened: list[str]) -> None:
    facts = decide.open_day(Day("2026-11-23"), m.OpenDay(), at(now))
    assert [fact.day for fact in facts if isinstance(fact, e.DayOpened)] == opened
    assert [fact.day for fact in facts if isinstance(fact, e.DayClosed)] == ["2026-11-23"] * len(opened)


def test_a_refusal_carries_a_stable_code_and_facts() -> None:
    error = Rejected("ticket_not_in_state", state="waiting")
    assert (str(error), error.facts) == ("ticket_not_in_state", {"state": "waiting"})
