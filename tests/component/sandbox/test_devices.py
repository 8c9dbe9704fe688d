"""Every device of the demo branch over HTTP: it is there and online, hands can be laid on it, and what came out is shown."""

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from drivers.registry import FAMILIES
from tests.harness.programs import BranchProcess

CLOCK: Final = "2026-03-02T09:00:00+08:00"
TIMEOUT_S: Final = 30
PATIENCE_S: Final = 20.0


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch"), options=("--clock", CLOCK)) as running:
        yield running


def sandbox(branch: BranchProcess) -> Any:
    return requests.get(f"{branch.url}/sandbox", timeout=TIMEOUT_S).json()


def device(branch: BranchProcess, family: str) -> dict[str, Any]:
    return next(one for one in sandbox(branch)["devices"] if one["family"] == family)


def act(branch: BranchProcess, device_id: str, action: str, **parameters: Any) -> requests.Response:
    return requests.post(f"{branch.url}/sandbox/devices/{device_id}/{action}", json=parameters, timeout=TIMEOUT_S)


def wait_until(branch: BranchProcess, family: str, **wanted: str) -> dict[str, Any]:
    """The device once it is so, or as it is when patience ends."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        found = device(branch, family)
        if all(found[key] == value for key, value in wanted.items()) or time.monotonic() > until_s:
            return found


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_stands_in_the_branch(branch: BranchProcess, family: str) -> None:
    found = wait_until(branch, family, device="online")
    assert found["device"] == "online", found
    assert {"plug", "unplug", "power_cycle"} <= set(found["actions"])
    assert set(found["forms"]) <= set(found["actions"])
    answer = requests.get(f"{branch.url}/sandbox/devices/{found['id']}/output", timeout=TIMEOUT_S)
    assert answer.ok, answer.text


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_can_be_unplugged_and_plugged_in_again(branch: BranchProcess, family: str) -> None:
    device_id = device(branch, family)["id"]
    assert act(branch, device_id, "unplug").ok
    assert wait_until(branch, family, device="offline")["device"] == "offline"
    assert act(branch, device_id, "plug").ok
    assert wait_until(branch, family, device="online")["device"] == "online"


def test_a_wrong_parameter_is_refused_by_its_name(branch: BranchProcess) -> None:
    for wrong in ({"after_mm": "soon"}, {"after_mm": -1}, {"when": 3}):
        answer = act(branch, "printer-1", "cover_open", **wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameters")
        assert next(iter(wrong)) in answer.json()["facts"]["reason"]
    assert device(branch, "escpos_printer")["device"] == "online", "and nothing was done"


def test_what_is_no_object_or_too_much_of_one_is_refused(branch: BranchProcess) -> None:
    where = f"{branch.url}/sandbox/devices/printer-1/paper_low"
    assert requests.post(where, json=[1], timeout=TIMEOUT_S).status_code == 400
    assert requests.post(where, json={"text": "x" * 20_000}, timeout=TIMEOUT_S).status_code == 413


def test_a_slip_is_shown_as_text_and_as_a_picture(branch: BranchProcess) -> None:
    token = sandbox(branch)["kiosk_token"]
    wish = {"service": "personal", "channel": "kiosk"}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
    number = requests.post(f"{branch.url}/api/tickets", json=wish, headers=headers, timeout=TIMEOUT_S).json()["number"]
    output: dict[str, Any] = {"slips": []}
    until_s = time.monotonic() + PATIENCE_S
    while not output["slips"] and time.monotonic() < until_s:
        output = requests.get(f"{branch.url}/sandbox/devices/printer-1/output", timeout=TIMEOUT_S).json()
    slip = output["slips"][-1]
    assert number in slip["text"]
    assert output["produced"][-1]["kind"] == "slip"
    assert requests.get(branch.url + slip["png"], timeout=TIMEOUT_S).content.startswith(b"\x89PNG")
