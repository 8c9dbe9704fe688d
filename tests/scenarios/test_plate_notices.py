"""S32, S78: the notice of a known customer at the drive, while somebody sets the clock."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.interfaces.plate import Heading, Plate, PlateKind, Seen
from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.devices.plates import SHOWN_S, PlateWatch
from edge.kernel.clock import SandboxClock
from edge.kernel.db import Connection
from edge.kernel.identities import IdentityKind
from tests.scenarios.hall import Hall, open_hall

PLATES = {"京A12345": "c-1", "京A67890": "c-2"}


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.branch.db.write(lambda connection: head_office_names_them(connection, opened))
        await opened.at("09:00")
        yield opened


def head_office_names_them(connection: Connection, hall: Hall) -> None:
    for plate, customer in PLATES.items():
        mark = hall.branch.arrivals.mark(IdentityKind.PLATE, plate)
        customers.put(connection, Recognised(customer, "gold"), [mark], now_ms=hall.clock.now_ms())


def drives_up(hall: Hall, plate: str = "京A12345", heading: Heading = Heading.UNKNOWN) -> None:
    hall.branch.plates.heard("drive", Seen(plate=Plate(plate), kind=PlateKind.ORDINARY, heading=heading))


def shown(hall: Hall) -> list[str]:
    hall.branch.plates.look()
    return [str(one.facts["ending"]) for one in hall.branch.notices.show().notices if one.code == "customer_arriving"]


async def test_s32_the_notice_goes_ten_minutes_after_the_car_came(hall: Hall) -> None:
    drives_up(hall)
    hall.clock.advance(SHOWN_S - 5)
    assert shown(hall) == ["345"]
    hall.clock.advance(6)
    assert shown(hall) == []


async def test_s32_a_car_that_comes_by_again_is_shown_from_then_on(hall: Hall) -> None:
    drives_up(hall)
    hall.clock.advance(SHOWN_S - 5)
    drives_up(hall)
    hall.clock.advance(SHOWN_S - 5)
    assert shown(hall) == ["345"]


async def test_s78_a_clock_that_was_set_forward_takes_down_what_is_old_now(hall: Hall) -> None:
    drives_up(hall)
    hall.clock.advance(3600)
    drives_up(hall, "京A67890")
    assert shown(hall) == ["890"]


async def test_s78_a_clock_that_was_set_back_keeps_no_notice_longer_than_ten_minutes(hall: Hall) -> None:
    """Of the branch's time an hour and ten minutes are left; of the time that nobody can set, ten minutes."""
    steady_ms = [0]
    clock = SandboxClock(hall.clock.now_ms(), steady=lambda: steady_ms[0])
    watch = hall.branch.plates = PlateWatch(hall.branch.arrivals, hall.branch.notices, clock)
    watch.heard("drive", Seen(plate=Plate("京A12345"), kind=PlateKind.ORDINARY))
    clock.advance(-3600)
    assert shown(hall) == ["345"]
    steady_ms[0] += (SHOWN_S + 1) * 1000
    assert shown(hall) == []


async def test_s32_nobody_has_to_ask_for_it_to_go(hall: Hall) -> None:
    drives_up(hall)
    gone = asyncio.Event()
    hall.branch.notices.changed = lambda _list: gone.set()
    hall.clock.advance(SHOWN_S + 1)
    async with asyncio.timeout(10):
        await gone.wait()
    assert shown(hall) == []


async def test_s32_whoever_drives_off_is_not_announced(hall: Hall) -> None:
    drives_up(hall, heading=Heading.LEAVING)
    assert shown(hall) == []
