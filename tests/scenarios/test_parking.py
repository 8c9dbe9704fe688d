"""S31, S32, S33: a bay for a visit, the barrier for its car, and what may go wrong at a gate."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.interfaces.plate import Heading, Plate, PlateKind, Seen
from edge import registry
from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.kernel import fold
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.kernel.vault import Vault
from edge.parking import tables
from edge.parking.model import PLATE, AdmitCar, CancelBay, KeepBays, NoteLeft, OpenGate, ReserveBay, State, Stay
from edge.parking.tables import StayView
from edge.policy.model import SetValue
from edge.queue.answers import Issued
from edge.queue.model import CancelTicket, Channel, IssueTicket, Tier
from edge.retention import daily
from sync.chain import Record
from tests.scenarios.hall import Hall, open_hall

MINE, OTHER, ELECTRIC = "京A12345", "沪B67890", "京AD12345"
ON_FILE = "粤C55555"
GATE = "relay-1"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.at("09:00")
        await opened.branch.db.write(lambda connection: head_office_names_one(connection, opened))
        await car_park(opened, bays=["P1", "P2"])
        yield opened


def head_office_names_one(connection: Connection, hall: Hall) -> None:
    mark = hall.branch.arrivals.mark(IdentityKind.PLATE, ON_FILE)
    customers.put(connection, Recognised("c-1", "gold"), [mark], now_ms=hall.clock.now_ms())


async def car_park(hall: Hall, **park: object) -> None:
    command = SetValue(policy="parking.car_park", value=park, reason="停车场")
    await hall.branch.pipeline.submit(command, actor="staff:9001")


async def visit(hall: Hall, customer: str | None = None) -> str:
    command = IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK, customer=customer)
    return msgspec.json.decode((await hall.branch.pipeline.submit(command, actor="device:kiosk-1")).answer, type=Issued).id


async def reserve(hall: Hall, ticket: str, plate: str | None = MINE, in_min: int = 20) -> StayView:
    ref, kept = (None, ()) if plate is None else hall.branch.parked.note(plate, f"reserve:{ticket}")
    command = ReserveBay(visit=ticket, plate_ref=ref, in_min=in_min)
    outcome = await hall.branch.pipeline.submit(command, actor="phone", secrets_=kept)
    return msgspec.json.decode(outcome.answer, type=StayView)


async def drives_up(hall: Hall, plate: str, heading: Heading = Heading.APPROACHING) -> list[Record]:
    """The facts that the branch makes of a car before its camera."""
    made: asyncio.Future[list[Record]] = asyncio.get_running_loop().create_future()

    def follow(records: Sequence[Record]) -> None:
        of_cars = [record for record in records if record.type.startswith("parking.")]
        if of_cars and not made.done():
            made.set_result(of_cars)

    hall.branch.pipeline.followers.append(follow)
    hall.branch.gates.heard("drive", Seen(plate=Plate(plate), kind=PlateKind.ORDINARY, heading=heading))
    async with asyncio.timeout(10):
        found = await made
    hall.branch.pipeline.followers.remove(follow)
    return found


def told(records: Sequence[Record]) -> list[str]:
    return [record.type.removeprefix("parking.").removesuffix(".v1") for record in records]


def why(records: Sequence[Record]) -> str:
    held: dict[str, str] = msgspec.json.decode(records[0].body)
    return held["why"]


async def housekeeping(hall: Hall) -> None:
    await hall.branch.pipeline.submit(KeepBays(), actor="system")


def stay(hall: Hall, stay_id: str) -> Stay:
    with hall.branch.db.reader() as connection:
        found = tables.stay(connection, stay_id)
    assert found is not None
    return found


def notices(hall: Hall) -> list[dict[str, Any]]:
    """What staff are told of cars at the barrier."""
    return [{"code": one.code, **one.facts} for one in hall.branch.notices.show().notices if one.code.startswith("car_")]


# --- S31: a bay is reserved


async def test_s31_a_bay_is_held_until_fifteen_minutes_after_the_car_is_expected(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall), in_min=20)
    assert (held.state, held.bay, held.until.strftime("%H:%M")) == (State.RESERVED, "P1", "09:35")
    await hall.at("09:34")
    await housekeeping(hall)
    assert stay(hall, held.id).state is State.RESERVED
    await hall.at("09:36")
    await housekeeping(hall)
    assert stay(hall, held.id).state is State.EXPIRED


async def test_s31_one_bay_per_visit(hall: Hall) -> None:
    ticket = await visit(hall)
    held = await reserve(hall, ticket)
    with pytest.raises(Rejected, match="bay_asked_already"):
        await reserve(hall, ticket, OTHER)
    await hall.branch.pipeline.submit(CancelBay(stay=held.id, by_ticket=ticket), actor="phone")
    assert (await reserve(hall, ticket, OTHER)).bay == "P1"


async def test_s31_without_a_bay_it_waits_for_one_and_the_ticket_is_unaffected(hall: Hall) -> None:
    first, second, third = [await visit(hall) for _ in range(3)]
    held = await reserve(hall, first)
    await reserve(hall, second, OTHER)
    waits = await reserve(hall, third, ELECTRIC)
    assert (waits.state, waits.bay) == (State.WAITING, None)
    phone = hall.branch.phones.view(third)
    assert phone is not None
    assert (phone.state, phone.parking and phone.parking.stay and phone.parking.stay.state) == ("waiting", State.WAITING)
    await hall.branch.pipeline.submit(CancelBay(stay=held.id), actor="staff:2001")
    await housekeeping(hall)
    assert (stay(hall, waits.id).state, stay(hall, waits.id).bay) == (State.RESERVED, "P1")


async def test_s31_whoever_waits_longer_goes_before_a_newcomer(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall))
    await reserve(hall, await visit(hall), OTHER)
    waits = await reserve(hall, await visit(hall), ELECTRIC)
    await hall.branch.pipeline.submit(CancelBay(stay=held.id), actor="staff:2001")
    newcomer = await reserve(hall, await visit(hall), "苏E00001")
    assert newcomer.state is State.WAITING
    await housekeeping(hall)
    assert [stay(hall, one.id).bay for one in (waits, newcomer)] == ["P1", None]


async def test_s31_a_visit_that_is_over_gives_its_bay_up(hall: Hall) -> None:
    ticket = await visit(hall)
    held = await reserve(hall, ticket)
    await hall.branch.pipeline.submit(CancelTicket(ticket=ticket), actor="phone")
    await housekeeping(hall)
    assert stay(hall, held.id).state is State.CANCELLED
    with pytest.raises(Rejected, match="visit_over"):
        await reserve(hall, ticket)


async def test_s31_the_plate_on_file_is_enough_a_stranger_says_theirs(hall: Hall) -> None:
    with pytest.raises(Rejected, match="plate_needed"):
        await reserve(hall, await visit(hall), None)
    held = await reserve(hall, await visit(hall, "c-1"), None)
    assert told(await drives_up(hall, ON_FILE)) == ["car_arrived", "gate_asked"]
    assert stay(hall, held.id).state is State.INSIDE


async def test_s31_a_branch_without_bays_offers_none(hall: Hall) -> None:
    await car_park(hall)
    ticket = await visit(hall)
    with pytest.raises(Rejected, match="no_car_park"):
        await reserve(hall, ticket)
    phone = hall.branch.phones.view(ticket)
    assert phone is not None
    assert phone.parking is None


async def test_s31_the_phone_cancels_its_own_bay_and_nobody_elses(hall: Hall) -> None:
    held, stranger = await reserve(hall, await visit(hall)), await visit(hall)
    with pytest.raises(Rejected, match="unknown_stay"):
        await hall.branch.pipeline.submit(CancelBay(stay=held.id, by_ticket=stranger), actor="phone")


# --- S32: a plate arrives


@pytest.mark.parametrize("plate", [MINE, ELECTRIC])
async def test_s32_the_exact_plate_opens_and_the_visit_has_arrived(hall: Hall, plate: str) -> None:
    held = await reserve(hall, await visit(hall), plate)
    assert told(await drives_up(hall, plate)) == ["car_arrived", "gate_asked"]
    assert stay(hall, held.id).state is State.INSIDE
    assert notices(hall) == []


@pytest.mark.parametrize("read", ["京A1234S", "京A12346", "京B12345"])
async def test_s32_one_character_off_is_a_question_to_the_lobby(hall: Hall, read: str) -> None:
    held = await reserve(hall, await visit(hall))
    facts = await drives_up(hall, read)
    assert (told(facts), why(facts)) == (["car_held"], "unsure")
    await asyncio.sleep(0)
    assert notices(hall) == [{"code": "car_unsure", "number": "A001", "bay": "P1", "ending": read[-3:]}]
    await hall.branch.pipeline.submit(AdmitCar(stay=held.id, gate=GATE), actor="staff:2001")
    assert stay(hall, held.id).state is State.INSIDE
    assert notices(hall) == []


async def test_s32_two_characters_off_is_somebody_else(hall: Hall) -> None:
    await car_park(hall, bays=["P1", "P2"], public="refuse")
    await reserve(hall, await visit(hall))
    assert why(await drives_up(hall, "京A12366")) == "unannounced"


async def test_s32_what_could_be_two_cars_is_no_question_about_one(hall: Hall) -> None:
    await car_park(hall, bays=["P1", "P2"], public="ask")
    await reserve(hall, await visit(hall), "京A12345")
    await reserve(hall, await visit(hall), "京A12347")
    assert why(await drives_up(hall, "京A12346")) == "unannounced"


async def test_s32_who_comes_late_still_gets_a_bay_that_is_free(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall))
    await hall.at("09:40")
    await housekeeping(hall)
    assert told(await drives_up(hall, MINE)) == ["car_arrived", "gate_asked"]
    assert stay(hall, held.id).bay == "P1"


async def test_s32_the_bay_of_somebody_who_stayed_too_long_is_another_ones_trouble_only_where_all_are_taken(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall), in_min=0)
    await drives_up(hall, MINE)
    await hall.at("10:30")
    later = await reserve(hall, await visit(hall), OTHER)
    assert (stay(hall, held.id).bay, later.bay) == ("P1", "P2")


async def test_s32_nobody_is_locked_in(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall))
    await drives_up(hall, MINE)
    assert told(await drives_up(hall, MINE, Heading.LEAVING)) == ["stay_ended", "gate_asked"]
    assert stay(hall, held.id).state is State.LEFT
    assert told(await drives_up(hall, OTHER, Heading.LEAVING)) == ["gate_asked"]


# --- S33: edges


@pytest.mark.parametrize(("rule", "facts"), [("admit", ["car_admitted", "gate_asked"]), ("ask", ["car_held"])])
async def test_s33_an_unknown_plate_follows_the_public_rule(hall: Hall, rule: str, facts: list[str]) -> None:
    await car_park(hall, bays=["P1", "P2"], public=rule)
    assert told(await drives_up(hall, OTHER)) == facts


async def test_s33_a_plate_of_another_kind_is_a_car_like_any_other(hall: Hall) -> None:
    assert told(await drives_up(hall, "使014578")) == ["car_admitted", "gate_asked"]
    hall.clock.advance(600)
    assert why(await drives_up(hall, "使014578")) == "plate_twice"


async def test_s33_the_public_takes_no_bay_that_is_held(hall: Hall) -> None:
    await reserve(hall, await visit(hall))
    await drives_up(hall, OTHER)
    assert why(await drives_up(hall, ELECTRIC)) == "no_bay"


async def test_s33_the_same_plate_twice_inside_is_an_alarm_a_driver_who_hesitates_is_not(hall: Hall) -> None:
    await reserve(hall, await visit(hall))
    await drives_up(hall, MINE)
    hall.clock.advance(60)
    assert told(await drives_up(hall, MINE)) == ["gate_asked"]
    hall.clock.advance(600)
    facts = await drives_up(hall, MINE)
    assert (told(facts), why(facts)) == (["car_held"], "plate_twice")
    await asyncio.sleep(0)
    assert [one["code"] for one in notices(hall)] == ["car_plate_twice"]


async def test_s33_a_barrier_that_was_opened_by_hand_is_in_the_books(hall: Hall) -> None:
    head = hall.branch.journal.head().seq
    await hall.branch.pipeline.submit(OpenGate(gate=GATE, reason="道闸无响应", with_key=True), actor="staff:2001")
    (record,) = [one for one in hall.branch.journal.tail(head) if one.type.startswith("parking.")]
    assert (record.type, record.actor) == ("parking.gate_opened_with_key.v1", "staff:2001")
    assert "道闸无响应" in record.body.decode()


async def test_s33_no_plate_is_in_the_journal_and_none_outlives_its_day(hall: Hall) -> None:
    await reserve(hall, await visit(hall))
    await drives_up(hall, OTHER)
    with hall.branch.db.reader() as connection:
        bodies = b"".join(record.body for record in hall.branch.journal.tail(0))
        kept = list(Vault.born_before(connection, PLATE, hall.clock.now_ms() + 1))
    assert not [text for text in (MINE, OTHER, MINE[-3:], OTHER[-3:]) if text.encode() in bodies]
    assert len(kept) == 2
    await hall.at(hall.branch.place.now().replace(day=3, hour=0, minute=1))
    await daily.keep_up(hall.branch.pipeline)
    with hall.branch.db.reader() as connection:
        assert list(Vault.born_before(connection, PLATE, hall.clock.now_ms() + 1)) == []


async def test_s33_a_car_that_nobody_saw_leaving_is_gone_at_the_end(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall))
    await drives_up(hall, MINE)
    await hall.at("12:59")
    await housekeeping(hall)
    assert stay(hall, held.id).state is State.INSIDE
    await hall.at("13:01")
    await housekeeping(hall)
    assert stay(hall, held.id).state is State.LEFT


async def test_s33_the_books_and_the_tables_agree(hall: Hall) -> None:
    held = await reserve(hall, await visit(hall))
    await drives_up(hall, MINE)
    await hall.branch.pipeline.submit(NoteLeft(stay=held.id), actor="staff:2001")
    with hall.branch.db.reader() as connection:
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound
