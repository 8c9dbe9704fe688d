"""The words of what stands before a customer: their limits, and what of a person they show."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.confidential import Confidential, Opaque, Pan
from drivers.interfaces import call_unit, evaluator, passbook_printer, pin_pad, signature
from drivers.interfaces.signature import Ink, Sample, Tablet

TABLET = Tablet(model="pad", x_max=9600, y_max=6000, pressure_max=1023, rate_hz=200)
PEN = st.lists(
    st.builds(Sample, st.integers(0, 2**32 - 1), st.integers(0, 65_535), st.integers(0, 65_535), st.integers(0, 65_535)),
    max_size=50,
)


@given(PEN, PEN)
def test_two_signatures_are_the_same_only_where_every_sample_is(one: list[Sample], other: list[Sample]) -> None:
    first, second = Ink(samples=tuple(one), tablet=TABLET), Ink(samples=tuple(other), tablet=TABLET)
    assert (first.sha256 == second.sha256) == (one == other)
    assert len(first.raw()) == 11 * len(one)


def test_the_hash_is_over_the_documented_bytes() -> None:
    ink = Ink(samples=(Sample(0, 1, 2, 3), Sample(5, 258, 4, 0)), tablet=TABLET)
    written = "00000000 0100 0200 0300 01  05000000 0201 0400 0000 00"
    assert ink.sha256 == hashlib.sha256(bytes.fromhex(written)).hexdigest()


def test_pauses_between_strokes_do_not_slow_the_rate() -> None:
    strokes = [Sample(t, t, 0, 500) for t in range(0, 100, 5)] + [Sample(100, 99, 0, 0)]
    strokes += [Sample(2000 + t, t, 9, 500) for t in range(0, 100, 5)]
    ink = Ink(samples=tuple(strokes), tablet=TABLET)
    assert (ink.strokes, ink.rate_hz) == (2, 200)
    assert signature.bounds(ink.samples) == (0, 0, 95, 9)
    assert signature.bounds((Sample(0, 5, 5, 0),)) is None


def test_what_is_secret_is_not_shown() -> None:
    entry = pin_pad.PinEntry(key="pin", pan=Pan("6228480402564890018"))
    assert "622848*********0018" in repr(entry)
    assert "40256489" not in repr(entry)
    typed = pin_pad.DataEntered(data=Confidential("13912345678"), ended_by=pin_pad.Press.ENTER)
    assert "139" not in repr(typed)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: pin_pad.PinEntry(key="pin", pan=Pan("1"), min_digits=3),
        lambda: pin_pad.PinEntry(key="pin", pan=Pan("1"), min_digits=8, max_digits=6),
        lambda: pin_pad.ImportKey(key="pin", use=pin_pad.KeyUse.PIN, under="master", value=Opaque(b"1234567")),
        lambda: pin_pad.DataEntry(max_digits=21),
        lambda: call_unit.Show(unit=1, text="x" * 17),
        lambda: passbook_printer.PrintBook(lines=()),
        lambda: passbook_printer.BookLine(text="a\x1bO"),
        lambda: signature.Area(x1=5, y1=0, x2=5, y2=9),
        lambda: signature.ShowScreen(png=bytes(signature.SCREEN_BYTES_MAX + 1)),
    ],
)
def test_what_cannot_be_is_not_said(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"\d|corner"):
        wrong()  # type: ignore[operator]


def test_scores_are_those_of_the_queue() -> None:
    assert evaluator.RatingPressed(score=5).score == 5
