"""Slips before any machine: how wide text is, where it breaks, what is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.document import Document, Feed, Picture, Qr, Text, columns, lines

PROSE = st.text(st.sampled_from("abc 1,.号请到窗口，。 "), max_size=120)


@given(PROSE, st.integers(2, 50))
def test_lines_fit_and_lose_nothing_but_blanks(text: str, width: int) -> None:
    broken = list(lines(text, width))
    assert all(columns(line.rstrip(" ")) <= max(width, 4) for line in broken)
    assert "".join(broken).replace(" ", "") == text.replace(" ", "")


def test_latin_breaks_between_words_and_chinese_anywhere() -> None:
    assert list(lines("please ask in the lobby", 12)) == ["please ask", "in the lobby"]
    assert list(lines("过号请到大堂经理处", 12)) == ["过号请到大堂", "经理处"]
    assert list(lines("个人业务 Personal", 12)) == ["个人业务", "Personal"]
    assert list(lines("one\ntwo", 12)) == ["one", "two"]


def test_closing_punctuation_does_not_begin_a_line() -> None:
    assert list(lines("请您稍候，谢谢", 8)) == ["请您稍", "候，谢谢"]


def test_a_document_survives_being_stored() -> None:
    slip = Document((Text("A003", scale=6), Feed(10), Qr("x"), Picture(9, 2, bytes(4))))
    assert msgspec.json.decode(msgspec.json.encode(slip), type=Document) == slip


@pytest.mark.parametrize(
    "parts",
    [
        tuple(Feed() for _ in range(121)),
        (Text("号" * 401),),
        (Qr(""),),
        (Qr("x" * 301),),
    ],
)
def test_limits_are_kept(parts: tuple[Feed | Text | Qr, ...]) -> None:
    with pytest.raises(ValueError, match="has"):
        Document(parts)


def test_a_picture_has_all_its_dots() -> None:
    with pytest.raises(ValueError, match="not 9×2"):
        Picture(9, 2, bytes(3))
