"""S14, S32, S33 over the branch's own wires: a camera that pushes, a barrier that opens or does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.harness.api import Api, ApiRefused
from tests.harness.programs import BranchProcess

CAMERA, GATE = "plate-camera-1", "relay-1"
PLATE = "京AD12345"
"""Of an ordinary demo customer, as head office has it on file: eight characters."""


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Api]:
    options = ("--clock", "2026-03-02T09:00:00+08:00")
    with BranchProcess(tmp_path / "branch", options=options) as running:
        async with Api(running.url) as anybody:
            yield anybody


async def mr_wang(guest: Api) -> dict[str, str]:
    """The customer whose plate that is, by his identity card."""
    people = (await guest.sandbox())["customers"]
    mine = next(one for one in people if {"kind": "plate", "value": PLATE} in one["identities"])
    found: dict[str, str] = next(one for one in mine["identities"] if one["kind"] == "id_card")
    return found


async def until(line: aiohttp.ClientWebSocketResponse, fact: str) -> dict[str, Any]:
    """The body of the next message of this type."""
    async with asyncio.timeout(30):
        async for message in line:
            said = msgspec.json.decode(message.data)
            if said.get("type") == fact:
                body: dict[str, Any] = said["body"]
                return body
    raise AssertionError(f"the line ended before {fact}")


async def drive_up(guest: Api, plate: str, direction: str = "forward") -> None:
    await guest.post(f"/sandbox/devices/{CAMERA}/drive_up", {"plate": plate, "direction": direction})


async def pulses(guest: Api) -> int:
    return len((await guest.get(f"/sandbox/devices/{GATE}/output"))["produced"])


async def test_s14_by_car_from_home_to_the_counter(guest: Api) -> None:
    """Ticket and bay are one visit; the barrier opens for his plate; ten ahead, a message at three; he swipes and is called."""
    channel, kiosk, lobby = await guest.as_staff("9001"), await guest.as_kiosk(), await guest.as_staff("2001")
    for _ in range(10):
        await kiosk.post("/api/tickets", {"service": "personal"})
    assert (await guest.get("/api/parking/free"))["free"] == 4
    wish = {"service": "personal", "channel": "mobile_bank", "identity": await mr_wang(guest), "phone": "13800000002"}
    ticket = await channel.post("/api/tickets", wish)
    held = await channel.post("/api/parking/reservations", {"visit": ticket["id"], "in_min": 20})
    for_min = datetime.fromisoformat(held["until"]) - datetime.fromisoformat(held["from_at"])
    assert (held["state"], held["ticket"], for_min) == ("reserved", ticket["id"], timedelta(minutes=35))
    on_the_phone = await guest.get(f"/api/t/{ticket['token']}")
    assert (on_the_phone["parking"]["stay"]["bay"], on_the_phone["parking"]["offered"]) == (held["bay"], False)

    line = await lobby.live()
    await drive_up(guest, PLATE)
    arrived = await until(line, "parking.car_arrived.v1")
    assert (arrived["visit"], arrived["bay"]) == (ticket["id"], held["bay"])
    assert (await until(line, "parking.gate_answered.v1"))["outcome"] == "opened"
    assert await pulses(guest) == 1

    async with asyncio.timeout(20):
        activated = await kiosk.post("/api/activations", {"identity": await mr_wang(guest)})
    assert (activated["number"], activated["ahead"]) == (ticket["number"], 10)
    teller = await guest.at_counter("1001", "counter-1")
    for _ in range(7):
        await teller.post("/api/counters/counter-1/next")
        await guest.post("/sandbox/clock", {"advance_s": 60})
    async with asyncio.timeout(20):
        while not (texts := [one["text"] for one in (await guest.get(f"/sandbox/devices/{GATE}/output"))["sms"]]):
            continue
    assert len(texts) == 1
    assert ticket["number"] in texts[0]
    assert "三位" in texts[0]
    await line.close()


async def test_s32_a_stranger_is_let_in_while_a_bay_is_free_and_out_always(guest: Api) -> None:
    line = await (await guest.as_staff("2001")).live()
    await drive_up(guest, "沪B67890")
    await until(line, "parking.car_admitted.v1")
    await until(line, "parking.gate_answered.v1")
    assert (await guest.get("/api/parking/free"))["free"] == 3
    await guest.post("/sandbox/clock", {"advance_s": 900})
    await drive_up(guest, "沪B67890", "reverse")
    assert (await until(line, "parking.stay_ended.v1"))["reason"] == "seen"
    assert (await guest.get("/api/parking/free"))["free"] == 4
    await line.close()


async def test_s33_a_barrier_that_does_not_open_is_told_and_opened_with_the_key(guest: Api) -> None:
    lobby = await guest.as_staff("2001")
    line = await lobby.live()
    await guest.post(f"/sandbox/devices/{GATE}/block")
    await drive_up(guest, "沪B67890")
    answered = await until(line, "parking.gate_answered.v1")
    assert answered["outcome"] != "opened"
    notices = (await lobby.get("/api/notices"))["notices"]
    assert [one["facts"]["device"] for one in notices if one["code"] == "gate_stuck"] == [GATE]
    await lobby.post(f"/api/parking/gates/{GATE}/open", {"reason": "道闸不动，钥匙开闸", "with_key": True})
    await guest.post(f"/sandbox/devices/{GATE}/unblock")
    await lobby.post(f"/api/parking/gates/{GATE}/open", {"reason": "试验"})
    assert (await until(line, "parking.gate_answered.v1"))["outcome"] == "opened"
    notices = (await lobby.get("/api/notices"))["notices"]
    assert [one for one in notices if one["code"] == "gate_stuck"] == []
    await line.close()


async def test_s33_only_a_barrier_is_opened_and_only_by_who_may(guest: Api) -> None:
    lobby, teller = await guest.as_staff("2001"), await guest.as_staff("1001")
    with pytest.raises(ApiRefused, match="unknown_gate"):
        await lobby.post("/api/parking/gates/printer-1/open", {"reason": "开门"})
    with pytest.raises(ApiRefused) as refused:
        await teller.post(f"/api/parking/gates/{GATE}/open", {"reason": "开门"})
    assert refused.value.status == 403
    with pytest.raises(ApiRefused, match="number_in_text"):
        await lobby.post(f"/api/parking/gates/{GATE}/open", {"reason": "客户 13800000002 在等"})
