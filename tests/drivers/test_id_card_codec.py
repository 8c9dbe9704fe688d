"""The security module's bytes, as vectors from the reference and as anything at all."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from drivers.id_card_reader import codec, layouts
from drivers.id_card_reader.codec import Frame, FrameParser, Sw, Unexplained
from drivers.id_card_reader.layouts import LAYOUTS, BadText
from drivers.interfaces.id_card import IdDocument, Sex
from drivers.interfaces.nations import NATIONS
from drivers.specimens import PEOPLE
from tests.drivers.readers import cuts, pieces

Messages = list[Frame | Unexplained]
bodies = st.binary(min_size=3, max_size=60)


@pytest.mark.parametrize(
    ("operation", "request_hex"),
    [
        (codec.RESET_MODULE, "AAAAAA9669 0003 10FF EC"),
        (codec.MODULE_STATUS, "AAAAAA9669 0003 11FF ED"),
        (codec.MODULE_SERIAL, "AAAAAA9669 0003 12FF EE"),
        (codec.FIND, "AAAAAA9669 0003 2001 22"),
        (codec.SELECT, "AAAAAA9669 0003 2002 21"),
        (codec.READ, "AAAAAA9669 0003 3001 32"),
        (codec.NEWEST_ADDRESS, "AAAAAA9669 0003 3003 30"),
        (codec.Operation(0x61, 0xFF, {}, b"\x50"), "AAAAAA9669 0004 61FF50 CA"),
    ],
)
def test_requests_are_the_published_ones(operation: codec.Operation, request_hex: str) -> None:
    """Devices reference §3, table of operations."""
    assert operation.request == bytes.fromhex(request_hex)


def test_answers_are_the_published_ones() -> None:
    assert codec.answer_frame(Sw.OK) == bytes.fromhex("AAAAAA9669 0004 000090 94")
    assert codec.answer_frame(Sw.NO_CARD) == bytes.fromhex("AAAAAA9669 0004 000080 84")
    whole = codec.answer_frame(Sw.OK, codec.information(bytes(256), bytes(1024)))
    assert len(whole) == 1295
    assert whole[5:7] == bytes.fromhex("0508")


@given(st.lists(bodies, max_size=5), cuts)
def test_any_cut_gives_the_same_frames(sent: list[bytes], places: list[int]) -> None:
    parser = FrameParser(codec.REQUEST_HEAD_BYTES)
    heard = [m for piece in pieces(b"".join(codec.frame(body) for body in sent), places) for m in parser.receive(piece)]
    assert [bytes(m.body) for m in heard if isinstance(m, Frame)] == sent
    assert parser.pending == 0


@given(bodies, st.integers(1, 4), st.integers(1, 4))
def test_stray_zeros_in_the_preamble_are_let_through(body: bytes, behind: int, zeros: int) -> None:
    whole = codec.frame(body)
    heard = FrameParser(codec.REQUEST_HEAD_BYTES).receive(whole[:behind] + bytes(zeros) + whole[behind:])
    assert heard == [Unexplained(bytes(zeros)), Frame(bytearray(body))]


@given(
    st.lists(st.one_of(st.binary(max_size=40), bodies.map(codec.frame), bodies.map(lambda b: codec.frame(b)[:-2])), max_size=8)
)
def test_no_byte_is_lost_in_silence_and_nothing_grows(parts: list[bytes]) -> None:
    data = b"".join(parts)
    parser = FrameParser()
    heard: Messages = parser.receive(data)
    assert _size(heard) + parser.pending == len(data)
    assert parser.pending <= codec.BODY_BYTES_MAX + 16
    heard += parser.flush()
    assert _size(heard) == len(data)
    assert parser.pending == 0


@given(st.binary(max_size=30).filter(lambda noise: 0xAA not in noise), bodies)
def test_noise_before_a_frame_costs_only_itself(noise: bytes, body: bytes) -> None:
    heard = FrameParser(codec.REQUEST_HEAD_BYTES).receive(noise + codec.frame(body))
    assert heard[-1] == Frame(bytearray(body))


@given(bodies, st.data())
def test_a_flipped_bit_is_no_answer(body: bytes, data: st.DataObject) -> None:
    whole = bytearray(codec.frame(body))
    place = data.draw(st.integers(7, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    parser = FrameParser(codec.REQUEST_HEAD_BYTES)
    assert not [m for m in parser.receive(bytes(whole)) + parser.flush() if isinstance(m, Frame) and m.body == body]


def test_a_frame_inside_a_broken_one_is_found() -> None:
    inner = codec.answer_frame(Sw.OK)
    broken = codec.PREAMBLE + b"\x00\x40" + inner
    parser = FrameParser()
    assert parser.receive(broken) == []
    assert Frame(bytearray(b"\0\0\x90")) in parser.flush()


@given(st.binary(min_size=3, max_size=40))
def test_every_status_is_an_answer_or_nothing(body: bytes) -> None:
    answer = codec.answer(Frame(bytearray(body)))
    assert answer is None or answer.status in (Sw.OK, Sw.FOUND) or answer.status in codec.ERRORS


@given(st.binary(max_size=1400))
def test_information_is_split_or_refused(data: bytes) -> None:
    parts = codec.split_information(bytearray(data))
    assert parts is None or codec.information(bytes(parts[0]), bytes(parts[1])) == data


def test_split_data_is_wiped() -> None:
    data = bytearray(codec.information(b"\x20\x00" * 128, b"photo"))
    assert codec.split_information(data) == (bytearray(b"\x20\x00" * 128), bytearray(b"photo"))
    assert not data


def test_a_modules_number_is_written_as_on_its_label() -> None:
    number = bytes.fromhex("0500") + bytes.fromhex("0100") + b"".join(n.to_bytes(4, "little") for n in (20130101, 123456, 7))
    assert codec.serial_number(number) == "05.01-20130101-0000123456-0000000007"


# The text.


def test_a_residents_card() -> None:
    zhang = PEOPLE[0]
    text = layouts.write(zhang.document, {"name": zhang.name, "sex": "1", "nation": "01", "birth": "19680412",
                                          "address": zhang.address, "number": zhang.number, "issuer": "示范分局",
                                          "valid_from": "20190101", "valid_to": "长期"})  # fmt: skip
    assert len(text) == 256
    holder = layouts.holder(text)
    assert holder.name.reveal() == "张明华"
    assert holder.number.reveal() == zhang.number
    assert holder.number_fits
    assert (holder.sex, holder.nation, holder.birth) == (Sex.MALE, "01", date(1968, 4, 12))
    assert NATIONS[holder.nation or ""] == "汉"
    assert (holder.long_term, holder.valid_to, holder.expired_on(date(2099, 1, 1))) == (True, None, False)
    assert holder.address is not None
    assert holder.address.reveal() == zhang.address


@pytest.mark.parametrize(
    ("document", "letter"),
    [(IdDocument.COMPATRIOT_PERMIT, "J"), (IdDocument.FOREIGNER_2017, "I"), (IdDocument.FOREIGNER_2023, "Y")],
)
def test_the_letter_stands_at_byte_248(document: IdDocument, letter: str) -> None:
    assert layouts.write(document, {})[248:250].decode("utf-16-le") == letter


def test_a_foreigners_names_are_both_read() -> None:
    long_name = "ALEXANDER MAXIMILIAN CONSTANTIN VON HOHE"
    fields = {"name": "安娜", "name_latin": long_name[:35], "name_latin_more": long_name[35:], "sex": "2", "nationality": "DEU",
              "number": PEOPLE[-1].number, "valid_to": "20340301"}  # fmt: skip
    holder = layouts.holder(layouts.write(IdDocument.FOREIGNER_2023, fields))
    assert holder.name.reveal() == "安娜"
    assert holder.name_latin is not None
    assert holder.name_latin.reveal() == long_name
    assert holder.number_fits
    assert holder.expired_on(date(2034, 3, 2))
    only_latin = layouts.holder(layouts.write(IdDocument.FOREIGNER_2023, fields | {"name": ""}))
    assert only_latin.name.reveal() == long_name


def test_a_rare_character_outside_the_plane_takes_two_places() -> None:
    fields = {"name": "𠮷野", "sex": "1", "number": PEOPLE[0].number}
    assert layouts.holder(layouts.write(IdDocument.RESIDENT, fields)).name.reveal() == "𠮷野"


def test_a_wrong_check_digit_is_told_and_not_refused() -> None:
    stem = PEOPLE[0].number[:17]
    wrong = next(digit for digit in "0123456789X" if digit != mod_11_2.calc_check_digit(stem))
    holder = layouts.holder(layouts.write(IdDocument.RESIDENT, {"name": "张", "sex": "1", "number": stem + wrong}))
    assert holder.number_fits is False


@pytest.mark.parametrize(
    "change",
    [{"birth": "19991399"}, {"birth": "1999"}, {"number": "12345"}, {"sex": "7"}, {"name": ""}, {"valid_to": "永远有效"}],
)
def test_nonsense_is_refused_without_being_repeated(change: dict[str, str]) -> None:
    fields = {"name": "张", "sex": "1", "number": PEOPLE[0].number} | change
    with pytest.raises(BadText) as refusal:
        layouts.holder(layouts.write(IdDocument.RESIDENT, fields))
    assert not [value for value in change.values() if value and value in str(refusal.value)]


@given(st.one_of(st.binary(max_size=300), st.binary(min_size=256, max_size=256)))
def test_any_bytes_are_a_holder_or_refused(text: bytes) -> None:
    try:
        layouts.holder(text)
    except BadText:
        return


_letters = st.characters(codec="utf-16-le", exclude_characters="\0 \u3000", exclude_categories=("Cs", "Zs", "Cc"))


@given(st.sampled_from(tuple(LAYOUTS)), st.data())
def test_what_is_written_is_read(document: IdDocument, data: st.DataObject) -> None:
    name = data.draw(st.text(_letters, min_size=1, max_size=7))
    stem = data.draw(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
    number = "CAN110081042510" if document is IdDocument.FOREIGNER_2017 else stem + mod_11_2.calc_check_digit(stem)
    born = data.draw(st.dates(date(1900, 1, 1), date(2030, 1, 1)))
    fields = {"name": name, "sex": "9", "number": number, "birth": born.strftime("%Y%m%d")}
    holder = layouts.holder(layouts.write(document, fields))
    assert (holder.document, holder.name.reveal(), holder.number.reveal(), holder.birth) == (document, name, number, born)


def test_every_specimen_has_a_right_check_digit() -> None:
    for person in PEOPLE:
        assert len(person.number) == 15 or mod_11_2.is_valid(person.number)


def _size(heard: Messages) -> int:
    return sum(len(m.data) if isinstance(m, Unexplained) else len(m.body) + 8 for m in heard)
