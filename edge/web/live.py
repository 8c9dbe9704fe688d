"""The live feed, `/api/live`: what happens, to whoever may see it, from where they left off.

What is true here:

* A client that was away asks with `after=SEQ` and gets every fact after it, once and in order. Replay is pulled by the
  client's own task from the journal; it joins the others at the moment it has caught up, without an await in between.
* A message is made once per fact and topic and shared by all clients. Handing it out is an append to each client's backlog:
  no client is ever waited for, so a stalled one delays nobody. A backlog that overflows is replaced by `{"reset": …}`, and a
  client that takes nothing for `stalled_s` is cut off.
* The pipeline's follower only notes the records. Making messages happens in `run`, which the supervisor watches: a view that
  fails resets all clients and is the supervisor's to restart, and never reaches the path of commands.
* Phones get views of their own ticket and nothing else (`phones.py`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiohttp import WSCloseCode, web

from edge.kernel.clock import Clock
from edge.kernel.domain import Rejected
from edge.kernel.journal import Journal
from edge.web.decode import QueryDecoder
from edge.web.door import Turnstile
from edge.web.feed import TICKET_TOPIC, Feed, Plan
from edge.web.gatekeeper import Gatekeeper
from edge.web.limits import LiveLimits
from edge.web.live_client import Client
from edge.web.phones import Phones, PhoneViews
from edge.web.principal import Kind, Principal
from sync.chain import Record

PATH: Final = "/api/live"
SESSION_ENDED: Final = 4401
"""The close code that tells a page to log in again."""
TOPICS_MAX: Final = 16


class LiveQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query string of the live feed."""

    after: int | None = None
    topics: list[str] = msgspec.field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """Clients that get the same messages."""

    plan: Plan
    clients: set[Client] = field(default_factory=set)


