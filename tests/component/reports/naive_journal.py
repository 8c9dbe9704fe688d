"""The journal read a second time for the tests of reports: plain JSON bodies, no code of the product."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Episode:
    seq: int
    at: int
    counter: str
    staff: str
    service: str
    tier: str
    rule: str
    reason: str
    day: str
    ready: int
    last: int
    recalls: int = 0
    served: int | None = None
    ended: int | None = None
    result: str | None = None
    threshold: str | None = None
    scheduled: bool | None = None
    appointed: bool = False

    @property
    def by_schedule(self) -> bool:
        named = self.rule not in ("priority_then_time", "credit", "turns", "picked_by_hand")
        return named if self.scheduled is None else self.scheduled

    @property
    def trigger(self) -> str:
        if self.reason == "past_its_threshold":
            return f"threshold_{self.threshold}" if self.threshold else "threshold"
        if self.reason == "picked_by_hand":
            return "manual"
        if self.reason == "its_turn":
            return "ratio"
        return "appointment" if self.appointed else "schedule" if self.by_schedule else "order"

    @property
    def service_s(self) -> int | None:
        return None if self.served is None or self.ended is None else (self.ended - self.served) // 1000


@dataclass
class Visit:
    seq: int
    day: str
    number: str
    service: str
    tier: str
    taken: int
    low: int
    high: int
    ahead: int
    recognised: bool
    state: str
    since: int
    activated: int | None = None
    episodes: list[Episode] = field(default_factory=list)
    ended: int | None = None
    score: int | None = None
    complaints: tuple[str, ...] = ()
    led_away: bool = False
    appointed: bool = False
    pins: int = 0
    later: list[dict[str, int]] = field(default_factory=list)
    shown: str | None = None
    device: str | None = None
    sms: str = "none"
    follow_up: str | None = None

    @property
    def wait(self) -> int | None:
        return (self.episodes[0].at - max(self.taken, self.activated or 0)) // 1000 if self.episodes else None

    @property
    def staff(self) -> str:
        return self.episodes[-1].staff if self.episodes else ""

    @property
    def counter(self) -> str:
        return self.episodes[-1].counter if self.episodes else ""


@dataclass
class Appointment:
    day: str
    service: str
    channel: str
    start: int
    expert: bool
    cash: bool
    fate: str = "booked"
    parking: bool = False
    parked: bool = False
    came: int | None = None
    visit: Visit | None = None

    @property
    def state(self) -> str:
        served = self.visit is not None and any(episode.served for episode in self.visit.episodes)
        return "served" if served and self.fate in ("booked", "signed_in") else self.fate

    @property
    def wait(self) -> int | None:
        if self.came is None or self.visit is None or not self.visit.episodes:
            return None
        return max(0, self.visit.episodes[0].at - max(self.start, self.came)) // 1000


@dataclass
class Shift:
    day: str
    staff: str
    counter: str
    start: int
    marks: list[tuple[int, str]]
    end: int = 0
    automatic: bool = False

    def stretches(self) -> list[tuple[str, int, int]]:
        ends = [at for at, _ in self.marks[1:]] + [self.end]
        return [(state, at, end) for (at, state), end in zip(self.marks, ends, strict=True)]


CAPABILITIES = frozenset({"queue", "forecast", "appointments", "notify", "follow_ups", "parking"})


class Journal:
    """The journal read once, from the first record to the last."""

    def __init__(self, records: Iterable[tuple[int, int, str, bytes, str]]) -> None:
        self.visits: dict[str, Visit] = {}
        self.appointments: dict[str, Appointment] = {}
        self.offers: list[tuple[str, int, str, bool]] = []
        self.shifts: list[Shift] = []
        self.at_counter: dict[str, Shift] = {}
        self.free: dict[str, int] = {}
        self.day = ""
        self.days: list[str] = []
        for seq, at, kind, raw, actor in records:
            capability, fact, _ = kind.split(".")
            act = getattr(self, f"on_{fact}", None)
            if capability in CAPABILITIES and act is not None:
                body = json.loads(raw)
                act(seq, at, body)
                if fact in ("ticket_issued", "ticket_activated") and actor.startswith("device:"):
                    self.visits[body["ticket"]].device = actor[7:]

    def on_day_opened(self, _seq: int, _at: int, body: Any) -> None:
        self.day = body["day"]
        if self.day not in self.days:
            self.days.append(self.day)

    def on_ticket_issued(self, seq: int, at: int, body: Any) -> None:
        self.visits[body["ticket"]] = Visit(
            *(seq, body["day"], body["number"], body["service"], body["tier"], at, body["wait_low_s"], body["wait_high_s"]),
            *(body["ahead"], "customer" in body, "pending" if body.get("remote") else "waiting", at),
        )
        self.visits[body["ticket"]].shown = body.get("shown")
        ref = body.get("appointment", "").removesuffix(".early")
        if ref in self.appointments:
            visit = self.visits[body["ticket"]]
            visit.appointed, self.appointments[ref].visit = True, visit

    def on_appointment_booked(self, _seq: int, _at: int, body: Any) -> None:
        self.appointments[body["appointment"]] = Appointment(
            *(body["day"], body["service"], body["channel"], body["start_ms"], "expert" in body, "cash" in body)
        )

    def on_appointment_rebooked(self, _seq: int, _at: int, body: Any) -> None:
        found = self.appointments[body["appointment"]]
        found.day, found.start, found.expert = body["day"], body["start_ms"], "expert" in body

    def come(self, at: int, body: Any, fate: str) -> None:
        found = self.appointments[body["appointment"]]
        found.came, found.fate = found.came or at, fate

    def on_appointment_signed_in(self, _seq: int, at: int, body: Any) -> None:
        self.come(at, body, "signed_in")

    def on_appointment_came_early(self, _seq: int, at: int, body: Any) -> None:
        self.come(at, body, "booked")

    def on_appointment_released(self, _seq: int, at: int, body: Any) -> None:
        self.come(at, body, "released")

    def on_appointment_cancelled(self, _seq: int, _at: int, body: Any) -> None:
        self.appointments[body["appointment"]].fate = "cancelled"

    def on_appointment_missed(self, _seq: int, _at: int, body: Any) -> None:
        self.appointments[body["appointment"]].fate = "no_show"

    def on_bay_asked(self, _seq: int, _at: int, body: Any) -> None:
        if body["visit"] in self.appointments:
            self.appointments[body["visit"]].parking = True

    def on_car_arrived(self, _seq: int, _at: int, body: Any) -> None:
        if body["visit"] in self.appointments:
            self.appointments[body["visit"]].parked = True

    def on_diversion_answered(self, _seq: int, at: int, body: Any) -> None:
        self.offers.append((body["day"], at, body["service"], body["accepted"]))

    def on_ticket_activated(self, _seq: int, at: int, body: Any) -> None:
        visit = self.visits[body["ticket"]]
        visit.activated = visit.since = at
        visit.state = "waiting"
        visit.shown = body.get("shown") or visit.shown

    def on_ticket_bound(self, _seq: int, _at: int, body: Any) -> None:
        visit = self.visits[body["ticket"]]
        visit.recognised, visit.shown = True, body.get("shown") or visit.shown

    def on_ticket_unbound(self, _seq: int, _at: int, body: Any) -> None:
        visit = self.visits[body["ticket"]]
        visit.recognised, visit.shown = False, None

    def on_reminder_due(self, _seq: int, _at: int, body: Any) -> None:
        self.visits[body["ticket"]].sms = "due"

    def on_reminder_withheld(self, _seq: int, _at: int, body: Any) -> None:
        self.visits[body["ticket"]].sms = "withheld"

    def on_reminder_settled(self, _seq: int, _at: int, body: Any) -> None:
        self.visits[body["ticket"]].sms = body["outcome"]

    def on_ticket_called(self, seq: int, at: int, body: Any) -> None:
        visit, why = self.visits[body["ticket"]], body["why"]
        ready = max(visit.since, self.free.get(body["counter"], 0))
        visit.state = "called"
        visit.episodes.append(
            Episode(
                *(seq, at, body["counter"], body["staff"], body["service"], body["tier"], why["rule"], why["text_code"]),
                *(visit.day, ready, at),
                threshold=why.get("threshold"),
                scheduled=why.get("scheduled"),
                appointed=visit.appointed,
            )
        )

    def on_promises_scored(self, _seq: int, _at: int, body: Any) -> None:
        self.visits[body["ticket"]].later.append(body)

    def on_ticket_recalled(self, _seq: int, at: int, body: Any) -> None:
        episode = self.visits[body["ticket"]].episodes[-1]
        episode.recalls += 1
        episode.last = at

    def on_ticket_served(self, _seq: int, at: int, body: Any) -> None:
        self.visits[body["ticket"]].episodes[-1].served = at
        self.visits[body["ticket"]].state = "serving"

    def end(self, at: int, body: Any, result: str) -> Visit:
        visit = self.visits[body["ticket"]]
        if visit.state in ("called", "serving"):
            episode = visit.episodes[-1]
            episode.ended, episode.result = at, result
            self.free[episode.counter] = at
        return visit

    def on_ticket_finished(self, _seq: int, at: int, body: Any) -> None:
        visit = self.end(at, body, "finished")
        visit.episodes[-1].served = visit.episodes[-1].served or visit.episodes[-1].last
        visit.state, visit.ended = "finished", at

    def on_ticket_parked(self, _seq: int, at: int, body: Any) -> None:
        self.end(at, body, "parked").state = "parked"

    def on_ticket_no_show(self, _seq: int, at: int, body: Any) -> None:
        visit = self.end(at, body, "no_show")
        visit.state, visit.ended = "no_show", at

    def on_ticket_cancelled(self, _seq: int, at: int, body: Any) -> None:
        visit = self.end(at, body, "cancelled")
        visit.state, visit.ended = "cancelled", at
        visit.led_away = body.get("reason") == "diverted_self_service"

    def on_ticket_transferred(self, _seq: int, at: int, body: Any) -> None:
        visit = self.end(at, body, "transferred")
        visit.state, visit.since, visit.ended = "waiting", at, None

    def on_ticket_pinned(self, _seq: int, at: int, body: Any) -> None:
        visit = self.visits[body["ticket"]]
        visit.state, visit.since, visit.ended = "waiting", at, None
        visit.pins += 1

    def on_ticket_requeued(self, _seq: int, at: int, body: Any) -> None:
        visit = self.end(at, body, "returned")
        visit.state, visit.since, visit.ended = "waiting", at, None

    def on_ticket_expired(self, _seq: int, at: int, body: Any) -> None:
        visit = self.end(at, body, "expired")
        if visit.state != "no_show":
            visit.state, visit.ended = "expired", at

    def on_ticket_rated(self, _seq: int, _at: int, body: Any) -> None:
        visit = self.visits[body["ticket"]]
        visit.score, visit.complaints = body["score"], tuple(body.get("reasons", ()))

    def on_rating_followed_up(self, _seq: int, _at: int, body: Any) -> None:
        self.visits[body["ticket"]].follow_up = body["outcome"]

    def on_counter_signed_in(self, _seq: int, at: int, body: Any) -> None:
        shift = Shift(self.day, body["staff"], body["counter"], at, [(at, "signed_in")])
        self.shifts.append(shift)
        self.at_counter[body["counter"]] = shift
        self.free[body["counter"]] = at

    def mark(self, at: int, body: Any, state: str) -> None:
        self.at_counter[body["counter"]].marks.append((at, state))
        self.free[body["counter"]] = at

    def on_counter_opened(self, _seq: int, at: int, body: Any) -> None:
        self.mark(at, body, "open")

    def on_counter_paused(self, _seq: int, at: int, body: Any) -> None:
        self.mark(at, body, "paused")

    def on_counter_resumed(self, _seq: int, at: int, body: Any) -> None:
        self.mark(at, body, "open")

    def on_counter_signed_out(self, _seq: int, at: int, body: Any) -> None:
        shift = self.at_counter.pop(body["counter"])
        shift.end, shift.automatic = at, body.get("automatic", False)
