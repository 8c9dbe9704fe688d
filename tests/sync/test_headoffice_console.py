"""What head office's people see and may do, over real HTTP."""

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sync.headoffice.app import HeadOffice, HeadOfficeConfig
from sync.keys import SigningKey
from sync.line import Line
from sync.uplink import Contact, Destination, EnrolmentRefused, World, enrol
from tests.sync.box import DAY, MemoryJournal, day
from tests.sync.wire import Wire

START_MS = 1_760_000_000_000


@dataclass(slots=True)
class Clock:
    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms


class Desk:
    """A head office with its own clock, its console, and a line for branches."""

    def __init__(self, folder: Path, *, sandbox: bool = True) -> None:
        self.clock = Clock()
        static = folder / "static"
        (static / "headoffice").mkdir(parents=True, exist_ok=True)
        (static / "assets").mkdir(exist_ok=True)
        (static / "headoffice" / "index.html").write_text("<!doctype html><title>总行</title>", encoding="utf-8")
        (static / "assets" / "app-1234.js").write_text("export {}", encoding="utf-8")
        (folder / "secret.txt").write_text("secret", encoding="utf-8")
        self.config = HeadOfficeConfig(data=folder / "office", static=static, sandbox=sandbox, now_ms=self.clock)
        self.office = HeadOffice(self.config)

    async def start(self) -> None:
        await self.office.start()
        self.http = aiohttp.ClientSession(self.office.url)
        self.line = Line(self.office.address)
        await self.line.start()
        self.wire = Wire(self.line)

    async def stop(self) -> None:
        await self.wire.stop()
        await self.line.stop()
        await self.http.close()
        await self.office.stop()

    async def restart(self) -> None:
        await self.stop()
        self.office = HeadOffice(self.config)
        await self.start()

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.http.get(path, headers=self.bearer) as response:
            assert response.status == status, await response.text()
            return json.loads(await response.read())

    async def post(self, path: str, content: Any = None) -> tuple[int, Any]:
        async with self.http.post(path, json=content, headers=self.bearer) as response:
            body = await response.read()
            return response.status, json.loads(body) if body else None

    async def branch(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.get("/api/branches"))["branches"][0]
        return shown

    async def receive(self, journal: MemoryJournal) -> None:
        """Have everything of the journal received and shown."""
        watched = self.wire.start(journal, await self.wire.enrolled(journal), world=World(wall_ms=self.clock))
        await watched.drained()
        await self.office.caught_up()
        await watched.stop()

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.office.console_token}"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.start()
    yield desk
    await desk.stop()


def filled(count: int) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append(*itertools.islice(day(1, at_ms=START_MS - 60_000_000), count))
    return journal


async def test_the_page_and_its_parts(desk: Desk) -> None:
    async with desk.http.get("/") as response:
        assert "总行" in await response.text()
        assert response.headers["Cache-Control"] == "no-cache"
    async with desk.http.get("/assets/app-1234.js") as response:
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/assets/../headoffice/index.html", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets/none", "/x"])
async def test_nothing_beside_the_pages_is_served(desk: Desk, path: str) -> None:
    async with desk.http.get(path) as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"
        assert (await response.json(content_type=None))["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/api/branches", "/health", "/metrics", "/x", "/v1/enrol"])
