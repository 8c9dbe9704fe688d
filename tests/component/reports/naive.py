"""A second, naive implementation of every report, straight from the journal: the tests hold the real one against it.

It shares no code with the product but what people call things: bodies are plain JSON, waits are sorted lists, the
hall is an array of seconds, overtakes are counted pair by pair.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from edge.reports import words
from tests.component.reports import naive_sums as sums
from tests.component.reports.naive_journal import Journal, Visit

Rows = dict[tuple[Any, ...], dict[str, Any]]

SAID = {"long_wait": "等得太久"}
"""How the page shows the one reason of the phone's that these books have; other words are the bank's own."""


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
        return {key: sums.waits(visits, target) for key, visits in sums.grouped(self.visits, "service", "tier").items()}

    def teller_efficiency(self, weights: dict[str, float]) -> Rows:
        rows: Rows = {}
        calls, shifts = sums.grouped(self.calls, "staff", "counter"), sums.grouped(self.shifts, "staff", "counter")
        for key in {*calls, *shifts}:
            mine, stretches = calls.get(key, []), [s for shift in shifts.get(key, []) for s in shift.stretches()]
            signed = sum((end - at) // 1000 for _, at, end in stretches)
            pauses = [(end - at) // 1000 for state, at, end in stretches if state == "paused"]
            served = [call.service_s for call in mine if call.service_s is not None]
            present, finished = signed - sum(pauses), sum(call.result == "finished" for call in mine)
            rows[key] = {
                "signed_in": sums.minutes(signed),
                "paused": sums.minutes(sum(pauses)),
                "pauses": len(pauses),
                "idle": sums.minutes(max(0, present - sum(served))),
                "serving": sums.minutes(sum(served)),
                "utilisation": sums.share(sum(served), present),
                "calls": len(mine),
                "finished": finished,
                "transferred": sum(call.result == "transferred" for call in mine),
                "no_show": sum(call.result == "no_show" for call in mine),
                "parked": sum(call.result == "parked" for call in mine),
                "mean_service": sums.mean_minutes(served),
                "p90_service": sums.percentile(served, 90),
                "per_hour": round(finished * 3600 / present, 2) if present else None,
                "volume": round(sum(weights[call.service] for call in mine if call.result == "finished"), 2),
                "response": sums.mean_minutes([max(0, call.at - call.ready) // 1000 for call in mine]),
            }
        return rows

    def satisfaction(self) -> Rows:
        rows: Rows = {}
        counted = [visit for visit in self.visits if visit.state == "finished" or visit.score is not None]
        for key, visits in sums.grouped(counted, "staff", "counter", "service").items():
            scores = [visit.score for visit in visits if visit.score is not None]
            finished = sum(visit.state == "finished" for visit in visits)
            bad = Counter(reason for visit in visits if (visit.score or 5) <= 2 for reason in visit.complaints)
            worst_first = sorted(bad.items(), key=lambda told: (-told[1], told[0]))
            rows[key] = {
                "finished": finished,
                "rated": len(scores),
                "rated_share": sums.share(len(scores), finished),
                **{f"score_{score}": scores.count(score) for score in (5, 4, 3, 2, 1)},
                "satisfied_share": sums.share(scores.count(5) + scores.count(4), len(scores)),
                "mean_score": round(sum(scores) / len(scores), 2) if scores else None,
                "complaints": "；".join(f"{SAID.get(code, code)} {times}" for code, times in worst_first) or None,
                "bad": scores.count(1) + scores.count(2),
                "followed_up": sum(visit.follow_up is not None for visit in visits),
                "followed_up_share": sums.share(
                    sum(visit.follow_up is not None for visit in visits), scores.count(1) + scores.count(2)
                ),
            }
        return rows

    def _offers(self) -> list[tuple[str, int, bool]]:
        wanted = self.scope.get("service")
        known = [] if "tier" in self.scope else self.journal.offers
        return [(day, at, ok) for day, at, service, ok in known if day in self.days and wanted in (None, service)]

    def traffic(self, day_class: Callable[[str], str]) -> Rows:
        present: dict[str, list[int]] = {day: [0] * 86_400 for day in self.days}
        for visit in self.visits:
            for second in range(*sums.in_hall(visit)):
                present[visit.day][second] += 1
        rows: Rows = {}
        days = Counter(day_class(day) for day in self.days)
        for kind, number in days.items():
            mine = [present[day] for day in self.days if day_class(day) == kind]
            for band in range(48):
                came = [v for v in self.visits if day_class(v.day) == kind and sums.second(v.taken) // 1800 == band]
                asked = [ok for day, at, ok in self._offers() if day_class(day) == kind and sums.second(at) // 1800 == band]
                led = [visit for visit in came if visit.led_away]
                stretch = [day[band * 1800 : band * 1800 + 1800] for day in mine]
                if came or asked or any(map(any, stretch)):
                    rows[kind, band] = {
                        "days": number,
                        "taken": len(came),
                        "taken_a_day": round(len(came) / number, 2),
                        "activated": sum(visit.activated is not None for visit in came),
                        "appointed": sum(visit.appointed for visit in came),
                        "recognised": sum(visit.recognised for visit in came),
                        "recognised_share": sums.share(sum(visit.recognised for visit in came), len(came)),
                        **{f"tier_{t}": sum(v.tier == t for v in came) for t in ("priority", "gold", "normal")},
                        "offered": None if "tier" in self.scope else len(asked),
                        "diverted": None if "tier" in self.scope else sum(asked),
                        "diverted_by_hand": None if "tier" in self.scope else len(led),
                        "diverted_share": None
                        if "tier" in self.scope
                        else sums.share(sum(asked) + len(led), sum(asked) + len(came)),
                        "present": round(sum(map(sum, stretch)) / (number * 1800), 2),
                        "peak": max(map(max, stretch)),
                    }
        return rows

    def calls_by_band(self) -> Rows:
        rows: Rows = {}
        for band in range(48):
            calls = [call for call in self.calls if sums.second(call.at) // 1800 == band]
            open_s = sum(
                sums.overlap(at, end, band) for s in self.shifts for state, at, end in s.stretches() if state == "open"
            )
            backlog = sum(sums.waits_at(visit, (band + 1) * 1800) for visit in self.visits)
            if calls or open_s or backlog:
                open_counters = open_s / 1800 / len(self.days)
                no_shows = sum(call.result == "no_show" for call in calls)
                rows[(band,)] = {
                    "open_counters": round(open_counters, 2),
                    "calls": len(calls),
                    "recalls": sum(call.recalls for call in calls),
                    "finished": sum(call.result == "finished" for call in calls),
                    "no_show": no_shows,
                    "no_show_share": sums.share(no_shows, len(calls)),
                    "calls_a_counter": round(len(calls) / len(self.days) / open_counters, 4) if open_s else None,
                    "promoted": sum(call.reason == "past_its_threshold" for call in calls),
                    "promoted_time": sum(call.threshold == "time" for call in calls),
                    "promoted_count": sum(call.threshold == "count" for call in calls),
                    "scheduled": sum(call.by_schedule for call in calls),
                    "response": sums.mean_minutes([max(0, call.at - call.ready) // 1000 for call in calls]),
                    "backlog": round(backlog / len(self.days), 2),
                }
        return rows

    def attendance(self, hours: Callable[[str], tuple[int, int] | None]) -> Rows:
        """`hours` tells the seconds of a day at which the branch opens and closes; None where it does not."""
        rows: Rows = {}
        for shift in self.shifts:
            spans = hours(shift.day)
            late = None if spans is None else sums.minutes(max(0, sums.second(shift.start) - spans[0]))
            gone = None if spans is None or shift.automatic else sums.minutes(max(0, spans[1] - sums.second(shift.end)))
            mine = [c for c in self.all_calls if c.counter == shift.counter and shift.start <= c.at <= shift.end]
            ends = [call.ended for call in mine if call.result == "finished" and call.ended is not None]
            pauses = [(end - at) // 1000 for state, at, end in shift.stretches() if state == "paused"]
            rows[shift.day, shift.staff] = {
                "signed_in": sums.clock(shift.start),
                "signed_out": sums.clock(shift.end),
                "late": late,
                "early": gone,
                "present": sums.minutes((shift.end - shift.start) // 1000),
                "pauses": len(pauses),
                "paused": sums.minutes(sum(pauses)),
                "automatic": "✓" if shift.automatic else None,
                "first_call": sums.clock(min((call.at for call in mine), default=None)),
                "last_end": sums.clock(max(ends, default=None)),
            }
        return rows

    def promise_kept(self) -> Rows:
        rows: Rows = {}
        for key, visits in sums.grouped([visit for visit in self.visits if visit.wait is not None], "service", "tier").items():
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
                "kept_share": sums.share(kept, number),
                "early_share": sums.share(early, number),
                "late_share": sums.share(len(overrun), number),
                "overrun": sums.mean_minutes(overrun),
                "ahead_told": round(sum(visit.ahead for visit in visits) / number, 2),
                "ahead_met": round(sum(met) / number, 2),
                "later": sum(bool(visit.later) for visit in visits),
                **sums.later([body for visit in visits for body in visit.later]),
            }
        return rows

    def fairness(self, target: int = 30) -> Rows:
        rows: Rows = {}
        for key, visits in sums.grouped([visit for visit in self.visits if visit.episodes], "service", "tier").items():
            times = [self.overtakes(visit) for visit in visits]
            waits = [visit.wait or 0 for visit in visits]
            rows[key] = {
                "called": len(visits),
                "overtaken": sum(number > 0 for number in times),
                "overtaken_share": sums.share(sum(number > 0 for number in times), len(visits)),
                "mean_overtakes": round(sum(times) / len(visits), 2),
                "most_overtakes": max(times),
                "longest": sums.minutes(max(waits)),
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
        groups = sums.grouped(self.calls, "rule", "reason", "tier")
        return {
            key: {"calls": len(calls), "calls_share": sums.share(len(calls), len(self.calls))} for key, calls in groups.items()
        }

    def appointments(self) -> Rows:
        wanted = self.scope.get("service")
        mine = [one for one in self.journal.appointments.values() if one.day in self.days and wanted in (None, one.service)]
        rows: Rows = {}
        for key, group in sums.grouped(mine, "channel", "service").items():
            states = Counter(one.state for one in group)
            came = [(one.came, one.start) for one in group if one.came is not None]
            rows[key] = {
                "booked": len(group),
                "came": len(came),
                "came_share": sums.share(len(came), len(group)),
                **{state: states[state] for state in ("served", "released", "no_show", "cancelled")},
                "no_show_share": sums.share(states["no_show"], len(group)),
                "early": sums.mean_minutes([(start - at) // 1000 for at, start in came if at <= start]),
                "late": sums.mean_minutes([(at - start) // 1000 for at, start in came if at > start]),
                "wait": sums.mean_minutes([one.wait for one in group]),
                "expert": sum(one.expert for one in group),
                "cash": sum(one.cash for one in group),
                "parking": sum(one.parking for one in group),
                "parked": sum(one.parked for one in group),
            }
        return rows

    def ticket_detail(self) -> Rows:
        rows: Rows = {}
        for visit in self.visits:
            served = [episode.service_s for episode in visit.episodes if episode.service_s is not None]
            rows[(visit.seq,)] = {
                "day": visit.day,
                "number": visit.number,
                "appointed": "✓" if visit.appointed else None,
                "taken": sums.clock(visit.taken),
                "activated": sums.clock(visit.activated),
                "called": sums.clock(visit.episodes[0].at if visit.episodes else None),
                "calls": len(visit.episodes),
                "recalls": sum(episode.recalls for episode in visit.episodes),
                "finished": sums.clock(visit.ended),
                "wait": None if visit.wait is None else sums.minutes(visit.wait),
                "service_time": sums.minutes(sum(served)) if served else None,
                "teller": visit.staff or None,
                "overtaken": self.overtakes(visit) if visit.episodes else None,
                "ahead": visit.ahead,
                "rating": visit.score,
                "means": words.MEANS[visit.shown or ("appointment" if visit.appointed else "none")].zh,
                "trigger": words.TRIGGERS[visit.episodes[-1].trigger].zh if visit.episodes else None,
                "follow_up": None if visit.follow_up is None else words.FOLLOW_UPS[visit.follow_up].zh,
                "sms": words.REMINDERS[visit.sms].zh,
                "device": visit.device,
            }
        return rows
