"""Chip cards: the standards' examples, cards of our own, and cards that say anything at all."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import ErrorCode
from drivers.chip_card import codec, reading
from drivers.chip_card.codec import BadAnswer, object_bytes
from drivers.chip_card.plastic import BankChip, Style
from drivers.chip_card.reading import COMMANDS_MAX, Unreadable
from drivers.chip_card.stories import READING
from drivers.interfaces.card_reader import BankCard, CardSeen, Doubt, MediaRemoved, ReadBy
from drivers.specimens import CARDS
from tests.drivers.readers import Ear, wired

Transmit = Callable[[bytes], bytes]


def run(transmit: Transmit, read_by: ReadBy = ReadBy.CHIP) -> tuple[BankCard | ErrorCode, list[bytes]]:
    """Read to the end; what came of it, and the commands that were sent."""
    steps, sent = reading.read(read_by), []
    command = next(steps)
    while True:
        sent.append(command)
        try:
            command = steps.send(transmit(command))
        except StopIteration as end:
            return end.value, sent
        except Unreadable as trouble:
            return trouble.error, sent


def test_commands_are_the_published_bytes() -> None:
    """Devices reference §4; EMV Book 1, 11.3 and 12.2; Book 3, 6.5."""
    assert codec.select(codec.PPSE) == bytes.fromhex("00A404000E325041592E5359532E444446303100")
    assert codec.select(codec.PSE) == bytes.fromhex("00A404000E315041592E5359532E444446303100")
    assert codec.read_record(2, 1) == bytes.fromhex("00B2011400")
    assert codec.processing_options(b"") == bytes.fromhex("80A80000028300 00")
    assert codec.get_response(0x1A) == bytes.fromhex("00C000001A")
    assert codec.with_length(codec.read_record(2, 1), 0x42) == bytes.fromhex("00B2011442")


def test_an_afl_is_its_records() -> None:
    assert codec.locator(bytes.fromhex("08010200 10030301")) == [(1, 1), (1, 2), (2, 3)]
    for afl in ("080102", "00010100", "08020100", "08000100", "F8010100"):
        with pytest.raises(BadAnswer):
            codec.locator(bytes.fromhex(afl))


def test_a_pdol_is_answered_in_its_order_and_lengths() -> None:
    assert codec.answer_pdol(bytes.fromhex("9F1A02 9F0206 9F6604 9F3501")) == bytes.fromhex("0156 000000000000 27000000 14")
    with pytest.raises(BadAnswer):
        codec.answer_pdol(bytes.fromhex("9F02FF"))


@pytest.mark.parametrize("read_by", [ReadBy.CHIP, ReadBy.CONTACTLESS])
@pytest.mark.parametrize("style", ["plain", "instalments", "exact_length"])
def test_every_card_is_read_and_only_read(read_by: ReadBy, style: Style) -> None:
    for specimen in CARDS:
        chip = BankChip(specimen, style=style)
        card, _ = run(chip.transmit, read_by)
        assert isinstance(card, BankCard)
        assert (card.pan.reveal(), card.expiry, card.sequence) == (specimen.pan, specimen.expiry, specimen.sequence)
        assert (card.read_by, card.has_chip, card.application, card.doubts) == (read_by, True, "A000000333010101", ())
        assert set(chip.instructions) <= READING


def test_a_card_of_any_number_is_read() -> None:
    for number in ("6228480402564890018", "411111111111111"):
        card, _ = run(BankChip(CARDS[0], number=number).transmit)
        assert isinstance(card, BankCard)
        assert card.pan.reveal() == number


def test_a_card_without_a_list_is_tried_by_name() -> None:
    chip = BankChip(CARDS[3], aid="A000000333010102")

    def no_list(command: bytes) -> bytes:
        return b"\x6a\x82" if command[1] == 0xA4 and command[5:9] in (b"1PAY", b"2PAY") else chip.transmit(command)

    card, sent = run(no_list, ReadBy.CONTACTLESS)
    assert isinstance(card, BankCard)
    assert card.application == "A000000333010102"
    assert [command[5:-1].hex().upper() for command in sent[1:3]] == ["A000000333010101", "A000000333010102"]


def test_two_numbers_on_one_card_are_told() -> None:
    chip, other = BankChip(CARDS[0]), BankChip(CARDS[1])

    def mixed(command: bytes) -> bytes:
        return other.transmit(command) if command[:4] == codec.read_record(3, 1)[:4] else chip.transmit(command)

    card, _ = run(mixed)
    assert isinstance(card, BankCard)
    assert card.doubts == (Doubt.TRACKS_DIFFER,)


def test_another_kind_of_card_says_so() -> None:
    error, sent = run(BankChip(CARDS[0], is_bank_card=False).transmit)
    assert error is ErrorCode.INVALID_MEDIA
    assert len(sent) == 1 + len(codec.APPLICATIONS)


@given(st.data(), st.sampled_from((ReadBy.CHIP, ReadBy.CONTACTLESS)))
def test_whatever_a_card_answers_it_ends(data: st.DataObject, read_by: ReadBy) -> None:
    endings = st.sampled_from((b"\x90\x00", b"\x61\xff", b"\x6c\x10", b"\x6a\x82", b""))
    bodies = st.one_of(st.binary(max_size=64), st.binary(max_size=20).map(lambda v: object_bytes(0x6F, object_bytes(0xA5, v))))

    def anything(_: bytes) -> bytes:
        return data.draw(bodies) + data.draw(endings)

    outcome, sent = run(anything, read_by)
    assert len(sent) <= COMMANDS_MAX
    assert {command[1] for command in sent} <= READING
    assert isinstance(outcome, BankCard | ErrorCode)


def test_a_card_that_never_stops_answering_is_given_up() -> None:
    error, sent = run(lambda _: b"\x00" * 200 + b"\x61\xff")
    assert error is ErrorCode.READ_FAIL
    assert len(sent) <= COMMANDS_MAX


@given(st.binary(max_size=600))
def test_any_bytes_are_objects_or_refused(data: bytes) -> None:
    try:
        found = list(codec.objects(data))
    except BadAnswer:
        return
    assert len(found) <= len(data)


@given(st.lists(st.tuples(st.sampled_from((0x57, 0x5A, 0x5F24, 0x9F38)), st.binary(max_size=200)), max_size=5))
def test_what_is_written_is_read(pairs: list[tuple[int, bytes]]) -> None:
    data = b"".join(object_bytes(tag, value) for tag, value in pairs)
    assert [(item.tag, item.value) for item in codec.objects(data)] == pairs


def test_nesting_has_an_end() -> None:
    data = b""
    for _ in range(codec.NESTING_MAX + 2):
        data = object_bytes(0x70, data)
    with pytest.raises(BadAnswer):
        list(codec.objects(data))


async def test_a_card_is_told_over_tcp() -> None:
    device, emulator = await wired("generic.pcsc-contactless")
    ear = Ear(device)
    await device.open()
    emulator.act("insert", {"card": 3, "style": "instalments"})
    seen = await ear.wait_for(CardSeen)
    assert seen.card.pan.reveal() == CARDS[2].pan
    assert CARDS[2].pan not in repr(ear.events)
    emulator.act("remove")
    await ear.wait_for(MediaRemoved)
    await device.close()
    await emulator.stop()
