"""Given a counter, when its teller wishes something, then these facts or this refusal (S19, S20, S23)."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from edge import registry
from edge.kernel.domain import Command, Event
from edge.queue import decide, desk
from edge.queue import events as e
from edge.queue import model as m
from edge.queue.load import Day, DeskState
from edge.queue.model import Presence, State, Tier
from tests.unit.given import AT_1, CONTEXT, OPEN_TODAY, a_desk, a_head, a_ticket, refused, standing_at

DESK: dict[str, Any] = {"counter": "counter-1", "counter_number": 1, "staff": "1001"}

# --- presence


def test_a_teller_takes_a_free_counter() -> None:
    facts = decide.sign_in(DeskState(a_desk(Presence.CLOSED), OPEN_TODAY), m.SignIn(**AT_1), CONTEXT)
    assert facts == [e.CounterSignedIn(**DESK)]


def test_signing_in_again_at_the_same_counter_changes_nothing() -> None:
    assert decide.sign_in(DeskState(a_desk(), OPEN_TODAY), m.SignIn(**AT_1), CONTEXT) == ()


def test_one_counter_one_teller() -> None:
    with refused("counter_taken") as no:
        decide.sign_in(DeskState(a_desk(staff="1002"), OPEN_TODAY), m.SignIn(**AT_1), CONTEXT)
    assert no.facts == {"staff": "1002"}


@pytest.mark.parametrize("desk", [a_desk(Presence.CLOSED), a_desk(staff="1002")])
def test_one_teller_one_counter(desk: Any) -> None:
    with refused("signed_in_elsewhere") as no:
        decide.sign_in(DeskState(desk, OPEN_TODAY, elsewhere=2), m.SignIn(**AT_1), CONTEXT)
    assert no.facts == {"counter_number": 2}


def test_nobody_signs_in_at_a_counter_that_is_not_there() -> None:
    with refused("unknown_counter"):
        decide.sign_in(DeskState(None, OPEN_TODAY), m.SignIn(**AT_1), CONTEXT)


def test_the_first_of_the_morning_opens_the_day() -> None:
    facts = decide.sign_in(DeskState(a_desk(Presence.CLOSED), Day(None)), m.SignIn(**AT_1), CONTEXT)
    assert [type(fact) for fact in facts] == [e.DayOpened, e.CounterSignedIn]


def test_who_sat_here_yesterday_does_not_keep_the_counter() -> None:
    yesterday = Day("2026-11-22", left_desks=(a_desk(staff="1002"),))
    facts = decide.sign_in(DeskState(a_desk(staff="1002"), yesterday, elsewhere=2), m.SignIn(**AT_1), CONTEXT)
    assert facts == [
        e.CounterSignedOut(counter="counter-1", counter_number=1, staff="1002", automatic=True),
        e.DayClosed(day="2026-11-22"),
        e.DayOpened(day="2026-11-23"),
        e.CounterSignedIn(**DESK),
    ]


def test_nobody_signs_in_once_the_day_was_closed() -> None:
    with refused("day_closed"):
        decide.sign_in(DeskState(a_desk(Presence.CLOSED), Day(None, closed_today=True)), m.SignIn(**AT_1), CONTEXT)


def test_signing_out_leaves_the_counter() -> None:
    assert desk.sign_out(DeskState(a_desk()), m.SignOut(**AT_1), CONTEXT) == [e.CounterSignedOut(**DESK)]


def test_signing_out_finishes_whoever_is_in_hand() -> None:
    facts = desk.sign_out(standing_at(State.SERVING), m.SignOut(**AT_1), CONTEXT)
    assert [type(fact) for fact in facts] == [e.TicketFinished, e.CounterSignedOut]


Then = tuple[type[Event], ...]
PRESENCE: dict[str, tuple[Callable[..., Sequence[Event]], Command]] = {
    "open": (desk.open_counter, m.OpenCounter(**AT_1)),
    "pause": (desk.pause_counter, m.PauseCounter(**AT_1, reason="lunch")),
    "resume": (desk.resume_counter, m.ResumeCounter(**AT_1)),
}


@pytest.mark.parametrize(
    ("wish", "presence", "then"),
    [
        ("open", Presence.SIGNED_IN, (e.CounterOpened,)),
        ("open", Presence.OPEN, ()),
        ("open", Presence.PAUSED, "counter_paused"),
        ("pause", Presence.SIGNED_IN, (e.CounterPaused,)),
        ("pause", Presence.OPEN, (e.CounterPaused,)),
        ("pause", Presence.PAUSED, ()),
        ("resume", Presence.SIGNED_IN, ()),
        ("resume", Presence.OPEN, ()),
        ("resume", Presence.PAUSED, (e.CounterResumed,)),
        ("open", Presence.CLOSED, "not_signed_in_here"),
        ("pause", Presence.CLOSED, "not_signed_in_here"),
        ("resume", Presence.CLOSED, "not_signed_in_here"),
    ],
)
def test_presence(wish: str, presence: Presence, then: Then | str) -> None:
    decision, command = PRESENCE[wish]
    if isinstance(then, str):
        with refused(then):
            decision(DeskState(a_desk(presence)), command, CONTEXT)
    else:
        assert tuple(type(fact) for fact in decision(DeskState(a_desk(presence)), command, CONTEXT)) == then


def test_a_pause_says_why() -> None:
    (fact,) = desk.pause_counter(DeskState(a_desk()), m.PauseCounter(**AT_1, reason="lunch"), CONTEXT)
    assert fact == e.CounterPaused(**DESK, reason="lunch")


@pytest.mark.parametrize("state", [State.CALLED, State.SERVING])
def test_nobody_pauses_with_a_customer_in_hand(state: State) -> None:
    with refused("ticket_in_hand") as no:
        desk.pause_counter(standing_at(state), m.PauseCounter(**AT_1), CONTEXT)
    assert no.facts == {"number": "A007"}


# --- whose counter is it

EVERYTHING: list[tuple[Callable[..., Sequence[Event]], type[Command]]] = [
    (desk.sign_out, m.SignOut),
    (desk.open_counter, m.OpenCounter),
    (desk.pause_counter, m.PauseCounter),
    (desk.resume_counter, m.ResumeCounter),
    (decide.call_next, m.CallNext),
    (decide.recall, m.RecallTicket),
    (decide.serve, m.ServeTicket),
    (decide.mark_no_show, m.MarkNoShow),
    (decide.park, m.ParkTicket),
    (decide.finish, m.FinishTicket),
]


@pytest.mark.parametrize(("decision", "command"), EVERYTHING)
def test_only_its_own_teller_moves_a_counter(decision: Callable[..., Sequence[Event]], command: Callable[..., Command]) -> None:
    with refused("not_signed_in_here") as no:
        decision(DeskState(a_desk(ticket=a_ticket(State.CALLED))), command(counter="counter-1", staff="1002"), CONTEXT)
    assert no.facts == {"counter_number": 1}
    with refused("not_signed_in_here"):
        decision(DeskState(a_desk(Presence.CLOSED)), command(**AT_1), CONTEXT)
    with refused("unknown_counter"):
        decision(DeskState(None), command(**AT_1), CONTEXT)


@pytest.mark.parametrize(("decision", "command"), EVERYTHING[5:])
def test_without_a_customer_there_is_nothing_to_do(
    decision: Callable[..., Sequence[Event]], command: Callable[..., Command]
) -> None:
    with refused("nobody_in_hand") as no:
        decision(DeskState(a_desk()), command(**AT_1), CONTEXT)
    assert no.facts == {"counter_number": 1}


# --- calling


def test_next_calls_whom_the_rule_picks_and_says_why() -> None:
    heads = (a_head("A003"), a_head("A009", Tier.GOLD, waited_s=5))
    (fact,) = decide.call_next(DeskState(a_desk(), heads=heads), m.CallNext(**AT_1), CONTEXT)
    assert isinstance(fact, e.TicketCalled)
    assert (fact.number, fact.tier, fact.queue, fact.language) == ("A009", Tier.GOLD, "personal.gold", m.Language.ZH)
    assert (fact.counter, fact.counter_number, fact.counter_name, fact.staff) == ("counter-1", 1, "1号窗口", "1001")
    assert fact.call_no == 1
    assert fact.why.text_code == "tier_goes_first"
    assert [(one.number, one.rank, one.chosen, one.waited_s) for one in fact.why.candidates] == [
        ("A009", 1, True, 5),
        ("A003", 2, False, 60),
    ]


def test_a_ticket_called_before_gets_the_next_call_number() -> None:
    (fact,) = decide.call_next(DeskState(a_desk(), heads=(a_head("A003", calls=4),)), m.CallNext(**AT_1), CONTEXT)
    assert isinstance(fact, e.TicketCalled)
    assert fact.call_no == 5


@pytest.mark.parametrize("in_hand", [State.CALLED, State.SERVING])
def test_next_ends_the_service_in_hand(in_hand: State) -> None:
    state = DeskState(a_desk(ticket=a_ticket(in_hand)), heads=(a_head("A008"),))
    finished, called = decide.call_next(state, m.CallNext(**AT_1), CONTEXT)
    assert isinstance(finished, e.TicketFinished)
    assert (finished.number, finished.outcome, finished.counter, finished.staff) == ("A007", "assumed", "counter-1", "1001")
    assert isinstance(called, e.TicketCalled)
    assert called.number == "A008"


@pytest.mark.parametrize(
    ("presence", "in_hand", "then"),
    [
        (Presence.OPEN, None, []),
        (Presence.OPEN, a_ticket(State.SERVING), [e.TicketFinished]),
        (Presence.SIGNED_IN, None, [e.CounterOpened]),
    ],
)
def test_next_with_nobody_waiting_is_no_refusal(presence: Presence, in_hand: Any, then: list[type[Event]]) -> None:
    facts = decide.call_next(DeskState(a_desk(presence, in_hand)), m.CallNext(**AT_1), CONTEXT)
    assert [type(fact) for fact in facts] == then


def test_next_opens_a_counter_that_was_only_signed_in() -> None:
    facts = decide.call_next(DeskState(a_desk(Presence.SIGNED_IN), heads=(a_head("A001"),)), m.CallNext(**AT_1), CONTEXT)
    assert [type(fact) for fact in facts] == [e.CounterOpened, e.TicketCalled]


def test_a_paused_counter_calls_nobody() -> None:
    with refused("counter_paused"):
        decide.call_next(DeskState(a_desk(Presence.PAUSED), heads=(a_head("A001"),)), m.CallNext(**AT_1), CONTEXT)


def test_a_recall_counts() -> None:
    (fact,) = decide.recall(standing_at(State.CALLED, calls=2, language=m.Language.EN), m.RecallTicket(**AT_1), CONTEXT)
    assert isinstance(fact, e.TicketRecalled)
    assert (fact.number, fact.call_no, fact.counter_number, fact.language) == ("A007", 3, 1, m.Language.EN)


def test_recalls_are_limited() -> None:
    with refused("too_many_calls") as no:
        decide.recall(standing_at(State.CALLED, calls=20), m.RecallTicket(**AT_1), CONTEXT)
    assert no.facts == {"calls_max": 20}


ONE = {"ticket": "ticket-a007", "number": "A007", "counter": "counter-1", "staff": "1001"}


@pytest.mark.parametrize(
    ("decision", "command", "fact"),
    [
        (decide.serve, m.ServeTicket(**AT_1), e.TicketServed(**ONE)),
        (decide.mark_no_show, m.MarkNoShow(**AT_1), e.TicketNoShow(**ONE)),
        (decide.park, m.ParkTicket(**AT_1, reason="id card"), e.TicketParked(**ONE, reason="id card")),
        (decide.finish, m.FinishTicket(**AT_1, outcome="done"), e.TicketFinished(**ONE, outcome="done")),
    ],
)
def test_a_move_at_the_counter_says_who_where_and_what(
    decision: Callable[..., Sequence[Event]], command: Command, fact: Event
) -> None:
    assert decision(standing_at(State.CALLED), command, CONTEXT) == [fact]


def test_every_command_of_the_queue_is_carried_out_by_somebody() -> None:
    wishes = {kind for kind in vars(m).values() if isinstance(kind, type) and issubclass(kind, Command) and kind is not Command}
    assert wishes <= registry.rules().handlers.keys()