async def test_every_answer_is_hardened(desk: Desk, path: str) -> None:
    async with desk.http.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Server"] == "branchbox"


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", "Basic abc", "Bearer \u00e4"])
async def test_the_data_needs_the_token(desk: Desk, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    for path in ("/api/branches", "/api/branches/0001/tickets", "/api/nothing"):
        async with desk.http.get(path, headers=headers) as response:
            assert response.status == 401
            assert (await response.json(content_type=None))["code"] == "unauthenticated"


async def test_a_branch_and_its_day(desk: Desk) -> None:
    journal = filled(600)
    await desk.receive(journal)
    shown = await desk.branch()
    assert (shown["id"], shown["name"], shown["state"], shown["fault"]) == ("0001", "示范支行", "live", "")
    assert shown["events"] == shown["received_seq"] == shown["head_seq"] == 600
    assert shown["picture_age_s"] == 0
    assert shown["waiting"] == sum(queue["waiting"] for queue in shown["queues"]) > 0
    assert shown["longest_wait_s"] == max(queue["longest_wait_s"] for queue in shown["queues"]) > 0
    assert [service["name_en"] for service in shown["services"]] == ["Personal banking", "Corporate", "Wealth advice"]
    tickets = (await desk.get(f"/api/branches/0001/tickets?day={DAY}"))["tickets"]
    assert len(tickets) == shown["tickets_today"]
    assert {"id", "number", "service", "tier", "state", "taken_at"} <= set(tickets[0])
    assert (await desk.get("/api/branches/0001/tickets"))["day"] == DAY
    assert (await desk.get("/api/branches/0001/tickets?day=1999-01-01"))["tickets"] == []


async def test_the_devices_of_a_branch(desk: Desk) -> None:
    journal = filled(10)
    told = {"device": "printer-1", "family": "escpos_printer", "model": "XP-80", "state": "away", "error": "notConnected"}
    summed = {"day": DAY, "devices": [{"device": "printer-1", "ready_s": 3, "away_s": 1, "failures": 2}]}
    journal.append(
        (START_MS, "devices.condition_changed.v1", "printer-1", "system", json.dumps(told).encode()),
        (START_MS, "devices.day_summed.v1", "", "system", json.dumps(summed).encode()),
    )
    await desk.receive(journal)
    shown = await desk.branch()
    assert (shown["devices"], shown["devices_away"]) == (1, 1)
    (printer,) = (await desk.get("/api/branches/0001/devices"))["devices"]
    assert (printer["id"], printer["state"], printer["error"]) == ("printer-1", "away", "notConnected")
    assert (printer["day"], printer["ready_share"], printer["failures"]) == (DAY, 0.75, 2)
    await desk.get("/api/branches/nowhere/devices", 404)


async def test_events_page_through_the_journal(desk: Desk) -> None:
    journal = filled(700)
    await desk.receive(journal)
    found: list[dict[str, Any]] = []
    while page := (await desk.get(f"/api/branches/0001/events?after={len(found)}&limit=90"))["events"]:
        found += page
    assert [event["seq"] for event in found] == list(range(1, 701))
    assert [event["body"] for event in found] == [json.loads(record.body) for record in journal.records]


async def test_an_event_that_is_not_json_is_shown_as_bytes(desk: Desk) -> None:
    journal = MemoryJournal()
    journal.append((START_MS, "custom.thing.v1", "", "x", b"\xff\x00"))
    await desk.receive(journal)
    (event,) = (await desk.get("/api/branches/0001/events"))["events"]
    assert (event["body_base64"], event.get("body")) == ("/wA=", None)


@pytest.mark.parametrize("query", ["after=x", "limit=-1", "after=1.5", "after=9999999999999999999"])
async def test_a_wrong_question_is_told_so(desk: Desk, query: str) -> None:
    await desk.receive(filled(10))
    assert (await desk.get(f"/api/branches/0001/events?{query}", 422))["code"] == "invalid"
    assert (await desk.get("/api/branches/0002/tickets", 404))["code"] == "unknown_branch"


async def test_a_picture_grows_old_and_says_so(desk: Desk) -> None:
    await desk.receive(filled(50))
    ages = []
    for seconds in (0, 60, 60, 900):
        desk.clock.now_ms += seconds * 1000
        shown = await desk.branch()
        ages.append((shown["state"], shown["picture_age_s"]))
    assert ages == [("live", 0), ("live", 60), ("stale", 120), ("lost", 1020)]


async def test_after_a_restart_the_last_contact_is_still_known(desk: Desk) -> None:
    await desk.receive(filled(50))
    before = await desk.branch()
    desk.clock.now_ms += 100_000
    await desk.restart()
    await desk.office.caught_up()
    after = await desk.branch()
    assert after["state"] == "stale"
    assert after["last_contact_at"] == before["last_contact_at"]
    assert after["tickets_today"] == before["tickets_today"]


async def test_a_branch_whose_clock_is_wrong_has_right_waits(desk: Desk) -> None:
    journal = filled(300)
    first = desk.wire.start(journal, await desk.wire.enrolled(journal), world=World(wall_ms=lambda: journal.records[-1].at_ms))
    await first.drained()
    await desk.office.caught_up()
    shown = await desk.branch()
    issued = {json.loads(record.body).get("ticket"): record.at_ms for record in reversed(journal.records)}
    waiting = [t for t in (await desk.get("/api/branches/0001/tickets"))["tickets"] if t["state"] == "waiting"]
    longest_ms = max(journal.records[-1].at_ms - issued[ticket["id"]] for ticket in waiting)
    assert abs(shown["longest_wait_s"] - longest_ms // 1000) <= 1


async def test_pictures_that_were_deleted_are_folded_again(desk: Desk) -> None:
    await desk.receive(filled(400))
    before = await desk.branch()
    await desk.stop()
    for path in desk.config.data.glob("views.db*"):
        path.unlink()
    desk.office = HeadOffice(desk.config)
    await desk.start()
    await desk.office.caught_up()
    assert (await desk.branch())["queues"] == before["queues"]
    assert (await desk.branch())["tickets_today"] == before["tickets_today"]


async def test_pictures_of_another_past_are_not_believed(desk: Desk) -> None:
    journal = filled(100)
    await desk.receive(journal)
    await desk.stop()
    early = {path.name: path.read_bytes() for path in desk.config.data.glob("journal.db*")}
    desk.office = HeadOffice(desk.config)
    await desk.start()
    journal.append(*itertools.islice(day(2, day="2025-10-10"), 100))
    await desk.receive(journal)
    await desk.stop()
    for name, content in early.items():
        (desk.config.data / name).write_bytes(content)
    desk.office = HeadOffice(desk.config)
    await desk.start()
    await desk.office.caught_up()
    shown = await desk.branch()
    assert (shown["events"], shown["day"]) == (100, DAY)


async def test_the_sandbox_counts(desk: Desk) -> None:
    await desk.receive(filled(200))
    figures = await desk.get("/sandbox")
    shown = await desk.branch()
    assert figures == {
        "branches": 1, "tickets": shown["tickets_today"], "events": 200, "console_token": desk.office.console_token,
    }  # fmt: skip


async def test_health_and_metrics(desk: Desk) -> None:
    await desk.receive(filled(200))
    assert await desk.get("/health") == {"status": "ok", "branches": 1, "events": 200}
    async with desk.http.get("/metrics") as response:
        text = await response.text()
    assert "headoffice_events_total 200.0" in text
    assert "headoffice_dead_letters 0.0" in text


async def test_outside_the_sandbox_a_box_needs_a_claim_and_approval(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sandbox=False)
    await desk.start()
    try:
        await enrol_by_the_book(desk)
    finally:
        await desk.stop()


async def enrol_by_the_book(desk: Desk) -> None:
    journal = filled(20)
    with pytest.raises(EnrolmentRefused, match="claim_refused"):
        await desk.wire.enrolled(journal)
    async with desk.http.get("/sandbox") as response:
        assert response.status == 404
    status, claim = await desk.post("/api/claims", {"branch": "0001", "name": "城东支行"})
    assert status == 201
    known = await enrol(desk.line.url, claim["code"].lower(), branch="0001", name="x", key=journal.key)
    assert not known.approved
    watched = desk.wire.start(journal, Destination(desk.line.url, known.head_office_key))
    state = await watched.until(lambda state: state.head_office is Contact.HALTED)
    assert state.halted_reason == "not_approved"
    shown = await desk.branch()
    assert (shown["name"], shown["state"]) == ("城东支行", "pending")
    assert (await desk.post("/api/branches/0001/approve"))[0] == 204
    watched.uplink.wake()
    await watched.drained()
    again = await enrol(desk.line.url, claim["code"], branch="0001", name="x", key=journal.key)
    assert again.approved
    with pytest.raises(EnrolmentRefused, match="key_conflict"):
        await enrol(desk.line.url, claim["code"], branch="0001", name="x", key=SigningKey(bytes(32)))


async def test_a_claim_expires(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sandbox=False)
    await desk.start()
    try:
        _, claim = await desk.post("/api/claims", {"branch": "0002", "name": "城西支行"})
        desk.clock.now_ms += 25 * 3600 * 1000
        with pytest.raises(EnrolmentRefused, match="expired"):
            await enrol(desk.line.url, claim["code"], branch="0002", name="x", key=SigningKey(bytes(32)))
    finally:
        await desk.stop()


@pytest.mark.parametrize("content", [{}, {"branch": "a b", "name": "x"}, {"branch": "1", "name": ""}, [1]])
async def test_an_impossible_claim_is_refused(desk: Desk, content: Any) -> None:
    status, problem = await desk.post("/api/claims", content)
    assert (status, problem["code"]) == (422, "invalid")
    assert (await desk.post("/api/branches/9/approve"))[0] == 404
