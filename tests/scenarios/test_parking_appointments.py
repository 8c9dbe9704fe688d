"""S31: a bay for an appointment, and the same visit once its ticket is taken."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from edge.parking import tables
from edge.parking.model import KeepBays, Stay
from edge.policy.model import SetValue
from tests.scenarios.slot_desk import ANNE, Desk, open_desk

PLATE = "京A12345"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        park = SetValue(policy="parking.car_park", value={"bays": ["P1"]}, reason="停车场")
        await opened.hall.branch.pipeline.submit(park, actor="staff:9001")
        yield opened


async def reserve(desk: Desk, visit: str, plate: str = PLATE, in_min: int = 0) -> Any:
    lobby = await desk.staff()
    return await lobby.post("/api/parking/reservations", {"visit": visit, "plate": plate, "in_min": in_min})


def stay(desk: Desk, stay_id: str) -> Stay:
    with desk.hall.branch.db.reader() as connection:
        found = tables.stay(connection, stay_id)
    assert found is not None
    return found


async def test_s31_a_bay_is_held_from_half_an_hour_before_the_appointment(desk: Desk) -> None:
    booked = await desk.book("10:00", identity=ANNE)
    held = await reserve(desk, booked["id"])
    assert [held[name][11:16] for name in ("from_at", "until")] == ["09:30", "10:15"]
    assert (held["state"], held["bay"], held["appointment"]) == ("reserved", "P1", booked["id"])


async def test_s31_until_then_it_is_somebody_elses(desk: Desk) -> None:
    """At eight for a quarter, and an hour as cars usually stay: before half past nine the bay is free again."""
    held = await reserve(desk, (await desk.book("10:00", identity=ANNE))["id"])
    walk_in = await desk.kiosk.post("/api/tickets", {"service": "personal"})
    assert (await reserve(desk, walk_in["id"], "沪B67890"))["bay"] == held["bay"]


async def test_s31_too_near_to_it_the_bay_is_kept(desk: Desk) -> None:
    await reserve(desk, (await desk.book("10:00", identity=ANNE))["id"])
    await desk.hall.at("08:30")
    walk_in = await desk.kiosk.post("/api/tickets", {"service": "personal"})
    assert (await reserve(desk, walk_in["id"], "沪B67890"))["state"] == "waiting"


async def test_s31_bay_and_ticket_are_one_visit(desk: Desk) -> None:
    booked = await desk.book("10:00", identity=ANNE)
    held = await reserve(desk, booked["id"])
    signed = await desk.swipe("09:50")
    phone = await desk.kiosk.get(f"/api/t/{signed['token']}")
    assert phone["parking"]["stay"]["bay"] == "P1"
    again = await (await desk.staff()).send(
        "POST", "/api/parking/reservations", {"visit": signed["ticket"]["id"], "plate": PLATE}
    )
    assert again.code == "bay_asked_already"
    assert stay(desk, held["id"]).visit == booked["id"]


async def test_s31_also_with_the_live_ticket_of_somebody_who_comes_early(desk: Desk) -> None:
    await reserve(desk, (await desk.book("10:00", identity=ANNE))["id"])
    early = await desk.swipe("09:00")
    assert (await desk.kiosk.get(f"/api/t/{early['token']}"))["parking"]["stay"]["bay"] == "P1"
    signed = await desk.swipe("09:40")
    assert (await desk.kiosk.get(f"/api/t/{signed['token']}"))["parking"]["stay"]["bay"] == "P1"


async def test_s31_a_cancelled_appointment_needs_no_bay(desk: Desk) -> None:
    booked = await desk.book("10:00", identity=ANNE)
    held = await reserve(desk, booked["id"])
    await (await desk.staff()).post(f"/api/appointments/{booked['id']}/cancel", {})
    await desk.hall.branch.pipeline.submit(KeepBays(), actor="system")
    assert stay(desk, held["id"]).state == "cancelled"
