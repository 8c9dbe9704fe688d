"""An adviser hears by text message of every step of a service that a customer of theirs asked for (S34).

Number, service and state; never who it is, never where to. The customer follows on the phone page, over the live feed. A
message about a state that has passed is not sent.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Effect, Event
from edge.kernel.pipeline import React
from edge.notify.adviser_sms import News
from edge.notify.advisers import MINUTE_MS
from edge.notify.model import TELL_OF_SERVICE
from edge.notify.policy import ALERT_LANGUAGE, ALERT_LATE_MIN
from edge.org import names
from edge.policy import tables as policy
from edge.queue import views
from edge.queue.model import Language
from edge.vip_services import tables as services
from edge.vip_services.model import Kind, RecordMessage, RequestMoved, ServiceAsked, State
from sync.chain import Record

STAFF: Final = "staff:"


class _Words(NamedTuple):
    """A message in one language."""

    text: str
    fee: str
    free: str
    kinds: Mapping[Kind, str]
    states: Mapping[State, str]


_WORDS: Final = {
    Language.ZH: _Words(
        text="【{branch}】{number}号客户的{kind}（{fee}）：{state}。",
        fee="手续费 {yuan:.2f} 元",
        free="免费",
        kinds={Kind.CAR_PICKUP: "专车接送", Kind.CASH_DELIVERY: "送款上门"},
        states={
            State.REQUESTED: "客户已申请，请尽快确认",
            State.ACCEPTED: "已受理",
            State.REFUSED: "未能受理",
            State.ON_THE_WAY: "已出发",
            State.DONE: "已完成",
            State.CANCELLED: "已取消",
        },
    ),
    Language.EN: _Words(
        text="[{branch}] {kind} for {number} ({fee}): {state}.",
        fee="fee CNY {yuan:.2f}",
        free="free",
        kinds={Kind.CAR_PICKUP: "Car", Kind.CASH_DELIVERY: "Cash to the door"},
        states={
            State.REQUESTED: "asked for, please confirm soon",
            State.ACCEPTED: "accepted",
            State.REFUSED: "refused",
            State.ON_THE_WAY: "on the way",
            State.DONE: "done",
            State.CANCELLED: "cancelled",
        },
    ),
}


class _Order(msgspec.Struct, frozen=True):
    request: str
    state: State
    adviser: str


def tell(connection: Connection, event: ServiceAsked | RequestMoved, record: Record) -> Iterable[Effect]:
    """Of every step but the adviser's own."""
    found = services.request(connection, event.request)
    if found is None or found.adviser is None or record.actor == f"{STAFF}{found.adviser}":
        return ()
    late_ms = policy.read(connection, ALERT_LATE_MIN) * MINUTE_MS
    key, payload = f"vip:{found.id}:{found.state}", msgspec.json.encode(_Order(found.id, found.state, found.adviser))
    return [Effect(kind=TELL_OF_SERVICE, key=key, payload=payload, not_after_ms=record.at_ms + late_ms)]


REACTIONS_TO_REQUESTS: Final[dict[type[Event], tuple[React, ...]]] = {ServiceAsked: (tell,), RequestMoved: (tell,)}


def _text(connection: Connection, order: _Order) -> str | None:
    """None where it is no news any more."""
    found = services.request(connection, order.request)
    ticket = None if found is None else views.row(connection, found.ticket)
    if found is None or ticket is None or found.state is not order.state:
        return None
    language = policy.read(connection, ALERT_LANGUAGE)
    words = _WORDS[language]
    return words.text.format(
        branch=names.branch_name(connection, language),
        number=ticket.number,
        kind=words.kinds[found.kind],
        fee=words.fee.format(yuan=found.fee_fen / 100) if found.fee_fen else words.free,
        state=words.states[found.state],
    )


def _ended(order: _Order, outcome: str) -> RecordMessage:
    return RecordMessage(request=order.request, state=order.state, outcome=outcome)


NEWS: Final = News(_Order, _text, _ended)
"""For the handler of these messages."""
