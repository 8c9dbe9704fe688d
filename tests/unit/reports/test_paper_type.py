"""The type of a printed table is the largest whose columns fit the width of a sheet."""

from edge.reports.paper_type import TYPE_STYLE, TYPES_PT, type_class, type_pt, wraps


def test_few_columns_are_printed_large_and_many_smaller_but_never_unreadable() -> None:
    sizes = [type_pt(["取号数"] * columns, [["123.4"] * columns]) for columns in range(1, 60)]
    assert (sizes[0], sizes[-1]) == (TYPES_PT[0], TYPES_PT[-1])
    assert sizes == sorted(sizes, reverse=True)


def test_a_long_text_wraps_and_a_figure_does_not() -> None:
    heads = ["业务", *["取号数"] * 20]
    row = ["个人业务", *["1234"] * 20]
    longer = ["个人综合业务与社会保障卡挂失补办专用队列" * 3, *["1234"] * 20]
    longest = ["个人综合业务与社会保障卡挂失补办专用队列" * 9, *["1234"] * 20]
    assert type_pt(heads, [row]) >= type_pt(heads, [row, longer]) == type_pt(heads, [longest])


def test_a_long_english_word_in_a_head_takes_its_width() -> None:
    assert type_pt(["appointment"] * 18, []) < type_pt(["with an"] * 18, [])


def test_every_size_has_its_class() -> None:
    assert type_class(["a"], []) == "type-90"
    assert all(f".type-{size * 10:.0f} " in TYPE_STYLE for size in TYPES_PT)


def test_a_text_wraps_only_where_it_is_longer_than_the_line_that_is_kept_for_it() -> None:
    assert [
        wraps(text)
        for text in ("Not activated", "个人业务与对公业务", "个人业务与对公业务之一二", "Personal banking and cards")
    ] == [
        False,
        False,
        True,
        True,
    ]
