"""How many people the rule would call first: what "people ahead" means, whatever queue they stand in.

The counters that are at work take turns calling, with the clock standing still, until everybody was called. Ahead of a
ticket are those called before it by counters that could call it too, or whom such a counter could have called.
"""

from edge.forecast.picking import Line
from edge.forecast.plan import Plan
from edge.forecast.situation import Expected, Situation


def people_ahead(situation: Situation, plan: Plan) -> list[int]:
    """For each of `situation.waiting`, in its order."""
    order = call_order(situation, plan)
    reach = [frozenset(_reach(situation, service)) for service in plan.services]
    queue_of = {place.number: queue for queue, places in enumerate(plan.places) for place in places}
    ahead = [0] * len(situation.waiting)
    called: list[int] = [0] * len(plan.services)
    for number in order:
        mine = reach[queue_of[number]]
        ahead[number] = sum(count for queue, count in enumerate(called) if count and reach[queue] & mine)
        called[queue_of[number]] += 1
    return ahead


def call_order(situation: Situation, plan: Plan) -> list[int]:
    """Everybody who waits, as the rules would call them now; whom no counter may call comes last."""
    lines = [Line(places) for places in plan.places]
    pickers = [
        teller.picker.fresh()
        for teller, desk in zip(plan.tellers, situation.desks, strict=True)
        if not isinstance(desk.doing, Expected)
    ]
    order: list[int] = []
    calling = True
    while calling:
        calling = False
        for picker in pickers:
            queue = picker.pick(lines, situation.now_ms)
            if queue >= 0:
                picker.called(queue, lines, situation.now_ms)
                line = lines[queue]
                order.append(line.places[line.first].number)
                line.first += 1
                calling = True
    left = [place.number for line in lines for place in line.places[line.first :]]
    return [*order, *sorted(left)]


def _reach(situation: Situation, service: str) -> list[str]:
    """The counters that take a service."""
    return [desk.id for desk in situation.desks if desk.serves(service)]
