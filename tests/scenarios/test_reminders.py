"""S11–S14: the one text message before a customer's turn."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge import registry
from edge.customers import tables as customers
from edge.customers.model import GiveConsent, Means, Purpose, WithdrawConsent
from edge.customers.tables import Recognised
from edge.kernel import fold
from edge.kernel.pipeline import Secret
from edge.notify import tables
from edge.notify.effects import Order, text_of
from edge.notify.model import SEND_SMS
from edge.queue.model import (
    ActivateTicket,
    BindCustomer,
    CancelTicket,
    Channel,
    IssueTicket,
    Language,
    MarkNoShow,
    RequeueTicket,
    Tier,
)
from tests.scenarios.hall import Hall, open_hall

PHONE = "+8613800000009"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        yield opened


async def take_with_phone(hall: Hall, tier: Tier = Tier.NORMAL) -> str:
    """A ticket of somebody who left a number; returns its id."""
    command = IssueTicket(service="personal", tier=tier, channel=Channel.KIOSK, phone_ref="contact-1")
    secret = Secret("contact-1", "phone", PHONE.encode())
    outcome = await hall.branch.pipeline.submit(command, actor="device:kiosk-1", secrets_=[secret])
    return outcome.records[-1].entity


def outcomes(hall: Hall) -> list[str]:
    with hall.branch.db.reader() as connection:
        return [outcome for _, _, _, outcome in tables.reminders(connection)]


async def settled(hall: Hall, *wanted: str) -> None:
    """Wait until the reminders have come to these outcomes."""
    changed = asyncio.Event()
    hall.branch.pipeline.followers.append(lambda _records: changed.set())
    async with asyncio.timeout(10):
        while sorted(outcomes(hall)) != sorted(wanted):
            changed.clear()
            await changed.wait()


def texts(hall: Hall) -> list[str]:
    return [message.text for message in hall.sms.messages()]


async def test_s11_one_message_when_three_are_left(hall: Hall) -> None:
    for _ in range(5):
        await hall.take(Tier.NORMAL)
    await take_with_phone(hall)
    await hall.next()
    assert outcomes(hall) == []
    await hall.next()
    await settled(hall, "sent")
    assert texts(hall) == ["【测试支行】A006号：前面仅剩三位客户了，请耐心等待。"]
    await hall.next()
    assert len(texts(hall)) == 1


async def test_s12_on_entry(hall: Hall) -> None:
    for _ in range(2):
        await hall.take(Tier.NORMAL)
    two_ahead = await take_with_phone(hall)
    exactly_three = await take_with_phone(hall)
    await settled(hall, "sent")
    with hall.branch.db.reader() as connection:
        assert [ticket for ticket, *_ in tables.reminders(connection)] == [exactly_three]
    await hall.calls(2)
    with hall.branch.db.reader() as connection:
        assert two_ahead not in [ticket for ticket, *_ in tables.reminders(connection)]


async def test_s12_ten_ahead_on_entry_is_told_at_three_and_not_before(hall: Hall) -> None:
    for _ in range(10):
        await hall.take(Tier.NORMAL)
    await take_with_phone(hall)
    await hall.calls(6)
    assert outcomes(hall) == []
    await hall.calls(1)
    await settled(hall, "sent")
    with hall.branch.db.reader() as connection:
        assert [ahead for _, _, ahead, _ in tables.reminders(connection)] == [3]


async def test_s13_whoever_moves_up_because_somebody_leaves_is_told_the_true_count(hall: Hall) -> None:
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    leaver = await take_with_phone(hall)
    await settled(hall, "sent")
    command = IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK, phone_ref="contact-2")
    secret = Secret("contact-2", "phone", PHONE.encode())
    await hall.branch.pipeline.submit(command, actor="device:kiosk-1", secrets_=[secret])
    hall.sms_down()
    await hall.branch.pipeline.submit(CancelTicket(ticket=leaver), actor="staff:2001")
    await settled(hall, "sent", "due")
    with hall.branch.db.reader() as connection:
        assert [ahead for _, _, ahead, outcome in tables.reminders(connection) if outcome == "due"] == [3]


async def test_s13_from_four_to_two_at_once_is_one_message_with_the_true_count(hall: Hall) -> None:
    """The lobby says who holds it: as a gold customer it passes two of the four who were ahead."""
    for tier in (Tier.GOLD, Tier.GOLD, Tier.NORMAL, Tier.NORMAL):
        await hall.take(tier)
    told = await take_with_phone(hall)
    assert outcomes(hall) == []
    await hall.branch.pipeline.submit(BindCustomer(ticket=told, customer="c-1", tier=Tier.GOLD), actor="staff:2001")
    await settled(hall, "sent")
    assert texts(hall) == ["【测试支行】A005号：前面仅剩两位客户了，请耐心等待。"]
    await hall.calls(2)
    assert len(texts(hall)) == 1


async def test_s13_a_vip_coming_in_between_sends_no_second_message(hall: Hall) -> None:
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await take_with_phone(hall)
    await settled(hall, "sent")
    await hall.take(Tier.GOLD)
    await hall.next()
    await hall.next()
    assert len(texts(hall)) == 1


async def test_s13_a_platform_that_is_down_too_long_is_told_to_staff(hall: Hall) -> None:
    tried = hall.sms_down()
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await take_with_phone(hall)
    await settled(hall, "due")
    await tried.wait()
    hall.clock.advance(10 * 60 + 1)
    hall.sms_back(SEND_SMS)
    await settled(hall, "expired")
    assert texts(hall) == []


async def test_s13_called_before_it_is_sent(hall: Hall) -> None:
    tried = hall.sms_down()
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await take_with_phone(hall)
    await settled(hall, "due")
    await tried.wait()
    await hall.calls(4)
    hall.sms_back(SEND_SMS)
    await settled(hall, "suppressed")
    assert texts(hall) == []


async def test_s13_without_a_number_nothing_is_sent(hall: Hall) -> None:
    for _ in range(5):
        await hall.take(Tier.NORMAL)
    await hall.calls(5)
    assert outcomes(hall) == []


CUSTOMER = "c-7"


async def known_with_consent(hall: Hall) -> None:
    """Head office names the customer, who agrees to be served as somebody known."""
    await hall.branch.db.write(
        lambda connection: customers.put(connection, Recognised(CUSTOMER, "normal"), [b"7" * 16], now_ms=hall.clock.now_ms())
    )
    given = GiveConsent(customer=CUSTOMER, purpose=Purpose.SERVICE, version=1, channel=Means.COUNTER, evidence="ab" * 32)
    await hall.branch.pipeline.submit(given, actor="staff:1001")


async def withdraw(hall: Hall) -> None:
    command = WithdrawConsent(customer=CUSTOMER, purpose=Purpose.SERVICE, channel=Means.COUNTER)
    await hall.branch.pipeline.submit(command, actor="staff:1001")


async def take_as_known(hall: Hall) -> str:
    """A ticket of the known customer, who left a number."""
    command = IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK, phone_ref="contact-7", customer=CUSTOMER)
    secret = Secret("contact-7", "phone", PHONE.encode())
    outcome = await hall.branch.pipeline.submit(command, actor="device:kiosk-1", secrets_=[secret])
    return outcome.records[-1].entity


async def test_s13_who_withdrew_the_consent_gets_no_message_and_the_books_say_so(hall: Hall) -> None:
    await known_with_consent(hall)
    await withdraw(hall)
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await take_as_known(hall)
    await settled(hall, "withheld")
    await hall.calls(3)
    assert (texts(hall), outcomes(hall)) == ([], ["withheld"])
    with hall.branch.db.reader() as connection:
        assert connection.execute("SELECT count(*) FROM journal WHERE type = 'notify.reminder_withheld.v1'").get == 1
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_s13_who_withdraws_while_the_message_is_under_way_gets_none(hall: Hall) -> None:
    tried = hall.sms_down()
    await known_with_consent(hall)
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await take_as_known(hall)
    await settled(hall, "due")
    await tried.wait()
    await withdraw(hall)
    hall.sms_back(SEND_SMS)
    await settled(hall, "withheld")
    assert texts(hall) == []


async def test_s13_who_agreed_or_was_never_asked_is_told(hall: Hall) -> None:
    """The number that was left for this visit is the consent to one message about it."""
    await known_with_consent(hall)
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await take_as_known(hall)
    await settled(hall, "sent")


async def test_s12_a_missed_turn_and_a_transfer_bring_no_second_message(hall: Hall) -> None:
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    told = await take_with_phone(hall)
    await settled(hall, "sent")
    for _ in range(5):
        await hall.take(Tier.NORMAL)
    await hall.calls(4)
    await hall.branch.pipeline.submit(MarkNoShow(counter="counter-1", staff="1001"), actor="staff:1001")
    await hall.branch.pipeline.submit(RequeueTicket(ticket=told), actor="staff:1001")
    await hall.calls(3)
    assert len(texts(hall)) == 1


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("afar", [False, True])
def test_s11_whoever_is_next_is_told_so_and_not_that_nought_are_ahead(language: Language, *, afar: bool) -> None:
    text = text_of(Order(ticket="t", number="A007", ahead=0), language, "测试支行", afar=afar)
    assert ("下一位就是您" in text or "you are next" in text, "零" in text, "0 ahead" in text) == (True, False, False)
    assert ("激活" in text or "activate" in text) is afar


async def test_s14_taken_from_afar_activated_by_a_swipe_and_told_at_three(hall: Hall) -> None:
    """Mr Wang's way through the queue; the map and the car park are no part of the branch yet."""
    for _ in range(10):
        await hall.take(Tier.NORMAL)
    command = IssueTicket(
        service="personal", tier=Tier.NORMAL, channel=Channel.MOBILE_BANK, holder="5a" * 16, phone_ref="contact-1"
    )
    secret = Secret("contact-1", "phone", PHONE.encode())
    outcome = await hall.branch.pipeline.submit(command, actor="device:channel", secrets_=[secret])
    remote = outcome.records[-1].entity
    await hall.branch.pipeline.submit(ActivateTicket(ticket=remote, holder="5a" * 16), actor="device:kiosk-1")
    await hall.calls(6)
    assert texts(hall) == []
    await hall.next()
    await settled(hall, "sent")
    assert texts(hall) == ["【测试支行】A011号：前面仅剩三位客户了，请耐心等待。"]
    assert (await hall.calls(4))[-1] == "A011"


