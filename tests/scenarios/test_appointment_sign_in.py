"""S17, S18: signing in for an appointment, and the three ways to take a number."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.appointments.model import SignInAppointment
from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.kernel.db import Connection
from edge.kernel.identities import IdentityKind
from edge.lobby.views import arrivals
from edge.queue.model import CloseDay, FinishTicket, MarkNoShow, Tier
from edge.web.routes import command_id
from tests.scenarios.hall import MONDAY, ZONE
from tests.scenarios.slot_desk import ANNE, BOB, GOLD_CARD, TODAY, Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


# --- S17: sign-in


async def test_s17_in_time_signed_in_with_a_priority_ticket(desk: Desk) -> None:
    """Appointment 10:00–10:30, ID swiped 09:50: it goes before whoever was here first, and its place is the slot's."""
    booked = await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    walk_in = await desk.hall.take(Tier.NORMAL, "09:30")
    signed = await desk.swipe("09:50")
    assert (signed["arrival"], signed["appointment"]["state"]) == ("on_time", "signed_in")
    assert (signed["ticket"]["tier"], signed["ticket"]["appointment"]) == ("priority", True)
    with desk.hall.branch.db.reader() as connection:
        assert [one.appointment for one in arrivals(connection, ZONE)] == [True]
    assert signed["token"] in signed["phone_url"]
    assert await desk.state(booked["id"]) == "signed_in"
    assert await desk.hall.calls(2) == [signed["ticket"]["number"], walk_in]


async def test_s17_the_appointment_follows_its_ticket(desk: Desk) -> None:
    booked = await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    await desk.swipe("09:50")
    await desk.hall.calls(1)
    desk.hall.clock.advance(60)
    await desk.hall.calls(1)
    assert await desk.state(booked["id"]) == "served"


async def test_s17_among_appointments_the_earlier_slot_goes_first(desk: Desk) -> None:
    await desk.book("10:00", identity=ANNE)
    await desk.book("10:30", identity=BOB)
    await desk.hall.staff(1)
    later = await desk.swipe("10:05", BOB)
    earlier = await desk.swipe("10:10", ANNE)
    assert await desk.hall.calls(2) == [earlier["ticket"]["number"], later["ticket"]["number"]]


@pytest.mark.parametrize(("at", "waited_s"), [("09:50", 600), ("10:10", 0)])
async def test_s17_the_wait_counts_from_the_later_of_arrival_and_slot(desk: Desk, at: str, waited_s: int) -> None:
    """Called ten minutes after the later of the two would be 600 s in both cases; here both are called at 10:10."""
    await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    await desk.swipe(at)
    await desk.hall.at("10:10")
    called = await desk.hall.next()
    assert called.why is not None
    assert abs(called.why.candidates[0].waited_s - waited_s) <= 5


async def test_s17_too_early_is_a_live_ticket_and_the_appointment_stays(desk: Desk) -> None:
    booked = await desk.book(identity=ANNE)
    signed = await desk.swipe("09:20")
    assert (signed["arrival"], signed["ticket"]["tier"]) == ("early", "normal")
    assert "appointment" not in signed["ticket"]
    assert signed["sign_in_from"] == "2026-03-02T09:30:00+08:00"
    assert await desk.state(booked["id"]) == "booked"
    again = await desk.swipe("09:25")
    assert again["ticket"]["number"] == signed["ticket"]["number"]


async def test_s17_early_and_then_in_time_changes_the_live_ticket_for_the_appointments(desk: Desk) -> None:
    await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    early = await desk.swipe("09:00")
    signed = await desk.swipe("09:40")
    assert (signed["arrival"], signed["ticket"]["tier"]) == ("on_time", "priority")
    assert signed["ticket"]["number"] != early["ticket"]["number"]
    assert await desk.hall.calls(2) == [signed["ticket"]["number"], None]


async def test_s17_served_before_the_slot_with_the_live_ticket(desk: Desk) -> None:
    booked = await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    early = await desk.swipe("09:00")
    assert await desk.hall.calls(1) == [early["ticket"]["number"]]
    desk.hall.clock.advance(60)
    assert await desk.hall.calls(1) == [None]
    assert await desk.state(booked["id"]) == "served"


async def test_s17_late_is_a_live_ticket_and_the_slot_is_released(desk: Desk) -> None:
    booked = await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    walk_in = await desk.hall.take(Tier.NORMAL, "10:10")
    signed = await desk.swipe("10:16")
    assert (signed["arrival"], signed["ticket"]["tier"]) == ("late", "normal")
    assert await desk.state(booked["id"]) == "released"
    assert await desk.hall.calls(2) == [walk_in, signed["ticket"]["number"]]


