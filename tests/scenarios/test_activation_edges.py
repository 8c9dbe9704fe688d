"""S10: no paper when a remote ticket is activated, and an answer that never arrived. The whole program, over its own wires."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.harness.api import Api
from tests.harness.programs import BranchProcess, HeadOfficeProcess

HERE: Final = {"kind": "id_card", "value": "440306198305272211"}
PRINTER: Final = "printer-1"
PATIENCE_S: Final = 20.0


@pytest.fixture
async def branch(tmp_path: Path) -> AsyncIterator[BranchProcess]:
    with BranchProcess(tmp_path / "branch", options=("--clock", "2026-03-02T09:00:00+08:00")) as running:
        yield running


@pytest.fixture
async def guest(branch: BranchProcess) -> AsyncIterator[Api]:
    async with Api(branch.url) as anybody:
        yield anybody


async def taken_from_afar(guest: Api) -> Any:
    channel = await guest.as_staff("9001")
    return await channel.post("/api/tickets", {"service": "personal", "channel": "wechat", "identity": HERE})


async def hear(guest: Api, ticket: str, slip: str, *, after: int) -> None:
    """Wait until the books say this of a ticket's slip."""
    kiosk = await guest.as_kiosk()
    feed = await kiosk.live(after=after)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                body = (await feed.receive_json()).get("body") or {}
                if (body.get("ticket"), body.get("slip")) == (ticket, slip):
                    return
    finally:
        await feed.close()


async def seq(guest: Api) -> int:
    kiosk = await guest.as_kiosk()
    return int((await kiosk.get("/api/queues"))["seq"])


async def test_s10_without_paper_it_is_activated_and_shown_and_the_slip_comes_with_the_paper(guest: Api) -> None:
    kiosk = await guest.as_kiosk()
    remote = await taken_from_afar(guest)
    began = await seq(guest)
    await guest.post(f"/sandbox/devices/{PRINTER}/paper_out", {})
    shown = await kiosk.post("/api/activations", {"identity": HERE})
    assert (shown["number"], shown["state"]) == (remote["number"], "waiting")
    assert shown["phone_url"].endswith(f"/t/{shown['token']}")
    assert (await guest.get(f"/api/t/{shown['token']}"))["number"] == remote["number"]
    await hear(guest, remote["id"], "held", after=began)
    teller = await guest.as_staff("1001")
    assert [slip["number"] for slip in (await teller.get("/api/slips"))["slips"]] == [remote["number"]]
    await guest.post(f"/sandbox/devices/{PRINTER}/paper_in", {})
    await hear(guest, remote["id"], "printed", after=began)
    slips = (await guest.get(f"/sandbox/devices/{PRINTER}/output"))["slips"]
    assert [remote["number"] in slip["text"] for slip in slips] == [True]
    assert (await teller.get("/api/slips"))["slips"] == []


async def test_s10_with_the_line_cut_the_branch_activates_its_own_numbers(tmp_path: Path) -> None:
    with HeadOfficeProcess(tmp_path / "office") as office:
        options = ("--clock", "2026-03-02T09:00:00+08:00")
        with BranchProcess(tmp_path / "branch", head_office=office.url, options=options) as branch:
            async with Api(branch.url) as guest:
                remote, began = await taken_from_afar(guest), await seq(guest)
                assert await guest.post("/sandbox/wan", {"up": False}) == {"up": False}
                kiosk = await guest.as_kiosk()
                shown = await kiosk.post("/api/activations", {"identity": HERE})
                assert (shown["number"], shown["state"]) == (remote["number"], "waiting")
                await hear(guest, remote["id"], "printed", after=began)


async def test_s10_swiped_again_without_paper_one_slip_comes_and_it_is_the_copy(guest: Api) -> None:
    kiosk = await guest.as_kiosk()
    remote = await taken_from_afar(guest)
    began = await seq(guest)
    await guest.post(f"/sandbox/devices/{PRINTER}/paper_out", {})
    first = await kiosk.post("/api/activations", {"identity": HERE})
    await hear(guest, remote["id"], "held", after=began)
    again = await kiosk.post("/api/activations", {"identity": HERE})
    assert (again["number"], again["token"]) == (first["number"], first["token"])
    await guest.post(f"/sandbox/devices/{PRINTER}/paper_in", {})
    await hear(guest, remote["id"], "printed", after=began)
    slips = (await guest.get(f"/sandbox/devices/{PRINTER}/output"))["slips"]
    assert ["补打" in slip["text"] for slip in slips] == [True]


async def test_s10_an_answer_that_got_lost_is_given_again_with_the_same_number(branch: BranchProcess, guest: Api) -> None:
    channel = await guest.as_staff("9001")
    wish = {"service": "personal", "channel": "wechat", "identity": HERE}
    before = await seq(guest)
    _send_and_hang_up(branch.url, channel.token or "", "wechat-7781", msgspec.json.encode(wish))
    kiosk = await guest.as_kiosk()
    feed = await kiosk.live(after=before)
    async with asyncio.timeout(PATIENCE_S):
        while (news := await feed.receive_json()).get("type") != "queue.ticket_issued.v1":
            pass
    await feed.close()
    repeated = await channel.post("/api/tickets", wish, key="wechat-7781")
    assert (repeated["number"], repeated["id"]) == (news["body"]["number"], news["body"]["ticket"])
    assert len((await channel.get("/api/tickets", state="pending"))["tickets"]) == 1
    other = await channel.send("POST", "/api/tickets", wish, key="wechat-7782")
    assert (other.status, other.code) == (409, "duplicate_ticket")


async def test_s10_an_answer_that_got_lost_with_the_power_is_given_again(branch: BranchProcess, guest: Api) -> None:
    channel = await guest.as_staff("9001")
    wish = {"service": "personal", "channel": "wechat", "identity": HERE}
    first = await channel.post("/api/tickets", wish, key="wechat-7781")
    branch.kill()
    branch.start()
    async with Api(branch.url, channel.token) as again:
        assert await again.post("/api/tickets", wish, key="wechat-7781") == first


def _send_and_hang_up(url: str, token: str, key: str, body: bytes) -> None:
    """The line is cut after the request and before the answer."""
    at = urlsplit(url)
    head = (
        f"POST /api/tickets HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((at.hostname, at.port), timeout=PATIENCE_S) as line:
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)
