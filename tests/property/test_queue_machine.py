"""Anybody does anything in any order, the clock jumps, the program restarts: what must hold after every step.

The machine drives the real pipeline on a real file. It knows the queue only by what is promised:

* no number twice a day; a ticket in one place; a counter with one ticket at most; counts that are counts
* who is called is the first of all who may be called there, by a rule written down here once more, naively
* who asks for more time lets exactly the next three of their queue go first
* who waits keeps their order when the clock jumps and when the program restarts
* people ahead are those who would be called first, counted naively
* a refusal makes no facts; a repeat makes none and answers the same bytes; another wish under an old id is a conflict
* followers hear every fact once, in order; the tables are the fold of the journal, and its chain holds
* head office, folding the same facts its own way, shows every ticket as the branch has it
"""

import asyncio
import shutil
import tempfile
from collections import Counter as Tally
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge import registry
from edge.kernel import fold
from edge.kernel.db import Connection, Limits
from edge.kernel.domain import Command, Rejected
from edge.kernel.journal import check_chain
from edge.kernel.migrations import migrate
from edge.queue import model as m
from edge.queue import views
from edge.queue.answers import Called
from tests.component.queue.hall import CONFIGURE, ZONE, Hall
from tests.property.office import Office

T = TypeVar("T")
COUNTERS: Final = [counter.id for counter in CONFIGURE.counters]
SERVED_AT: Final = {
    counter.id: counter.services or tuple(service.id for service in CONFIGURE.services) for counter in CONFIGURE.counters
}
STAFF: Final = ["1001", "1002", "1003"]
WHY: Final = "带婴幼儿"
ORDER: Final = ["priority", "gold", "normal"]
IN_HAND: Final = ("called", "serving")
SHOWN: Final = "id, number, service, tier, queue, state, counter, finished_ms, calls"

BUSY: Final = ["take"] * 6 + ["call"] * 5 + ["miss", "miss", "park", "back", "back", "send", "later"]

counters = st.sampled_from([*COUNTERS, *COUNTERS, "counter-9"])
staff = st.sampled_from(STAFF)
services = st.sampled_from(["personal", "personal", "corporate", "moon"])
choices = st.integers(0, 10_000)
hours = st.lists(st.tuples(st.sampled_from(BUSY), choices), min_size=6, max_size=20)


class Done(NamedTuple):
    """A command and what became of it."""

    command: Command
    actor: str
    command_id: str
    answer: bytes | None
    refusal: tuple[str, dict[str, Any]] | None


class Place(NamedTuple):
    """Where a ticket is."""

    ticket: str
    day: str
    number: str
    queue: str
    state: str


class Waiting(NamedTuple):
    """Somebody who waits, as the naive rule sees them."""

    ticket: str
    number: str
    queue: str
    service: str
    tier: str
    place_ms: int
    seq: int


