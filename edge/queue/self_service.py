"""Diversion to self-service (S27): whoever comes for what a machine can do is offered one before a number is issued.

* The bank says how many machines the hall has, for which services, and how long a customer usually stays at one. Nothing tells
  the branch that a customer has left a machine, so whoever was sent there counts as standing there for that long. The number of
  free machines is therefore an estimate, and the kiosk says so.
* Where none is free, nothing is offered. Whoever declines takes a number as if never asked.
* An answer is about the offer, not about a person: no ticket, no identity, nothing to recognise anybody by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.policy import tables as policy
from edge.queue import events as e
from edge.queue import load
from edge.queue import model as m
from edge.queue import policy as keys
from edge.queue.decide import new_day
from edge.queue.load import Day


class SelfService(msgspec.Struct, frozen=True):
    """What the machines in the hall can take over now."""

    machines: int
    free: int
    """An estimate: who was sent there counts for a customer's usual stay."""
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferState:
    day: Day
    offer: SelfService


def now(connection: Connection, now_ms: int) -> SelfService:
    """The machines, those that are free, and the services they do."""
    machines = policy.read(connection, keys.MACHINES)
    if not machines:
        return SelfService(0, 0, ())
    since_ms = now_ms - policy.read(connection, keys.MACHINE_STAY_S) * 1000
    sent: int = connection.execute(
        "SELECT count(*) FROM queue_diversion WHERE accepted = 1 AND at_ms > ? AND at_ms <= ?", (since_ms, now_ms)
    ).get
    return SelfService(machines, max(0, machines - sent), policy.read(connection, keys.MACHINE_SERVICES))


def for_answer(connection: Connection, _command: m.AnswerDiversion, context: Context) -> OfferState:
    return OfferState(load.day(connection, context), now(connection, context.now_ms))


def answer(state: OfferState, command: m.AnswerDiversion, context: Context) -> Sequence[Event]:
    """Note what a customer made of the offer. One is sent only to where a machine is free."""
    offer = state.offer
    if command.service not in offer.services:
        raise Rejected("no_self_service", service=command.service)
    if command.accepted and not offer.free:
        raise Rejected("machines_busy")
    opening = new_day(state.day, context)
    answered = e.DiversionAnswered(
        offer=context.new_id(),
        day=context.today.isoformat(),
        service=command.service,
        accepted=command.accepted,
        machines=offer.machines,
        free=offer.free,
    )
    return [*opening, answered]


def answered(connection: Connection, _state: OfferState, _events: Sequence[Event], context: Context) -> SelfService:
    """The machines as they are after the answer."""
    return now(connection, context.now_ms)


HANDLERS: Final[dict[type[Command], Handler]] = {m.AnswerDiversion: Handler(for_answer, answer, answered)}
