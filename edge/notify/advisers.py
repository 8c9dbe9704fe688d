"""An adviser (客户经理) hears of a customer of theirs who has come in: once per visit, by text message (S15).

* The customer is known by reference, is of a tier that policy names, and has an adviser in head office's document.
* The message says number, tier, time and service; never who it is.
* It is worth nothing once the adviser cannot find the customer any more: it has an end, and a visit that is over stops it.
* The lobby's list and the counters do not wait for it: they hear of the ticket itself, over the live feed.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge.customers import tables as customers
from edge.kernel.db import Connection
from edge.kernel.domain import Effect, Event
from edge.kernel.pipeline import React
from edge.notify.adviser_sms import News
from edge.notify.model import TELL_ADVISER, RecordArrivalAlert
from edge.notify.policy import ALERT_LANGUAGE, ALERT_LATE_MIN, ALERT_TIERS
from edge.org import names
from edge.org import tables as org
from edge.policy import tables as policy
from edge.queue import views
from edge.queue.events import TicketActivated, TicketBound, TicketIssued
from edge.queue.model import LIVE, Language
from sync.chain import Record

MINUTE_MS: Final = 60 * 1000
_TEXTS: Final = {
    Language.ZH: "【{branch}】贵宾到店：{number}号，{tier}，{time}取号，{service}。请到厅堂接待。",
    Language.EN: "[{branch}] {tier} has come in: {number}, taken at {time}, {service}. Please receive them in the hall.",
}
_TIERS: Final = {
    Language.ZH: {"gold": "金卡客户", "normal": "普卡客户"},
    Language.EN: {"gold": "A gold customer", "normal": "A customer of yours"},
}


class _Order(msgspec.Struct, frozen=True):
    ticket: str
    adviser: str
    tier: str


def issued(connection: Connection, event: TicketIssued, record: Record) -> Iterable[Effect]:
    """A remote ticket's holder has not come yet."""
    return () if event.remote or event.customer is None else _alert(connection, event.ticket, event.customer, record.at_ms)


def arrived(connection: Connection, event: TicketActivated | TicketBound, record: Record) -> Iterable[Effect]:
    ticket = views.row(connection, event.ticket)
    if ticket is None or ticket.customer is None:
        return ()
    return _alert(connection, event.ticket, ticket.customer, record.at_ms)


def _alert(connection: Connection, ticket: str, customer: str, at_ms: int) -> Iterable[Effect]:
    known = customers.known(connection, customer)
    if known is None or known.adviser is None or known.tier not in policy.read(connection, ALERT_TIERS):
        return ()
    late_ms = policy.read(connection, ALERT_LATE_MIN) * MINUTE_MS
    payload = msgspec.json.encode(_Order(ticket, known.adviser, known.tier))
    return [Effect(kind=TELL_ADVISER, key=f"arrival:{ticket}:{known.adviser}", payload=payload, not_after_ms=at_ms + late_ms)]


REACTIONS_TO_ARRIVALS: Final[dict[type[Event], tuple[React, ...]]] = {
    TicketIssued: (issued,),
    TicketActivated: (arrived,),
    TicketBound: (arrived,),
}


def news(zone: ZoneInfo) -> News[_Order]:
    """For the handler of these messages."""

    def text(connection: Connection, order: _Order) -> str | None:
        ticket = views.row(connection, order.ticket)
        if ticket is None or ticket.state not in LIVE:
            return None
        service = org.service(connection, ticket.service)
        language = policy.read(connection, ALERT_LANGUAGE)
        return _TEXTS[language].format(
            branch=names.branch_name(connection, language),
            number=ticket.number,
            tier=_TIERS[language].get(order.tier, order.tier),
            time=f"{datetime.fromtimestamp(ticket.taken_ms / 1000, zone):%H:%M}",
            service=ticket.service if service is None else names.named(service, language),
        )

    return News(_Order, text, _ended)


def _ended(order: _Order, outcome: str) -> RecordArrivalAlert:
    return RecordArrivalAlert(ticket=order.ticket, adviser=order.adviser, outcome=outcome)
