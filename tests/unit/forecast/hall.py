"""A small hall for the forecast's tests: who waits and who serves, in a line each."""

from random import Random

from edge.forecast.knowledge import Knowledge
from edge.forecast.situation import Away, Desk, Expected, Free, Serving, Situation, Waiting
from edge.queue.model import Tier
from edge.queue.rules import DEFAULT, Rule

NOW_MS = 36_000_000
"""Ten in the morning."""


def seeded(seed: int) -> Random:
    """Chance that is the same every time."""
    return Random(seed)  # noqa: S311 -- for reproducing, not for keeping secrets


def person(number: int, *, minutes_ago: float = 1.0, service: str = "cash", tier: Tier = Tier.NORMAL) -> Waiting:
    at_ms = NOW_MS - int(minutes_ago * 60_000)
    return Waiting(f"t{number}", service, tier, at_ms, number, at_ms)


def desk(
    number: int,
    doing: Serving | Free | Away | Expected | None = None,
    *,
    services: frozenset[str] = frozenset(),
    rule: Rule = DEFAULT,
) -> Desk:
    return Desk(f"c{number}", f"teller {number}", services, doing or Serving("cash", NOW_MS - 60_000), rule)


def hall(waiting: int, desks: int, *, rule: Rule = DEFAULT) -> Situation:
    """So many people, the first has waited longest, and so many counters that all serve."""
    people = tuple(person(number, minutes_ago=1 + (waiting - number) / 2) for number in range(waiting))
    return Situation(NOW_MS, people, tuple(desk(number, rule=rule) for number in range(desks)), minute_of_day=600)


def knowing(*, mean_s: float = 300.0, services: int = 200) -> Knowledge:
    """A branch whose every service took about `mean_s`."""
    knowledge = Knowledge()
    for number in range(services):
        knowledge.service_times.observe("cash", f"teller {number % 4}", mean_s * (0.5 + (number * 37 % 100) / 100))
    return knowledge
