"""S17, S18, S28, S29, S30: slots, signing in, codes, experts and cash, over HTTP on a real branch."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge import registry
from edge.app import Ground
from edge.appointments.model import BookingRules, MarkMissed, SetBookingRules, SetSlotPlan, SignInAppointment, SlotPlan
from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.kernel import fold
from edge.kernel.db import Connection
from edge.kernel.identities import IdentityKind
from edge.lobby.views import arrivals
from edge.org import tables as org
from edge.org.model import Staff
from edge.queue.call_rules import DayClass
from edge.queue.model import Channel, CloseDay, IssueTicket, Tier
from edge.web.routes import command_id
from tests.harness.api import PASSWORD, Api, Reply
from tests.scenarios.hall import MONDAY, ZONE, Hall, open_hall

TODAY = "2026-03-02"
ANNE = {"kind": "phone", "value": "13800000001"}
"""A stranger who gives her phone number as identity."""
BOB = {"kind": "phone", "value": "13800000002"}
GOLD_CARD = {"kind": "bank_card", "value": "6228480402564890018"}


class Desk:
    """The hall with its doors open: a kiosk, and staff who can log in."""

    def __init__(self, hall: Hall, kiosk: Api) -> None:
        self.hall = hall
        self.kiosk = kiosk

    async def staff(self, staff_no: str = "2001") -> Api:
        return await self.kiosk.as_staff(staff_no)

    async def book(self, slot: str = "10:00", day: str = TODAY, **wish: Any) -> Any:
        return await self.kiosk.post("/api/appointments", {"service": "personal", "day": day, "slot": slot, **wish})

    async def full(self, slot: str = "10:00", day: str = TODAY, **wish: Any) -> Reply:
        """The refusal of a booking."""
        return await self.refused("/api/appointments", {"service": "personal", "day": day, "slot": slot, **wish})

    async def refused(self, path: str, body: Any) -> Reply:
        reply = await self.kiosk.send("POST", path, body)
        assert reply.status >= 400, reply.raw
        return reply

    async def swipe(self, at: str, identity: Any = None, *, key: str | None = None, **wish: Any) -> Any:
        """Somebody shows who they are at the kiosk."""
        await self.hall.at(at)
        return await self.kiosk.post("/api/appointments/sign-in", {"identity": identity or ANNE, **wish}, key=key)

    async def state(self, appointment: str) -> str:
        listed = (await (await self.staff()).get("/api/appointments", day=TODAY))["appointments"]
        return next(str(one["state"]) for one in listed if one["id"] == appointment)

    async def free(self, day: str = TODAY, **wish: str) -> dict[str, int]:
        slots = (await self.kiosk.get("/api/slots", service="personal", day=day, **wish))["slots"]
        return {slot["slot"]: slot["free"] for slot in slots}

    async def plan(self, **fields: Any) -> None:
        await self.hall.branch.pipeline.submit(SetSlotPlan(service="personal", plan=SlotPlan(**fields)), actor="staff:2001")

    async def mark_missed(self) -> None:
        await self.hall.branch.pipeline.submit(MarkMissed(), actor="system")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_hall(tmp_path, services=("personal", "wealth")) as hall:
        branch = hall.branch
        people = tuple(
            Staff(staff_no=number, name=number, roles=(role,))
            for number, role in (("1001", "teller"), ("1002", "teller"), ("1003", "teller"), ("2001", "lobby"))
        )
        await branch.db.write(lambda connection: org.put_staff(connection, people))
        for number in ("1001", "2001"):
            await branch.sessions.set_password(number, PASSWORD)
        branch.ground = on_any_port(branch.ground)
        port, _ = await branch.open_doors()
        token = await branch.devices.enrol("kiosk-1", "kiosk", by="test")
        async with Api(f"http://127.0.0.1:{port}", token) as kiosk:
            opened = Desk(hall, kiosk)
            await opened.plan(capacity=1)
            yield opened
        assert verdict(hall).sound, "the slot book is not what the journal says"


def on_any_port(ground: Ground) -> Ground:
    settings = ground.launch.settings
    anywhere = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, listen="127.0.0.1:0"))
    return replace(ground, launch=replace(ground.launch, settings=anywhere))


def verdict(hall: Hall) -> fold.Verdict:
    with hall.branch.db.reader() as connection:
        return fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables())


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


async def test_s18_by_a_text_messages_code_once(desk: Desk) -> None:
    given = await desk.kiosk.post("/api/sms-codes", {"service": "wealth", "phone": "13800000009"})
    assert (len(given["code"]), given["day"]) == (12, TODAY)
    taken = await desk.kiosk.post("/api/tickets/by-code", {"code": given["code"]}, key="k-1")
    assert taken["ticket"]["service"] == "wealth"
    repeated = await desk.kiosk.post("/api/tickets/by-code", {"code": given["code"]}, key="k-1")
    assert repeated["ticket"]["number"] == taken["ticket"]["number"]
    used = await desk.refused("/api/tickets/by-code", {"code": given["code"]})
    assert (used.code, used.body["facts"]) == ("ticket_already_taken", {"number": taken["ticket"]["number"]})


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


# --- S29: the slot book


async def test_s29_two_channels_race_for_the_last_place(desk: Desk) -> None:
    wishes = [{"service": "personal", "day": TODAY, "slot": "10:00", "channel": channel} for channel in Channel]
    replies = await asyncio.gather(*(desk.kiosk.send("POST", "/api/appointments", wish) for wish in wishes))
    assert sorted(reply.status for reply in replies) == [201] + [409] * (len(wishes) - 1)
    assert {reply.code for reply in replies} == {None, "slot_taken"}
    assert {reply.body["facts"]["next_slot"] for reply in replies if reply.code} == {"10:30"}


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


# --- S28: the branch from outside


async def test_s28_anybody_sees_how_the_branch_stands(desk: Desk) -> None:
    guest = desk.kiosk.bearing(None)
    assert (await guest.get("/api/branch-state"))["open"] is False
    await desk.hall.staff(1)
    await desk.hall.take(Tier.NORMAL, "09:00")
    state = await guest.get("/api/branch-state")
    personal, wealth = state["services"]
    assert (state["open"], state["counters_open"], personal["waiting"]) == (True, 1, 1)
    assert personal["wait"]["high_s"] > 0
    assert (personal["bookable"], wealth["bookable"]) == (True, False)
    assert datetime.fromisoformat(state["as_of"]).date() == date(2026, 3, 2)
    assert state["stale_after_s"] == 300


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
