"""Another program on the LAN prints on the branch's printer over a real WebSocket; whoever has no token does not."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

import aiohttp
import pytest
import requests

from tests.harness.programs import BranchProcess

TIMEOUT_S: Final = 30
ROOT: Final = "/xfs4iot/v1.0/"


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch")) as running:
        yield running


def fetched(branch: BranchProcess, path: str) -> Any:
    return requests.get(f"{branch.url}{path}", timeout=TIMEOUT_S).json()


@pytest.fixture(scope="module")
def token(branch: BranchProcess) -> str:
    """An administrator enrols a program."""
    everything = fetched(branch, "/sandbox")
    admin = next(one for one in everything["staff"] if "admin" in one["roles"])
    login = {"staff_no": admin["staff_no"], "password": admin["password"]}
    session = requests.post(f"{branch.url}/api/session", json=login, timeout=TIMEOUT_S).json()["token"]
    enrolled = requests.post(
        f"{branch.url}/api/enrolments",
        json={"device": "forms-program", "role": "program"},
        headers={"Authorization": f"Bearer {session}", "Idempotency-Key": "enrol-program"},
        timeout=TIMEOUT_S,
    )
    assert enrolled.ok, enrolled.text
    return str(enrolled.json()["token"])


def device(branch: BranchProcess, family: str) -> str:
    everything = fetched(branch, "/sandbox")
    return str(next(one["id"] for one in everything["devices"] if one["family"] == family))


def message(name: str, request_id: int, payload: dict[str, Any] | None = None) -> str:
    header = {"name": name, "type": "command", "requestId": request_id, "version": "1.0", "timeout": 20_000}
    return json.dumps({"header": header, "payload": payload or {}})


async def exchange(branch: BranchProcess, path: str, token: str, *messages: str) -> list[dict[str, Any]]:
    """Send, and gather what comes until each has its completion."""
    told: list[dict[str, Any]] = []
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.ws_connect(f"{branch.url}{ROOT}{path}") as socket,
        asyncio.timeout(TIMEOUT_S),
    ):
        for one in messages:
            await socket.send_str(one)
        while sum(one["header"]["type"] == "completion" for one in told) < len(messages):
            told.append(json.loads((await socket.receive()).data))
    return told


async def test_the_publisher_names_what_may_be_driven(branch: BranchProcess, token: str) -> None:
    (answer,) = await exchange(branch, "", token, message("ServicePublisher.GetServices", 1))
    listed = {one["serviceURI"].rsplit("/", 1)[1] for one in answer["payload"]["services"]}
    assert device(branch, "escpos_printer") in listed
    assert device(branch, "id_card_reader") not in listed, "people's cards are the branch's own"


async def test_a_program_prints_and_is_told_the_proof(branch: BranchProcess, token: str) -> None:
    form = {"document": {"parts": [{"part": "text", "text": "外部程序"}]}, "processId": "9001"}
    printer = device(branch, "escpos_printer")
    told = await exchange(branch, printer, token, message("Printer.PrintForm", 7, form))
    kinds = [one["header"]["type"] for one in told if one["header"].get("requestId") == 7]
    assert kinds == ["acknowledge", "event", "completion"]
    assert told[-1]["payload"]["outcome"] == "done"
    output = fetched(branch, f"/sandbox/devices/{printer}/output")
    assert "外部程序" in json.dumps(output, ensure_ascii=False)


@pytest.mark.parametrize(("shown", "status"), [("", 401), ("bbd_" + "x" * 43, 401), ("kiosk", 403)])
async def test_who_may_not_is_refused_before_a_word_is_said(branch: BranchProcess, shown: str, status: int) -> None:
    if shown == "kiosk":
        shown = fetched(branch, "/sandbox")["kiosk_token"]
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    async with aiohttp.ClientSession(headers=headers) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{branch.url}{ROOT}{device(branch, 'escpos_printer')}")
    assert refused.value.status == status


async def test_what_is_not_offered_is_not_there(branch: BranchProcess, token: str) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for name in (device(branch, "id_card_reader"), "nobody"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{branch.url}{ROOT}{name}")
            assert refused.value.status == 404
