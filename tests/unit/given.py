"""What a decision is given: a context and small states, spelled so that a test reads as a sentence."""

from datetime import datetime
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import pytest

from edge.kernel.domain import Context, Rejected
from edge.org.model import Counter, Service
from edge.queue.load import Day, Desk, DeskState, Ticket, TicketState
from edge.queue.model import Language, Presence, Slip, State, Tier
from edge.queue.rules import Head

ZONE: Final = ZoneInfo("Asia/Shanghai")
NOW: Final = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
NOW_MS: Final = int(NOW.timestamp() * 1000)
MINUTE_MS: Final = 60_000
CONTEXT: Final = Context(NOW_MS, ZONE, "staff:1001", bytes(range(32)))

PERSONAL: Final = Service(id="personal", name="个人业务", name_en="Personal banking", letter="A", usual_s=300)
CORPORATE: Final = Service(id="corporate", name="对公业务", name_en="Corporate banking", letter="B", usual_s=480)
COUNTER: Final = Counter(id="counter-1", number=1, name="1号窗口")
OTHER_COUNTER: Final = Counter(id="counter-2", number=2, name="2号窗口")
OPEN_TODAY: Final = Day("2026-11-23")
AT_1: Final[dict[str, Any]] = {"counter": "counter-1", "staff": "1001"}


def at(text: str) -> Context:
    """The branch's time, for example `2026-11-24 00:00:01`."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZONE)
    return Context(int(moment.timestamp() * 1000), ZONE, "system", bytes(range(32)))


def a_ticket(state: State = State.WAITING, **fields: Any) -> Ticket:
    ticket = Ticket(
        id="ticket-a007",
        number="A007",
        service="personal",
        tier=Tier.NORMAL,
        queue="personal.normal",
        state=state,
        language=Language.ZH,
        place_ms=NOW_MS - 10 * MINUTE_MS,
        counter="counter-1" if state in (State.CALLED, State.SERVING) else None,
        staff="1001" if state in (State.CALLED, State.SERVING) else None,
        calls=0 if state is State.WAITING else 1,
        rating=None,
        copies=0,
        slip=Slip.PRINTED,
        served=state is State.SERVING,
    )
    return ticket._replace(**fields)


def a_desk(presence: Presence = Presence.OPEN, ticket: Ticket | None = None, staff: str | None = "1001") -> Desk:
    return Desk(COUNTER, presence, None if presence is Presence.CLOSED else staff, ticket)


def standing_at(state: State, **fields: Any) -> DeskState:
    """An open counter with a ticket in hand."""
    return DeskState(a_desk(ticket=a_ticket(state, **fields)), OPEN_TODAY)


def about(ticket: Ticket | None, **fields: Any) -> TicketState:
    return TicketState(ticket, **fields)


def a_head(number: str, tier: Tier = Tier.NORMAL, *, waited_s: float = 60, pooled: bool = False, **fields: Any) -> Head:
    head = Head(
        ticket=f"ticket-{number.lower()}",
        number=number,
        queue="@counter-1" if pooled else f"personal.{tier.value}",
        service="personal",
        tier=tier,
        place_ms=NOW_MS - int(waited_s * 1000),
        seq=int(number[1:]),
        language="zh-CN",
        pooled=pooled,
    )
    return head._replace(**fields)


class Refused:
    """`with refused("code") as no: …` and then `no.facts`."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.facts: dict[str, str | int | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        if kind is None:
            pytest.fail(f"not refused; expected {self.code}")
        if not isinstance(error, Rejected):
            return False
        assert error.code == self.code
        self.facts = error.facts
        return True


def refused(code: str) -> Refused:
    return Refused(code)
