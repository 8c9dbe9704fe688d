"""Live views of single tickets, for the phones of their owners.

A phone gets its ticket's view at once when a fact about that ticket commits. When others move, its place in the queue may
have changed: then every phone gets its view anew, at most once in `phone_pause_s`, a few at a time so that five hundred
phones never hold up a ticket.
"""

import asyncio
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from edge.web.limits import LiveLimits
from edge.web.live_client import Client
from sync.chain import Record

PhoneView = Callable[[str], bytes | None]
"""From a ticket's id to the JSON of its view, as `GET /api/t/{token}` gives it; None where there is nothing to show."""


class PhoneViews(Protocol):
    """Whoever knows what phones show."""

    def encoded(self, ticket: str) -> bytes | None:
        """One view: a `PhoneView`."""
        ...

    def for_everybody(self) -> PhoneView:
        """For a round of many views at once; each no older than this moment."""
        ...


_KEY: Final = "ticket"


class Phones:
    """The phones that are connected now."""

    def __init__(self, views: PhoneViews, moves: AbstractSet[str], limits: LiveLimits) -> None:
        """`moves` are the types of events after which other tickets may have another place in the queue."""
        self._views = views
        self._moves = moves
        self._limits = limits
        self._by_ticket: dict[str, set[Client]] = {}
        self._moved = asyncio.Event()

    def add(self, client: Client) -> None:
        self._by_ticket.setdefault(client.who.id, set()).add(client)

    def remove(self, client: Client) -> None:
        clients = self._by_ticket.get(client.who.id, set())
        clients.discard(client)
        if not clients:
            self._by_ticket.pop(client.who.id, None)

    def follow(self, records: Iterable[Record]) -> None:
        """Push the tickets that these facts are about; note whether others may have moved."""
        if not self._by_ticket:
            return
        seq = 0
        touched: dict[str, None] = {}
        for record in records:
            seq = record.seq
            if record.entity in self._by_ticket:
                touched[record.entity] = None
            if record.type in self._moves:
                self._moved.set()
        for ticket in touched:
            self._push(ticket, seq, self._views.encoded)

    def moved(self) -> None:
        """Every phone's view may be another."""
        self._moved.set()

    async def run(self, seq: Callable[[], int]) -> None:
        """Push everybody after moves, for ever. `seq` is the newest announced fact."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            tickets, at = list(self._by_ticket), seq()
            view = self._views.for_everybody() if tickets else self._views.encoded
            for start in range(0, len(tickets), self._limits.phone_batch):
                for ticket in tickets[start : start + self._limits.phone_batch]:
                    self._push(ticket, at, view)
                await asyncio.sleep(0)
            await asyncio.sleep(self._limits.phone_pause_s)

    def message(self, ticket: str, seq: int) -> bytes | None:
        """The message with a ticket's view."""
        return _message(self._views.encoded(ticket), seq)

    def _push(self, ticket: str, seq: int, view: PhoneView) -> None:
        clients = self._by_ticket.get(ticket)
        message = _message(view(ticket), seq) if clients else None
        if not clients or message is None:
            return
        for client in clients:
            client.push(message, lambda: message, key=_KEY)


def _message(view: bytes | None, seq: int) -> bytes | None:
    return None if view is None else b'{"seq":%d,"ticket":%b}' % (seq, view)
