"""What the naive reports count with: sorted lists and arrays of seconds, no code of the product."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.component.reports.naive_journal import Visit

ZONE = ZoneInfo("Asia/Shanghai")


def grouped(found: Iterable[Any], *names: str) -> dict[tuple[Any, ...], list[Any]]:
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for one in found:
        groups[tuple(getattr(one, name) for name in names)].append(one)
    return groups


def waits(visits: list[Visit], target: int) -> dict[str, Any]:
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
        "mean_wait": mean_minutes(waits),
        "p50": percentile(waits, 50),
        "p90": percentile(waits, 90),
        "longest": minutes(max(waits)) if waits else None,
        **ranges,
        **{f"{name}_share": share(number, len(waits)) for name, number in ranges.items()},
        "longest_number": max(((v.wait, v.number) for v in visits if v.wait is not None), default=(0, None))[1],
        "remote": len(remote),
        "mean_remote_wait": mean_minutes(remote),
    }


def minutes(seconds: int) -> float:
    return round(seconds / 60, 2)


def mean_minutes(durations: Sequence[int | None]) -> float | None:
    known = [seconds for seconds in durations if seconds is not None]
    return round(sum(known) / len(known) / 60, 2) if known else None


def share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def percentile(durations: Sequence[int | None], percent: int) -> int | str | None:
    """The whole minutes within which the slowest of the first `percent` was through."""
    known = sorted((seconds + 59) // 60 for seconds in durations if seconds is not None)
    if not known:
        return None
    found = known[(len(known) * percent + 99) // 100 - 1]
    return ">180" if found > 180 else found


def second(at_ms: int) -> int:
    moment = datetime.fromtimestamp(at_ms / 1000, ZONE)
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def clock(at_ms: int | None) -> str | None:
    return None if at_ms is None else f"{datetime.fromtimestamp(at_ms // 1000, ZONE):%Y-%m-%d %H:%M:%S}"


def in_hall(visit: Visit) -> tuple[int, int]:
    came = second(max(visit.taken, visit.activated or 0))
    if visit.state in ("finished", "cancelled"):
        return came, second(visit.ended or 0)
    return came, second(visit.episodes[-1].last) if visit.episodes else came


def overlap(start_ms: int, end_ms: int, band: int) -> int:
    start, end = second(start_ms), second(end_ms)
    return max(0, min(end, band * 1800 + 1800) - max(start, band * 1800))


def waits_at(visit: Visit, moment: int) -> bool:
    until = visit.episodes[0].at if visit.episodes else visit.ended
    return until is not None and second(max(visit.taken, visit.activated or 0)) < moment <= second(until)


def later(scored: list[dict[str, int]]) -> dict[str, Any]:
    kept, early, late = (sum(body[name] for body in scored) for name in ("kept", "early", "late"))
    shown = kept + early + late
    return {
        "later_shown": shown,
        "later_kept": kept,
        "later_kept_share": share(kept, shown),
        "later_early_share": share(early, shown),
        "later_late_share": share(late, shown),
        "later_overrun": None if not late else round(sum(body.get("late_s", 0) for body in scored) / late / 60, 2),
    }