class Branch(RuleBasedStateMachine):
    """The branch and everybody in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="branchbox-"))
        self.hall = Hall(self.folder / "core.db", limits=Limits(reserve_bytes=4096, idle_s=0.05, readers_max=1))
        self.folded = Connection(":memory:")
        migrate(self.folded, registry.migrations(), now_ms=0)
        self.folded_seq = 0
        self.office = Office()
        self.done: list[Done] = []
        self.tickets: list[str] = []
        self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        self.hall.open()

    @initialize()
    def configure(self) -> None:
        self.submit(CONFIGURE)
        self.submit(m.OpenDay())
        for counter, who in zip(COUNTERS, STAFF, strict=True):
            self.submit(m.SignIn(counter=counter, staff=who), f"staff:{who}")

    # --- commands

    async def _carry_out(self, command: Command, actor: str, command_id: str) -> Done:
        try:
            outcome = await self.hall.do(command, actor=actor, command_id=command_id)
        except Rejected as no:
            return Done(command, actor, command_id, None, (no.code, no.facts))
        return Done(command, actor, command_id, outcome.answer, None)

    def submit(self, command: Command, actor: str = "system") -> Done:
        """Carry it out; a refusal may journal a step of the clock and nothing else."""
        self.hall.wait(0.5)
        before = self.head
        done = self.run(self._carry_out(command, actor, f"command-{len(self.done)}"))
        self.done.append(done)
        if done.refusal is not None:
            assert set(self.hall.types(before)) <= {"clock_stepped"}, done
        return done

    @property
    def head(self) -> int:
        return self.hall.pipeline.journal.head().seq

    def pick(self, choice: int) -> str:
        """A ticket that was given, or one that never was."""
        return self.tickets[choice % len(self.tickets)] if self.tickets and choice % 13 else "0" * 23

    @rule(service=services, tier=st.sampled_from([m.Tier.NORMAL, m.Tier.NORMAL, m.Tier.GOLD]), reason=st.integers(0, 5))
    def take(self, service: str, tier: m.Tier, reason: int) -> None:
        self.issue(service, tier, m.PriorityReason.ELDERLY if reason == 0 else None)

    def issue(self, service: str, tier: m.Tier, reason: m.PriorityReason | None = None) -> None:
        """Take a number; whoever it puts ahead must be those whom the naive rule calls first."""
        command = m.IssueTicket(service=service, tier=tier, channel=m.Channel.KIOSK, priority_reason=reason)
        done = self.submit(command, "device:kiosk-1")
        if done.answer is None:
            return
        issued = msgspec.json.decode(done.answer)
        self.tickets.append(issued["id"])
        own = next(one for one in self.waiting() if one.ticket == issued["id"])
        if not self.times_are_crooked():
            assert issued["ahead"] == ahead(own, self.waiting())

    @rule(counter=counters, who=staff)
    def sign_in(self, counter: str, who: str) -> None:
        self.submit(m.SignIn(counter=counter, staff=who), f"staff:{who}")

    @rule(
        kind=st.sampled_from([m.SignOut, m.OpenCounter, m.PauseCounter, m.ResumeCounter, m.OpenCounter]),
        counter=counters,
        who=staff,
    )
    def attend(self, kind: type[m.SignOut], counter: str, who: str) -> None:
        self.submit(kind(counter=counter, staff=who), f"staff:{who}")

    @rule(counter=counters, choice=choices)
    def next(self, counter: str, choice: int) -> None:
        who = self.teller_at(counter) if choice % 7 else STAFF[choice % 3]
        self.call(counter, who)

    def work(self, wishes: list[tuple[str, int]]) -> None:
        """A busy hour: people come, are called, missed, parked, come back, are sent to a counter by name."""
        for wish, choice in wishes:
            counter = COUNTERS[choice % 2]
            who = self.teller_at(counter)
            match wish:
                case "take":
                    self.issue(("personal", "corporate")[choice % 2], (m.Tier.NORMAL, m.Tier.GOLD)[choice % 3 == 0])
                case "call":
                    self.call(counter, who)
                case "miss":
                    self.submit(m.MarkNoShow(counter=counter, staff=who))
                case "park":
                    self.submit(m.ParkTicket(counter=counter, staff=who, pool=list(m.Pool)[choice % 3]))
                case "later":
                    self.ask_for_time(choice)
                case "back":
                    self.submit(m.RequeueTicket(ticket=self.away(choice)))
                case _:
                    self.submit(m.TransferTicket(ticket=self.pick(choice), counter=counter, reason=WHY))
            self.everyone_is_in_one_place()

    morning, noon = rule(wishes=hours)(work), rule(wishes=hours)(work)
    afternoon, evening = rule(wishes=hours)(work), rule(wishes=hours)(work)
    """Most of a day is work: Hypothesis draws each name as often as any other rule."""

    @rule(
        kind=st.sampled_from([m.ServeTicket, m.RecallTicket, m.MarkNoShow, m.ParkTicket, m.FinishTicket]),
        counter=counters,
        choice=choices,
    )
    def handle(self, kind: type[m.ServeTicket], counter: str, choice: int) -> None:
        who = self.teller_at(counter) if choice % 7 else STAFF[choice % 3]
        self.submit(kind(counter=counter, staff=who), f"staff:{who}")

    @rule(kind=st.sampled_from([m.CancelTicket, m.RequeueTicket, m.RequeueTicket]), choice=choices)
    def move(self, kind: type[m.CancelTicket], choice: int) -> None:
        self.submit(kind(ticket=self.pick(choice)), "staff:2001")

    @rule(choice=choices)
    def ask_for_time(self, choice: int) -> None:
        """Somebody who is not ready: the next three of their queue go first, or all behind where fewer wait; else all stand."""
        waiting = sorted(self.waiting(), key=lambda one: (one.place_ms, one.seq))
        own = next((one for one in waiting if one.ticket == self.pick(choice)), None)
        done = self.submit(m.AskForTime(ticket=self.pick(choice)), "phone")
        if own is None or done.refusal is not None:
            return
        before = [one.ticket for one in waiting if one.queue == own.queue]
        place = before.index(own.ticket) + 1
        expected = [*before[: place - 1], *before[place : place + 3], own.ticket, *before[place + 3 :]]
        now = sorted(self.waiting(), key=lambda one: (one.place_ms, one.seq))
        assert [one.ticket for one in now if one.queue == own.queue] == expected

    @rule(choice=choices, service=st.none() | services, counter=st.none() | counters, keep=st.booleans())
    def transfer(self, choice: int, service: str | None, counter: str | None, keep: bool) -> None:  # noqa: FBT001 -- drawn
        ticket = self.pick(choice)
        self.submit(m.TransferTicket(ticket=ticket, service=service, counter=counter, keep_place=keep, reason=WHY))

    @rule(choice=choices)
    def pin(self, choice: int) -> None:
        """The lobby puts somebody first."""
        self.submit(m.PinTicket(ticket=self.pick(choice), reason=WHY), "staff:2001")

    @rule(choice=choices)
    def divert(self, choice: int) -> None:
        """The lobby leads somebody to a machine."""
        self.submit(m.CancelTicket(ticket=self.pick(choice), reason=m.DIVERTED_TO_MACHINE), "staff:2001")

    @rule(choice=choices, gold=st.booleans(), customer=st.sampled_from(["c-1", "c-2"]))
    def bind(self, choice: int, gold: bool, customer: str) -> None:  # noqa: FBT001 -- drawn
        """The lobby manager finds out who holds a ticket."""
        tier = m.Tier.GOLD if gold else m.Tier.NORMAL
        self.submit(m.BindCustomer(ticket=self.pick(choice), customer=customer, tier=tier), "staff:2001")

    @rule(choice=choices)
    def unbind(self, choice: int) -> None:
        """It was somebody else."""
        self.submit(m.UnbindCustomer(ticket=self.pick(choice)), "staff:2001")

    @rule(choice=choices, score=st.integers(1, 5))
    def rate(self, choice: int, score: int) -> None:
        self.submit(m.RateService(ticket=self.pick(choice), score=score), "phone")

    @rule(close=st.booleans())
    def turn_the_sign(self, close: bool) -> None:  # noqa: FBT001 -- drawn
        if close and len(self.done) % 3 == 0:
            self.submit(m.CloseDay())
        else:
            self.submit(m.OpenDay())

    @rule(who=st.lists(st.tuples(st.sampled_from(COUNTERS), st.booleans()), min_size=2, max_size=6))
    def press_all_at_once(self, who: list[tuple[str, bool]]) -> None:
        """Several at the same moment: each gets somebody else."""

        async def all_of_them() -> list[Done]:
            wishes = [
                self._carry_out(
                    m.CallNext(counter=counter, staff=self.teller_at(counter))
                    if call
                    else m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK),
                    "system",
                    f"burst-{len(self.done)}-{place}",
                )
                for place, (counter, call) in enumerate(who)
            ]
            return await asyncio.gather(*wishes)

        done = self.run(all_of_them())
        self.done += done
        answers = [msgspec.json.decode(one.answer) for one in done if one.answer is not None]
        self.tickets += [answer["id"] for answer in answers if "id" in answer]
        called = [answer["ticket"]["number"] for answer in answers if answer.get("ticket")]
        assert len(called) == len(set(called))

    # --- asking again

    @precondition(lambda self: self.done)
    @rule(choice=choices)
    def repeat(self, choice: int) -> None:
        before, first = self.head, self.done[choice % len(self.done)]
        assert self.run(self._carry_out(first.command, first.actor, first.command_id)) == first
        assert self.head == before

    @precondition(lambda self: self.done)
    @rule(choice=choices)
    def use_an_id_twice(self, choice: int) -> None:
        before, first = self.head, self.done[choice % len(self.done)]
        other = m.RateService(ticket="0" * 23, score=1 + len(self.done) % 5)
        again = self.run(self._carry_out(other, "somebody else", first.command_id))
        assert again.refusal is not None
        assert again.refusal[0] == "idempotency_conflict"
        assert self.head == before

    # --- the world

    @rule(seconds=st.sampled_from([0, 1, 45, 600, 3600, 5 * 3600, 26 * 3600]))
    def pass_time(self, seconds: int) -> None:
        self.hall.wait(seconds)

    @rule(seconds=st.sampled_from([-299, -1, 299, 3600, -3600]))
    def set_the_clock(self, seconds: int) -> None:
        before = self.order()
        self.hall.clock.advance(seconds)
        assert self.order() == before

    @rule()
    def restart(self) -> None:
        before = self.order()
        self.run(self.hall.reopen())
        assert self.order() == before

    def order(self) -> list[tuple[str, int | None]]:
        """Who waits, in the order in which they are shown, and how many each of them has ahead."""
        return [(one.number, one.ahead) for one in self.hall.listed()]

    # --- what holds

    @invariant()
    def everyone_is_in_one_place(self) -> None:
        with self.hall.db.reader() as connection:
            tickets = msgspec.convert(
                connection.execute("SELECT id, day, number, queue, state FROM ticket").fetchall(), list[Place]
            )
            desks = connection.execute("SELECT ticket, staff FROM queue_counter").fetchall()
            lengths = connection.execute("SELECT queue, waiting FROM queue_length WHERE waiting > 0").fetchall()
        assert len({(one.day, one.number) for one in tickets}) == len(tickets) == len(set(self.tickets))
        in_hand = Tally(one.ticket for one in tickets if one.state in IN_HAND)
        assert Tally(str(ticket) for ticket, _ in desks if ticket is not None) == in_hand
        assert sorted(lengths) == sorted(Tally(one.queue for one in tickets if one.state == "waiting").items())
        manned = [who for _, who in desks if who is not None]
        assert len(manned) == len(set(manned))

    @invariant()
    def nobody_sees_nonsense(self) -> None:
        with self.hall.db.reader() as connection:
            queues = views.queues(connection, self.hall.clock.now_ms())
            positions = views.positions(connection)
            seen = {ticket: views.ticket(connection, ticket, ZONE) for ticket in positions}
        assert all(queue.longest_wait_s >= 0 for queue in queues)
        waiting = self.waiting()
        naive = {one.ticket: ahead(one, waiting) for one in waiting}
        assert positions == naive
        for ticket, view in seen.items():
            assert view is not None
            assert view.ahead == naive[ticket]
            assert view.wait is not None
            assert 0 <= view.wait.low_s <= view.wait.high_s
            assert view.counter is None
            assert view.finished_at is None

    @invariant()
    def the_books_are_the_fold_of_the_journal(self) -> None:
        """Folded fact by fact beside the branch; `teardown` folds everything once more from the start."""
        news = self.hall.facts(self.folded_seq)
        assert fold.fold(self.folded, registry.rules(), news) == ()
        self.folded_seq += len(news)
        with self.hall.db.reader() as connection:
            for table in registry.folded_tables():
                assert fold.compare(connection, self.folded, table) is None

    @invariant()
    def head_office_shows_the_same_tickets(self) -> None:
        self.office.hear(self.hall.facts(self.office.seq))
        with self.hall.db.reader() as connection:
            here = connection.execute(f"SELECT {SHOWN} FROM ticket ORDER BY seq").fetchall()  # noqa: S608 -- constant
            in_hand = connection.execute("SELECT counter, ticket FROM queue_counter WHERE ticket IS NOT NULL").fetchall()
        there = [
            (one.ticket, one.number, one.service, one.tier, one.queue, one.state, one.counter, one.ended_at_ms, one.calls)
            for one in self.office.tickets.values()
        ]
        assert here == there
        assert set(in_hand) == {(desk.counter, desk.ticket) for desk in self.office.desks.values() if desk.ticket}

    @invariant()
    def followers_heard_everything_once(self) -> None:
        assert [record.seq for record in self.hall.told] == list(range(1, self.head + 1))

    def teardown(self) -> None:
        try:
            assert self.hall.verdict().sound
            with self.hall.db.reader() as connection:
                assert check_chain(connection)[1] is None
        finally:
            self.run(self.hall.db.close())
            self.folded.close()
            self.loop.close()
            shutil.rmtree(self.folder)

    def call(self, counter: str, who: str) -> None:
        """Press Next; whoever is called must be the one whom the naive rule names."""
        expected = self.first_of(counter)
        done = self.submit(m.CallNext(counter=counter, staff=who), f"staff:{who}")
        if done.answer is None:
            return
        called = msgspec.json.decode(done.answer, type=Called)
        assert (called.ticket.number if called.ticket else None) == (expected.number if expected else None)
        if called.why is not None:
            assert all(candidate.waited_s >= 0 for candidate in called.why.candidates)
            assert [candidate.number for candidate in called.why.candidates if candidate.chosen] == [
                called.ticket and called.ticket.number
            ]

    # --- the naive rule

    def waiting(self) -> list[Waiting]:
        with self.hall.db.reader() as connection:
            rows = connection.execute(
                "SELECT id, number, queue, service, tier, place_ms, seq FROM ticket WHERE state = 'waiting'"
            ).fetchall()
        return msgspec.convert(rows, list[Waiting])

    def first_of(self, counter: str) -> Waiting | None:
        """Whom a counter must call now: of everybody, not of the heads only; nobody who would be left behind by midnight.
        Whoever was sent here by name is called in the order of their places, whatever their tier."""
        offered = {*SERVED_AT.get(counter, ()), *self.left_over(counter)}
        waiting = self.waiting()
        may = [one for one in waiting if one.queue[0] != "@" and one.service in offered]
        for pool in (f"@{counter}", f"@staff:{self.teller_at(counter)}"):
            may += sorted((one for one in waiting if one.queue == pool), key=lambda one: (one.place_ms, one.seq))[:1]
        return min(may, key=lambda one: (one.queue[0] != "@", ORDER.index(one.tier), one.place_ms, one.seq), default=None)

    def left_over(self, counter: str) -> set[str]:
        """What a window offered that closed today, and no other attended one offers (S04)."""
        with self.hall.db.reader() as connection:
            opened_ms = connection.execute("SELECT opened_ms FROM queue_day WHERE state = 'open'").get
            rows = connection.execute(
                "SELECT counter, staff, since_ms FROM queue_counter WHERE counter <> ?", (counter,)
            ).fetchall()
        attended = {service for other, who, _ in rows if who for service in SERVED_AT[str(other)]}
        closed = {
            service
            for other, who, since_ms in rows
            if who is None and opened_ms is not None and since_ms >= opened_ms
            for service in SERVED_AT[str(other)]
        }
        return closed - attended

    def away(self, choice: int) -> str:
        """Somebody parked or missed, if there is one."""
        with self.hall.db.reader() as connection:
            rows = connection.execute("SELECT id FROM ticket WHERE state IN ('parked', 'no_show') ORDER BY seq").fetchall()
        return str(rows[choice % len(rows)][0]) if rows else self.pick(choice)

    def teller_at(self, counter: str) -> str:
        with self.hall.db.reader() as connection:
            return connection.execute("SELECT staff FROM queue_counter WHERE counter = ?", (counter,)).get or STAFF[0]

    def times_are_crooked(self) -> bool:
        """Somebody waits with a place later than now: the clock was set back, or a missed ticket was put in."""
        return any(one.place_ms >= self.hall.clock.now_ms() for one in self.waiting()[:-1])


def ahead(own: Waiting, waiting: list[Waiting]) -> int:
    """How many would be called before `own`, were everybody called who stands in its line."""

    def key(one: Waiting) -> tuple[int, int, int]:
        return (0 if one.queue[0] == "@" else ORDER.index(one.tier), one.place_ms, one.seq)

    def line(one: Waiting) -> str:
        return one.queue if one.queue[0] == "@" else one.service

    return sum(line(one) == line(own) and key(one) < key(own) for one in waiting)


Branch.TestCase.settings = settings(
    max_examples=16,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestBranch = Branch.TestCase
