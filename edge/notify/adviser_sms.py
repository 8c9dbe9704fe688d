"""A text message to an adviser (客户经理), of whatever news: read what to say, send it, and tell the domain how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from edge.adapters.sms import SmsPort
from edge.adapters.sms_delivery import deliver, end_of
from edge.kernel.clock import Clock
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Command
from edge.kernel.outbox import Leased
from edge.kernel.runner import Settled, Started, TryAgain
from edge.kernel.vault import Vault
from edge.org import phones

NO_PHONE: Final = "no_phone"
SUPPRESSED: Final = "suppressed"
EXPIRED: Final = "expired"


class Order(Protocol):
    """What the effect carries."""

    @property
    def adviser(self) -> str: ...


OrderT = TypeVar("OrderT", bound=Order)


@dataclass(frozen=True, slots=True)
class News(Generic[OrderT]):
    """One kind of message."""

    order: type[OrderT]
    text: Callable[[Connection, OrderT], str | None]
    """None where it is no news any more."""
    ended: Callable[[OrderT, str], Command]
    """Tells the domain what became of it, in one word."""


class AdviserSms(Generic[OrderT]):
    """The handler of one kind."""

    def __init__(self, db: Database, vault: Vault, port: SmsPort, clock: Clock, news: News[OrderT]) -> None:
        self._db = db
        self._vault = vault
        self._port = port
        self._clock = clock
        self._news = news

    async def __call__(self, effect: Leased, started: Started) -> Settled | TryAgain:
        order = msgspec.json.decode(effect.payload, type=self._news.order)
        with self._db.reader() as connection:
            to = phones.of(connection, self._vault, order.adviser)
            text = self._news.text(connection, order)
        if text is None:
            return self._end(order, SUPPRESSED)
        if to is None:
            return self._end(order, NO_PHONE)
        outcome = await deliver(self._port, effect, started, to=to, text=text, clock=self._clock)
        return outcome if isinstance(outcome, TryAgain) else self._end(order, outcome)

    def too_late(self, effect: Leased) -> Settled:
        return self._end(msgspec.json.decode(effect.payload, type=self._news.order), EXPIRED)

    def _end(self, order: OrderT, outcome: str) -> Settled:
        return Settled(end_of(outcome), outcome, self._news.ended(order, outcome))
