"""Nothing of a person's gets out of a driver by accident."""

import copy
import json
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.confidential import HIDDEN_CHARS_MIN, Confidential, IdNumber, Opaque, Pan, PersonName, Scanned
from drivers.interfaces.barcode_reader import Code, CodeScanned
from drivers.interfaces.card_reader import BankCard, CardSeen, ReadBy
from drivers.interfaces.id_card import CardLaid, Holder, IdDocument, Sex

PAN = "6228480402564890018"


def event(pan: str = PAN) -> CardSeen:
    return CardSeen(card=BankCard(pan=Pan(pan), read_by=ReadBy.STRIPE, expiry="2912"))


def test_a_card_number_shows_its_first_six_and_last_four() -> None:
    assert f"{Pan(PAN)}" == "622848*********0018"
    assert PAN not in repr(event())
    assert PAN not in f"{event()!s} {[event()]}"


def test_events_of_documents_and_codes_show_nobody() -> None:
    holder = Holder(
        document=IdDocument.RESIDENT,
        number=IdNumber("110105" + "19491231" + "002X"),
        number_fits=True,
        name=PersonName("张三丰"),
        sex=Sex.FEMALE,
        birth=None,
        address=Confidential("北京市某区某路 1 号"),
        valid_from=None,
        valid_to=None,
    )
    shown = repr(CardLaid(holder=holder)) + repr(CodeScanned(code=Code(text=Scanned("secret-token"))))
    assert not [secret for secret in ("1949", "三丰", "某路", "secret") if secret in shown]


def test_names_and_numbers_are_masked() -> None:
    assert str(PersonName("张三丰")) == "张**"
    assert str(PersonName("马")) == "*"
    assert str(IdNumber("A" * 18)) == "AAAAAA********AAAA"
    assert str(Confidential("某路 1 号")) == "******"
    assert repr(Scanned("https://pay")) == "Scanned(11 characters)"


@given(st.text(max_size=40), st.sampled_from((Confidential, Pan, IdNumber, PersonName, Scanned)))
def test_a_mask_always_hides_something(text: str, kind: type[Confidential]) -> None:
    secret = kind(text)
    assert secret.reveal() == text
    if len(text) > HIDDEN_CHARS_MIN:
        assert text not in str(secret)


def test_none_of_it_can_be_written_down() -> None:
    for write in (msgspec.json.encode, msgspec.msgpack.encode, json.dumps, pickle.dumps, copy.deepcopy):
        for thing in (event(), Pan(PAN), Opaque(b"photo")):
            with pytest.raises(TypeError):
                write(thing)


def test_equal_is_what_is_the_same_number_of_the_same_kind() -> None:
    assert event() == event()
    assert Pan(PAN) != IdNumber(PAN)
    assert len({Pan(PAN), Pan(PAN)}) == 1


def test_opaque_bytes_can_be_wiped() -> None:
    photo = Opaque(b"\x57\x4c\x66")
    assert photo.reveal() == b"WLf"
    assert repr(photo) == "Opaque(3 bytes)"
    photo.wipe()
    assert len(photo) == 0
