"""New firmware for the demo branch's modem over HTTP: two people, a pulled cable, and the device's own word at the end."""

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from edge.cli import run_firmware
from tests.harness.programs import BranchProcess

CLOCK: Final = "2026-03-02T09:00:00+08:00"
TIMEOUT_S: Final = 30
PATIENCE_S: Final = 120.0
MODEM: Final = "gsm-modem-1"
NEW: Final = "EC20CEFAGR06A02M4G"


class Person:
    """Somebody at a desk."""

    def __init__(self, branch: BranchProcess, staff_no: str) -> None:
        who = {"staff_no": staff_no, "password": "branchbox"}
        token = requests.post(f"{branch.url}/api/session", json=who, timeout=TIMEOUT_S).json()["token"]
        self._url, self._headers = branch.url, {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        return requests.get(self._url + path, headers=self._headers, timeout=TIMEOUT_S).json()

    def post(self, path: str, body: Any = None) -> requests.Response:
        return requests.post(self._url + path, json=body or {}, headers=self._headers, timeout=TIMEOUT_S)

    def until(self, job: str, *states: str) -> dict[str, Any]:
        """The update once it is in one of these states, or as it is when patience ends."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            found: dict[str, Any] = next(one for one in self.get("/api/firmware")["updates"] if one["job"] == job)
            if found["state"] in states or found.get("waits_for") in states or time.monotonic() > until_s:
                return found


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch"), options=("--clock", CLOCK)) as running:
        yield running


def package(branch: BranchProcess, version: str) -> dict[str, Any]:
    made = requests.get(f"{branch.url}/sandbox/devices/{MODEM}/firmware?version={version}", timeout=TIMEOUT_S)
    body: dict[str, Any] = made.json()
    return body


def act(branch: BranchProcess, action: str) -> None:
    assert requests.post(f"{branch.url}/sandbox/devices/{MODEM}/{action}", json={}, timeout=TIMEOUT_S).ok


def reported(person: Person) -> str | None:
    version: str | None = person.get(f"/api/devices/{MODEM}")["capabilities"].get("firmware")
    return version


def online(person: Person) -> None:
    while person.get(f"/api/devices/{MODEM}")["view"]["device"] != "online":
        pass


def test_two_people_and_a_pulled_cable_later_the_device_says_the_new_version(branch: BranchProcess) -> None:
    one, other = Person(branch, "9001"), Person(branch, "9002")
    online(one)
    proposed = one.post(f"/api/devices/{MODEM}/firmware", {**package(branch, NEW), "in_hours": True})
    assert proposed.status_code == 201, proposed.text
    job = proposed.json()["job"]
    assert proposed.json()["waits_for"] == "person"
    assert one.post(f"/api/devices/{MODEM}/firmware", package(branch, NEW)).json()["code"] == "update_under_way"
    assert one.post(f"/api/firmware/{job}/approve").json()["code"] == "second_person_needed"
    assert Person(branch, "1001").post(f"/api/firmware/{job}/approve").status_code == 403

    act(branch, "unplug")
    assert other.post(f"/api/firmware/{job}/approve").json()["state"] == "approved"
    assert one.until(job, "device")["waits_for"] == "device"
    act(branch, "plug")
    done = one.until(job, "done", "failed")
    assert (done["state"], done["reported"]) == ("done", NEW), done
    assert (done["proposed_by"], done["answered_by"]) == ("staff:9001", "staff:9002")
    assert reported(one) == NEW
    assert one.post(f"/api/firmware/{job}/withdraw").json()["code"] == "update_not_waiting"
    assert one.post(f"/api/devices/{MODEM}/firmware", package(branch, NEW)).json()["code"] == "firmware_runs_already"


def test_the_command_line_lists_who_wanted_it_and_what_the_device_said(
    branch: BranchProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_firmware(branch.data) == 0
    said = capsys.readouterr().out
    assert f"-> {NEW}  done" in said
    assert "staff:9001 -> staff:9002" in said
    assert f"device says {NEW}" in said


def test_by_day_it_waits_for_the_close_and_can_still_be_withdrawn(branch: BranchProcess) -> None:
    one, other = Person(branch, "9001"), Person(branch, "9002")
    online(one)
    before = reported(one)
    job = one.post(f"/api/devices/{MODEM}/firmware", package(branch, "EC20CEFAGR06A09M4G")).json()["job"]
    other.post(f"/api/firmware/{job}/approve")
    waiting = one.until(job, "close")
    assert waiting["waits_for"] == "close"
    assert waiting["held_bytes"] == waiting["size_bytes"], "it lies on the device already"
    assert one.post(f"/api/firmware/{job}/withdraw").json()["state"] == "withdrawn"
    assert reported(one) == before


def test_on_battery_it_waits_for_the_mains(branch: BranchProcess) -> None:
    one, other = Person(branch, "9001"), Person(branch, "9002")
    online(one)
    assert requests.post(f"{branch.url}/sandbox/mains", json={"up": False}, timeout=TIMEOUT_S).ok
    wish = {**package(branch, "EC20CEFAGR06A05M4G"), "in_hours": True}
    job = one.post(f"/api/devices/{MODEM}/firmware", wish).json()["job"]
    other.post(f"/api/firmware/{job}/approve")
    waiting = one.until(job, "power")
    assert waiting["waits_for"] == "power", waiting
    assert requests.post(f"{branch.url}/sandbox/mains", json={"up": True}, timeout=TIMEOUT_S).ok
    done = one.until(job, "done", "failed")
    assert (done["state"], done["reported"]) == ("done", "EC20CEFAGR06A05M4G"), done


def test_a_box_that_dies_on_the_way_carries_it_out_afterwards(branch: BranchProcess) -> None:
    one, other = Person(branch, "9001"), Person(branch, "9002")
    online(one)
    newest = "EC20CEFAGR07A01M4G"
    job = one.post(f"/api/devices/{MODEM}/firmware", {**package(branch, newest), "in_hours": True}).json()["job"]
    act(branch, "unplug")
    other.post(f"/api/firmware/{job}/approve")
    assert one.until(job, "device")["waits_for"] == "device"
    branch.kill()
    branch.start()
    done = Person(branch, "9001").until(job, "done", "failed")
    assert (done["state"], done["reported"]) == ("done", newest), done


def test_what_nobody_trusted_has_signed_is_refused_in_words(branch: BranchProcess) -> None:
    one = Person(branch, "9001")
    online(one)
    forged = package(branch, "EC20CEFAGR06A08M4G")
    forged["signature"] = forged["signature"][::-1].replace("=", "") + "=="
    answer = one.post(f"/api/devices/{MODEM}/firmware", forged)
    assert (answer.status_code, answer.json()["code"]) == (422, "firmware_not_signed")
    assert "签名" in answer.json()["title"]
    other_one = package(branch, "EC20CEFAGR06A08M4G")
    assert one.post("/api/devices/printer-1/firmware", other_one).json()["code"] == "firmware_not_supported"
    assert requests.get(f"{branch.url}/sandbox/devices/printer-1/firmware?version=2", timeout=TIMEOUT_S).status_code == 409
