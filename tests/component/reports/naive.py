"""A second, naive implementation of every report, straight from the journal: the tests hold the real one against it.

It shares no code with the product: bodies are plain JSON, waits are sorted lists, the hall is an array of seconds, overtakes
are counted pair by pair.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
Rows = dict[tuple[Any, ...], dict[str, Any]]


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
    pins: int = 0
    later: list[dict[str, int]] = field(default_factory=list)

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


class Journal:
    """The journal read once, from the first record to the last."""

    def __init__(self, records: Iterable[tuple[int, int, str, bytes]]) -> None:
        self.visits: dict[str, Visit] = {}
        self.offers: list[tuple[str, int, str, bool]] = []
        self.shifts: list[Shift] = []
        self.at_counter: dict[str, Shift] = {}
        self.free: dict[str, int] = {}
        self.day = ""
        self.days: list[str] = []
        for seq, at, kind, raw in records:
            capability, fact, _ = kind.split(".")
            act = getattr(self, f"on_{fact}", None)
            if capability in ("queue", "forecast") and act is not None:
                act(seq, at, json.loads(raw))

    def on_day_opened(self, _seq: int, _at: int, body: Any) -> None:
        self.day = body["day"]
        if self.day not in self.days:
            self.days.append(self.day)

    def on_ticket_issued(self, seq: int, at: int, body: Any) -> None:
        self.visits[body["ticket"]] = Visit(
            *(seq, body["day"], body["number"], body["service"], body["tier"], at, body["wait_low_s"], body["wait_high_s"]),
            *(body["ahead"], "customer" in body, "pending" if body.get("remote") else "waiting", at),
        )

    def on_diversion_answered(self, _seq: int, at: int, body: Any) -> None:
        self.offers.append((body["day"], at, body["service"], body["accepted"]))

    def on_ticket_activated(self, _seq: int, at: int, body: Any) -> None:
        visit = self.visits[body["ticket"]]
        visit.activated = visit.since = at
        visit.state = "waiting"

    def on_ticket_called(self, seq: int, at: int, body: Any) -> None:
        visit, why = self.visits[body["ticket"]], body["why"]
        ready = max(visit.since, self.free.get(body["counter"], 0))
        visit.state = "called"
        visit.episodes.append(
            Episode(
                *(seq, at, body["counter"], body["staff"], body["service"], body["tier"], why["rule"], why["text_code"]),
                *(visit.day, ready, at),
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


class Naive:
    """The reports of some days of a journal, of everybody or of those who pass a test."""

    def __init__(self, journal: Journal, days: Sequence[str], scope: dict[str, str]) -> None:
        self.journal, self.scope = journal, scope
        self.days = [day for day in days if day in journal.days]
        self.everyone = [visit for visit in journal.visits.values() if visit.day in days]
        names = {"service": "service", "tier": "tier", "teller": "staff", "counter": "counter"}
        self.fits: Callable[[Any, Sequence[str]], bool] = lambda one, asked: all(
            getattr(one, names[name]) == scope[name] for name in asked if name in scope
        )
        every = ("service", "tier", "teller", "counter")
        self.visits = [visit for visit in self.everyone if self.fits(visit, every)]
        self.all_calls = [episode for visit in self.everyone for episode in visit.episodes]
        self.calls = [episode for episode in self.all_calls if self.fits(episode, every)]
        self.shifts = [shift for shift in journal.shifts if shift.day in days and self.fits(shift, ("teller", "counter"))]

    def wait_times(self, target: int = 30) -> Rows:
        return {key: _waits(visits, target) for key, visits in _grouped(self.visits, "service", "tier").items()}

    def teller_efficiency(self, weights: dict[str, float]) -> Rows:
        rows: Rows = {}
        calls, shifts = _grouped(self.calls, "staff", "counter"), _grouped(self.shifts, "staff", "counter")
        for key in {*calls, *shifts}:
            mine, stretches = calls.get(key, []), [s for shift in shifts.get(key, []) for s in shift.stretches()]
            signed = sum((end - at) // 1000 for _, at, end in stretches)
            pauses = [(end - at) // 1000 for state, at, end in stretches if state == "paused"]
            served = [call.service_s for call in mine if call.service_s is not None]
            present, finished = signed - sum(pauses), sum(call.result == "finished" for call in mine)
            rows[key] = {
                "signed_in": _minutes(signed),
                "paused": _minutes(sum(pauses)),
                "pauses": len(pauses),
                "idle": _minutes(max(0, present - sum(served))),
                "serving": _minutes(sum(served)),
                "utilisation": _share(sum(served), present),
                "calls": len(mine),
                "finished": finished,
                "transferred": sum(call.result == "transferred" for call in mine),
                "no_show": sum(call.result == "no_show" for call in mine),
                "parked": sum(call.result == "parked" for call in mine),
                "mean_service": _mean_minutes(served),
                "p90_service": _percentile(served, 90),
                "per_hour": round(finished * 3600 / present, 2) if present else None,
                "volume": round(sum(weights[call.service] for call in mine if call.result == "finished"), 2),
                "response": _mean_minutes([max(0, call.at - call.ready) // 1000 for call in mine]),
            }
        return rows

    def satisfaction(self) -> Rows:
        rows: Rows = {}
        counted = [visit for visit in self.visits if visit.state == "finished" or visit.score is not None]
        for key, visits in _grouped(counted, "staff", "counter", "service").items():
            scores = [visit.score for visit in visits if visit.score is not None]
            finished = sum(visit.state == "finished" for visit in visits)
            bad = Counter(reason for visit in visits if (visit.score or 5) <= 2 for reason in visit.complaints)
            rows[key] = {
                "finished": finished,
                "rated": len(scores),
                "rated_share": _share(len(scores), finished),
                **{f"score_{score}": scores.count(score) for score in (5, 4, 3, 2, 1)},
                "satisfied_share": _share(scores.count(5) + scores.count(4), len(scores)),
                "mean_score": round(sum(scores) / len(scores), 2) if scores else None,
                "complaints": "; ".join(f"{k} {n}" for k, n in sorted(bad.items(), key=lambda kn: (-kn[1], kn[0]))) or None,
            }
        return rows

    def _offers(self) -> list[tuple[str, int, bool]]:
        wanted = self.scope.get("service")
        known = [] if "tier" in self.scope else self.journal.offers
        return [(day, at, ok) for day, at, service, ok in known if day in self.days and wanted in (None, service)]

    def traffic(self, day_class: Callable[[str], str]) -> Rows:
        present: dict[str, list[int]] = {day: [0] * 86_400 for day in self.days}
        for visit in self.visits:
            for second in range(*_in_hall(visit)):
                present[visit.day][second] += 1
        rows: Rows = {}
        days = Counter(day_class(day) for day in self.days)
        for kind, number in days.items():
            mine = [present[day] for day in self.days if day_class(day) == kind]
            for band in range(48):
                came = [v for v in self.visits if day_class(v.day) == kind and _second(v.taken) // 1800 == band]
                asked = [ok for day, at, ok in self._offers() if day_class(day) == kind and _second(at) // 1800 == band]
                led = [visit for visit in came if visit.led_away]
                stretch = [day[band * 1800 : band * 1800 + 1800] for day in mine]
                if came or asked or any(map(any, stretch)):
                    rows[kind, band] = {
                        "days": number,
                        "taken": len(came),
                        "taken_a_day": round(len(came) / number, 2),
                        "activated": sum(visit.activated is not None for visit in came),
                        "recognised": sum(visit.recognised for visit in came),
                        "recognised_share": _share(sum(visit.recognised for visit in came), len(came)),
                        **{f"tier_{t}": sum(v.tier == t for v in came) for t in ("priority", "gold", "normal")},
                        "offered": None if "tier" in self.scope else len(asked),
                        "diverted": None if "tier" in self.scope else sum(asked),
                        "diverted_by_hand": None if "tier" in self.scope else len(led),
                        "diverted_share": None
                        if "tier" in self.scope
                        else _share(sum(asked) + len(led), sum(asked) + len(came)),
                        "present": round(sum(map(sum, stretch)) / (number * 1800), 2),
                        "peak": max(map(max, stretch)),
                    }
        return rows

    def calls_by_band(self) -> Rows:
        rows: Rows = {}
        for band in range(48):
            calls = [call for call in self.calls if _second(call.at) // 1800 == band]
            open_s = sum(_overlap(at, end, band) for s in self.shifts for state, at, end in s.stretches() if state == "open")
            backlog = sum(_waits_at(visit, (band + 1) * 1800) for visit in self.visits)
            if calls or open_s or backlog:
                open_counters = open_s / 1800 / len(self.days)
                no_shows = sum(call.result == "no_show" for call in calls)
                rows[(band,)] = {
                    "open_counters": round(open_counters, 2),
                    "calls": len(calls),
                    "recalls": sum(call.recalls for call in calls),
                    "finished": sum(call.result == "finished" for call in calls),
                    "no_show": no_shows,
                    "no_show_share": _share(no_shows, len(calls)),
                    "calls_a_counter": round(len(calls) / len(self.days) / open_counters, 4) if open_s else None,
                    "promoted": sum(call.reason == "past_its_threshold" for call in calls),
                    "named": sum(call.rule not in ("priority_then_time", "picked_by_hand") for call in calls),
                    "response": _mean_minutes([max(0, call.at - call.ready) // 1000 for call in calls]),
                    "backlog": round(backlog / len(self.days), 2),
                }
        return rows

    def attendance(self) -> Rows:
        rows: Rows = {}
        for shift in self.shifts:
            mine = [c for c in self.all_calls if c.counter == shift.counter and shift.start <= c.at <= shift.end]
            ends = [call.ended for call in mine if call.result == "finished" and call.ended is not None]
            pauses = [(end - at) // 1000 for state, at, end in shift.stretches() if state == "paused"]
            rows[shift.day, shift.staff] = {
                "signed_in": _clock(shift.start),
                "signed_out": _clock(shift.end),
                "present": _minutes((shift.end - shift.start) // 1000),
                "pauses": len(pauses),
                "paused": _minutes(sum(pauses)),
                "automatic": "✓" if shift.automatic else None,
                "first_call": _clock(min((call.at for call in mine), default=None)),
                "last_end": _clock(max(ends, default=None)),
            }
        return rows

    def promise_kept(self) -> Rows:
        rows: Rows = {}
        for key, visits in _grouped([visit for visit in self.visits if visit.wait is not None], "service", "tier").items():
            waits = [(visit, visit.wait or 0) for visit in visits]
            early = sum(wait < visit.low for visit, wait in waits)
            overrun = [wait - visit.high for visit, wait in waits if wait > visit.high]
            met = [
                sum(c.service == visit.service and visit.seq < c.seq < visit.episodes[0].seq for c in self.all_calls)
                for visit in visits
            ]
            number = len(visits)
            kept = number - early - len(overrun)
            rows[key] = {
                "promised": number,
                "kept": kept,
                "early": early,
                "late": len(overrun),
                "kept_share": _share(kept, number),
                "early_share": _share(early, number),
                "late_share": _share(len(overrun), number),
                "overrun": _mean_minutes(overrun),
                "ahead_told": round(sum(visit.ahead for visit in visits) / number, 2),
                "ahead_met": round(sum(met) / number, 2),
                "later": sum(bool(visit.later) for visit in visits),
                **_later([body for visit in visits for body in visit.later]),
            }
        return rows

    def fairness(self, target: int = 30) -> Rows:
        rows: Rows = {}
        for key, visits in _grouped([visit for visit in self.visits if visit.episodes], "service", "tier").items():
            times = [self.overtakes(visit) for visit in visits]
            waits = [visit.wait or 0 for visit in visits]
            rows[key] = {
                "called": len(visits),
                "overtaken": sum(number > 0 for number in times),
                "overtaken_share": _share(sum(number > 0 for number in times), len(visits)),
                "mean_overtakes": round(sum(times) / len(visits), 2),
                "most_overtakes": max(times),
                "longest": _minutes(max(waits)),
                "worst_ratio": round(max(waits) / 60 / target, 2),
                "late": sum(wait > target * 60 for wait in waits),
                "picked": sum(c.rule == "picked_by_hand" and (c.service, c.tier) == key for c in self.calls),
            }
        return rows

    def overtakes(self, visit: Visit) -> int:
        return sum(
            other.day == visit.day
            and other.service == visit.service
            and other.seq > visit.seq
            and bool(other.episodes)
            and other.episodes[0].seq < visit.episodes[0].seq
            for other in self.everyone
        )

    def call_reasons(self) -> Rows:
        groups = _grouped(self.calls, "rule", "reason", "tier")
        return {key: {"calls": len(calls), "calls_share": _share(len(calls), len(self.calls))} for key, calls in groups.items()}

    def ticket_detail(self) -> Rows:
        rows: Rows = {}
        for visit in self.visits:
            served = [episode.service_s for episode in visit.episodes if episode.service_s is not None]
            rows[(visit.seq,)] = {
                "day": visit.day,
                "number": visit.number,
                "taken": _clock(visit.taken),
                "activated": _clock(visit.activated),
                "called": _clock(visit.episodes[0].at if visit.episodes else None),
                "calls": len(visit.episodes),
                "recalls": sum(episode.recalls for episode in visit.episodes),
                "finished": _clock(visit.ended),
                "wait": None if visit.wait is None else _minutes(visit.wait),
                "service_time": _minutes(sum(served)) if served else None,
                "teller": visit.staff or None,
                "overtaken": self.overtakes(visit) if visit.episodes else None,
                "ahead": visit.ahead,
                "rating": visit.score,
            }
        return rows


# --- small sums


def _grouped(found: Iterable[Any], *names: str) -> dict[tuple[Any, ...], list[Any]]:
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for one in found:
        groups[tuple(getattr(one, name) for name in names)].append(one)
    return groups


def _waits(visits: list[Visit], target: int) -> dict[str, Any]:
    waits = [visit.wait for visit in visits if visit.wait is not None]
    remote = [visit.wait for visit in visits if visit.activated is not None and visit.wait is not None]
    ranges = {
        "within_10": sum(wait <= 600 for wait in waits),
        "within_20": sum(600 < wait <= 1200 for wait in waits),
        "within_30": sum(1200 < wait <= 1800 for wait in waits),
        "over_30": sum(wait > 1800 for wait in waits),
        "late": sum(wait > target * 60 for wait in waits),
    }
    return {
        "taken": len(visits),
        **{state: sum(visit.state == state for visit in visits) for state in ("finished", "no_show", "cancelled", "expired")},
        "called": len(waits),
        "mean_wait": _mean_minutes(waits),
        "p50": _percentile(waits, 50),
        "p90": _percentile(waits, 90),
        "longest": _minutes(max(waits)) if waits else None,
        **ranges,
        **{f"{name}_share": _share(number, len(waits)) for name, number in ranges.items()},
        "longest_number": max(((v.wait, v.number) for v in visits if v.wait is not None), default=(0, None))[1],
        "remote": len(remote),
        "mean_remote_wait": _mean_minutes(remote),
    }


def _minutes(seconds: int) -> float:
    return round(seconds / 60, 2)


def _mean_minutes(durations: Sequence[int | None]) -> float | None:
    known = [seconds for seconds in durations if seconds is not None]
    return round(sum(known) / len(known) / 60, 2) if known else None


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _percentile(durations: Sequence[int | None], percent: int) -> int | str | None:
    """The whole minutes within which the slowest of the first `percent` was through."""
    minutes = sorted((seconds + 59) // 60 for seconds in durations if seconds is not None)
    if not minutes:
        return None
    found = minutes[(len(minutes) * percent + 99) // 100 - 1]
    return ">180" if found > 180 else found


def _second(at_ms: int) -> int:
    moment = datetime.fromtimestamp(at_ms / 1000, ZONE)
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _clock(at_ms: int | None) -> str | None:
    return None if at_ms is None else f"{datetime.fromtimestamp(at_ms // 1000, ZONE):%Y-%m-%d %H:%M:%S}"


def _in_hall(visit: Visit) -> tuple[int, int]:
    came = _second(max(visit.taken, visit.activated or 0))
    if visit.state in ("finished", "cancelled"):
        return came, _second(visit.ended or 0)
    return came, _second(visit.episodes[-1].last) if visit.episodes else came


def _overlap(start_ms: int, end_ms: int, band: int) -> int:
    start, end = _second(start_ms), _second(end_ms)
    return max(0, min(end, band * 1800 + 1800) - max(start, band * 1800))


def _waits_at(visit: Visit, second: int) -> bool:
    until = visit.episodes[0].at if visit.episodes else visit.ended
    return until is not None and _second(max(visit.taken, visit.activated or 0)) < second <= _second(until)


def _later(scored: list[dict[str, int]]) -> dict[str, Any]:
    kept, early, late = (sum(body[name] for body in scored) for name in ("kept", "early", "late"))
    shown = kept + early + late
    return {
        "later_shown": shown,
        "later_kept": kept,
        "later_kept_share": _share(kept, shown),
        "later_early_share": _share(early, shown),
        "later_late_share": _share(late, shown),
        "later_overrun": None if not late else round(sum(body.get("late_s", 0) for body in scored) / late / 60, 2),
    }
