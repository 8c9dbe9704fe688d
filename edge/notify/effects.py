"""Sending reminders: text messages that do harm when they come late, so they have an end."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from edge.adapters.sms import SmsPort
from edge.adapters.sms_delivery import deliver, end_of
from edge.kernel.clock import Clock
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Effect, Event, InvariantBroken
from edge.kernel.outbox import Leased
from edge.kernel.pipeline import Pipeline, React
from edge.kernel.runner import Settled, Started, TryAgain
from edge.kernel.vault import Vault
from edge.notify import advisers, tables, vip_messages
from edge.notify.adviser_sms import AdviserSms
from edge.notify.feed import MOVES
from edge.notify.model import SEND_SMS, TELL_ADVISER, TELL_OF_SERVICE, RecordReminder, RemindCustomer, ReminderDue
from edge.notify.policy import REMINDER_LATE_MIN
from edge.org import names
from edge.policy import tables as policy
from edge.queue import views
from edge.queue.events import TicketIssued
from edge.queue.model import Language, State
from sync.chain import Record

LOOK_S: Final = 0.5
"""A pause between two looks at who is near: under load many moves are one look."""
MINUTE_MS: Final = 60 * 1000
SUPPRESSED: Final = "suppressed"

_COUNTS: Final = {0: "零", 1: "一", 2: "两", 3: "三"}
_TEXTS: Final = {
    Language.ZH: "【{branch}】{number}号：前面仅剩{count}位客户了，请耐心等待。",
    Language.EN: "[{branch}] {number}: only {ahead} ahead of you now, please stay near.",
}
_REMOTE: Final = {
    Language.ZH: "【{branch}】{number}号：前面仅剩{count}位客户了，请到网点刷卡或证件激活号码。",
    Language.EN: "[{branch}] {number}: only {ahead} ahead of you now, please come to the branch and activate your number.",
}
"""To whoever took the number from afar and has not come in yet (S11)."""
_REMOTE_NEXT: Final = {
    Language.ZH: "【{branch}】{number}号：下一位就是您，请到网点刷卡或证件激活号码。",
    Language.EN: "[{branch}] {number}: you are next, please come to the branch and activate your number.",
}
_NEXT: Final = {
    Language.ZH: "【{branch}】{number}号：下一位就是您，请留意叫号。",
    Language.EN: "[{branch}] {number}: you are next, please listen for your number.",
}


class Order(msgspec.Struct, frozen=True):
    """A reminder to be sent."""

    ticket: str
    number: str
    ahead: int


def ask_for_sms(connection: Connection, event: ReminderDue, record: Record) -> Iterable[Effect]:
    """Later than policy allows a reminder would be wrong, and is not sent (S13)."""
    late_ms = policy.read(connection, REMINDER_LATE_MIN) * MINUTE_MS
    payload = msgspec.json.encode(Order(event.ticket, event.number, event.ahead))
    return [Effect(kind=SEND_SMS, key=f"reminder:{event.ticket}", payload=payload, not_after_ms=record.at_ms + late_ms)]


REACTIONS: Final[dict[type[Event], tuple[React, ...]]] = {
    ReminderDue: (ask_for_sms,),
    **advisers.REACTIONS_TO_ARRIVALS,
    **vip_messages.REACTIONS_TO_REQUESTS,
}


def text_of(order: Order, language: Language, branch: str, *, afar: bool) -> str:
    """What the message says. Nothing but the queue is ever in it."""
    waiting, coming = (_TEXTS, _REMOTE) if order.ahead else (_NEXT, _REMOTE_NEXT)
    table = coming if afar else waiting
    return table[language].format(
        branch=branch, number=order.number, ahead=order.ahead, count=_COUNTS.get(order.ahead, str(order.ahead))
    )


class SmsSender:
    """The handler of reminders. The number is read from the vault, used, and forgotten."""

    def __init__(self, db: Database, vault: Vault, port: SmsPort, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._port = port
        self._clock = clock

    async def __call__(self, effect: Leased, started: Started) -> Settled | TryAgain:
        order = msgspec.json.decode(effect.payload, type=Order)
        message = self._message(order)
        if isinstance(message, str):
            return self._end(order, message)
        to, text = message
        outcome = await deliver(self._port, effect, started, to=to, text=text, clock=self._clock)
        return outcome if isinstance(outcome, TryAgain) else self._end(order, outcome)

    def too_late(self, effect: Leased) -> Settled:
        """Its time is over: it is recorded as such, and staff see it."""
        return self._end(msgspec.json.decode(effect.payload, type=Order), "expired")

    def _end(self, order: Order, outcome: str) -> Settled:
        return Settled(end_of(outcome), outcome, RecordReminder(ticket=order.ticket, outcome=outcome))

    def _message(self, order: Order) -> tuple[str, str] | str:
        """Number and text; or in one word why there is nothing to send."""
        with self._db.reader() as connection:
            record = views.row(connection, order.ticket)
            ref = tables.phone_ref(connection, order.ticket)
            branch = names.branch_name(connection, Language.ZH if record is None else record.language)
            number = None if ref is None else self._vault.get(connection, ref, "phone")
            refused = tables.opted_out(connection, None if record is None else record.customer)
        if record is None:
            raise InvariantBroken(f"a reminder for an unknown ticket {order.ticket}")
        if record.state not in (State.WAITING, State.PENDING) or number is None:
            return SUPPRESSED
        if refused:
            return tables.WITHHELD
        return number.decode(), text_of(order, Language(record.language), branch, afar=record.state == State.PENDING)


Sender = SmsSender | AdviserSms[Any]


def senders(db: Database, vault: Vault, port: SmsPort, clock: Clock, zone: ZoneInfo) -> dict[str, Sender]:
    """Everybody who sends text messages, by the kind of effect: a lane each, so that none holds up another kind."""
    return {
        SEND_SMS: SmsSender(db, vault, port, clock),
        TELL_ADVISER: AdviserSms(db, vault, port, clock, advisers.news(zone)),
        TELL_OF_SERVICE: AdviserSms(db, vault, port, clock, vip_messages.NEWS),
    }


class ReminderWatch:
    """Notices whose turn is near. A follower: it looks after facts that move the queue, and never holds one up."""

    MOVING: Final = MOVES | {TicketIssued.TYPE}

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._moved = asyncio.Event()
        self._moved.set()

    def follow(self, records: list[Record]) -> None:
        if any(record.type in self.MOVING for record in records):
            self._moved.set()

    async def run(self) -> None:
        """Until cancelled; the supervisor restarts it, and it looks at everybody again."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            for ticket, ahead in await self._pipeline.db.scan(self._near):
                await self._pipeline.submit(
                    RemindCustomer(ticket=ticket, ahead=ahead), actor="system", command_id=f"remind:{ticket}:{ahead}"
                )
            await asyncio.sleep(LOOK_S)

    def _near(self, connection: Connection) -> list[tuple[str, int]]:
        now = datetime.fromtimestamp(self._pipeline.clock.now_ms() / 1_000, self._pipeline.zone)
        return tables.near(connection, now)