@pytest.mark.parametrize(("at", "arrival"), [("09:30", "on_time"), ("10:14", "on_time"), ("09:29", "early"), ("10:16", "late")])
async def test_s17_the_limits(desk: Desk, at: str, arrival: str) -> None:
    await desk.book(identity=ANNE)
    assert (await desk.swipe(at))["arrival"] == arrival


async def test_s17_a_known_customer_who_is_late_keeps_their_tier(desk: Desk) -> None:
    hall, mark = desk.hall, desk.hall.branch.vault.index_hash(IdentityKind.BANK_CARD, GOLD_CARD["value"])

    def introduce(connection: Connection) -> None:
        customers.put(connection, Recognised("c-1", "gold"), [mark], now_ms=hall.clock.now_ms())

    await hall.branch.db.write(introduce)
    await desk.book(identity=GOLD_CARD)
    assert (await desk.swipe("10:20", GOLD_CARD))["ticket"]["tier"] == "gold"


async def test_a_crash_between_signing_in_and_the_ticket_is_finished_by_a_repeat(desk: Desk) -> None:
    """The first command of the call is on disk, the second is not; then the kiosk asks again with its key."""
    await desk.book(identity=ANNE)
    await desk.hall.at("09:50")
    mark = desk.hall.branch.vault.index_hash(IdentityKind.PHONE, "+8613800000001")
    half = SignInAppointment(holder=mark.hex())
    await desk.hall.branch.pipeline.submit(half, actor="device:kiosk-1", command_id=command_id("device:kiosk-1", "swipe-1"))
    signed = await desk.swipe("09:51", key="swipe-1")
    assert (signed["arrival"], signed["ticket"]["tier"]) == ("on_time", "priority")
    assert (await desk.swipe("09:52", key="swipe-1"))["ticket"]["number"] == signed["ticket"]["number"]


async def test_a_crash_between_is_also_finished_by_another_swipe(desk: Desk) -> None:
    booked = await desk.book()
    await desk.hall.at("09:50")
    half = SignInAppointment(code=booked["code"])
    await desk.hall.branch.pipeline.submit(half, actor="device:kiosk-1")
    signed = await desk.kiosk.post("/api/appointments/sign-in", {"code": booked["code"]})
    assert (signed["arrival"], signed["ticket"]["tier"]) == ("on_time", "priority")


async def test_many_swipes_at_once_are_one_ticket(desk: Desk) -> None:
    booked = await desk.book()
    await desk.hall.at("09:50")
    wish = {"code": booked["code"]}
    replies = await asyncio.gather(*(desk.kiosk.send("POST", "/api/appointments/sign-in", wish) for _ in range(8)))
    assert {reply.code for reply in replies} <= {None, "ticket_already_taken"}
    assert len({reply.body["ticket"]["number"] for reply in replies if reply.status == 200}) == 1
    tickets = (await desk.kiosk.get("/api/tickets", state="waiting"))["tickets"]
    assert len(tickets) == 1


async def test_after_closing_time_nobody_is_signed_in(desk: Desk) -> None:
    booked = await desk.book(identity=ANNE)
    await desk.hall.staff(1)
    await desk.hall.branch.pipeline.submit(CloseDay(), actor="staff:2001")
    await desk.hall.at("09:50")
    assert (await desk.refused("/api/appointments/sign-in", {"identity": ANNE})).code == "day_closed"
    assert await desk.state(booked["id"]) == "booked"


async def test_nobody_comes(desk: Desk) -> None:
    """A quarter of an hour after the slot's end it is a no-show; whoever comes then still gets a live number."""
    booked = await desk.book(identity=ANNE)
    await desk.hall.at("10:44")
    await desk.mark_missed()
    assert await desk.state(booked["id"]) == "booked"
    await desk.hall.at("10:46")
    await desk.mark_missed()
    assert await desk.state(booked["id"]) == "no_show"
    assert (await desk.swipe("11:00"))["arrival"] == "late"


async def test_who_waits_with_a_live_ticket_is_no_no_show(desk: Desk) -> None:
    booked = await desk.book(identity=ANNE)
    await desk.swipe("09:00")
    await desk.hall.at("10:46")
    await desk.mark_missed()
    assert await desk.state(booked["id"]) == "booked"


# --- S18: three ways to take a number


async def test_s18_by_identity(desk: Desk) -> None:
    await desk.book(identity=ANNE)
    first = await desk.swipe("09:50")
    assert (await desk.swipe("09:52"))["ticket"]["id"] == first["ticket"]["id"]


async def test_s18_by_the_appointments_code(desk: Desk) -> None:
    booked = await desk.book()
    assert len(booked["code"]) == 6
    await desk.hall.at("09:50")
    first = await desk.kiosk.post("/api/tickets/by-code", {"code": booked["code"]})
    again = await desk.kiosk.post("/api/tickets/by-code", {"code": booked["code"]})
    assert first["ticket"]["id"] == again["ticket"]["id"]
    assert first["arrival"] == "on_time"