async def take_from_afar(hall: Hall) -> str:
    command = IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.WECHAT, holder="5a" * 16, phone_ref="contact-1")
    secret = Secret("contact-1", "phone", PHONE.encode())
    outcome = await hall.branch.pipeline.submit(command, actor="device:channel", secrets_=[secret])
    return outcome.records[-1].entity


async def test_s11_whoever_is_not_here_yet_is_asked_to_come(hall: Hall) -> None:
    for _ in range(5):
        await hall.take(Tier.NORMAL)
    remote = await take_from_afar(hall)
    for _ in range(2):
        await hall.take(Tier.NORMAL)
    await hall.next()
    assert outcomes(hall) == []
    await hall.next()
    await settled(hall, "sent")
    assert texts(hall) == ["【测试支行】A006号：前面仅剩三位客户了，请到网点刷卡或证件激活号码。"]
    await hall.branch.pipeline.submit(ActivateTicket(ticket=remote, holder="5a" * 16), actor="device:kiosk-1")
    await hall.calls(3)
    assert len(texts(hall)) == 1


async def test_s11_a_remote_ticket_is_ahead_of_nobody(hall: Hall) -> None:
    await take_from_afar(hall)
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    here = await take_with_phone(hall)
    await settled(hall, "sent")
    with hall.branch.db.reader() as connection:
        assert [(ticket, ahead) for ticket, _, ahead, _ in tables.reminders(connection)] == [(here, 3)]


async def test_s11_a_turn_that_has_passed_asks_nobody_to_come(hall: Hall) -> None:
    for _ in range(4):
        await hall.take(Tier.NORMAL)
    tried = hall.sms_down()
    await take_from_afar(hall)
    await hall.calls(2)
    await settled(hall, "due")
    await tried.wait()
    await hall.take(Tier.NORMAL)
    await hall.calls(3)
    hall.sms_back(SEND_SMS)
    await settled(hall, "suppressed")
    assert texts(hall) == []
