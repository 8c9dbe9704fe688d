"""Sixteen clients who never give up on an answer, for a branch that is killed under them.

Each wish has its own Idempotency-Key and is repeated until it is answered, so afterwards every wish must have happened exactly
once: what the clients were told is compared with the journal, one by one.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.harness.api import Api, Reply

ANSWER_TIMEOUT_S: Final = 30.0
PAUSE_S: Final = 0.03
"""At most so long does a client think before its next wish."""
PAPER: Final = 0.12
"""So many of the new numbers are printed."""
SERVICES: Final = ("personal", "personal", "corporate", "wealth", "fx")
VERBS: Final = ("next", "next", "serve", "serve", "finish", "finish", "recall", "park", "no-show")
TELLERS: Final = {f"counter-{number}": f"100{number}" for number in range(1, 5)}
FACTS: Final = {
    "issue": "queue.ticket_issued.v1",
    "next": "queue.ticket_called.v1",
    "recall": "queue.ticket_recalled.v1",
    "serve": "queue.ticket_served.v1",
    "park": "queue.ticket_parked.v1",
    "no-show": "queue.ticket_no_show.v1",
    "cancel": "queue.ticket_cancelled.v1",
    "transfer": "queue.ticket_transferred.v1",
    "requeue": "queue.ticket_requeued.v1",
}
"""Each of these wishes, carried out, is exactly one such fact."""


@dataclass(slots=True)
class Caller:
    """Somebody with a token, which changes when they have to log in again."""

    api: Api
    staff_no: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for, and is asking again under the same key until answered."""

    key: str
    what: str
    path: str
    body: dict[str, Any]
    caller: Caller


@dataclass(frozen=True, slots=True)
class Told:
    """A wish and the answer to it."""

    wish: Wish
    reply: Reply

    @property
    def done(self) -> bool:
        """Carried out with a fact, not refused, not "nobody waits"."""
        return self.reply.status in (200, 201)


@dataclass(slots=True)
class Storm:
    """The clients and what they were told."""

    dice: random.Random
    pause_s: float = PAUSE_S
    paper: float = PAPER
    told: list[Told] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Some ids of tickets, to cancel, transfer …"""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    repeats: int = 0
    _keys: int = 0

    async def ask(self, caller: Caller, what: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        """One wish, repeated under its key until there is an answer."""
        self._keys += 1
        wish = Wish(f"storm-{self._keys}-{self.dice.getrandbits(32):08x}", what, path, body or {}, caller)
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reply = await self._until_answered(wish)
        self.told.append(Told(wish, reply))
        return reply

    async def _until_answered(self, wish: Wish) -> Reply:
        while True:
            await self.up.wait()
            try:
                reply = await wish.caller.api.send("POST", wish.path, wish.body, key=wish.key)
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                self.repeats += 1
                await asyncio.sleep(0.01)
                continue
            if reply.status == 401 and wish.caller.staff_no is not None:
                await self._log_in_again(wish.caller)
            elif reply.status != 503:
                return reply
            else:
                await asyncio.sleep(0.05)

    async def _log_in_again(self, caller: "Caller") -> None:
        """The sandbox ends all sessions when it starts."""
        with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            caller.api = await caller.api.bearing(None).as_staff(caller.staff_no or "")

    async def _think(self) -> None:
        await asyncio.sleep(self.dice.random() * self.pause_s)

    # --- the clients

    async def kiosk(self, caller: Caller) -> None:
        """Takes numbers; some want paper."""
        while not self.over:
            channel = "kiosk" if self.dice.random() < self.paper else "phone"
            body = {"service": self.dice.choice(SERVICES), "channel": channel}
            reply = await self.ask(caller, "issue", "/api/tickets", body)
            if reply.status == 201:
                self.waiting.append(reply.body["id"])
            await self._think()

    async def teller(self, caller: Caller, counter: str) -> None:
        """Calls and serves."""
        while not self.over:
            verb = self.dice.choice(VERBS)
            await self.ask(caller, verb, f"/api/counters/{counter}/{verb}")
            await self._think()

    async def lobby(self, caller: Caller) -> None:
        """Cancels, transfers, lets people wait again."""
        while not self.over:
            if self.waiting:
                ticket = self.dice.choice(self.waiting[-200:])
                what = self.dice.choice(("cancel", "transfer", "requeue"))
                body = {"service": self.dice.choice(SERVICES), "reason": "wrong_service"} if what == "transfer" else {}
                await self.ask(caller, what, f"/api/tickets/{ticket}/{what}", body)
            await self._think()

    # --- what must hold

    async def changed_answers(self, sample: int) -> list[str]:
        """Ask some old wishes again: whoever gets another answer than the first time."""
        chosen = self.dice.sample(self.told, min(sample, len(self.told)))
        changed: list[str] = []
        for told in chosen:
            again = await self._until_answered(told.wish)
            if (again.status, again.raw) != (told.reply.status, told.reply.raw):
                changed.append(f"{told.wish.path} {told.wish.key}: {told.reply.raw!r}, then {again.status} {again.raw!r}")
        return changed

    def tickets(self) -> dict[str, str]:
        """Every number that was acknowledged, by ticket."""
        issued = [told.reply.body for told in self.told if told.wish.what == "issue" and told.done]
        return {body["id"]: body["number"] for body in issued}

    def expected_facts(self) -> Counter[str]:
        """How many facts of each kind the answers amount to."""
        return Counter(FACTS[told.wish.what] for told in self.told if told.done and told.wish.what in FACTS)

    def unexpected(self) -> list[str]:
        """Answers that no wish of this storm should get."""
        return [f"{told.wish.path}: {told.reply.raw!r}" for told in self.told if told.reply.status not in (200, 201, 204, 409)]
