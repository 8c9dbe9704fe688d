"""A branch's books without a branch: made-up days journalled and applied by the real applies, without clock or disk."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edge import registry
from edge.appointments import events as a
from edge.appointments.model import early_ref
from edge.follow_ups.model import Outcome, RatingFollowedUp
from edge.forecast.model import PromisesScored
from edge.kernel.db import Connection
from edge.kernel.domain import Event, Money
from edge.kernel.identities import IdentityKind
from edge.kernel.migrations import migrate
from edge.kernel.pipeline import Rules, apply_event
from edge.notify.model import ReminderDue, ReminderSettled, ReminderWithheld
from edge.org import tables as org
from edge.org.model import Branch, BranchConfigured, Counter, Service, Staff
from edge.parking.model import BayAsked, CarArrived
from edge.policy.events import ValueSet
from edge.policy.keys import Level
from edge.queue import events as e
from edge.queue.model import Channel, Language, Tier, queue_id
from edge.queue.rules import Measure, Why
from sync.chain import START, Position, Record, link

ZONE = ZoneInfo("Asia/Shanghai")
SERVICES = (("personal", "A", 300), ("corporate", "B", 600), ("wealth", "C", 900))
COUNTERS = 5
encode = msgspec.json.Encoder(order="deterministic").encode


class Books:
    """A database with every table of the branch, written to as the pipeline would."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.connection = Connection(str(path))
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -65536"):
            self.connection.execute(f"PRAGMA {pragma}").fetchall()
        migrate(self.connection, registry.migrations(), now_ms=0)
        self.rules: Rules = registry.rules()
        self.tip: Position = START
        self.last_ms = 0

    def add(self, at_ms: int, *events: Event, actor: str = "system") -> list[Record]:
        """Journal and apply. Time may step."""
        records = []
        for event in events:
            record = Record(self.tip.seq + 1, at_ms, event.TYPE, event.entity(), actor, encode(event))
            self.tip = Position(record.seq, link(self.tip.hash, record))
            self.connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", (*record, self.tip.hash))
            apply_event(self.rules, self.connection, event, record)
            records.append(record)
        self.last_ms = at_ms
        return records

    def configure(self, at_ms: int = 0) -> None:
        """Three services, five counters; everybody but 1005 is in the directory."""
        configured = BranchConfigured(
            version=1,
            branch=Branch(id="0001", name="示范支行", name_en="Demo & Branch"),
            services=tuple(
                Service(id=name, name=f"业务 {name}", name_en=name.title(), letter=letter, usual_s=usual_s)
                for name, letter, usual_s in SERVICES
            ),
            counters=tuple(Counter(id=f"counter-{n}", number=n, name=f"{n}号窗口") for n in range(1, COUNTERS + 1)),
        )
        hours = {"workday": {"from": "08:50", "to": "17:45"}}
        self.add(at_ms, configured, ValueSet(policy="queue.opening_hours", level=Level.OUTLET, value=hours, before={}))
        org.put_staff(
            self.connection, tuple(Staff(staff_no=f"100{n}", name=f"=员工{n}", roles=("teller",)) for n in range(1, 5))
        )


def at(day: date, clock: str) -> int:
    """The moment of a local clock time, in milliseconds."""
    return int(datetime.combine(day, time.fromisoformat(clock), ZONE).timestamp() * 1000)


@dataclass
class Visit:
    """One made-up customer."""

    id: str
    number: str
    service: str
    tier: Tier
    seq: int
    calls: int = 0
    state: str = "waiting"
    place_ms: int = 0


@dataclass
class Desk:
    """One made-up teller."""

    counter: str
    number: int
    staff: str
    visit: Visit | None = None
    idle: bool = False
    gone: bool = False


