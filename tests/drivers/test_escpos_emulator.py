"""The emulated printer behaves like the printers it stands for; otherwise passing on it would mean little."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.document import Document, Text
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.escpos_printer.form import FormEncoder
from drivers.escpos_printer.mechanism import BUFFER_BYTES_MAX, SLIPS_MAX, Mechanism
from drivers.escpos_printer.traits import PrinterTraits
from drivers.lettering import Lettering
from tests.drivers.printers import NOON, SMALL, STRONG, noon
from tests.drivers.slips import ticket

CUT = b"\x1dVB\x00"
BYTES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([CUT, b"\x1d(H\x06\x00000042", b"\x1dr\x01", b"\x1b@", b"\x1da\xff", b"A003\n", "号".encode("gbk")]),
    st.sampled_from([b"\x10\x04\x01", b"\x10\x04\x04", b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", b"\x10\x05\x02"]),
)


class Printer:
    """A mechanism and everything it said."""

    def __init__(self) -> None:
        self.mechanism = Mechanism(STRONG.section(PrinterTraits), clock=noon, lettering=Lettering())
        self.said = bytearray()
        self.mechanism.reply = self.said.extend

    def answer(self, data: bytes) -> bytes:
        self.said.clear()
        self.mechanism.receive(data)
        return bytes(self.said)


@settings(max_examples=60)
@given(st.lists(BYTES, max_size=12).map(b"".join))
def test_it_takes_anything_in_any_pieces(data: bytes) -> None:
    whole, pieces = Printer(), Printer()
    whole.answer(data)
    for byte in data:
        pieces.mechanism.receive(bytes((byte,)))
    assert [slip.text for slip in whole.mechanism.slips] == [slip.text for slip in pieces.mechanism.slips]
    assert whole.mechanism.held_bytes == pieces.mechanism.held_bytes


def test_real_time_questions_are_answered_while_it_stands_still_and_others_are_not() -> None:
    printer = Printer()
    printer.mechanism.load_paper(0)
    assert printer.answer(b"\x1dr\x01\x10\x04\x04") == b"\x7e"
    assert printer.answer(b"\x10\x04\x01\x10\x04\x02") == b"\x1a\x32"
    printer.said.clear()
    printer.mechanism.load_paper()
    assert bytes(printer.said) == b"\x00", "the waiting question is answered after the reload"


def test_it_goes_on_where_it_stopped_without_a_line_lost_or_doubled() -> None:
    lines = [f"line {n}\n" for n in range(40)]
    printer = Printer()
    printer.mechanism.load_paper(30 * 17)
    assert printer.answer("".join(lines).encode() + CUT + b"\x1d(H\x06\x00000042") == b""
    assert printer.mechanism.offline
    printer.said.clear()
    printer.mechanism.load_paper()
    assert bytes(printer.said) == b"\x37\x220042\x00"
    assert [slip.text for slip in printer.mechanism.slips] == ["".join(lines)]


def test_losing_power_loses_the_rest_and_leaves_a_torn_slip() -> None:
    printer = Printer()
    printer.mechanism.stop_after(60, lambda: printer.mechanism.set_cover(is_open=True))
    printer.answer(b"one\ntwo\nthree\n" + CUT)
    printer.mechanism.lose_power()
    printer.mechanism.set_cover(is_open=False)
    assert [(slip.text, slip.complete) for slip in printer.mechanism.slips] == [("one\ntwo\n", False)]
    assert printer.mechanism.held_bytes == 0


def test_clearing_is_confirmed_and_forgets_the_proof_too() -> None:
    printer = Printer()
    printer.mechanism.set_cover(is_open=True)
    assert printer.answer(b"A003\n" + CUT + b"\x1d(H\x06\x00000042") == b""
    assert printer.answer(b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08") == b"\x37\x25\x00"
    printer.said.clear()
    printer.mechanism.set_cover(is_open=False)
    assert bytes(printer.said) == b""
    assert not printer.mechanism.slips


def test_automatic_status_is_sent_on_change_only() -> None:
    printer = Printer()
    assert printer.answer(b"\x1da\xff") == b"\x10\x00\x00\x00"
    assert printer.answer(b"A\n") == b""
    printer.mechanism.set_cover(is_open=True)
    assert bytes(printer.said) == b"\x38\x00\x00\x00"


def test_a_jam_stays_until_it_is_cleared_and_recovered() -> None:
    printer = Printer()
    printer.mechanism.set_jam(jammed=True)
    assert printer.answer(b"\x10\x05\x01\x10\x04\x03") == b"\x1a"
    printer.mechanism.set_jam(jammed=False)
    assert printer.answer(b"\x10\x04\x03") == b"\x1a", "the error is latched"
    assert printer.answer(b"\x10\x05\x01\x10\x04\x03") == b"\x12"


def test_slips_are_bounded_and_numbered() -> None:
    printer = Printer()
    for n in range(SLIPS_MAX + 5):
        printer.answer(f"{n}\n".encode() + CUT)
    assert len(printer.mechanism.slips) == SLIPS_MAX
    assert printer.mechanism.slips[-1].n == SLIPS_MAX + 5
    assert printer.mechanism.slips[-1].at == NOON


def test_garbage_without_a_cut_does_not_pile_up() -> None:
    printer = Printer()
    chance = random.Random(7)  # noqa: S311 -- repeatable garbage
    for _ in range(40):
        printer.answer(chance.randbytes(2_000))
        assert printer.mechanism.held_bytes < BUFFER_BYTES_MAX * 2


def test_a_slip_is_a_picture_with_ink_where_the_text_is() -> None:
    printer = Printer()
    lettering = Lettering()
    encoder = FormEncoder(
        STRONG.section(PrinterTraits), lambda text, dots, bold: lettering.draw(text, height_dots=dots, bold=bold)
    )
    printer.answer(encoder.encode(ticket(customer="䶮女士"), "补打"))
    (slip,) = printer.mechanism.slips
    picture = slip.image()
    assert picture.width == 640
    assert slip.copy
    assert slip.png().startswith(b"\x89PNG")
    dark = sum(picture.convert("L").histogram()[:128])
    assert 0.03 < dark / (picture.width * picture.height) < 0.3
    assert "[picture" in slip.text, "the rare character came as dots"


def test_a_printer_without_a_cutter_gives_its_slip_to_whoever_tears_it_off() -> None:
    mechanism = Mechanism(SMALL.section(PrinterTraits), clock=noon, lettering=Lettering())
    encoder = FormEncoder(
        SMALL.section(PrinterTraits), lambda text, dots, bold: Lettering().draw(text, height_dots=dots, bold=bold)
    )
    mechanism.receive(encoder.encode(Document((Text("B001"),))))
    assert [(slip.text, slip.complete) for slip in mechanism.slips] == [("B001\n", True)]


def test_every_action_of_the_bench_can_be_taken() -> None:
    emulator = EscposEmulator(STRONG, clock=noon)
    for action in emulator.actions:
        emulator.act(action)
    assert set(emulator.actions) >= {
        "paper_out", "paper_in", "paper_low", "cover_open", "cover_close",
        "unplug", "plug", "power_cycle", "jam", "clear_jam",
    }  # fmt: skip
