"""S28, S29: the slot book, and the branch as it is seen from afar."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from edge.org.model import Branch, ConfigureBranch, Counter, Position, Service, Way
from edge.queue.call_rules import DayClass
from edge.queue.model import Channel, Tier
from tests.scenarios.slot_desk import ANNE, BOB, TODAY, Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


# --- S29: the slot book


async def test_s29_two_channels_race_for_the_last_place(desk: Desk) -> None:
    wishes = [{"service": "personal", "day": TODAY, "slot": "10:00", "channel": channel} for channel in Channel]
    replies = await asyncio.gather(*(desk.kiosk.send("POST", "/api/appointments", wish) for wish in wishes))
    assert sorted(reply.status for reply in replies) == [201] + [409] * (len(wishes) - 1)
    assert {reply.code for reply in replies} == {None, "slot_taken"}
    assert {reply.body["facts"]["next_slot"] for reply in replies if reply.code} == {"10:30"}


async def test_s29_who_moves_and_who_books_race_for_the_last_place(desk: Desk) -> None:
    moving = [await desk.book(slot) for slot in ("09:00", "09:30")]
    to = {"day": TODAY, "slot": "10:00"}
    replies = await asyncio.gather(
        *(desk.kiosk.send("POST", f"/api/appointments/{one['id']}/rebook", to) for one in moving),
        desk.kiosk.send("POST", "/api/appointments", {"service": "personal", **to}),
    )
    assert sorted(reply.status < 300 for reply in replies) == [False, False, True]
    assert {reply.code for reply in replies} == {None, "slot_taken"}
    assert [await desk.state(one["id"]) for one in moving] == ["booked", "booked"]
    assert (await desk.free())["10:00"] == 0


async def test_s29_a_lost_answer_books_once(desk: Desk) -> None:
    wish = {"service": "personal", "day": TODAY, "slot": "10:00"}
    first = await desk.kiosk.send("POST", "/api/appointments", wish, key="b-1")
    assert (await desk.kiosk.send("POST", "/api/appointments", wish, key="b-1")).raw == first.raw
    assert (await desk.free())["10:00"] == 0


async def test_s29_cancelled_twice_is_cancelled_and_the_place_is_free(desk: Desk) -> None:
    booked = await desk.book()
    for _ in range(2):
        cancelled = await desk.kiosk.post(f"/api/appointments/{booked['id']}/cancel", {"reason": "临时有事"})
        assert cancelled["state"] == "cancelled"
    assert (await desk.free())["10:00"] == 1
    assert (await desk.book())["id"] != booked["id"]


async def test_s29_moved_to_where_it_is_is_nothing(desk: Desk) -> None:
    booked = await desk.book()
    path = f"/api/appointments/{booked['id']}/rebook"
    before = desk.hall.branch.journal.head().seq
    same = await desk.kiosk.post(path, {"day": TODAY, "slot": "10:00"})
    assert (same, desk.hall.branch.journal.head().seq) == (booked, before)
    moved, again = [await desk.kiosk.post(path, {"day": TODAY, "slot": "14:00"}) for _ in range(2)]
    assert moved == again
    assert (moved["slot"], moved["code"]) == ("14:00", booked["code"])
    assert desk.hall.branch.journal.head().seq == before + 1
    free = await desk.free()
    assert (free["10:00"], free["14:00"]) == (1, 0)


async def test_s29_moving_into_a_full_slot_keeps_the_old_place(desk: Desk) -> None:
    booked = await desk.book("10:00")
    await desk.book("11:00")
    refused = await desk.refused(f"/api/appointments/{booked['id']}/rebook", {"day": TODAY, "slot": "11:00"})
    assert (refused.code, await desk.state(booked["id"])) == ("slot_taken", "booked")
    assert (await desk.free())["10:00"] == 0


async def test_s29_a_channels_quota_is_not_for_the_others(desk: Desk) -> None:
    """Head office sells its quota when the branch is offline; that it does is for later, that it can is kept here."""
    await desk.plan(capacity=3, quotas={Channel.MOBILE_BANK: 2})
    assert (await desk.free())["10:00"] == 1
    assert (await desk.free(channel="mobile_bank"))["10:00"] == 3
    await desk.book()
    assert (await desk.full()).code == "slot_taken"
    for _ in range(2):
        await desk.book(channel="mobile_bank")
    assert (await desk.free(channel="mobile_bank"))["10:00"] == 0


# --- S29: what head office sold while the branch could not be reached


async def sold(desk: Desk, sale: str, slot: str = "10:00", *, key: str | None = None, **wish: Any) -> Any:
    """The line is back, and a channel's program hands over a sale."""
    body = {"sale": sale, "service": "personal", "day": TODAY, "slot": slot, "channel": "mobile_bank", **wish}
    return await desk.kiosk.post("/api/appointments/sold", body, key=key)


