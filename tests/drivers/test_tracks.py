"""Magnetic tracks, as vectors and as anything at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from drivers.interfaces.card_reader import Doubt, ReadBy
from drivers.specimens import CARDS
from drivers.tracks import BadTrack, Track, card, lrc, tracks, write

PAN = CARDS[0].pan
SECOND = f";{PAN}=30112201234567890?"


def test_a_swipe_of_three_tracks_is_one_card() -> None:
    first, second, third = write(PAN, "3011", "220", "ZHANG/MINGHUA")
    read = tracks(first + second + third)
    assert [track.number for track in read] == [1, 2, 3]
    assert {track.pan for track in read} == {PAN}
    found = card(read)
    assert (found.pan.reveal(), found.expiry, found.has_chip, found.read_by) == (PAN, "3011", True, ReadBy.STRIPE)
    assert found.doubts == ()


@pytest.mark.parametrize(
    ("text", "pan", "expiry", "has_chip"),
    [
        (f";{PAN}=?", PAN, None, None),
        (f";{PAN}=0000120?", PAN, None, False),
        (f";{PAN}==220?", PAN, None, True),
        (f"%B{PAN}^LI/XIUYING^2907601?", PAN, "2907", True),
        (f"+99{PAN}=156156?", PAN, None, None),
        (f";99{PAN}=156156?", PAN, None, None),
        (f"%E?{SECOND}", PAN, "3011", True),
        (f"garbage{SECOND}\r", PAN, "3011", True),
    ],
)
def test_what_single_tracks_say(text: str, pan: str, expiry: str | None, *, has_chip: bool | None) -> None:
    found = card(tracks(text))
    assert (found.pan.reveal(), found.expiry, found.has_chip) == (pan, expiry, has_chip)


def test_a_checksum_that_fits_is_no_doubt_and_one_that_does_not_is() -> None:
    """The LRC of `;0=?` by hand: B, 0, D, F in four bits each give 9."""
    assert lrc(";0=?") == chr(0x30 + (0xB ^ 0x0 ^ 0xD ^ 0xF))
    assert [track.lrc_fits for track in tracks(SECOND + lrc(SECOND))] == [True]
    wrong = chr(ord(lrc(SECOND)) ^ 1)
    assert card(tracks(SECOND + wrong)).doubts == (Doubt.LRC,)
    first, second, _ = write(PAN, "3011", "220", "A")
    assert [track.lrc_fits for track in tracks(first + lrc(first) + second + lrc(second))] == [True, True]


def test_a_wrong_check_digit_warns() -> None:
    wrong = PAN[:-1] + str((int(PAN[-1]) + 1) % 10)
    assert card(tracks(f";{wrong}=3011220?")).doubts == (Doubt.LUHN,)


def test_tracks_of_two_cards_are_told() -> None:
    other = CARDS[1].pan
    assert card(tracks(f"%B{other}^A^3011220?{SECOND}")).doubts == (Doubt.TRACKS_DIFFER,)
    assert card(tracks(f"%B{other}^A^3011220?{SECOND}")).pan.reveal() == PAN


@pytest.mark.parametrize("text", ["", "%E?;E?", ";123=?", "hello", f";{PAN}=3011220", "%B^^?"])
def test_what_is_no_card_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadTrack) as refusal:
        card(tracks(text))
    assert PAN not in str(refusal.value)


def test_nothing_of_a_track_is_in_its_repr() -> None:
    assert PAN not in repr(tracks(SECOND))


@given(st.text(st.characters(codec="ascii"), max_size=400))
def test_any_text_is_cards_or_nothing(text: str) -> None:
    for track in tracks(text):
        assert 12 <= len(track.pan) <= 19


@given(st.from_regex(r"[1-9][0-9]{11,17}", fullmatch=True), st.from_regex(r"[0-9]{2}(0[1-9]|1[0-2])", fullmatch=True))
def test_what_is_written_is_read(stem: str, expiry: str) -> None:
    pan = stem + luhn.calc_check_digit(stem)
    found = card(tracks("".join(write(pan, expiry, "101", "NOBODY/N"))))
    assert (found.pan.reveal(), found.expiry, found.has_chip, found.doubts) == (pan, expiry, False, ())


def test_every_specimen_card_has_a_right_check_digit() -> None:
    assert all(luhn.is_valid(specimen.pan) for specimen in CARDS)
    assert card([Track(2, CARDS[4].pan)]).expiry is None
