"""What wedges type, and what becomes of it however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import ErrorCode
from drivers.keyboard import KEYS, Wedge, strokes
from drivers.listening import Broken, Heard, Line, Unexplained
from drivers.transport.input_events import EV_KEY, EV_SYN, KEY_DOWN, KEY_REPEAT, KEY_UP, SYN_DROPPED, InputEvent, key
from tests.drivers.readers import cuts, pieces

AT_US = 1_772_444_460_000_000
typeable = st.text(st.sampled_from(sorted({character for pair in KEYS.values() for character in pair})), max_size=60)


def hear(data: bytes, chars_max: int = 200) -> list[Heard]:
    wedge = Wedge(chars_max)
    return [*wedge.receive(data), *wedge.idle()]


@given(text=typeable, places=cuts, enter=st.booleans())
def test_what_is_typed_is_heard_however_it_is_cut(text: str, places: list[int], *, enter: bool) -> None:
    wedge = Wedge(200)
    data = b"".join(strokes(text, AT_US, enter=enter))
    heard = [item for piece in pieces(data, places) for item in wedge.receive(piece)] + wedge.idle()
    assert heard == ([Line(text)] if text else [])
    assert wedge.pending == 0


def test_the_numbers_of_keys_are_the_kernels() -> None:
    """linux/input-event-codes.h: KEY_1 2, KEY_0 11, KEY_Q 16, KEY_A 30, KEY_Z 44, KEY_SLASH 53, KEY_KP0 82, KEY_KPDOT 83."""
    assert "".join(KEYS[code][0] for code in (2, 11, 16, 30, 44, 53, 82, 83)) == "10qaz/0."
    assert "".join(KEYS[code][1] for code in (6, 10, 13, 39, 53)) == "%(+:?"


def test_shift_holds_while_it_is_held_and_caps_lock_turns_letters_only() -> None:
    held = InputEvent(EV_KEY, 42, KEY_DOWN).pack() + key(30) + key(2) + InputEvent(EV_KEY, 42, KEY_UP).pack()
    assert hear(held + key(30) + key(58) + key(30) + key(2)) == [Line("A!aA1")]


def test_a_held_key_is_typed_once() -> None:
    repeats = InputEvent(EV_KEY, 30, KEY_DOWN).pack() + InputEvent(EV_KEY, 30, KEY_REPEAT).pack() * 50
    assert hear(repeats + key(28)) == [Line("a")]


def test_more_than_a_swipe_is_dropped_whole() -> None:
    assert hear(b"".join(strokes("7" * 201, AT_US))) == [Broken(ErrorCode.INVALID_MEDIA)]
    wedge = Wedge(200)
    for _ in range(50):
        wedge.receive(b"".join(strokes("7" * 1000, AT_US, enter=False)))
        assert wedge.pending <= 200


def test_what_the_kernel_dropped_makes_no_line() -> None:
    dropped = InputEvent(EV_SYN, SYN_DROPPED, 0).pack()
    assert hear(key(30) + dropped + key(31) + key(28) + key(32) + key(28)) == [Broken(ErrorCode.INVALID_MEDIA), Line("d")]


def test_a_shift_whose_release_was_lost_does_not_spoil_the_next_swipe() -> None:
    wedge = Wedge(200)
    wedge.receive(InputEvent(EV_KEY, 42, KEY_DOWN).pack() + key(30))
    assert wedge.idle() == [Line("A")]
    assert [*wedge.receive(key(30)), *wedge.idle()] == [Line("a")]


def test_what_has_no_key_cannot_be_typed() -> None:
    with pytest.raises(ValueError, match="no key"):
        strokes("号", AT_US)


@given(st.binary(max_size=2000), cuts)
def test_any_bytes_are_taken_and_nothing_grows(data: bytes, places: list[int]) -> None:
    wedge = Wedge(40)
    for piece in pieces(data, places):
        wedge.receive(piece)
        assert wedge.pending <= 40 + 24
    wedge.idle()
    assert wedge.pending == 0


@given(st.binary(min_size=1, max_size=23))
def test_half_an_event_is_told_when_nothing_follows(half: bytes) -> None:
    assert hear(half) == [Unexplained(len(half))]