async def test_s29_what_was_sold_of_the_quota_fits_whatever_was_sold_here_meanwhile(desk: Desk) -> None:
    await desk.plan(capacity=3, quotas={Channel.MOBILE_BANK: 2})
    await desk.book(identity=BOB)
    assert (await desk.full()).code == "slot_taken"
    first, second = await sold(desk, "ho-1", identity=ANNE), await sold(desk, "ho-2")
    assert [one["appointment"]["state"] for one in (first, second)] == ["booked", "booked"]
    assert (await desk.free(channel="mobile_bank"))["10:00"] == 0
    admitted = await desk.swipe("09:50", code=first["appointment"]["code"], identity=None)
    assert admitted["arrival"] == "on_time"


async def test_s29_a_sale_that_is_sent_again_is_the_same_appointment(desk: Desk) -> None:
    await desk.plan(capacity=2, quotas={Channel.MOBILE_BANK: 2})
    first = await sold(desk, "ho-1", key="try-1")
    assert await sold(desk, "ho-1", key="try-2") == first
    assert (await desk.free(channel="mobile_bank"))["10:00"] == 1


async def test_s29_a_sale_that_comes_twice_at_once_is_one_appointment(desk: Desk) -> None:
    await desk.plan(capacity=2, quotas={Channel.MOBILE_BANK: 2})
    answers = await asyncio.gather(*(sold(desk, "ho-1") for _ in range(4)))
    assert all(one == answers[0] for one in answers)
    assert (await desk.free(channel="mobile_bank"))["10:00"] == 1


async def test_s29_a_sale_that_cannot_be_kept_is_answered_with_what_is_free_and_head_office_hears(desk: Desk) -> None:
    await desk.plan(capacity=1)  # the quota was taken back while the line was cut
    await desk.book()
    refused = await sold(desk, "ho-1", identity=ANNE)
    assert refused == {"sale": "ho-1", "refused": "slot_taken", "next_slot": "09:00"}
    assert await sold(desk, "ho-1", identity=ANNE, key="again") == refused
    with desk.hall.branch.db.reader() as connection:
        facts = connection.execute("SELECT entity FROM journal WHERE type = 'appointments.sale_refused.v1'").fetchall()
    assert facts == [("ho-1",)]
    instead = await sold(desk, "ho-1-b", "09:00", identity=ANNE)
    assert instead["appointment"]["state"] == "booked"


async def test_s29_a_sale_for_an_hour_that_has_passed_is_refused(desk: Desk) -> None:
    await desk.hall.at("10:05")
    assert (await sold(desk, "ho-1"))["refused"] == "slot_over"


async def test_s29_whoever_booked_here_as_well_keeps_one(desk: Desk) -> None:
    await desk.plan(capacity=3, quotas={Channel.MOBILE_BANK: 1})
    await desk.book("11:00", identity=ANNE)
    assert (await sold(desk, "ho-1", identity=ANNE))["refused"] == "duplicate_appointment"


async def test_s29_a_sale_of_what_is_no_day_is_nobodys_sale(desk: Desk) -> None:
    body = {"sale": "ho-1", "service": "personal", "day": "2026-02-30", "slot": "10:00", "channel": "mobile_bank"}
    assert (await desk.refused("/api/appointments/sold", body)).code == "invalid_slot"


@pytest.mark.parametrize(
    ("day", "slot", "code"),
    [
        (TODAY, "10:10", "invalid_slot"),
        (TODAY, "17:00", "invalid_slot"),
        (TODAY, "08:00", "invalid_slot"),
        ("2026-02-30", "10:00", "invalid_slot"),
        ("2026-03-07", "10:00", "invalid_slot"),
        ("2026-02-27", "10:00", "slot_over"),
        ("2026-06-01", "10:00", "too_far_ahead"),
    ],
)
async def test_what_cannot_be_booked(desk: Desk, day: str, slot: str, code: str) -> None:
    assert (await desk.full(slot, day)).code == code


