"""R234: what belongs to a person goes when it is old enough, and when its owner wants it to."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from edge import registry
from edge.appointments.events import AppointmentBooked
from edge.customers import tables as customers
from edge.customers.model import GiveConsent, Means, Purpose
from edge.customers.privacy import Names, subject_of
from edge.customers.tables import Recognised
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.fold import records, verify
from edge.kernel.identities import IdentityKind
from edge.kernel.pipeline import Secret, apply_event
from edge.queue.answers import Issued
from edge.queue.arrivals import COMMENT, CONTACT
from edge.queue.model import CancelTicket, Channel, FinishTicket, IssueTicket, RateService, ServeTicket, Tier
from edge.retention import daily, decide, views
from edge.retention.model import CustomerErased, EraseCustomer, ErasureReport, RetentionRun
from tests.scenarios.hall import Hall, open_hall

ID_NUMBER = "440306198305272211"
PHONE = b"+8613800000004"
EVIDENCE = "ab" * 32


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await head_office_names_her(opened)
        yield opened


async def head_office_names_her(hall: Hall) -> None:
    def name(connection: Connection) -> bool:
        vault, now_ms = hall.branch.vault, hall.clock.now_ms()
        taken = customers.put(connection, Recognised("c-1", "gold"), [mark(hall)], now_ms=now_ms)
        if taken:
            vault.put(connection, subject_of("c-1"), "name", "黄德明".encode(), now_ms=now_ms)
        return taken

    await hall.branch.db.write(name)


def mark(hall: Hall) -> bytes:
    return hall.branch.vault.index_hash(IdentityKind.ID_CARD, ID_NUMBER)


def tier_of_whoever_shows_it(hall: Hall) -> str:
    known = hall.branch.arrivals.known(mark(hall))
    return "nobody" if known is None else known.tier


async def visit(hall: Hall, contact: str, *, customer: str | None = None) -> str:
    """Take a number and leave a phone; returns the ticket."""
    command = IssueTicket(
        service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK, phone_ref=CONTACT + contact, customer=customer
    )
    secret = Secret(CONTACT + contact, "phone", PHONE)
    outcome = await hall.branch.pipeline.submit(command, actor="device:kiosk-1", secrets_=[secret])
    return msgspec.json.decode(outcome.answer, type=Issued).id


def phone_kept(hall: Hall, contact: str) -> bool:
    with hall.branch.db.reader() as connection:
        return hall.branch.vault.get(connection, CONTACT + contact, "phone") is not None


async def days_later(hall: Hall, days: int) -> None:
    await hall.at(hall.branch.place.now() + timedelta(days=days))
    await daily.keep_up(hall.branch.pipeline)


def runs(hall: Hall) -> list[RetentionRun]:
    with hall.branch.db.reader() as connection:
        return views.runs(connection, hall.branch.place.zone)


def sound(hall: Hall) -> bool:
    with hall.branch.db.reader() as connection:
        return verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_a_visits_phone_goes_seven_days_after_it(hall: Hall) -> None:
    await visit(hall, "a")
    await days_later(hall, 7)
    assert phone_kept(hall, "a")
    await days_later(hall, 1)
    assert not phone_kept(hall, "a")
    assert [(run.contacts, run.finished) for run in runs(hall)] == [(1, True), (0, True)]
    assert sound(hall)


async def test_what_was_written_with_a_rating_goes_after_half_a_year_and_the_score_stays(hall: Hall) -> None:
    await hall.staff(1)
    ticket = await visit(hall, "a")
    await hall.next()
    await hall.branch.pipeline.submit(ServeTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    words = Secret(COMMENT + "1", "comment", "王柜员很耐心".encode())
    rating = RateService(ticket=ticket, score=5, comment_ref=COMMENT + "1")
    await hall.branch.pipeline.submit(rating, actor="phone", secrets_=[words])
    await hall.branch.pipeline.submit(FinishTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    assert await comment_after(hall, days=179) is not None
    assert await comment_after(hall, days=2) is None
    assert runs(hall)[0].comments == 1
    with hall.branch.db.reader() as connection:
        assert connection.execute("SELECT rating FROM ticket").get == 5
    assert sound(hall)


async def comment_after(hall: Hall, *, days: int) -> bytes | None:
    await days_later(hall, days)
    with hall.branch.db.reader() as connection:
        return hall.branch.vault.get(connection, COMMENT + "1", "comment")


async def test_what_goes_next_is_known_before_it_goes(hall: Hall) -> None:
    for contact in ("a", "b"):
        await visit(hall, contact)
    await days_later(hall, 7)
    tomorrow = hall.branch.place.now() + timedelta(days=1)
    with hall.branch.db.reader() as connection:
        due = views.due(connection, tomorrow, limit=2)
        assert (due.contacts, due.customers) == ((CONTACT + "a", CONTACT + "b"), ())
        assert len(views.due(connection, tomorrow, limit=1).contacts) == 1


async def test_each_day_has_one_fact_also_where_nothing_was_due(hall: Hall) -> None:
    await daily.keep_up(hall.branch.pipeline)
    seq = hall.branch.journal.head().seq
    await daily.keep_up(hall.branch.pipeline)
    assert (hall.branch.journal.head().seq, len(runs(hall))) == (seq, 1)


async def test_a_box_that_was_off_for_weeks_deletes_in_portions(hall: Hall) -> None:
    over = decide.DELETED_AT_ONCE_MAX + 20
    for number in range(over):
        await visit(hall, f"{number:04d}")
    await days_later(hall, 40)
    kept = sum(phone_kept(hall, f"{number:04d}") for number in range(over))
    assert (kept, runs(hall)[0].finished) == (20, False)
    await daily.keep_up(hall.branch.pipeline)
    assert (runs(hall)[0].contacts, runs(hall)[0].finished) == (over, True)
    assert sound(hall)


async def test_who_is_not_renewed_is_no_longer_recognised_after_thirty_days_and_gone_after_ninety(hall: Hall) -> None:
    await days_later(hall, 29)
    assert tier_of_whoever_shows_it(hall) == "gold"
    await days_later(hall, 2)
    assert tier_of_whoever_shows_it(hall) == "nobody"
    await head_office_names_her(hall)
    assert tier_of_whoever_shows_it(hall) == "gold"
    await days_later(hall, 91)
    with hall.branch.db.reader() as connection:
        assert not customers.is_known(connection, "c-1")
        assert Names(hall.branch.vault).masked(connection, "c-1") is None
    assert runs(hall)[0].customers == 1
    await head_office_names_her(hall)
    assert tier_of_whoever_shows_it(hall) == "gold"


async def erase(hall: Hall) -> ErasureReport:
    command = EraseCustomer(customer="c-1", channel=Means.LOBBY, evidence=EVIDENCE)
    outcome = await hall.branch.pipeline.submit(command, actor="staff:2001")
    return msgspec.json.decode(outcome.answer, type=ErasureReport)


async def test_a_customer_who_asks_is_erased_and_nobody_brings_them_back(hall: Hall) -> None:
    give = GiveConsent(customer="c-1", purpose=Purpose.SERVICE, version=1, channel=Means.LOBBY, evidence=EVIDENCE)
    await hall.branch.pipeline.submit(give, actor="staff:2001")
    ticket = await visit(hall, "a", customer="c-1")
    await hall.branch.pipeline.submit(CancelTicket(ticket=ticket), actor="staff:2001")
    report = await erase(hall)
    assert (report.details, report.identities, report.contacts, report.consents) == (1, 1, 1, 1)
    assert tier_of_whoever_shows_it(hall) == "nobody"
    assert not phone_kept(hall, "a")
    await head_office_names_her(hall)
    assert tier_of_whoever_shows_it(hall) == "nobody"
    with hall.branch.db.reader() as connection:
        assert hall.branch.vault.names(connection, subject_of("c-1")) == []
    with pytest.raises(Rejected, match="customer_erased"):
        await hall.branch.pipeline.submit(msgspec.structs.replace(give, version=2), actor="staff:2001")
    assert sound(hall)


async def test_erasing_again_is_the_same_and_removes_nothing(hall: Hall) -> None:
    first = await erase(hall)
    again = await erase(hall)
    assert again.erased_at == first.erased_at
    assert (again.details, again.identities) == (0, 0)


async def test_nobody_is_erased_while_they_are_here(hall: Hall) -> None:
    ticket = await visit(hall, "a", customer="c-1")
    with pytest.raises(Rejected, match="customer_visit_open") as no:
        await erase(hall)
    assert no.value.facts == {"number": "A001"}
    await hall.branch.pipeline.submit(CancelTicket(ticket=ticket), actor="staff:2001")
    await erase(hall)


async def test_what_a_customer_wrote_about_a_service_goes_with_them_and_the_score_stays(hall: Hall) -> None:
    await hall.staff(1)
    ticket = await visit(hall, "a", customer="c-1")
    other = await visit(hall, "b")
    for one, comment in ((ticket, "comment-1"), (other, "comment-2")):
        await hall.next()
        await hall.branch.pipeline.submit(ServeTicket(counter="counter-1", staff="1001"), actor="staff:1001")
        rating = RateService(ticket=one, score=2, comment_ref=comment)
        words = Secret(comment, "comment", "我姓黄，等了太久".encode())
        await hall.branch.pipeline.submit(rating, actor="phone", secrets_=[words])
        await hall.branch.pipeline.submit(FinishTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    outcome = await hall.branch.pipeline.submit(EraseCustomer(customer="c-1", channel=Means.LOBBY), actor="staff:2001")
    assert msgspec.json.decode(outcome.answer, type=ErasureReport).comments == 1
    with hall.branch.db.reader() as connection:
        kept = [hall.branch.vault.get(connection, ref, "comment") is not None for ref in ("comment-1", "comment-2")]
        scores = connection.execute("SELECT rating FROM ticket ORDER BY seq").fetchall()
    assert (kept, scores) == ([False, True], [(2,), (2,)])
    assert sound(hall)


async def test_a_stranger_cannot_be_erased(hall: Hall) -> None:
    with pytest.raises(Rejected, match="no_such_customer"):
        await hall.branch.pipeline.submit(EraseCustomer(customer="c-9", channel=Means.LOBBY), actor="staff:2001")


async def test_a_restored_branch_that_gets_the_fact_back_destroys_again(hall: Hall) -> None:
    """An older backup brings the data back; head office sends what followed, and the fact is applied once more."""
    await erase(hall)

    def restore(connection: Connection) -> None:
        hall.branch.vault.put(connection, subject_of("c-1"), "name", "黄德明".encode(), now_ms=0)
        connection.execute("DELETE FROM customer_erased")
        for record in records(connection):
            if record.type == CustomerErased.TYPE:
                fact = msgspec.json.decode(record.body, type=CustomerErased)
                apply_event(registry.rules(), connection, fact, record)

    await hall.branch.db.write(restore)
    with hall.branch.db.reader() as connection:
        assert hall.branch.vault.names(connection, subject_of("c-1")) == []
        assert customers.erased_ms(connection, "c-1") is not None


async def test_a_number_for_an_appointment_still_to_come_is_kept_until_a_week_after_it(hall: Hall) -> None:
    booked = AppointmentBooked(
        appointment="a-1",
        code="123456",
        service="personal",
        day="2026-03-20",
        start_ms=0,
        end_ms=0,
        channel=Channel.PHONE,
        phone_ref=CONTACT + "a",
    )

    def book(connection: Connection) -> None:
        hall.branch.vault.put(connection, CONTACT + "a", "phone", PHONE, now_ms=hall.clock.now_ms())
        (record,) = hall.branch.journal.append(connection, at_ms=hall.clock.now_ms(), actor="system", events=[booked])
        apply_event(registry.rules(), connection, booked, record)

    await hall.branch.db.write(book)
    await days_later(hall, 25)  # the 27th: seven days after
    assert phone_kept(hall, "a")
    await days_later(hall, 1)
    assert not phone_kept(hall, "a")