@dataclass
class MadeUpDay:
    """A day of a branch, told event by event; the same seed tells the same day."""

    books: Books
    day: date
    tickets: int
    rng: random.Random
    tellers: int = 4
    waiting: list[Visit] = field(default_factory=list)
    desks: list[Desk] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    late: list[Event] = field(default_factory=list)
    """Opinions that arrive only after the day."""

    def tell(self) -> list[Event]:
        self._plan: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._ordinals = {letter: 0 for _, letter, _ in SERVICES}
        self.now = at(self.day, "08:30")
        self._say(e.DayOpened(day=self.day.isoformat()))
        self.desks = [Desk(f"counter-{n}", n, f"100{n}") for n in range(1, self.tellers + 1)]
        for desk in self.desks:
            self._at(at(self.day, "08:40") + self.rng.randrange(900) * 1000, partial(self._begin, desk))
            self._at(at(self.day, "11:30") + self.rng.randrange(5400) * 1000, partial(self._pause, desk))
        for number in range(self.tickets // 15):
            self._book(number)
        for _ in range(self.tickets):
            self._at(at(self.day, "08:50") + int(self.rng.triangular(0, 27_000, 6000)) * 1000, self._arrive)
        self._at(at(self.day, "17:30"), self._close)
        while self._plan:
            self.now, _, act = heapq.heappop(self._plan)
            act()
        return self.late

    # --- what happens

    def _at(self, when_ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._plan, (when_ms, next(self._order), act))

    def _in(self, seconds: float, act: Callable[[], None]) -> None:
        self._at(self.now + int(seconds) * 1000, act)

    def _say(self, *events: Event, actor: str = "system") -> int:
        return self.books.add(self.now, *events, actor=actor)[-1].seq

    def _begin(self, desk: Desk) -> None:
        self._say(e.CounterSignedIn(counter=desk.counter, counter_number=desk.number, staff=desk.staff))
        self._in(300, lambda: self._open(desk))

    def _open(self, desk: Desk) -> None:
        self._say(e.CounterOpened(counter=desk.counter, counter_number=desk.number, staff=desk.staff))
        self._next(desk)

    def _pause(self, desk: Desk) -> None:
        if desk.visit is not None or not desk.idle:
            self._in(60, lambda: self._pause(desk))
            return
        desk.idle = False
        reason = self.rng.choice(["午餐", "=cmd()", ""])
        self._say(e.CounterPaused(counter=desk.counter, counter_number=desk.number, staff=desk.staff, reason=reason))
        self._in(self.rng.randrange(300, 1800), lambda: self._resume(desk))

    def _resume(self, desk: Desk) -> None:
        if not desk.gone:
            self._say(e.CounterResumed(counter=desk.counter, counter_number=desk.number, staff=desk.staff))
            self._next(desk)

    def _book(self, number: int) -> None:
        """An appointment for this day, and what will become of it."""
        ref, start_ms, half_ms = f"ap{self.day:%y%m%d}{number:03d}", at(self.day, "09:30") + number * 600_000, 1_800_000
        service = SERVICES[number % len(SERVICES)][0]
        self._say(
            a.AppointmentBooked(
                appointment=ref,
                code=f"{self.day:%d}{number:04d}",
                service=service,
                day=self.day.isoformat(),
                start_ms=start_ms,
                end_ms=start_ms + half_ms,
                channel=(Channel.WECHAT, Channel.MOBILE_BANK)[number % 2],
                expert="1001" if number % 5 == 0 else None,
                cash=Money(30_000_000, "CNY") if number % 4 == 0 else None,
            )
        )
        if number % 3 == 0:
            self._come_by_car(ref, start_ms, comes=number % 2 == 0)
        on_time: a.AppointmentFact = a.AppointmentSignedIn(appointment=ref)
        early, late = a.AppointmentCameEarly(appointment=ref), a.AppointmentReleased(appointment=ref, late_s=1200)
        moved = a.AppointmentRebooked(
            appointment=ref, day=self.day.isoformat(), start_ms=start_ms + half_ms, end_ms=start_ms + 2 * half_ms
        )
        fates: tuple[tuple[int, a.AppointmentFact, str], ...] = (
            (-5, on_time, ref),
            (10, on_time, ref),
            (-40, early, early_ref(ref)),
            (20, late, ref),
            (60, a.AppointmentMissed(appointment=ref), ""),
            (-30, a.AppointmentCancelled(appointment=ref), ""),
            (-20, moved, ""),
        )
        after_min, fact, ticket_ref = fates[number % len(fates)]
        self._at(start_ms + after_min * 60_000, partial(self._keep, fact, service, ticket_ref))

    def _come_by_car(self, appointment: str, start_ms: int, *, comes: bool) -> None:
        """A bay for an appointment, and perhaps its car."""
        bay, until_ms = f"P{appointment[-1]}", start_ms + 900_000
        asked = BayAsked(
            stay=f"st{appointment}",
            visit=appointment,
            appointment=appointment,
            plate_ref="plate-0",
            bay=bay,
            from_ms=start_ms - 1_800_000,
            until_ms=until_ms,
        )
        self._say(asked)
        if comes:
            arrived = CarArrived(stay=asked.stay, visit=appointment, bay=bay)
            self._at(start_ms - 600_000, partial(self._tell, arrived))

    def _tell(self, fact: Event) -> None:
        self._say(fact)

    def _keep(self, fact: a.AppointmentFact, service: str, ticket_ref: str) -> None:
        self._say(fact)
        if ticket_ref:
            self._arrive(service, ticket_ref)

    def _arrive(self, wanted: str | None = None, appointment: str | None = None) -> None:
        service, letter, usual_s = next(
            (one for one in SERVICES if one[0] == wanted), self.rng.choices(SERVICES, (70, 20, 10))[0]
        )
        tier = self.rng.choices(list(Tier), (5, 15, 80))[0]
        self._ordinals[letter] += 1
        remote = appointment is None and self.rng.random() < 0.05
        ahead = sum(one.service == service for one in self.waiting)
        number = f"{letter}{self._ordinals[letter]:03d}"
        shown = (*IdentityKind, None, None)[self._ordinals[letter] % 7]
        visit = Visit(f"{self.day:%y%m%d}{number}{self.rng.randrange(10**12):012d}", number, service, tier, 0)
        visit.seq = self._say(
            e.TicketIssued(
                ticket=visit.id,
                number=number,
                day=self.day.isoformat(),
                letter=letter,
                ordinal=self._ordinals[letter],
                service=service,
                tier=tier,
                queue=queue_id(service, tier),
                channel=Channel.WECHAT if remote else Channel.KIOSK,
                language=Language.ZH,
                ahead=ahead,
                wait_low_s=ahead * usual_s // 8 // 60 * 60,
                wait_high_s=max(ahead * usual_s // 3, usual_s) // 60 * 60,
                customer="c-1" if self.rng.random() < 0.3 else None,
                remote=remote,
                appointment=appointment,
                shown=None if remote else shown,
            ),
            actor="phone" if remote else f"device:kiosk-{1 + self._ordinals[letter] % 2}",
        )
        visit.place_ms = self.now
        if visit.seq % 4 == 0:
            self._offer(visit)
        self.visits.append(visit)
        if remote:
            visit.state = "pending"
            self._in(self.rng.randrange(300, 3600), lambda: self._activate(visit))
        else:
            self._wait(visit)
        self._in(self.rng.randrange(600, 4800), lambda: self._lose_patience(visit))

    def _offer(self, visit: Visit) -> None:
        """Somebody else is offered a machine for the same service."""
        offer, accepted = f"o{visit.id}", visit.seq % 8 == 0
        self._say(
            e.DiversionAnswered(
                offer=offer, day=self.day.isoformat(), service=visit.service, accepted=accepted, machines=3, free=1
            )
        )

    def _activate(self, visit: Visit) -> None:
        if visit.state == "pending" and self.rng.random() < 0.8:
            queue = queue_id(visit.service, visit.tier)
            fact = e.TicketActivated(
                ticket=visit.id, number=visit.number, queue=queue, place_ms=visit.place_ms, shown=IdentityKind.BANK_CARD
            )
            self._say(fact, actor="device:kiosk-1")
            self._wait(visit)

    def _remind(self, visit: Visit) -> None:
        """A text message, and what becomes of it; some are told only after the day."""
        outcome = ("sent", "refused", "expired", "suppressed", "unknown", "", "late")[visit.seq % 7]
        if not outcome:
            self._say(ReminderWithheld(ticket=visit.id, number=visit.number, ahead=3))
            return
        self._say(ReminderDue(ticket=visit.id, number=visit.number, ahead=3))
        if outcome == "late":
            self.late.append(ReminderSettled(ticket=visit.id, outcome="sent"))
        else:
            self._say(ReminderSettled(ticket=visit.id, outcome=outcome))

    def _bind(self, visit: Visit) -> None:
        """Somebody finds out whose number it is, and sometimes that it is not."""
        queue = queue_id(visit.service, visit.tier)
        bound = e.TicketBound(
            ticket=visit.id,
            number=visit.number,
            customer="c-2",
            tier=visit.tier,
            queue=queue,
            from_queue=queue,
            shown=IdentityKind.PHONE,
        )
        self._say(bound)
        if visit.seq % 2:
            unbound = e.TicketUnbound(
                ticket=visit.id, number=visit.number, customer="c-2", tier=visit.tier, queue=queue, from_queue=queue
            )
            self._say(unbound)

    def _wait(self, visit: Visit) -> None:
        visit.state = "waiting"
        if visit.seq % 6 == 0 and not visit.calls:
            self._remind(visit)
        if visit.seq % 17 == 0 and not visit.calls:
            self._bind(visit)
        self.waiting.append(visit)
        for desk in self.desks:
            if desk.idle:
                self._next(desk)
                return

    def _lose_patience(self, visit: Visit) -> None:
        if visit.state == "waiting" and self.rng.random() < 0.3:
            visit.state = "cancelled"
            self.waiting.remove(visit)
            reason = "diverted_self_service" if visit.seq % 3 == 0 else ""
            self._say(e.TicketCancelled(ticket=visit.id, number=visit.number, reason=reason))
        elif visit.state == "waiting" and visit.seq % 5 == 0:
            self._pin(visit)

    def _pin(self, visit: Visit) -> None:
        """The lobby puts it first: it is called with priority, and counts on with its tier."""
        queue = queue_id(visit.service, visit.tier)
        visit.tier = Tier.PRIORITY
        self._say(
            e.TicketPinned(
                ticket=visit.id,
                number=visit.number,
                tier=visit.tier,
                queue=queue_id(visit.service, visit.tier),
                from_queue=queue,
                place_ms=visit.place_ms,
                reason="small_child",
            )
        )

    def _next(self, desk: Desk) -> None:
        desk.visit, desk.idle = None, False
        if desk.gone:
            return
        if not self.waiting:
            desk.idle = True
            return
        ranks = {Tier.PRIORITY: 0, Tier.GOLD: 1, Tier.NORMAL: 2}
        visit = min(self.waiting, key=lambda one: (ranks[one.tier], one.place_ms, one.seq))
        rule, reason = "priority_then_time", "tier_goes_first"
        draw = self.rng.random()
        if draw < 0.05:
            visit = self.rng.choice(self.waiting)
            rule = reason = "picked_by_hand"
        elif draw < 0.15:
            rule, reason = "周一早", "past_its_threshold"
        self.waiting.remove(visit)
        visit.state, visit.calls, desk.visit = "called", visit.calls + 1, visit
        self._say(
            e.TicketCalled(
                ticket=visit.id,
                number=visit.number,
                service=visit.service,
                tier=visit.tier,
                queue=queue_id(visit.service, visit.tier),
                language=Language.ZH,
                counter=desk.counter,
                counter_number=desk.number,
                counter_name=f"{desk.number}号窗口",
                staff=desk.staff,
                call_no=visit.calls,
                why=_why(rule, reason, visit.seq),
                reason="熟客" if rule == "picked_by_hand" else "",
            )
        )
        if visit.seq % 3 == 0:  # whoever watched their phone
            late = visit.seq % 2
            self._say(
                PromisesScored(ticket=visit.id, kept=1 + visit.seq % 5, early=visit.seq % 4, late=late, late_s=late * visit.seq)
            )
        if self.rng.random() < 0.08:
            self._in(40, lambda: self._recall(desk, visit))
        else:
            self._in(self.rng.randrange(5, 40), lambda: self._serve(desk, visit))

    def _recall(self, desk: Desk, visit: Visit) -> None:
        if desk.visit is not visit:
            return
        visit.calls += 1
        self._say(
            e.TicketRecalled(
                ticket=visit.id,
                number=visit.number,
                service=visit.service,
                tier=visit.tier,
                queue=queue_id(visit.service, visit.tier),
                language=Language.ZH,
                counter=desk.counter,
                counter_number=desk.number,
                counter_name="",
                staff=desk.staff,
                call_no=visit.calls,
            )
        )
        if self.rng.random() < 0.3:
            self._in(20, lambda: self._serve(desk, visit))
        else:
            self._in(60, lambda: self._no_show(desk, visit))

    def _no_show(self, desk: Desk, visit: Visit) -> None:
        if desk.visit is not visit:
            return
        visit.state = "no_show"
        self._say(e.TicketNoShow(ticket=visit.id, number=visit.number, counter=desk.counter, staff=desk.staff))
        if self.rng.random() < 0.3:
            self._in(self.rng.randrange(60, 900), lambda: self._requeue(visit))
        self._next(desk)

    def _requeue(self, visit: Visit) -> None:
        if visit.state in ("no_show", "parked") and not self.desks[0].gone:
            self._say(e.TicketRequeued(ticket=visit.id, number=visit.number, place_ms=visit.place_ms))
            self._wait(visit)

    def _serve(self, desk: Desk, visit: Visit) -> None:
        if desk.visit is not visit:
            return
        if self.rng.random() < 0.9:
            self._say(e.TicketServed(ticket=visit.id, number=visit.number, counter=desk.counter, staff=desk.staff))
        self._in(self.rng.expovariate(1 / 260), lambda: self._end(desk, visit))

    def _end(self, desk: Desk, visit: Visit) -> None:
        if desk.visit is not visit:
            return
        draw = self.rng.random()
        if draw < 0.03:
            visit.state = "parked"
            self._say(e.TicketParked(ticket=visit.id, number=visit.number, counter=desk.counter, staff=desk.staff))
            self._in(self.rng.randrange(300, 1500), lambda: self._requeue(visit))
        elif draw < 0.07:
            self._transfer(visit)
        else:
            visit.state = "finished"
            self._say(e.TicketFinished(ticket=visit.id, number=visit.number, counter=desk.counter, staff=desk.staff))
            self._rate(desk, visit)
        self._next(desk)

    def _transfer(self, visit: Visit) -> None:
        service = self.rng.choice([name for name, _, _ in SERVICES if name != visit.service])
        self._say(
            e.TicketTransferred(
                ticket=visit.id,
                number=visit.number,
                service=service,
                tier=visit.tier,
                queue=queue_id(service, visit.tier),
                from_queue=queue_id(visit.service, visit.tier),
                place_ms=visit.place_ms,
            )
        )
        visit.service = service
        visit.state = "waiting"
        self.waiting.append(visit)

    def _rate(self, desk: Desk, visit: Visit) -> None:
        if self.rng.random() < 0.4:
            score = self.rng.choices((5, 4, 3, 2, 1), (60, 25, 8, 5, 2))[0]
            reasons = ("long_wait", "态度")[: self.rng.randrange(3)] if score < 3 else ()
            rated = e.TicketRated(
                ticket=visit.id, number=visit.number, score=score, reasons=reasons, counter=desk.counter, staff=desk.staff
            )
            if self.rng.random() < 0.05:
                self.late.append(rated)
            else:
                self._say(rated)
                if score <= 2 and visit.seq % 2:
                    self.late.append(RatingFollowedUp(ticket=visit.id, outcome=list(Outcome)[visit.seq % 4]))

    def _close(self) -> None:
        """As the pipeline closes a day: everything is settled in one moment."""
        for visit in self.visits:
            desk = next((desk for desk in self.desks if desk.visit is visit), None)
            if visit.state == "called" and desk is not None and visit.seq % 2 == 0:
                fact = e.TicketFinished(
                    ticket=visit.id, number=visit.number, counter=desk.counter, staff=desk.staff, outcome="assumed"
                )
                self._say(fact)
            elif visit.state in ("called", "waiting", "pending", "parked", "no_show"):
                self._say(e.TicketExpired(ticket=visit.id, number=visit.number))
            visit.state = "over"
        for desk in self.desks:
            desk.gone, desk.visit = True, None
            automatic = self.rng.random() < 0.2
            who = (desk.counter, desk.number, desk.staff)
            self._say(e.CounterSignedOut(counter=who[0], counter_number=who[1], staff=who[2], automatic=automatic))
        self.waiting.clear()
        self._say(e.DayClosed(day=self.day.isoformat()))
        self._plan.clear()


def _why(rule: str, reason: str, seq: int) -> Why:
    """What is known of a call, also as an older branch knew it."""
    threshold: tuple[Measure | None, ...] = ("time", "count", None)
    return Why(
        rule=rule,
        text_code=("its_turn" if reason == "tier_goes_first" and seq % 9 == 0 else reason),
        candidates=(),
        threshold=threshold[seq % 3] if reason == "past_its_threshold" else None,
        scheduled=(None, True, False)[seq % 11 % 3],
    )


def tell_days(books: Books, first: date, days: int, *, tickets: int, seed: int, tellers: int = 4) -> None:
    """So many days in a row; late opinions arrive in the next morning."""
    books.configure()
    late: list[Event] = []
    for number in range(days):
        day = first + timedelta(days=number)
        with books.connection:
            books.add(at(day, "08:00"), *late)
            rng = random.Random(f"{seed}-{number}")  # noqa: S311
            late = MadeUpDay(books, day, tickets, rng, tellers).tell()
