"""Which conditions of devices become facts: those that last, never a flood of them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drivers.api import DeviceStatus
from edge.devices import decide
from edge.devices import model as m
from edge.devices.conditions import CHANGES_MAX, SETTLED_S, THEN_EVERY_MS, Settling, stands
from edge.devices.tables import DAY_MS, ConditionRow
from edge.kernel.domain import Context
from tests.unit.given import CONTEXT

TODAY = CONTEXT.today.isoformat()


def a_condition(state: m.Stands = "ready", error: str | None = None) -> m.Condition:
    return m.Condition(device="printer-1", family="escpos_printer", model="XP-80", state=state, error=error)


def a_row(state: str = "ready", **changed: Any) -> dict[str, ConditionRow]:
    row = ConditionRow("printer-1", "escpos_printer", "XP-80", state, None, 0, CONTEXT.now_ms // DAY_MS, 1)
    return {"printer-1": row._replace(**changed)}


def noted(state: dict[str, ConditionRow], *found: m.Condition, present: tuple[str, ...] = ("printer-1",)) -> list[Any]:
    return list(decide.note(state, m.NoteConditions(conditions=found, present=present), CONTEXT))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (DeviceStatus.ONLINE, "ready"),
        (DeviceStatus.DEVICE_BUSY, "ready"),
        (DeviceStatus.USER_ERROR, "needs_help"),
        (DeviceStatus.OFFLINE, "away"),
        (DeviceStatus.STARTING, "away"),
    ],
)
def test_a_status_is_told_as_people_care_for_it(status: DeviceStatus, told: str) -> None:
    assert stands(status) == told


def test_what_flickers_is_not_told() -> None:
    settling = Settling()
    for look in range(10):
        state: m.Stands = "ready" if look % 2 else "away"
        assert settling.look([a_condition(state)], look * SETTLED_S / 2) == []


def test_what_lasts_is_told() -> None:
    settling, away = Settling(), a_condition("away", "notConnected")
    assert settling.look([away], 0.0) == []
    assert settling.look([away], SETTLED_S - 1) == []
    assert settling.look([away], SETTLED_S) == [away]
    assert settling.look([a_condition()], SETTLED_S + 30) == [], "and its recovery has to last as well"


def test_news_is_a_fact_and_the_rest_is_not() -> None:
    assert noted(a_row(), a_condition()) == []
    (fact,) = noted(a_row(), a_condition("away", "notConnected"))
    assert (fact.state, fact.error) == ("away", "notConnected")
    assert len(noted({}, a_condition())) == 1, "a new device is news"


def test_a_device_that_is_configured_no_more_is_told_once() -> None:
    (fact,) = noted(a_row(), present=())
    assert fact.state == "removed"
    assert noted(a_row("removed"), present=()) == []


def test_a_device_that_changes_all_day_is_told_once_an_hour_in_the_end() -> None:
    worn_out: dict[str, Any] = {"changes": CHANGES_MAX, "since_ms": CONTEXT.now_ms - THEN_EVERY_MS + 1}
    assert noted(a_row(**worn_out), a_condition("away")) == []
    assert noted(a_row(**worn_out | {"since_ms": CONTEXT.now_ms - THEN_EVERY_MS}), a_condition("away"))
    assert noted(a_row(**worn_out | {"changes_day": 0}), a_condition("away")), "a new day begins afresh"


def test_a_day_is_summed_once_and_when_it_is_over() -> None:
    yesterday = (CONTEXT.today - timedelta(days=1)).isoformat()
    command = m.SumDay(day=yesterday, devices=())
    assert len(decide.sum_day(summed=False, command=command, context=CONTEXT)) == 1
    assert decide.sum_day(summed=True, command=command, context=CONTEXT) == ()
    today: Context = CONTEXT
    assert decide.sum_day(summed=False, command=msgspec.structs.replace(command, day=TODAY), context=today) == ()
