"""S26 as head office's people see it: what each level says, what holds, what is refused before anybody gets it."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.policy_files import OfficeCatalogue
from sync.chain import Position, Record
from sync.headoffice.app import HeadOffice, HeadOfficeConfig
from sync.headoffice.client import OfficeRefused, call
from sync.headoffice.store_views import Progress, Views
from sync.keys import SigningKey
from sync.uplink import enrol
from tests.sync.box import DAY, NOON_MS

BOX = SigningKey(bytes(31) + b"\5")
T, N = "queue.promote.normal_wait_s", "queue.promote.normal_count"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    started = HeadOffice(HeadOfficeConfig(data=tmp_path, sandbox=True, policies=OfficeCatalogue()))
    await started.start()
    await enrol(started.url, "sandbox", branch="0001", name="示范支行", key=BOX)
    yield started
    await started.stop()


async def ask(house: HeadOffice, method: str, path: str, body: Any = None) -> Any:
    return await call(house.url, house.console_token, method, path, body)


async def key(house: HeadOffice, whose: str, name: str) -> Any:
    keys = (await ask(house, "GET", f"/api/policy-keys?{whose}"))["keys"]
    return next(one for one in keys if one["policy"] == name)


async def test_every_value_shows_its_origin_and_its_lock(house: HeadOffice) -> None:
    await ask(house, "POST", "/api/policies", {"scope": "head_office", "values": {T: {"value": 1800, "lock": True}}})
    await ask(house, "POST", "/api/policies", {"scope": "region:gd", "values": {N: {"value": 10}}})
    await ask(house, "PUT", "/api/branches/0001/region", {"region": "gd", "name": "广东分行"})
    above = await key(house, "scope=head_office", N)
    assert (above["value"], above["level"]) == (None, "product")
    for whose in ("scope=region:gd", "branch=0001"):
        locked, ours = await key(house, whose, T), await key(house, whose, N)
        assert (locked["value"], locked["level"], locked["locked_by"]) == (1800, "head_office", "head_office")
        assert (ours["value"], ours["level"], ours["locked_by"]) == (10, "region", None)


async def test_what_holds_at_once_carries_no_moment_of_head_offices_clock(house: HeadOffice) -> None:
    wish = {"scope": "head_office", "values": {N: {"value": 12}}}
    at_once = await ask(house, "POST", "/api/policies", wish)
    later = await ask(house, "POST", "/api/policies", {**wish, "valid_from": "2099-01-01T08:00:00+08:00"})
    assert "valid_from" not in at_once["document"]
    assert later["document"]["valid_from"] == "2099-01-01T08:00:00+08:00"


async def test_what_waits_for_its_time_does_not_hold_yet(house: HeadOffice) -> None:
    await ask(house, "POST", "/api/policies", {"scope": "head_office", "values": {N: {"value": 12}}})
    later = {"scope": "head_office", "values": {N: {"value": 5}}, "valid_from": "2099-01-01T08:00:00+08:00"}
    await ask(house, "POST", "/api/policies", later)
    assert (await key(house, "scope=head_office", N))["value"] == 12


@pytest.mark.parametrize(
    ("scope", "name", "value"),
    [("head_office", T, 1), ("head_office", "queue.no_such_thing", 1), ("head_office", T, "half an hour")],
)
async def test_what_a_branch_would_refuse_is_not_published(house: HeadOffice, scope: str, name: str, value: Any) -> None:
    with pytest.raises(OfficeRefused, match=name):
        await ask(house, "POST", "/api/policies", {"scope": scope, "values": {name: {"value": value}}})
    assert (await ask(house, "GET", "/api/policies"))["policies"] == []


async def test_an_unknown_branch_has_no_view(house: HeadOffice) -> None:
    with pytest.raises(OfficeRefused, match="404"):
        await ask(house, "GET", "/api/policy-keys?branch=9999")


async def test_an_outlets_own_values_are_followed_until_they_end(tmp_path: Path) -> None:
    views, records = Views(tmp_path), count(1)
    await views.start()

    async def told(*facts: tuple[str, dict[str, Any]]) -> list[tuple[str, str, Any, bool]]:
        batch = [Record(next(records), NOON_MS, kind, "", "system", msgspec.json.encode(body)) for kind, body in facts]
        progress = Progress("0001", bytes(16), Position(batch[-1].seq, bytes(32)), NOON_MS)
        assert await views.fold(progress, batch) == (len(batch), 0)
        values = await views.policy_values("0001")
        return [(one.policy, one.level, msgspec.json.decode(one.value), one.granted) for one in values]

    held = await told(
        ("policy.value_set.v1", {"policy": N, "level": "outlet", "value": 8, "before": 10}),
        ("policy.value_set.v1", {"policy": N, "level": "temporary", "value": 6, "before": 8}),
        ("policy.override_requested.v1", {"request": "r-1", "policy": T, "value": 3600, "held_by": "head_office"}),
        ("policy.request_answered.v1", {"request": "r-1", "approved": True}),
    )
    assert held == [(N, "outlet", 8, False), (N, "temporary", 6, False), (T, "outlet", 3600, True)]
    assert await told(("queue.day_closed.v1", {"day": DAY})) == [(N, "outlet", 8, False), (T, "outlet", 3600, True)]
    ended = await told(
        ("policy.value_cleared.v1", {"policy": N, "level": "outlet"}),
        ("policy.request_answered.v1", {"request": "r-1", "approved": False}),
    )
    assert ended == []
    await views.stop()
