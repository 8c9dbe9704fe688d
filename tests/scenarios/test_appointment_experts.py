"""S30: experts, and cash that has to be ordered."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from edge.appointments.model import BookingRules, SetBookingRules, SignInAppointment
from edge.queue.call_rules import DayClass
from edge.queue.model import Channel, IssueTicket, Tier
from tests.scenarios.hall import ZONE
from tests.scenarios.slot_desk import ANNE, TODAY, Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


# --- S30: experts and cash


async def test_s30_much_cash_needs_a_working_days_notice(desk: Desk) -> None:
    """On Friday the next working day is Monday; 200,000 CNY is the limit itself."""
    await desk.hall.at(datetime(2026, 3, 6, 9, 0, tzinfo=ZONE))
    cash = {"amount_minor": 20_000_000, "currency": "CNY"}
    refused = await desk.refused(
        "/api/appointments", {"service": "personal", "day": "2026-03-06", "slot": "15:00", "cash": cash}
    )
    assert (refused.code, refused.body["facts"]) == ("cash_needs_notice", {"earliest_day": "2026-03-09", "working_days": 1})
    assert (await desk.book("15:00", "2026-03-09", cash=cash))["cash"] == cash
    assert (await desk.book("15:00", "2026-03-06", cash={**cash, "amount_minor": 19_999_999}))["state"] == "booked"


async def test_s30_notice_is_a_parameter_and_follows_the_calendar(desk: Desk) -> None:
    rules = BookingRules(cash_limits={"USD": 1_000_000}, notice_days=2)
    await desk.hall.branch.pipeline.submit(SetBookingRules(rules=rules), actor="staff:2001")
    await desk.hall.calendar({"2026-03-03": DayClass.HOLIDAY})
    refused = await desk.full("10:00", "2026-03-04", cash={"amount_minor": 1_000_000, "currency": "USD"})
    assert refused.body["facts"]["earliest_day"] == "2026-03-05"
    assert (await desk.book("10:00", "2026-03-04", cash={"amount_minor": 99_000_000, "currency": "CNY"}))["state"] == "booked"


async def test_s30_moving_cash_forward_needs_the_notice_too(desk: Desk) -> None:
    booked = await desk.book("10:00", "2026-03-04", cash={"amount_minor": 30_000_000})
    refused = await desk.refused(f"/api/appointments/{booked['id']}/rebook", {"day": TODAY, "slot": "15:00"})
    assert refused.code == "cash_needs_notice"


async def test_s30_the_tellers_work_plan(desk: Desk) -> None:
    await desk.plan(capacity=3, experts=("1003",))
    await desk.book("14:00", "2026-03-03", cash={"amount_minor": 25_000_000})
    await desk.book("10:00", "2026-03-03", expert="1003")
    await desk.book("11:00", "2026-03-03")
    plan = await (await desk.staff("1001")).get("/api/work-plan", day="2026-03-03")
    assert [(item["slot"], item.get("expert"), item.get("order_by")) for item in plan["items"]] == [
        ("10:00", "1003", None),
        ("14:00", None, "2026-03-02"),
    ]
    assert plan["cash"] == {"CNY": 25_000_000}


async def test_s30_an_expert_has_one_place(desk: Desk) -> None:
    await desk.plan(capacity=5, experts=("1003", "1002"))
    await desk.book(expert="1003")
    refused = await desk.full(expert="1003")
    offer = {"expert": "1003", "other_expert": "1002", "next_slot": "10:30"}
    assert (refused.code, refused.body["facts"]) == ("expert_taken", offer)
    assert (await desk.full(expert="9999")).code == "unknown_expert"


async def test_s30_an_absent_expert_is_offered_anew(desk: Desk) -> None:
    """Marked absent after the booking: the plan shows it, sign-in offers others, and who likes is served by anybody."""
    await desk.plan(capacity=2, experts=("1003", "1002"))
    await desk.book(identity=ANNE, expert="1003")
    lobby = await desk.staff()
    await lobby.post("/api/absences", {"staff_no": "1003", "day": TODAY})
    assert (await lobby.get("/api/work-plan", day=TODAY))["items"][0]["expert_away"]
    assert (await desk.full("11:00", expert="1003")).code == "expert_absent"
    await desk.hall.staff(2)
    await desk.hall.at("09:50")
    refused = await desk.refused("/api/appointments/sign-in", {"identity": ANNE})
    offer = {"expert": "1003", "other_expert": "1002", "next_slot": "10:00"}
    assert (refused.code, refused.body["facts"]) == ("expert_absent", offer)
    signed = await desk.swipe("09:51", any_expert=True)
    assert (signed["arrival"], signed["appointment"].get("expert")) == ("on_time", None)


async def test_s30_a_crash_before_the_ticket_went_to_the_expert_is_finished_by_another_swipe(desk: Desk) -> None:
    await desk.plan(capacity=2, experts=("1002",))
    booked = await desk.book(identity=ANNE, expert="1002")
    await desk.hall.staff(1)
    await desk.hall.staff(2)
    await desk.hall.at("09:50")
    pipeline = desk.hall.branch.pipeline
    await pipeline.submit(SignInAppointment(code=booked["code"]), actor="device:kiosk-1")
    half = IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK, appointment=booked["id"], place_ms=0)
    await pipeline.submit(half, actor="device:kiosk-1")
    signed = await desk.swipe("09:51")
    assert await desk.hall.calls(1, counter=1) == [None]
    assert await desk.hall.calls(1, counter=2) == [signed["ticket"]["number"]]


async def test_s30_the_other_expert_serves_after_moving(desk: Desk) -> None:
    await desk.plan(capacity=2, experts=("1003", "1002"))
    booked = await desk.book(identity=ANNE, expert="1003")
    await desk.hall.staff(1)
    await desk.hall.staff(2)
    await desk.kiosk.post(f"/api/appointments/{booked['id']}/rebook", {"day": TODAY, "slot": "10:00", "expert": "1002"})
    signed = await desk.swipe("09:50")
    assert await desk.hall.calls(1, counter=1) == [None]
    assert await desk.hall.calls(1, counter=2) == [signed["ticket"]["number"]]
