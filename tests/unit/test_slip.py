"""What stands on the paper, in both languages."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drivers.document import Pair, Qr, Text
from edge.queue.model import Language
from edge.queue.slip import SlipFacts, document
from edge.sandbox.branch import BRANCH, SERVICES
from tests.unit.given import NOW

FACTS = SlipFacts(
    branch=BRANCH,
    service=SERVICES[0],
    number="A007",
    taken_at=NOW + timedelta(seconds=9),
    ahead=4,
    wait_low_s=360,
    wait_high_s=900,
    language=Language.ZH,
    phone_url="http://192.168.50.1:8080/t/abc",
    priority=False,
)


def lines(**fields: Any) -> list[str]:
    parts = document(FACTS._replace(**fields)).parts
    texts = [part.text for part in parts if isinstance(part, Text)]
    return texts + [f"{part.label}: {part.value}" for part in parts if isinstance(part, Pair)]


def test_a_chinese_slip() -> None:
    assert lines() == [
        "示范支行",
        "Demo Branch",
        "您的号码 Your number",
        "A007",
        "个人业务",
        "Personal banking",
        "扫码看进度，叫到您时手机会提醒",
        "请留意叫号；过号请到服务台，当日有效",
        "前面等候: 4 人",
        "预计等待: 6–15 分钟",
        "取号时间: 2026-11-23 10:00:09",
    ]


def test_an_english_slip() -> None:
    assert lines(language=Language.EN) == [
        "Demo Branch",
        "示范支行",
        "Your number 您的号码",
        "A007",
        "Personal banking",
        "个人业务",
        "Scan to follow the queue; your phone tells you",
        "Please listen for your number. Valid today.",
        "Ahead of you: 4",
        "Waiting time: 6–15 min",
        "Taken at: 2026-11-23 10:00:09",
    ]


@pytest.mark.parametrize(
    ("language", "nobody", "soon", "mark"),
    [
        (Language.ZH, "前面等候: 没有人，马上到您", "预计等待: 很快", " 优先服务 "),
        (Language.EN, "Ahead of you: nobody, you are next", "Waiting time: very soon", " PRIORITY "),
    ],
)
def test_next_in_line_and_with_priority(language: Language, nobody: str, soon: str, mark: str) -> None:
    said = lines(language=language, ahead=0, wait_low_s=0, wait_high_s=180, priority=True)
    assert {nobody, soon, mark} <= set(said)
    assert mark not in lines(language=language)


def test_nobody_ahead_and_a_long_wait_are_not_told_as_at_once() -> None:
    """Every window is busy: the range alone says when."""
    said = lines(language=Language.ZH, ahead=0, wait_low_s=60, wait_high_s=2100)
    assert {"前面等候: 没有人", "预计等待: 1–35 分钟"} <= set(said)


@pytest.mark.parametrize(("high_s", "told"), [(180, "很快"), (181, "0–4 分钟"), (240, "0–4 分钟")])
def test_a_wait_is_soon_up_to_three_minutes_and_never_told_too_short(high_s: int, told: str) -> None:
    assert f"预计等待: {told}" in lines(wait_low_s=59, wait_high_s=high_s)


def test_the_number_is_the_largest_thing_and_the_code_opens_the_phone_page() -> None:
    parts = document(FACTS).parts
    scales = {part.text: part.scale for part in parts if isinstance(part, Text)}
    assert max(scales, key=lambda text: scales[text]) == "A007"
    assert [part.text for part in parts if isinstance(part, Qr)] == [FACTS.phone_url]


@pytest.mark.parametrize("language", Language)
def test_the_longest_names_still_make_a_slip(language: Language) -> None:
    branch = msgspec.structs.replace(BRANCH, name="银" * 60, name_en="Bank & <Branch> " * 3)
    service = msgspec.structs.replace(SERVICES[0], name="业" * 60, name_en="W" * 60)
    said = lines(language=language, branch=branch, service=service, number="AB1000", ahead=20_000)
    assert {"银" * 60, "业" * 60, "W" * 60, "AB1000"} <= set(said)


def test_nothing_personal_is_printed() -> None:
    """What a slip is made of has no field for a person."""
    assert set(SlipFacts._fields) == {
        "branch",
        "service",
        "number",
        "taken_at",
        "ahead",
        "wait_low_s",
        "wait_high_s",
        "language",
        "phone_url",
        "priority",
    }


def test_a_wait_beyond_all_reason_is_said_in_words() -> None:
    assert "预计等待: 2 小时以上" in lines(wait_low_s=50_100, wait_high_s=125_400)
    assert "Waiting time: over 2 hours" in lines(wait_low_s=7_200, wait_high_s=9_000, language=Language.EN)
