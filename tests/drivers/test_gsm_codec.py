"""Messages and a modem's words, as vectors of another encoder and of the standards, and as anything at all."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.gsm_modem.codec import (
    LINE_BYTES_MAX,
    Conversation,
    Done,
    Failed,
    Garbage,
    Heard,
    Line,
    Prompted,
    Unasked,
    reference_of,
    registration,
    signal_dbm,
)
from drivers.gsm_modem.pdu import (
    PARTS_MAX,
    UNITS_A_PART,
    UNITS_ALONE,
    BadPdu,
    Report,
    Submit,
    decode_report,
    decode_submit,
    encode,
    encode_report,
    split,
    submits,
)
from drivers.interfaces.sms import TEXT_CHARS_MAX, Send

NUMBERS = st.from_regex(r"\+?[0-9]{3,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("to", "text", "report", "valid_min", "pdus"),
    [
        # Made once by python-gsmmodem-new 0.13.0, without the service centre that it puts in front.
        ("13800000001", "前面仅剩两位客户了", True, None, ["21000BA13108000000F1000812524D97624EC552694E244F4D5BA262374E86"]),
        ("+8613800000001", "AAAAA请", False, 10, ["11000D91683108000000F10008010C004100410041004100418BF7"]),
        (
            "10086",
            "号" * 71,
            True,
            None,
            ["610005A10180F600088C050003000201" + "53F7" * 67, "610005A10180F600080E050003000202" + "53F7" * 4],
        ),
    ],
)
def test_encodes_as_another_encoder_does(to: str, text: str, report: bool, valid_min: int | None, pdus: list[str]) -> None:  # noqa: FBT001
    parts = submits(to, text, report=report, valid_min=valid_min, reference=0)
    # It calls numbers of the country "unknown, ISDN" by A1 (national); both reach the phone, 81 is what modems themselves use.
    assert [encode(part).hex().upper().replace("0B81", "0BA1").replace("0581", "05A1") for part in parts] == pdus


def test_reads_a_status_report() -> None:
    # A published one: no service centre, reference D6, both times, delivered.
    pdu = bytes.fromhex("0006D60B911326880736F4111011719551401110117195714000")
    assert decode_report(pdu) == Report(reference=0xD6, status=0)
    assert decode_report(encode_report(200, "13800000001", 0)) == Report(200, 0)


@given(
    NUMBERS, TEXTS, st.booleans(), st.one_of(st.none(), st.integers(1, 144).map(lambda steps: steps * 5)), st.integers(0, 255)
)
@settings(deadline=None)
def test_what_is_encoded_is_decoded(to: str, text: str, report: bool, valid_min: int | None, reference: int) -> None:  # noqa: FBT001
    parts = submits(to, text, report=report, valid_min=valid_min, reference=reference)
    read = [decode_submit(encode(part)) for part in parts]
    assert "".join(part.text for part in read) == text
    assert {(part.to, part.report, part.valid_min) for part in read} == {(to, report, valid_min)}
    for part in read:
        units = len(part.text.encode("utf-16-be")) // 2
        assert units <= (UNITS_ALONE if len(read) == 1 else UNITS_A_PART)


def test_no_part_ends_in_half_a_character() -> None:
    parts = split("😀" * 60)
    assert all(part.encode("utf-16-be").decode("utf-16-be") == part for part in parts)
    assert [len(part) for part in parts] == [33, 27]


def test_a_text_has_an_end() -> None:
    assert len(split("号" * TEXT_CHARS_MAX)) == PARTS_MAX
    with pytest.raises(ValueError, match="more than"):
        split("😀" * TEXT_CHARS_MAX)
    for to, text in (("12ab", "x"), ("10086", ""), ("10086", "x" * (TEXT_CHARS_MAX + 1))):
        with pytest.raises(ValueError, match=r"digits|characters"):
            Send(to=to, text=text)


def test_shows_no_number_and_no_text() -> None:
    shown = repr(Send(to="13800000001", text="您的号码即将叫到"))
    assert "13800000001" not in shown
    assert "您" not in shown
    assert "138****0001" in shown


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_none(data: bytes) -> None:
    for decode in (decode_submit, decode_report):
        try:
            assert isinstance(decode(data), Submit | Report)
        except BadPdu:
            continue


CDS = encode_report(12, "13800000001", 0).hex().upper()


@pytest.mark.parametrize(
    ("data", "heard"),
    [
        (b"\r\nOK\r\n", [Done()]),
        (b"\r\nERROR\r\n", [Failed()]),
        (b"\r\n+CMS ERROR: 331\r\n", [Failed("S", 331)]),
        (b"\r\n+CME ERROR: SIM not inserted\r\n", [Failed("E", None)]),
        (b"\r\n+CMGS: 12\r\n\r\nOK\r\n", [Line("+CMGS: 12"), Done()]),
        (b"\r\nRING\r\n", [Unasked("RING")]),
        (b"\r\n^RSSI:20\r\n", [Unasked("^RSSI:20")]),
        (f"\r\n+CDS: 24\r\n{CDS}\r\n\r\nOK\r\n".encode(), [Report(12, 0), Done()]),
        (b"\r\n+CDS: 24\r\nOK\r\n", [Garbage(b"+CDS: 24"), Done()]),
        (b"\xff\x80\r\nOK\r\n", [Garbage(b"\xff\x80"), Done()]),
        (b"\r\n> ", []),
    ],
)
def test_understands_a_modem(data: bytes, heard: list[Heard]) -> None:
    assert Conversation().receive(data) == heard


def test_a_prompt_is_one_only_while_it_is_awaited() -> None:
    talk = Conversation()
    talk.prompt_awaited = True
    assert talk.receive(b"AT+CMGS=31\r\r\n>") == [Line("AT+CMGS=31")]
    assert talk.receive(b" ") == [Prompted()]
    assert talk.pending == 0
    assert talk.receive(b"> \r\n") == [Line("> ")]


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=12), st.booleans())
@settings(deadline=None)
def test_cuts_do_not_matter_and_nothing_is_skipped(data: bytes, cuts: list[int], awaited: bool) -> None:  # noqa: FBT001
    whole, pieces = Conversation(), Conversation()
    whole.prompt_awaited = pieces.prompt_awaited = awaited
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    at_once = whole.receive(data)
    in_pieces = [item for start, end in itertools.pairwise(edges) for item in pieces.receive(data[start:end])]
    assert at_once == in_pieces
    assert whole.forget() == pieces.forget()


@given(st.lists(st.sampled_from([b"\r", b"\n", b"A" * 700, b"\xff" * 700, b"+CDS: 1", b"> "]), max_size=30))
def test_memory_is_bounded(pieces: list[bytes]) -> None:
    talk = Conversation()
    for piece in pieces:
        talk.receive(piece)
        assert talk.pending <= LINE_BYTES_MAX


def test_reads_numbers() -> None:
    assert (reference_of("+CMGS: 255"), reference_of("+CMGS: 256"), reference_of("+CMGS:")) == (255, None, None)
    assert (signal_dbm("+CSQ: 20,99"), signal_dbm("+CSQ: 99,99"), signal_dbm("+CSQ: x")) == (-73, None, None)
    assert (registration("+CREG: 0,1"), registration("+CEREG: 5"), registration("OK")) == (1, 5, None)
    assert registration('+CREG: 2,1,"1A2B","01C2",7') == 1
