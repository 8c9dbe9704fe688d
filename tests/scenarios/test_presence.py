"""S20: a teller's terminal falls silent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.queue import views
from edge.queue.model import ServeTicket, Tier
from edge.queue.presence import GIVE_BACK_MS, SILENT_MS, PresenceWatch
from edge.queue.views import CounterView
from tests.scenarios.hall import Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        yield opened


class Pages:
    """Whose pages are connected."""

    def __init__(self) -> None:
        self.open: frozenset[str] = frozenset({"1001"})

    def __call__(self) -> frozenset[str]:
        return self.open


def counter(hall: Hall) -> CounterView:
    with hall.branch.db.reader() as connection:
        found = views.counter(connection, "counter-1", hall.branch.place.zone)
    assert found is not None
    return found


async def test_s20_a_called_ticket_returns_to_the_head_after_a_minute(hall: Hall) -> None:
    assert GIVE_BACK_MS == 60_000
    pages = Pages()
    watch = PresenceWatch(hall.branch.pipeline, pages)
    first, _second = await hall.take(Tier.NORMAL), await hall.take(Tier.NORMAL)
    await hall.next()
    await watch.look(0)
    pages.open = frozenset()
    await watch.look(SILENT_MS - 1)
    assert not counter(hall).lost
    await watch.look(SILENT_MS)
    assert counter(hall).lost
    assert counter(hall).ticket is not None
    await watch.look(GIVE_BACK_MS)
    assert counter(hall).ticket is None
    await hall.staff(2)
    assert await hall.calls(1, counter=2) == [first]


async def test_s20_a_called_ticket_returns_though_the_daemon_started_again_meanwhile(hall: Hall) -> None:
    pages = Pages()
    watch = PresenceWatch(hall.branch.pipeline, pages)
    await hall.take(Tier.NORMAL)
    await hall.next()
    await watch.look(0)
    pages.open = frozenset()
    await watch.look(SILENT_MS)
    assert counter(hall).lost
    next_life = PresenceWatch(hall.branch.pipeline, pages)
    await next_life.look(0)
    await next_life.look(GIVE_BACK_MS - 1)
    assert counter(hall).ticket is not None
    await next_life.look(GIVE_BACK_MS)
    assert counter(hall).ticket is None


async def test_s20_who_is_being_served_stays(hall: Hall) -> None:
    pages = Pages()
    watch = PresenceWatch(hall.branch.pipeline, pages)
    await hall.take(Tier.NORMAL)
    await hall.next()
    await hall.branch.pipeline.submit(ServeTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    await watch.look(0)
    pages.open = frozenset()
    await watch.look(GIVE_BACK_MS + 1)
    assert counter(hall).lost
    assert counter(hall).ticket is not None


async def test_s20_back_again(hall: Hall) -> None:
    pages = Pages()
    watch = PresenceWatch(hall.branch.pipeline, pages)
    await watch.look(0)
    pages.open = frozenset()
    await watch.look(SILENT_MS)
    pages.open = frozenset({"1001"})
    await watch.look(SILENT_MS + 1)
    assert not counter(hall).lost


async def test_s20_a_teller_without_a_page_is_never_missed(hall: Hall) -> None:
    pages = Pages()
    pages.open = frozenset()
    watch = PresenceWatch(hall.branch.pipeline, pages)
    await watch.look(0)
    await watch.look(10 * GIVE_BACK_MS)
    assert not counter(hall).lost
