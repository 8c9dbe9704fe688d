"""The device console over HTTP: one device in full, its test, its frames for those who may see them, its days."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final

import pytest
import requests

from drivers.registry import FAMILIES
from edge.kernel.db import connect_reader
from tests.harness.programs import BranchProcess

CLOCK: Final = "2026-03-02T09:00:00+08:00"
TIMEOUT_S: Final = 30
PRINTER: Final = "/api/devices/printer-1"


class Staff:
    """Somebody at a desk."""

    def __init__(self, branch: BranchProcess, staff_no: str) -> None:
        who = {"staff_no": staff_no, "password": "branchbox"}
        token = requests.post(f"{branch.url}/api/session", json=who, timeout=TIMEOUT_S).json()["token"]
        self.branch, self._headers = branch, {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> requests.Response:
        return requests.get(self.branch.url + path, headers=self._headers, timeout=TIMEOUT_S)

    def post(self, path: str, body: Mapping[str, str] | None = None) -> requests.Response:
        return requests.post(self.branch.url + path, json=body or {}, headers=self._headers, timeout=TIMEOUT_S)

    def online(self, path: str) -> dict[str, Any]:
        """The device once it is there."""
        found: dict[str, Any] = self.get(path).json()
        while found["view"]["device"] != "online":
            found = self.get(path).json()
        return found


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch"), options=("--clock", CLOCK)) as running:
        yield running


@pytest.fixture(scope="module")
def admin(branch: BranchProcess) -> Staff:
    return Staff(branch, "9001")


def test_a_device_says_where_it_is_from_and_what_it_has_been_through(admin: Staff) -> None:
    found = admin.online(PRINTER)
    assert (found["profile"], found["family"]["name"]["zh"]) == ("generic.escpos-80mm", "小票打印机")
    assert found["address"].startswith("tcp://127.0.0.1:")
    assert found["capabilities"]["verified"] == "emulated"
    assert found["connections"] >= 1
    assert admin.get("/api/devices/nothing").json()["code"] == "unknown_device"


def test_every_device_of_the_branch_can_be_looked_at(admin: Staff) -> None:
    devices = admin.get("/api/devices").json()["devices"]
    assert {one["family"] for one in devices} == set(FAMILIES)
    for one in devices:
        assert admin.get(f"/api/devices/{one['id']}").ok


def test_a_test_prints_counts_and_is_written_down(admin: Staff) -> None:
    before = admin.online(PRINTER)["commands"]
    assert admin.post(f"{PRINTER}/test").status_code == 202
    assert admin.get(PRINTER).json()["commands"] == before + 1
    slips = requests.get(f"{admin.branch.url}/sandbox/devices/printer-1/output", timeout=TIMEOUT_S).json()["slips"]
    assert "generic.escpos-80mm" in slips[-1]["text"]


def test_a_test_that_needs_a_person_ends_when_somebody_lays_a_card(admin: Staff) -> None:
    reader = "/api/devices/id-card-reader-1"
    assert admin.online(reader)["family"]["test_needs_person"]
    assert requests.post(f"{admin.branch.url}/sandbox/devices/id-card-reader-1/lay", json={}, timeout=TIMEOUT_S).ok
    answer = admin.post(f"{reader}/test")
    assert answer.status_code == 202, answer.text
    assert "payload" not in answer.text, "whose card it was is nobody's business"


def test_where_nobody_comes_the_test_says_so_and_not_that_the_device_is_broken(admin: Staff) -> None:
    reader = "/api/devices/magnetic-stripe-1"
    admin.online(reader)
    answer = admin.post(f"{reader}/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "nobody_came")
    assert answer.json()["facts"]["waited_s"] == 15


def test_a_passbook_printer_prints_on_the_sheet_that_is_put_in_for_it(branch: BranchProcess, admin: Staff) -> None:
    printer, bench = "/api/devices/passbook-printer-1", f"{branch.url}/sandbox/devices/passbook-printer-1"
    assert admin.online(printer)["family"]["test_care"] == "prints", "whoever tests is told to have a blank sheet ready"
    with ThreadPoolExecutor(1) as console:
        answer = console.submit(admin.post, f"{printer}/test")
        while not answer.done():
            assert requests.post(f"{bench}/insert", json={}, timeout=TIMEOUT_S).ok
    assert answer.result().status_code == 202, answer.result().text
    pages = requests.get(f"{bench}/output", timeout=TIMEOUT_S).json()["produced"]
    assert [page["text"] for page in pages] == ["[1]\nBranchbox 打印测试 PRINT TEST 0123456789"]


@pytest.mark.parametrize("device", ["led-board-1", "gsm-modem-1", "relay-1", "cash-drawer-1", "call-keypad-1", "voice-1"])
def test_what_needs_nobody_is_tested_at_once(admin: Staff, device: str) -> None:
    admin.online(f"/api/devices/{device}")
    answer = admin.post(f"/api/devices/{device}/test")
    assert answer.status_code == 202, answer.text


def test_who_bound_a_device_to_another_socket_is_written_down(branch: BranchProcess, admin: Staff) -> None:
    before = admin.online(PRINTER)["address"]
    sockets = [one for one in admin.get("/api/sockets").json()["sockets"] if one["place"]["path"] == "printer-1"]
    [other] = [one["place"]["address"] for one in sockets if one["device"] is None]
    answer = admin.post(f"{PRINTER}/bind", {"address": other})
    assert answer.ok, answer.text
    assert admin.online(PRINTER)["address"] == other
    with closing(connect_reader(branch.data / "core.db")) as connection:
        facts = connection.execute(
            "SELECT actor, CAST(body AS TEXT) FROM journal WHERE type = 'devices.device_moved.v1'"
        ).fetchall()
    assert [(actor, json.loads(str(body))) for actor, body in facts] == [
        ("staff:9001", {"device": "printer-1", "address": other, "before": before})
    ]


def test_frames_are_shown_to_whoever_has_opened_the_trace(branch: BranchProcess, admin: Staff) -> None:
    admin.online(PRINTER)
    assert admin.get(f"{PRINTER}/trace").json()["code"] == "trace_not_open"
    assert admin.post(f"{PRINTER}/trace").ok
    frames = admin.get(f"{PRINTER}/trace?after=0").json()["frames"]
    assert {frame["way"] for frame in frames} == {"toDevice", "fromDevice"}
    assert any(frame["hex"].startswith("10 04") for frame in frames), "the real-time questions"
    assert admin.get(f"{PRINTER}/trace?after={frames[-1]['n']}").json()["frames"] == []
    lobby = Staff(branch, "2001")
    assert lobby.post(f"{PRINTER}/trace").status_code == 403
    assert lobby.get(f"{PRINTER}/trace").status_code == 403


def test_days_of_health_are_a_list_from_the_first_moment(admin: Staff) -> None:
    assert admin.get("/api/device-health?days=3").json() == {"days": []}