async def test_a_service_without_a_plan_is_not_booked(desk: Desk) -> None:
    assert (await desk.full(service="wealth")).code == "not_bookable"


async def test_a_make_up_saturday_is_booked_like_a_workday(desk: Desk) -> None:
    assert await desk.free("2026-03-07") == {}
    await desk.hall.calendar({"2026-03-07": DayClass.WORKDAY, "2026-03-09": DayClass.HOLIDAY})
    assert len(await desk.free("2026-03-07")) == 16
    assert await desk.free("2026-03-09") == {}


async def test_one_appointment_a_day_for_a_service(desk: Desk) -> None:
    first = await desk.book("10:00", identity=ANNE)
    refused = await desk.full("11:00", identity=ANNE)
    assert (refused.code, refused.body["facts"]) == ("duplicate_appointment", {"code": first["code"]})


async def test_nothing_personal_is_in_the_journal(desk: Desk) -> None:
    await desk.book(identity=ANNE, phone="13800000001")
    bodies = b"".join(record.body for record in desk.hall.branch.journal.tail(0))
    assert b"13800000001" not in bodies


# --- S28: the branch from outside


async def test_s28_anybody_sees_how_the_branch_stands(desk: Desk) -> None:
    guest = desk.kiosk.bearing(None)
    before = await guest.get("/api/branch-state")
    assert (before["open"], [one["wait"] for one in before["services"]]) == (False, [None, None])
    await desk.hall.staff(1)
    await desk.hall.take(Tier.NORMAL, "09:00")
    state = await guest.get("/api/branch-state")
    personal, wealth = state["services"]
    assert (state["open"], state["counters_open"], personal["waiting"]) == (True, 1, 1)
    assert personal["wait"]["high_s"] > 0
    assert (personal["bookable"], wealth["bookable"]) == (True, False)
    await desk.hall.take(Tier.GOLD)
    personal = (await guest.get("/api/branch-state"))["services"][0]
    assert (personal["waiting"], personal["waiting_by_tier"]) == (2, {"priority": 0, "gold": 1, "normal": 1})
    assert datetime.fromisoformat(state["as_of"]).date() == date(2026, 3, 2)
    assert state["stale_after_s"] == 300


async def test_s28_how_to_come_and_whom_to_call(desk: Desk) -> None:
    guest = desk.kiosk.bearing(None)
    assert (await guest.get("/api/branch-state"))["way"] is None
    way = Way(address="人民路 88 号", phone="010-8800 1234", position=Position(39.9087, 116.3975))
    await desk.hall.branch.pipeline.submit(moved_to(way), actor="system")
    found = (await guest.get("/api/branch-state"))["way"]
    assert (found["address"], found["phone"]) == ("人民路 88 号", "010-8800 1234")
    assert found["position"] == {"latitude_deg": 39.9087, "longitude_deg": 116.3975}


def moved_to(way: Way) -> ConfigureBranch:
    return ConfigureBranch(
        version=2,
        branch=Branch(id="0001", name="测试支行", name_en="Test branch", way=way),
        services=(Service(id="personal", name="personal", name_en="personal", letter="A"),),
        counters=(Counter(id="counter-1", number=1, name="1号窗口"),),
    )


async def test_settings_are_put_whole_and_refused_where_they_contradict_themselves(desk: Desk) -> None:
    lobby = await desk.staff()
    plan = {"capacity": 2, "opens": "13:00", "closes": "15:00", "slot_min": 60}
    settings = await lobby.send("PUT", "/api/slot-plans/personal", plan)
    assert settings.body["plans"]["personal"]["slot_min"] == 60
    assert list(await desk.free()) == ["13:00", "14:00"]
    for wrong in ({"opens": "15:00", "closes": "13:00"}, {"capacity": 1, "quotas": {"wechat": 2}}):
        assert (await lobby.send("PUT", "/api/slot-plans/personal", wrong)).code == "invalid_request"
    rules = await lobby.send("PUT", "/api/booking-settings", {"early_min": 10})
    assert rules.body["rules"]["early_min"] == 10
    assert (await lobby.get("/api/booking-settings"))["rules"]["late_min"] == 15
