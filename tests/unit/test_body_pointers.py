"""Where a refused body is wrong: the pointer names the field, inside mappings too."""

from typing import Any, cast

import msgspec
import pytest

from edge.kernel.domain import Rejected
from edge.queue.rules_api import RulesRequest
from edge.web.decode import BodyDecoder
from edge.web.pointers import ENTRIES_MAX

DECODER = BodyDecoder(RulesRequest, 64 * 1024)
GOLD = {"order": ["gold", "normal"]}


def refused_at(body: Any) -> str:
    with pytest.raises(Rejected) as no:
        DECODER.decode(msgspec.json.encode(body))
    return cast("str", no.value.facts["pointer"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/default"),
        ({"default": {}}, "/default/order"),
        ({"default": {"name": "nothing else"}}, "/default/order"),
        ({"schedules": []}, "/default"),
        ({"default": {"order": ["gold", "gold"]}}, "/default/order"),
        ({"default": {"order": ["gold", "silver"]}}, "/default/order/1"),
        ({"default": {"thresholds": {"gold": {"count": 3}, "normal": {"wait_s": -5}}}}, "/default/thresholds/normal/wait_s"),
        ({"default": {"thresholds": {"normal": {"wiat_s": 5}}}}, "/default/thresholds/normal/wiat_s"),
        ({"default": {"thresholds": {"gold": {"count": 3}, "silver": {"wait_s": 5}}}}, "/default/thresholds/silver"),
        ({"default": {"thresholds": {"a/b": {}}}}, "/default/thresholds/a~1b"),
        ({"default": {"turns": {"gold": 2, "normal": 0}}}, "/default/turns/normal"),
        ({"default": {"turns": {"gold": 2}, "target_s": {"gold": 60}}}, "/default/turns"),
        ({"default": GOLD, "schedules": [{"days": ["mon"], "from": "11:00", "to": "09:00", "rule": GOLD}]}, "/schedules/0/to"),
        ({"default": GOLD, "schedules": [{"days": ["mon", "2026-01-01"], "rule": GOLD}]}, "/schedules/0/days"),
        ({"default": GOLD, "schedules": [{"days": ["2026-02-30"], "rule": GOLD}]}, "/schedules/0/days"),
        ({"default": GOLD, "schedules": [{"days": ["mon"], "rule": {}}]}, "/schedules/0/rule/order"),
    ],
)
def test_a_refusal_points_at_the_field_inside_the_rule(body: Any, pointer: str) -> None:
    assert refused_at(body) == pointer


def test_a_mapping_too_large_to_be_searched_is_pointed_at_itself() -> None:
    entries: dict[str, Any] = {f"tier-{number}": {} for number in range(ENTRIES_MAX + 1)}
    assert refused_at({"default": {"thresholds": entries}}) == "/default/thresholds"


def test_what_is_left_out_beside_something_said_is_the_shipped_rule() -> None:
    wish = DECODER.decode(b'{"default": {"thresholds": {"normal": {"wait_s": 600}}}}')
    assert wish.plain().default.order == ("priority", "gold", "normal")
