"""Which packages may be put on which device, and who has to agree."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.versions import older
from edge.firmware import decide
from edge.firmware import model as m
from edge.firmware.package import PackageRefused, pack
from edge.firmware.power import on_battery
from edge.firmware.tables import UpdateRow
from sync.keys import SigningKey
from tests.unit.given import CONTEXT, refused

HEAD_OFFICE, STRANGER = SigningKey(bytes(32)), SigningKey(bytes(31) + b"\1")
PACKAGE = b"new firmware"
STANDING = m.Standing(
    profile="quectel.ec20", reported="R06A01", takes_firmware=True, least="R05A02", known_bad=("R06A03", "R07A01")
)


def proposal(
    version: str = "R06A02", key: SigningKey = HEAD_OFFICE, package: bytes = PACKAGE, **changed: Any
) -> m.ProposeUpdate:
    file = msgspec.json.decode(pack(key.sign, "quectel.ec20", version, PACKAGE))
    document, signature = (msgspec.convert(file[name], bytes) for name in ("document", "signature"))
    given = {
        "device": "gsm-modem-1",
        "document": document,
        "signature": signature,
        "keys": (HEAD_OFFICE.public,),
        "sha256": sha256(package).hexdigest(),
        "size_bytes": len(package),
        "standing": STANDING,
        "in_hours": False,
    }
    return m.ProposeUpdate(**{**given, **changed})


def an_update(state: str = "proposed", **changed: Any) -> UpdateRow:
    given: dict[str, Any] = {
        "job": "j1",
        "device": "gsm-modem-1",
        "profile": "quectel.ec20",
        "version": "R06A02",
        "replaces": "R06A01",
        "sha256": "0" * 64,
        "size_bytes": 12,
        "in_hours": False,
        "state": state,
        "proposed_by": "staff:9001",
        "proposed_ms": 0,
        "answered_by": None,
        "answered_ms": None,
        "ended_ms": None,
        "reported": None,
        "reason": "",
    }
    return UpdateRow(**{**given, **changed})


def test_a_signed_package_for_this_model_is_proposed() -> None:
    (fact,) = decide.propose(None, proposal(), CONTEXT)
    assert isinstance(fact, m.UpdateProposed)
    assert (fact.device, fact.to_version, fact.from_version) == ("gsm-modem-1", "R06A02", "R06A01")
    assert fact.signed_by == sha256(HEAD_OFFICE.public).hexdigest()


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (proposal(key=STRANGER), "firmware_not_signed"),
        (proposal(keys=()), "firmware_not_signed"),
        (proposal(document=b"{}"), "firmware_not_signed"),
        (proposal(package=b"new firmwarf"), "firmware_damaged"),
        (proposal(package=b"new"), "firmware_damaged"),
        (proposal(standing=msgspec.structs.replace(STANDING, takes_firmware=False)), "firmware_not_supported"),
        (proposal(standing=msgspec.structs.replace(STANDING, profile="quectel.ec25")), "firmware_other_model"),
        (proposal("R06A03"), "firmware_known_bad"),
        (proposal("R05A01"), "firmware_below_floor"),
        (proposal("R06A01"), "firmware_runs_already"),
    ],
)
def test_what_must_not_be_put_on_it_is_refused(wish: m.ProposeUpdate, code: str) -> None:
    with refused(code):
        decide.propose(None, wish, CONTEXT)


def test_going_back_to_a_version_above_the_floor_is_allowed() -> None:
    assert decide.propose(None, proposal("R05A02"), CONTEXT)


def test_one_update_of_a_device_at_a_time() -> None:
    with refused("update_under_way"):
        decide.propose(an_update("approved"), proposal(), CONTEXT)


def test_whoever_proposed_it_cannot_agree() -> None:
    with refused("second_person_needed"):
        decide.approve(an_update(proposed_by=CONTEXT.actor), m.ApproveUpdate(job="j1"), CONTEXT)
    facts = decide.approve(an_update(), m.ApproveUpdate(job="j1"), CONTEXT)
    assert facts == [m.UpdateApproved(job="j1", device="gsm-modem-1")]


@pytest.mark.parametrize("state", ["approved", "installing", "done", "failed", "withdrawn"])
def test_it_is_approved_once(state: str) -> None:
    with refused("update_not_waiting"):
        decide.approve(an_update(state), m.ApproveUpdate(job="j1"), CONTEXT)


@pytest.mark.parametrize("state", ["installing", "done", "failed", "withdrawn"])
def test_what_is_being_installed_is_not_withdrawn(state: str) -> None:
    with refused("update_not_waiting"):
        decide.withdraw(an_update(state), m.WithdrawUpdate(job="j1"), CONTEXT)


@pytest.mark.parametrize("state", ["proposed", "installing", "withdrawn"])
def test_nothing_is_installed_that_nobody_agreed_to_or_twice(state: str) -> None:
    with refused("update_not_waiting"):
        decide.begin(an_update(state), m.BeginInstall(job="j1"), CONTEXT)


def test_an_end_is_recorded_once() -> None:
    command = m.RecordUpdate(job="j1", done=True, reported="R06A02")
    assert len(decide.record(an_update("installing"), command, CONTEXT)) == 1
    assert decide.record(an_update("done"), command, CONTEXT) == ()


def test_versions_are_compared_by_their_numbers() -> None:
    assert older("1.9", "1.10")
    assert not older("1.10", "1.9")
    assert not older("beta", "1.0"), "what has no numbers is not judged"
    assert not older(None, "1.0")


def test_an_empty_package_is_not_packed() -> None:
    with pytest.raises(PackageRefused):
        pack(HEAD_OFFICE.sign, "quectel.ec20", "R06A02", b"")


@pytest.mark.parametrize(
    ("facts", "waits_for"),
    [
        ({}, None),
        ({"is_open": True}, "close"),
        ({"is_open": True, "in_hours": True}, None),
        ({"on_battery": True, "busy": True}, "power"),
        ({"busy": True}, "idle"),
        ({"is_open": True, "on_battery": True, "busy": True}, "close"),
    ],
)
def test_what_an_update_waits_for_before_it_is_installed(facts: dict[str, bool], waits_for: str | None) -> None:
    usual = {"in_hours": False, "is_open": False, "busy": False, "on_battery": False}
    assert decide.hindrance(**{**usual, **facts}) == waits_for


@pytest.mark.parametrize(
    ("supplies", "lost"),
    [
        ({}, False),
        ({"AC": {"type": "Mains", "online": "1"}}, False),
        ({"AC": {"type": "Mains", "online": "0"}}, True),
        ({"hidraw0-battery": {"type": "UPS", "status": "Discharging"}}, True),
        ({"hidraw0-battery": {"type": "UPS", "status": "Full"}, "AC": {"type": "Mains", "online": "1"}}, False),
        ({"odd": {}, "BAT0": {"type": "Battery", "status": "Charging"}}, False),
        ({"usb": {"type": "USB", "online": "0"}}, False),
    ],
)
def test_the_kernel_says_whether_the_mains_is_gone(tmp_path: Path, supplies: dict[str, dict[str, str]], lost: object) -> None:
    for name, says in supplies.items():
        (tmp_path / name).mkdir()
        for what, text in says.items():
            (tmp_path / name / what).write_text(text + "\n", encoding="ascii")
    assert on_battery(tmp_path) is lost
    assert on_battery(tmp_path / "absent") is False
