"""How many people the rule would call first, of everybody in a situation (the meaning is in `edge.queue.order`)."""

from edge.forecast.plan import Plan
from edge.forecast.situation import Expected, Situation
from edge.queue.order import Caller, people_ahead
from edge.queue.picking import Line


def ahead_of_all(situation: Situation, plan: Plan) -> list[int]:
    """For each of `plan.waiting`, in its order."""
    callers = [
        Caller(teller.picker, teller.queues, not isinstance(desk.doing, Expected))
        for teller, desk in zip(plan.tellers, situation.desks, strict=True)
    ]
    lines = [Line(places, plan.imagined[queue]) for queue, places in enumerate(plan.places)]
    return people_ahead(lines, callers, situation.now_ms, plan.there)
