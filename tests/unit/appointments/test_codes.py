"""Codes that come by text message."""

from hypothesis import given
from hypothesis import strategies as st

from edge.appointments.codes import SmsCodes

CODES = SmsCodes(bytes(range(32)))
SERVICES = ("personal", "corporate", "wealth", "fx")
DAY = "2026-11-23"

serials = st.integers(0, 99_999)


@given(serials, st.sampled_from(SERVICES))
def test_a_code_is_read_back_without_asking_anybody(serial: int, service: str) -> None:
    code = CODES.of(DAY, serial, service)
    assert len(code) == 12
    assert code.isdecimal()
    assert SmsCodes(bytes(range(32))).read(code, DAY, [service]) == (serial, service)


@given(serials, st.integers(0, 11), st.integers(1, 9))
def test_a_wrong_digit_is_noticed(serial: int, place: int, by: int) -> None:
    """Seven digits of mark leave one chance in ten million per service; the examples of this test do not meet it."""
    code = CODES.of(DAY, serial, "personal")
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    assert CODES.read(wrong, DAY, ["personal"]) is None


def test_another_day_another_box_another_service_reads_nothing() -> None:
    code = CODES.of(DAY, 17, "personal")
    assert CODES.read(code, "2026-11-24", SERVICES) is None
    assert SmsCodes(bytes(32)).read(code, DAY, SERVICES) is None
    assert CODES.read(code, DAY, ["corporate"]) is None


@given(st.text(max_size=14))
def test_anything_else_is_no_code(text: str) -> None:
    assert CODES.read(text, DAY, SERVICES) is None or (len(text) == 12 and text.isascii())