class Live:
    """The hub of all live clients, on both listeners."""

    def __init__(
        self,
        feed: Feed,
        journal: Journal,
        clock: Clock,
        *,
        phones: PhoneViews,
        moves: frozenset[str],
        limits: LiveLimits | None = None,
    ) -> None:
        """`phones` and `moves`: see `phones.py`. Must be made before the pipeline takes commands."""
        self.limits = limits or LiveLimits()
        self.seq = journal.head().seq
        """The newest fact that has been announced."""
        self._feed = feed
        self._journal = journal
        self._clock = clock
        self._phones = Phones(phones, moves, self.limits)
        self._clients: set[Client] = set()
        self._groups: dict[tuple[Kind, frozenset[str]], _Group] = {}
        self._ring: deque[Record] = deque(maxlen=self.limits.ring_records)
        self._noted: deque[Record] = deque(maxlen=self.limits.ring_records)
        self._arrived = asyncio.Event()
        self._announced = asyncio.Event()
        self._closing = False
        self._goodbyes: set[asyncio.Task[None]] = set()

    # --- what goes in

    def follow(self, records: Sequence[Record]) -> None:
        """The pipeline's follower. Returns at once and cannot fail."""
        self._noted.extend(records)
        self._arrived.set()

    def publish(self, topic: str, kind: str, body: bytes, *, key: str = "") -> None:
        """Show a state that is no fact, such as a printer's. An unsent older one with the same `key` is replaced."""
        message = b'{"type":"%b","topic":"%b","body":%b}' % (kind.encode(), topic.encode(), body)
        for client in self._clients:
            if topic in client.plan.topics:
                client.push(message, self._reset, key=f"{topic}/{kind}/{key}")

    def phones_moved(self) -> None:
        """What phones show may be another, though no fact says so."""
        self._phones.moved()

    def drop(self, credential: bytes) -> None:
        """Close the connections that were opened with this token: it has ended."""
        for client in self._clients:
            if client.who.credential == credential:
                self._dismiss(client, SESSION_ENDED, b"session ended")

    @property
    def clients(self) -> int:
        """How many are connected now."""
        return len(self._clients)

    def staff(self) -> frozenset[str]:
        """Staff numbers of those who are connected now."""
        return frozenset(client.who.id for client in self._clients if client.who.kind is Kind.STAFF)

    # --- life

    async def run(self, alive: Callable[[Principal], bool]) -> None:
        """Announce facts, watch over clients, for ever; the supervisor restarts it. `alive` is the gatekeeper's."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announce())
                tasks.create_task(self._watch(alive))
                tasks.create_task(self._phones.run(lambda: self.seq))
        except ExceptionGroup as group:
            self._reset_all()
            raise group.exceptions[0] from group

    async def close(self) -> None:
        """Say goodbye to everybody and let nobody in again; the pages will reconnect when the daemon is back."""
        self._closing = True
        for client in tuple(self._clients):
            self._dismiss(client, WSCloseCode.GOING_AWAY, b"restart")
        if self._goodbyes:
            await asyncio.wait(self._goodbyes)

    async def _announce(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            records = list(self._noted)
            self._noted.clear()
            if records:
                self._hand_out(records)

    def _hand_out(self, records: Sequence[Record]) -> None:
        gap = records[0].seq != self.seq + 1
        self.seq = records[-1].seq
        if gap:
            self._ring.clear()
        self._ring.extend(records)
        self._announced.set()
        self._announced = asyncio.Event()
        if gap:  # more facts arrived than the notebook holds while nobody announced them
            self._reset_all()
            return
        made: dict[tuple[int, str], bytes | None] = {}
        for group in self._groups.values():
            messages = [message for record in records if (message := self._message(record, group.plan, made))]
            for client in group.clients if messages else ():
                client.push_all(messages, self._reset)
        self._phones.follow(records)

    def _message(self, record: Record, plan: Plan, made: dict[tuple[int, str], bytes | None]) -> bytes | None:
        line = plan.lines.get(record.type)
        if line is None:
            return None
        key = (record.seq, line.topic)
        if key not in made:
            made[key] = self._feed.message(record, line)
        return made[key]

    async def _watch(self, alive: Callable[[Principal], bool]) -> None:
        """Cut off who is stalled, show out whose session is over, let the others know that the line is alive."""
        tick_s = min(1.0, self.limits.stalled_s / 2)
        until_beat_s = self.limits.beat_s
        while True:
            await asyncio.sleep(tick_s)
            until_beat_s -= tick_s
            for client in tuple(self._clients):
                if client.stalled:
                    client.cut()
            if until_beat_s <= 0:
                until_beat_s = self.limits.beat_s
                self._beat(alive)

    def _beat(self, alive: Callable[[Principal], bool]) -> None:
        beat = b'{"beat":{"seq":%d,"now":"%b"}}' % (self.seq, self._now())
        for client in tuple(self._clients):
            if alive(client.who):
                client.push(beat, self._reset, key="beat")
            else:
                self._dismiss(client, SESSION_ENDED, b"session ended")

    def _dismiss(self, client: Client, code: int, reason: bytes) -> None:
        if client.closing:
            return
        goodbye = asyncio.get_running_loop().create_task(client.dismiss(code, reason))
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)

    def _now(self) -> bytes:
        return self._feed.time(self._clock.now_ms()).encode()

    def _hello(self) -> bytes:
        return b'{"hello":{"seq":%d,"now":"%b","beat_s":%g}}' % (self.seq, self._now(), self.limits.beat_s)

    def _reset(self) -> bytes:
        return b'{"reset":{"seq":%d}}' % self.seq

    def _reset_all(self) -> None:
        for client in self._clients:
            client.restart(self._reset())

    # --- one client

    def mount(self, app: web.Application, gatekeeper: Gatekeeper, turnstile: Turnstile) -> None:
        """Add the route to a listener's application."""
        query = QueryDecoder(LiveQuery)

        async def live(request: web.Request) -> web.StreamResponse:
            who = await gatekeeper.identify(request, public=False)
            turnstile.pass_through(who.kind, who.owner)
            if who.kind is Kind.ANONYMOUS:
                raise Rejected("unauthenticated")
            return await self._serve(request, who, query.read(request.query))

        app.router.add_get(PATH, live, allow_head=False)

    async def _serve(self, request: web.Request, who: Principal, wish: LiveQuery) -> web.StreamResponse:
        client = Client(request, who, self._feed.plan(who.kind, wish.topics[:TOPICS_MAX]), self.limits)
        if not client.socket.can_prepare(request):
            raise Rejected("upgrade_required")
        self._check_room(who)
        self._clients.add(client)
        try:
            await client.socket.prepare(request)
            await self._converse(client, wish.after)
        finally:
            self._leave(client)
        return client.socket

    async def _converse(self, client: Client, after: int | None) -> None:
        """Send and listen until either ends. What a client says is of no interest, only that it is there."""
        sender = asyncio.get_running_loop().create_task(self._send(client, after))
        sender.add_done_callback(lambda task: None if task.cancelled() else client.cut())
        heard = 0
        try:
            async for _ in client.socket:
                heard += 1
                if heard > self.limits.messages_max:
                    await client.dismiss(WSCloseCode.POLICY_VIOLATION, b"too many messages")
        finally:
            sender.cancel()
            await asyncio.wait((sender,))
            if client.socket.close_code in {None, WSCloseCode.ABNORMAL_CLOSURE}:
                client.cut()
        error = None if sender.cancelled() else sender.exception()
        if error is not None and not isinstance(error, ConnectionError):
            raise error

    async def _send(self, client: Client, after: int | None) -> None:
        seq = self.seq
        await client.send(self._hello())
        if client.who.kind is Kind.PHONE:
            await self._join_phones(client)
        else:
            await self._catch_up(client, seq if after is None else after)
        await client.send_backlog()

    async def _join_phones(self, client: Client) -> None:
        if TICKET_TOPIC in client.plan.topics:
            self._phones.add(client)
            view = self._phones.message(client.who.id, self.seq)
            if view is not None:
                await client.send(view)

    async def _catch_up(self, client: Client, after: int) -> None:
        """Send what was missed, then join the group: between the last look at `seq` and joining nothing awaits."""
        cursor = after
        if not await self._reaches(after):
            cursor = self.seq
            await client.send(self._reset())
        while cursor < self.seq:
            for record in self._missed(cursor):
                message = self._message(record, client.plan, {})
                cursor = record.seq
                if message is not None:
                    await client.send(message)
            await asyncio.sleep(0)
        key = (client.who.kind, frozenset(client.plan.topics))
        self._groups.setdefault(key, _Group(client.plan)).clients.add(client)

    async def _reaches(self, after: int) -> bool:
        """Whether replay can begin after `after`. False: too far back, or of another history (a restored backup).

        A page may know a fact a moment before it is announced here; then this waits for the announcement.
        """
        if not 0 <= after <= self._journal.head().seq or self.seq - after > self.limits.replay_records_max:
            return False
        while self.seq < after:
            await self._announced.wait()
        return True

    def _missed(self, cursor: int) -> list[Record]:
        """Some records after `cursor`, up to the newest announced one; from memory where it reaches back so far."""
        chunk = self.limits.replay_chunk_records
        if self._ring and self._ring[0].seq <= cursor + 1:
            start = cursor + 1 - self._ring[0].seq
            return [self._ring[at] for at in range(start, min(start + chunk, len(self._ring)))]
        return [record for record in self._journal.tail(cursor, chunk) if record.seq <= self.seq]

    def _check_room(self, who: Principal) -> None:
        if self._closing:
            raise Rejected("overloaded", retry_s=1)
        own = sum(1 for client in self._clients if client.who.owner == who.owner)
        if len(self._clients) >= self.limits.clients_max or own >= self.limits.clients_per_owner_max:
            raise Rejected("too_many_clients", retry_s=5)

    def _leave(self, client: Client) -> None:
        self._clients.discard(client)
        self._phones.remove(client)
        for key, group in tuple(self._groups.items()):
            group.clients.discard(client)
            if not group.clients:
                del self._groups[key]
