"""From document to bytes: what reaches the machine, and what is drawn because it would not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.document import Align, Document, Pair, Picture, Qr, Text
from drivers.escpos_printer.form import FormEncoder
from drivers.escpos_printer.traits import PrinterTraits
from drivers.lettering import Dots, FontMissing, Lettering
from drivers.profiles import Profile
from tests.drivers.printers import SMALL, STRONG, WEAK

DRAWN = Dots(16, 1, b"\xaa\x55")


def encode(document: Document, profile: Profile = STRONG, mark: str | None = None) -> bytes:
    return FormEncoder(profile.section(PrinterTraits), lambda *_: DRAWN).encode(document, mark)


def test_chinese_is_switched_on_before_anything_is_said() -> None:
    assert encode(Document((Text("请"),))).startswith(b"\x1b@\x1c&")
    assert "请到2号窗口".encode("gb18030") + b"\n" in encode(Document((Text("请到2号窗口"),)))


def test_the_yen_sign_becomes_the_full_width_one() -> None:
    assert b"\xa3\xa4100" in encode(Document((Text("¥100"),)))


@pytest.mark.parametrize("character", ["䶮", "𠮷", "😀", "ß"])
def test_what_the_machine_lacks_is_drawn(character: str) -> None:
    data = encode(Document((Text(f"客户{character}"),)))
    assert b"\x1dv0\x00\x02\x00\x01\x00\xaa\x55" in data
    assert "客户".encode("gb18030") not in data


def test_each_profile_has_its_own_charset() -> None:
    slip = Document((Text("镕"),))
    assert "镕".encode("gbk") in encode(slip, WEAK)
    assert b"\x1dv0" in encode(slip, SMALL)  # not in GB2312: a famous name on a small printer


def test_control_characters_never_reach_the_machine() -> None:
    assert encode(Document((Text("A\x1b@\x10\x04\x01B"),))).count(b"\x1b@") == 1


def test_a_mark_stands_above_everything() -> None:
    data = encode(Document((Text("A003"),)), mark="补打")
    assert data.index("补打".encode("gb18030")) < data.index(b"A003")
    assert b"\x1dB\x01" in data


def test_pairs_reach_from_edge_to_edge_or_take_two_lines() -> None:
    assert b"Ahead" + b" " * 42 + b"5\n" in encode(Document((Pair("Ahead", "5"),)))
    data = encode(Document((Pair("L" * 30, "V" * 30),)))
    assert b"L" * 30 + b"\n" in data
    assert data.index(b"\x1ba\x02") < data.index(b"V" * 30)


def test_a_printer_without_qr_gets_a_picture() -> None:
    assert b"\x1d(k" in encode(Document((Qr("x"),)))
    assert b"\x1d(k" not in encode(Document((Qr("x"),)), SMALL)
    assert b"\x1dv0" in encode(Document((Qr("x"),)), SMALL)


def test_pictures_are_sliced() -> None:
    data = encode(Document((Picture(8, 100, b"\xff" * 100, Align.LEFT),)), SMALL)
    assert [data[i + 6] for i in range(len(data)) if data[i : i + 4] == b"\x1dv0\x00"] == [64, 36]


@given(st.lists(st.sampled_from([0x10, 0x04, 0x05, 0x14, 0x01, 0xFF]), min_size=64, max_size=64))
def test_no_picture_holds_a_real_time_command(dots: list[int]) -> None:
    data = encode(Document((Picture(64, 8, bytes(dots)),)))
    bits = data[data.index(b"\x1dv0") + 8 :][:64]
    assert all(pair not in bits for pair in (b"\x10\x04", b"\x10\x05", b"\x10\x14"))
    assert all(sent | asked == sent for sent, asked in zip(bits, dots, strict=True)), "only dots are added"


def test_letters_are_half_as_wide_as_characters() -> None:
    lettering = Lettering()
    assert lettering.draw("䶮A", height_dots=24).width_dots == 36
    assert any(lettering.draw("䶮", height_dots=24).bits)


def test_a_character_no_font_has_becomes_the_geta_mark() -> None:
    lettering = Lettering()
    assert lettering.draw("\U0010fffe", height_dots=24) == lettering.draw("〓", height_dots=24)


def test_without_a_font_it_says_what_to_install() -> None:
    with pytest.raises(FontMissing, match="fonts-noto-cjk"):
        Lettering(Path("nowhere.ttc")).draw("䶮", height_dots=24)