@pytest.mark.parametrize("end", ["cancelled", "no_show", "finished"])
async def test_s18_whose_number_is_over_is_told_so(desk: Desk, end: str) -> None:
    """Shown the old number again, they would sit down and wait for a call that never comes."""
    booked = await desk.book(identity=ANNE)
    number = (await desk.swipe("09:50", key="first"))["ticket"]["number"]
    await over(desk, end)
    for path, wish in (("/api/appointments/sign-in", {"identity": ANNE}), ("/api/tickets/by-code", {"code": booked["code"]})):
        refused = await desk.refused(path, wish)
        assert (refused.status, refused.code, refused.body["facts"]) == (409, "appointment_used", {"number": number})
    assert (await desk.swipe("09:55", key="first"))["ticket"]["state"] == end  # the same request gets its own answer


async def over(desk: Desk, end: str) -> None:
    hall = desk.hall
    ticket = next(one for one in (await desk.kiosk.get("/api/tickets"))["tickets"] if one["appointment"])
    if end == "cancelled":
        await (await desk.staff()).post(f"/api/tickets/{ticket['id']}/cancel")
        return
    await hall.staff(1)
    await hall.next()
    at_1: dict[str, Any] = {"counter": "counter-1", "staff": "1001"}
    command = FinishTicket(**at_1) if end == "finished" else MarkNoShow(**at_1)
    await hall.branch.pipeline.submit(command, actor="staff:1001")


async def test_s18_an_appointment_that_is_over_does_not_hide_the_next(desk: Desk) -> None:
    await desk.plan("wealth", capacity=1)
    await desk.book("10:00", identity=ANNE)
    await desk.book("14:00", identity=ANNE, service="wealth")
    await desk.swipe("09:50")
    await over(desk, "cancelled")
    later = await desk.swipe("10:10")
    assert (later["arrival"], later["ticket"]["service"]) == ("early", "wealth")


async def test_s18_by_a_text_messages_code_once(desk: Desk) -> None:
    given = await desk.kiosk.post("/api/sms-codes", {"service": "wealth", "phone": "13800000009"})
    assert (len(given["code"]), given["day"]) == (12, TODAY)
    taken = await desk.kiosk.post("/api/tickets/by-code", {"code": given["code"]}, key="k-1")
    assert taken["ticket"]["service"] == "wealth"
    repeated = await desk.kiosk.post("/api/tickets/by-code", {"code": given["code"]}, key="k-1")
    assert repeated["ticket"]["number"] == taken["ticket"]["number"]
    used = await desk.refused("/api/tickets/by-code", {"code": given["code"]})
    assert (used.code, used.body["facts"]) == ("ticket_already_taken", {"number": taken["ticket"]["number"]})


async def test_s18_a_text_messages_code_at_two_kiosks_at_once_is_one_number(desk: Desk) -> None:
    given = await desk.kiosk.post("/api/sms-codes", {"service": "personal"})
    wish = {"code": given["code"]}
    replies = await asyncio.gather(*(desk.kiosk.send("POST", "/api/tickets/by-code", wish) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 4
    assert {reply.code for reply in replies} == {None, "ticket_already_taken"}
    assert len((await desk.kiosk.get("/api/tickets", state="waiting"))["tickets"]) == 1


async def test_s18_a_used_code_stays_used_when_its_ticket_is_given_back(desk: Desk) -> None:
    given = await desk.kiosk.post("/api/sms-codes", {"service": "personal"})
    taken = await desk.kiosk.post("/api/tickets/by-code", {"code": given["code"]})
    await (await desk.staff()).post(f"/api/tickets/{taken['ticket']['id']}/cancel")
    assert (await desk.refused("/api/tickets/by-code", {"code": given["code"]})).code == "ticket_already_taken"


async def test_s18_a_text_messages_code_holds_on_its_day_only(desk: Desk) -> None:
    given = await desk.kiosk.post("/api/sms-codes", {"service": "personal"})
    await desk.hall.at(MONDAY + timedelta(days=1))
    assert (await desk.refused("/api/tickets/by-code", {"code": given["code"]})).code == "invalid_code"


async def test_s18_a_made_up_code_opens_nothing(desk: Desk) -> None:
    given = await desk.kiosk.post("/api/sms-codes", {"service": "personal"})
    forged = f"{(int(given['code']) + 1) % 10**12:012d}"
    assert (await desk.refused("/api/tickets/by-code", {"code": forged})).code == "invalid_code"
    assert (await desk.refused("/api/tickets/by-code", {"code": "100000"})).code == "no_appointment"
