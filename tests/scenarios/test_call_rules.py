"""S01–S07: whom the branch calls, with the proposal's own numbers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge import registry
from edge.kernel import fold
from edge.kernel.domain import Command, Rejected
from edge.queue import model as m
from edge.queue import views
from edge.queue.call_rules import CallRules, DayClass, GiveUpCallRules, Schedule
from edge.queue.events import CallRulesSet
from edge.queue.model import Tier
from edge.queue.rules import Rule, Threshold
from tests.scenarios.hall import MONDAY, ZONE, Hall, open_hall

GOLD_FIRST = (Tier.GOLD, Tier.NORMAL)
NORMAL_FIRST = (Tier.NORMAL, Tier.GOLD)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        await opened.staff(2)
        yield opened


async def test_s01_time_threshold(hall: Hall) -> None:
    rule = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(wait_s=30 * 60)})
    await hall.follow(CallRules(default=rule))
    n1 = await hall.take(Tier.NORMAL, "10:00")
    n2 = await hall.take(Tier.NORMAL, "10:05")
    g1 = await hall.take(Tier.GOLD, "10:10")
    n3 = await hall.take(Tier.NORMAL, "10:20")
    g2 = await hall.take(Tier.GOLD, "10:36")
    await hall.at("10:37")
    assert await hall.calls(5) == [n1, n2, g1, g2, n3]


async def test_s01_exactly_thirty_minutes_is_not_past_it(hall: Hall) -> None:
    rule = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(wait_s=30 * 60)})
    await hall.follow(CallRules(default=rule))
    normal = await hall.take(Tier.NORMAL, "10:00")
    gold = await hall.take(Tier.GOLD, "10:29")
    await hall.at("10:30")
    assert await hall.calls(2) == [gold, normal]


async def test_s01_an_operator_of_ge_takes_the_limit_in(hall: Hall) -> None:
    threshold = Threshold(count=3, op="ge", metric="length")
    await hall.follow(CallRules(default=Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: threshold})))
    normals = [await hall.take(Tier.NORMAL) for _ in range(3)]
    gold = await hall.take(Tier.GOLD)
    assert await hall.calls(3) == [normals[0], gold, normals[1]]


@pytest.mark.parametrize(("people", "first"), [(12, Tier.NORMAL), (11, Tier.GOLD)])
async def test_s02_head_count_threshold(hall: Hall, people: int, first: Tier) -> None:
    rule = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(count=10)})
    await hall.follow(CallRules(default=rule), counter=2)
    normals = [await hall.take(Tier.NORMAL) for _ in range(people)]
    gold = await hall.take(Tier.GOLD)
    expected = [normals[0], gold, normals[1]] if first is Tier.NORMAL else [gold, normals[0], normals[1]]
    assert await hall.calls(3, counter=2) == expected


async def test_s01_gold_has_no_threshold_unless_it_is_set(hall: Hall) -> None:
    rule = Rule(order=NORMAL_FIRST, thresholds={Tier.NORMAL: Threshold(wait_s=30 * 60)})
    await hall.follow(CallRules(default=rule))
    gold = await hall.take(Tier.GOLD, "09:00")
    normal = await hall.take(Tier.NORMAL, "10:59")
    await hall.at("11:00")
    assert await hall.calls(2) == [normal, gold]


@pytest.mark.parametrize("missing", ["missed", "parked", "cancelled", "remote"])
async def test_s02_only_who_can_be_called_counts(hall: Hall, missing: str) -> None:
    """Twelve numbers of the queue are about, but one of them cannot be called: ten behind the head are not too many."""
    rule = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(count=10)})
    await hall.follow(CallRules(default=rule), counter=2)
    submit = hall.branch.pipeline.submit
    at_1: dict[str, Any] = {"counter": "counter-1", "staff": "1001"}
    if missing == "remote":
        remote = m.IssueTicket(service="personal", tier=Tier.NORMAL, channel=m.Channel.WECHAT, holder="5a" * 16)
        await submit(remote, actor="device:channel")
    else:
        await hall.take(Tier.NORMAL)
        called = (await hall.next()).ticket
        assert called is not None
        gone: dict[str, Command] = {
            "missed": m.MarkNoShow(**at_1),
            "parked": m.ParkTicket(**at_1),
            "cancelled": m.CancelTicket(ticket=called.id),
        }
        await submit(gone[missing], actor="staff:1001")
    normals = [await hall.take(Tier.NORMAL) for _ in range(11)]
    gold = await hall.take(Tier.GOLD)
    assert await hall.calls(2, counter=2) == [gold, normals[0]]


MONDAY_MORNING = CallRules(
    default=Rule(order=GOLD_FIRST),
    schedules=(
        Schedule(
            days=("mon",),
            starts="09:00",
            ends="11:00",
            rule=Rule(order=NORMAL_FIRST, thresholds={Tier.GOLD: Threshold(wait_s=600)}),
            name="周一上午",
        ),
    ),
)


async def monday_queue(hall: Hall, minute: int, hour: int) -> tuple[str, str, str]:
    """N1 waited 13 minutes, G1 11, G2 4 at hour:minute."""
    now = hall.branch.place.now().replace(hour=hour, minute=minute, second=0)
    taken = []
    for tier, waited in ((Tier.NORMAL, 13), (Tier.GOLD, 11), (Tier.GOLD, 4)):
        await hall.at(now - timedelta(minutes=waited))
        taken.append(await hall.take(tier))
    await hall.at(now)
    return taken[0], taken[1], taken[2]


async def test_s03_monday_nine_to_eleven(hall: Hall) -> None:
    await hall.follow(MONDAY_MORNING)
    n1, g1, g2 = await monday_queue(hall, 30, 9)
    assert await hall.calls(3) == [g1, n1, g2]


async def test_s03_the_end_of_a_schedule_is_not_part_of_it(hall: Hall) -> None:
    await hall.follow(MONDAY_MORNING)
    n1, g1, g2 = await monday_queue(hall, 0, 11)
    assert await hall.calls(3) == [g1, g2, n1]


async def test_s03_not_on_tuesday(hall: Hall) -> None:
    await hall.follow(MONDAY_MORNING)
    await hall.at(MONDAY + timedelta(days=1))
    await hall.staff(1)
    n1, g1, g2 = await monday_queue(hall, 30, 9)
    assert await hall.calls(3) == [g1, g2, n1]


async def test_s04_weekend_rules_come_and_go_by_themselves(hall: Hall) -> None:
    weekend = Schedule(days=("sat", "sun"), starts="08:00", ends="18:00", rule=Rule(order=NORMAL_FIRST), name="周末")
    await hall.follow(CallRules(default=Rule(order=GOLD_FIRST), schedules=(weekend,)))
    saturday = MONDAY + timedelta(days=5)
    seen = []
    for moment in (saturday, saturday.replace(hour=18), saturday + timedelta(days=2)):
        await hall.at(moment)
        seen.append(hall.rule_now().order)
    assert seen == [NORMAL_FIRST, GOLD_FIRST, GOLD_FIRST]


async def test_s04_every_call_notes_whether_a_schedule_made_its_rule_and_which_threshold_promoted_it(hall: Hall) -> None:
    """Also a schedule without a name; a default with one is none."""
    eager = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(wait_s=600, count=2, metric="length")})
    weekend = Schedule(days=("sat", "sun"), rule=eager)
    await hall.follow(CallRules(default=Rule(name="平日"), schedules=(weekend,)))
    await hall.staff(1)
    await hall.take(Tier.NORMAL)
    told = [await why(hall)]
    await hall.at(MONDAY + timedelta(days=5))
    await hall.staff(1)
    for clock in ("10:00", "10:01", "10:02"):
        await hall.take(Tier.NORMAL, clock)
    told += [await why(hall)]
    await hall.at("10:15")
    told += [await why(hall)]
    assert told == [(False, None), (True, "count"), (True, "time")]


async def why(hall: Hall) -> tuple[bool | None, str | None]:
    called = await hall.next()
    assert called.why is not None
    return called.why.scheduled, called.why.threshold


WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


async def test_s05_head_offices_calendar_beats_the_weekday(hall: Hall) -> None:
    workdays = Schedule(days=WORKDAYS, rule=Rule(order=GOLD_FIRST, name="workdays"))
    weekend = Schedule(days=("sat", "sun"), rule=Rule(order=NORMAL_FIRST, name="weekend"))
    monday = Schedule(days=("mon",), starts="09:00", ends="11:00", rule=Rule(name="monday"))
    saturday, next_monday = MONDAY + timedelta(days=5), MONDAY + timedelta(days=7)
    await hall.follow(CallRules(schedules=(workdays, weekend)))
    days = {saturday.date().isoformat(): DayClass.WORKDAY, next_monday.date().isoformat(): DayClass.HOLIDAY}
    await hall.calendar(days)
    await hall.at(saturday.replace(hour=10))
    assert hall.rule_now().name == "workdays"
    await hall.at(next_monday.replace(hour=10))
    assert hall.rule_now().name == "weekend"
    await hall.follow(CallRules(default=Rule(name="default"), schedules=(monday,)))
    assert hall.rule_now().name == "default"


async def test_s05_a_date_beats_a_weekday(hall: Hall) -> None:
    monday = Schedule(days=("mon",), rule=Rule(name="monday"))
    date = Schedule(days=(MONDAY.date().isoformat(),), rule=Rule(name="the day"))
    await hall.follow(CallRules(schedules=(monday, date)))
    assert hall.rule_now().name == "the day"


async def test_s05_overlapping_schedules_are_refused_by_name(hall: Hall) -> None:
    one = Schedule(days=("mon", "tue"), starts="09:00", ends="11:00", rule=Rule(), name="早高峰")
    other = Schedule(days=("tue",), starts="10:59", ends="12:00", rule=Rule(), name="周二")
    with pytest.raises(Rejected) as refusal:
        await hall.follow(CallRules(schedules=(one, other)))
    assert refusal.value.code == "schedules_overlap"
    assert refusal.value.facts == {"one": "早高峰", "other": "周二"}


async def test_s06_gold_gets_its_turn_behind_thirty_overdue(hall: Hall) -> None:
    rule = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(wait_s=1800)}, promoted_in_row_max=3)
    await hall.follow(CallRules(default=rule))
    await hall.at("09:00")
    normals = [await hall.take(Tier.NORMAL) for _ in range(30)]
    await hall.at("09:40")
    golds = [await hall.take(Tier.GOLD) for _ in range(2)]
    assert await hall.calls(8) == [*normals[:3], golds[0], *normals[3:6], golds[1]]


async def test_s06_gold_ages_as_well_by_its_own_threshold(hall: Hall) -> None:
    """Both are overdue: whoever is further past their own limit goes first."""
    thresholds = {Tier.NORMAL: Threshold(wait_s=1800), Tier.GOLD: Threshold(wait_s=600)}
    await hall.follow(CallRules(default=Rule(order=NORMAL_FIRST, thresholds=thresholds)))
    normal = await hall.take(Tier.NORMAL, "09:00")
    gold = await hall.take(Tier.GOLD, "09:15")
    fresh = await hall.take(Tier.NORMAL, "09:30")
    await hall.at("09:35")  # five minutes past his half hour, ten past her ten minutes
    assert await hall.calls(3) == [gold, normal, fresh]


async def test_s06_without_a_cap_the_overdue_go_on(hall: Hall) -> None:
    rule = Rule(order=GOLD_FIRST, thresholds={Tier.NORMAL: Threshold(wait_s=1800)}, promoted_in_row_max=0)
    await hall.follow(CallRules(default=rule))
    await hall.at("09:00")
    normals = [await hall.take(Tier.NORMAL) for _ in range(5)]
    await hall.take(Tier.GOLD, "09:40")
    assert await hall.calls(5) == normals


async def test_s07_a_change_holds_from_the_next_call_and_not_for_who_is_served(hall: Hall) -> None:
    await hall.follow(CallRules(default=Rule(order=GOLD_FIRST)))
    normal, gold = await hall.take(Tier.NORMAL), await hall.take(Tier.GOLD)
    other = await hall.take(Tier.NORMAL)
    assert await hall.calls(1) == [gold]
    await hall.follow(CallRules(default=Rule(order=NORMAL_FIRST)))
    late_gold = await hall.take(Tier.GOLD)
    assert await hall.calls(3) == [normal, other, late_gold]


async def test_s07_the_books_say_who_changed_what_from_what(hall: Hall) -> None:
    first, second = CallRules(default=Rule(order=GOLD_FIRST)), CallRules(default=Rule(order=NORMAL_FIRST))
    await hall.follow(first)
    await hall.follow(second, temporary=True)
    told = [record for record in hall.branch.pipeline.journal.tail(0) if record.type == CallRulesSet.TYPE]
    facts = [msgspec.json.decode(record.body, type=CallRulesSet) for record in told]
    assert {record.actor for record in told} == {"staff:9001"}
    assert [(fact.counter, fact.rules, fact.temporary) for fact in facts] == [
        ("counter-1", first, False),
        ("counter-1", second, True),
    ]


async def test_s07_who_is_being_served_is_not_touched_by_a_change(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    served = (await hall.next()).ticket
    assert served is not None
    await hall.branch.pipeline.submit(m.ServeTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    await hall.follow(CallRules(default=Rule(order=NORMAL_FIRST)))
    with hall.branch.db.reader() as connection:
        after = views.ticket(connection, served.id, ZONE)
    assert after is not None
    assert (after.state, after.counter, after.taken_at) == ("serving", "counter-1", served.taken_at)


async def test_s07_a_temporary_change_ends_with_the_day(hall: Hall) -> None:
    await hall.follow(CallRules(default=Rule(name="for good")))
    await hall.follow(CallRules(default=Rule(name="just today")), temporary=True)
    assert hall.rule_now().name == "just today"
    await hall.at(MONDAY + timedelta(days=1))
    assert hall.rule_now().name == "for good"


async def test_s07_what_was_set_here_can_be_given_up_and_the_next_call_knows(hall: Hall) -> None:
    await hall.follow(CallRules(default=Rule(order=NORMAL_FIRST)))
    await hall.follow(CallRules(default=Rule(name="just today", order=NORMAL_FIRST)), temporary=True)
    await hall.take(Tier.NORMAL)
    gold = await hall.take(Tier.GOLD)
    outcome = await hall.branch.pipeline.submit(GiveUpCallRules(counter="counter-1"), actor="staff:9001")
    assert [record.type for record in outcome.records] == ["queue.call_rules_given_up.v1"]
    assert (hall.rule_now(), await hall.calls(1)) == (Rule(), [gold])
    again = await hall.branch.pipeline.submit(GiveUpCallRules(counter="counter-1"), actor="staff:9001")
    assert list(again.records) == []
    with hall.branch.db.reader() as connection:
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_turns_make_a_round(hall: Hall) -> None:
    await hall.follow(CallRules(default=Rule(order=GOLD_FIRST, turns={Tier.GOLD: 2, Tier.NORMAL: 1})))
    normals = [await hall.take(Tier.NORMAL) for _ in range(3)]
    golds = [await hall.take(Tier.GOLD) for _ in range(4)]
    assert await hall.calls(6) == [golds[0], golds[1], normals[0], golds[2], golds[3], normals[1]]


async def test_credit_is_the_share_of_the_target_waited(hall: Hall) -> None:
    rule = Rule(target_s={Tier.GOLD: 600, Tier.NORMAL: 1200})
    await hall.follow(CallRules(default=rule))
    normal = await hall.take(Tier.NORMAL, "09:00")
    gold = await hall.take(Tier.GOLD, "09:14")
    await hall.at("09:19")  # she has used 19 of 20 minutes, he 5 of 10
    called = await hall.next()
    assert called.ticket is not None
    assert called.why is not None
    assert (called.ticket.number, called.why.text_code) == (normal, "highest_credit")
    assert await hall.calls(1) == [gold]
