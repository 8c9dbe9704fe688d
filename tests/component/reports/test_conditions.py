"""Whatever a report can be narrowed to is told in words, in both languages."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from edge.reports import words
from edge.reports.ask import EXPLAINED, ReportQuery
from edge.reports.conditions import NOT_CONDITIONS, conditions
from tests.component.reports.books import Books

ASKED: Final[dict[str, Any]] = {
    "target": 20,
    "service": "personal",
    "tier": "gold",
    "teller": "1002",
    "counter": "counter-3",
    "band": "09:30",
    "day_class": "workday",
    "result": "no_show",
    "over": 10,
    "within": 20,
    "score": 5,
    "promise": "late",
    "channel": "wechat",
    "booking": "released",
    "rule": "credit",
    "trigger": "threshold_time",
    "means": "id_card",
    "sms": "refused",
    "reason": "its_turn",
}
"""One value of each field that is not a yes or no."""


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    told = Books()
    told.configure()
    yield told
    told.connection.close()


def test_every_field_of_the_query_is_told(books: Books) -> None:
    fields = [one.name for one in msgspec.structs.fields(ReportQuery) if one.name not in {*EXPLAINED, *NOT_CONDITIONS}]
    query = msgspec.convert({name: ASKED.get(name, True) for name in fields}, ReportQuery)
    told = conditions(books.connection, query)
    assert [one.name for one in told] == fields
    for one in told:
        assert one.title.zh
        assert one.title.en.isascii()
        assert one.value.zh != str(ASKED.get(one.name)), one.name
    texts = {one.name: one.value for one in told}
    assert texts["service"].en == "Personal"
    assert texts["counter"].zh == "3"
    assert texts["teller"].zh == "=员工2 1002"
    assert texts["band"].en == "09:30–10:00"
    assert texts["result"] == words.RESULTS["no_show"]
    assert texts["called"] == ("是", "yes")


def test_what_is_not_known_stands_for_itself(books: Books) -> None:
    told = conditions(books.connection, ReportQuery(service="<gone>", teller="7777", rule="周一早", called=False))
    assert [(one.name, one.value.en) for one in told] == [
        ("service", "<gone>"),
        ("teller", "7777"),
        ("called", "no"),
        ("rule", "周一早"),
    ]


def test_how_the_period_is_cut_is_no_condition(books: Books) -> None:
    assert conditions(books.connection, ReportQuery(period="month", by="day", limit=5)) == []
