"""S26: three levels. 总行 locks T ≤ 30 minutes, 分行 sets N = 10, the outlet sets N = 8 and tries T = 60."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge import registry
from edge.appointments import views as appointment_views
from edge.appointments.model import BookingRules, SetBookingRules
from edge.forecast import regime
from edge.kernel import fold
from edge.kernel.domain import Command, Rejected
from edge.policy import model as m
from edge.policy import tables
from edge.policy.keys import Effective, Level
from edge.queue import policy as keys
from edge.queue import ruling
from edge.queue.call_rules import CallRules, DayClass, GiveUpCallRules, Schedule, class_of
from edge.queue.model import BindCustomer, Channel, CloseDay, IssueTicket, MarkNoShow, OpenDay, Tier
from edge.queue.rules import Rule, Threshold
from edge.queue.ruling import targets_s
from sync.documents import canonical, digest, sign_document
from sync.keys import SigningKey
from tests.scenarios.hall import MONDAY, Hall, open_hall

OFFICE = SigningKey(bytes(31) + b"\7")
T = keys.PROMOTE_WAIT_S[Tier.NORMAL]
N = keys.PROMOTE_COUNT[Tier.NORMAL]


class Outlet:
    """An outlet of 分行 gd, and what reaches it."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.pipeline = hall.branch.pipeline

    async def receive(
        self, kind: str, content: dict[str, Any], *, signer: SigningKey = OFFICE, body: bytes | None = None
    ) -> str:
        """What becomes of a document."""
        sent = canonical(content) if body is None else body
        signature = sign_document(signer.sign, kind, sent)
        command = m.ReceiveDocument(kind=kind, body=sent, signature=signature, key=OFFICE.public, branch="0001")
        outcome = await self.pipeline.submit(command, actor="head_office")
        return msgspec.json.decode(outcome.answer, type=m.Verdict).outcome

    async def publish(
        self, scope: str, version: int, values: dict[str, Any], *, valid_from: datetime | None = MONDAY, **how: Any
    ) -> str:
        """`values`: key → value, or key → {"value", "lock"}."""
        entries = {name: one if isinstance(one, dict) and "value" in one else {"value": one} for name, one in values.items()}
        document: dict[str, Any] = {"scope": scope, "version": version, "note": "", "values": entries}
        if valid_from is not None:
            document["valid_from"] = valid_from.isoformat()
        return await self.receive(m.POLICY, document, **how)

    async def belongs_to(self, region: str, version: int = 1) -> None:
        place = {"branch": "0001", "region": region, "name": "分行", "version": version}
        assert await self.receive(m.PLACE, place) == "taken"

    async def set(self, policy: str, value: Any, *, temporary: bool = False) -> m.Wish:
        command = m.SetValue(policy=policy, value=value, temporary=temporary, reason="试一试")
        return msgspec.json.decode((await self.do(command)).answer, type=m.Wish)

    async def do(self, command: Command) -> Any:
        return await self.pipeline.submit(command, actor="staff:9001")

    def held(self, key: Any) -> Effective:
        with self.hall.branch.db.reader() as connection:
            return tables.in_effect(connection, key)

    def sound(self) -> bool:
        with self.hall.branch.db.reader() as connection:
            return fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


@pytest.fixture
async def outlet(tmp_path: Path) -> AsyncIterator[Outlet]:
    async with open_hall(tmp_path) as hall:
        yield Outlet(hall)


@pytest.fixture
async def governed(outlet: Outlet) -> Outlet:
    """As S26 is given."""
    await outlet.belongs_to("gd")
    assert await outlet.publish("head_office", 1, {T.name: {"value": 1800, "lock": True}}) == "taken"
    assert await outlet.publish("region:gd", 1, {N.name: 10}) == "taken"
    return outlet


async def test_s26_three_levels(governed: Outlet) -> None:
    assert (await governed.set(N.name, 8)).held_by is None
    refused = await governed.set(T.name, 3600)
    assert refused.held_by == "head_office"
    assert await governed.set(T.name, 3600) == refused
    assert governed.held(T)[:3] == (1800, Level.HEAD_OFFICE, Level.HEAD_OFFICE)
    assert governed.held(N)[:3] == (8, Level.OUTLET, None)
    rule = governed.hall.rule_now()
    assert rule.thresholds[Tier.NORMAL] == Threshold(wait_s=1800, count=8)
    assert governed.sound()


async def test_s26_the_wish_is_kept_as_a_request_and_its_answer_holds(governed: Outlet) -> None:
    wish = await governed.set(T.name, 3600)
    answer = {"branch": "0001", "request": wish.request, "approved": True, "by": "总行运营部", "reason": "试点"}
    assert await governed.receive(m.ANSWER, answer) == "taken"
    assert governed.held(T)[:2] == (3600, Level.OUTLET)
    assert await governed.receive(m.ANSWER, {**answer, "approved": False}) == "taken"
    assert governed.held(T)[:2] == (1800, Level.HEAD_OFFICE)
    assert await governed.receive(m.ANSWER, {**answer, "branch": "0002"}) == "foreign_scope"
    assert await governed.receive(m.ANSWER, {**answer, "request": "nobody-asked"}) == "unknown_request"
    assert governed.sound()


async def test_s26_rules_beyond_the_bound_are_refused_with_the_level(governed: Outlet) -> None:
    slow = Rule(thresholds={Tier.NORMAL: Threshold(wait_s=3600)})
    weekend = Schedule(days=("sat", "sun"), rule=slow)
    for rules in (CallRules(default=slow), CallRules(schedules=(weekend,))):
        with pytest.raises(Rejected) as no:
            await governed.hall.follow(rules)
        assert (no.value.code, no.value.facts["level"]) == ("held_by_policy", "head_office")
    await governed.hall.follow(CallRules(default=Rule(thresholds={Tier.NORMAL: Threshold(wait_s=600)})))
    assert governed.hall.rule_now().thresholds[Tier.NORMAL] == Threshold(wait_s=600, count=10)


async def test_s26_an_outlet_that_gives_up_its_rules_follows_the_level_above_again(governed: Outlet) -> None:
    above = {"*": {"default": {"order": ["normal", "gold"]}}}
    assert await governed.publish("head_office", 2, {keys.CALL_RULES.name: above}) == "taken"
    own = CallRules(default=Rule(order=(Tier.GOLD, Tier.NORMAL)))
    await governed.hall.follow(own)
    assert governed.hall.rule_now().order == own.default.order
    await governed.do(GiveUpCallRules(counter="counter-1"))
    assert governed.hall.rule_now().order == (Tier.NORMAL, Tier.GOLD)
    assert governed.sound()


async def test_s26_the_locked_threshold_decides_the_call(governed: Outlet) -> None:
    hall = governed.hall
    await hall.staff(1)
    normal = await hall.take(Tier.NORMAL, "10:00")
    gold = await hall.take(Tier.GOLD, "10:29")
    await hall.at("10:31")
    assert await hall.calls(2) == [normal, gold]


async def test_a_rule_set_is_taken_whole_from_one_level(outlet: Outlet) -> None:
    """The region's set for counter 1 does not borrow a schedule from head office's."""
    gold = {"default": {"order": ["gold", "normal"]}, "schedules": [{"days": ["mon"], "rule": {"order": ["normal"]}}]}
    normal = {"default": {"order": ["normal", "gold"]}}
    await outlet.belongs_to("gd")
    await outlet.publish("head_office", 1, {keys.CALL_RULES.name: {"*": gold, "counter-1": gold}})
    await outlet.publish("region:gd", 1, {keys.CALL_RULES.name: {"counter-1": normal}})
    assert outlet.hall.rule_now(1).order[0] is Tier.NORMAL
    assert outlet.hall.rule_now(2).order == (Tier.NORMAL,)
    with outlet.hall.branch.db.reader() as connection:
        assert not keys.from_above(connection, "counter-1").rules.schedules
    await outlet.hall.follow(CallRules(default=Rule(order=(Tier.GOLD, Tier.NORMAL))))
    assert outlet.hall.rule_now(1).order[0] is Tier.GOLD
    await outlet.publish("region:gd", 2, {keys.CALL_RULES.name: {"value": {"counter-1": normal}, "lock": True}})
    assert outlet.hall.rule_now(1).order[0] is Tier.NORMAL
    with pytest.raises(Rejected) as no:
        await outlet.hall.follow(CallRules())
    assert (no.value.code, no.value.facts["level"]) == ("held_by_policy", "region")


SETS: dict[str, Any] = {"counter-1": {"default": {"order": ["gold", "normal"]}}}


async def refusal_of(outlet: Outlet, value: Any, policy: str = keys.CALL_RULES.name) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Rejected) as no:
        await outlet.set(policy, value)
    with outlet.hall.branch.db.reader() as connection:
        assert not tables.requests(connection), "nobody was asked"
    return no.value.code, dict(no.value.facts)


async def test_rules_through_the_policy_are_held_to_what_the_rule_page_is_held_to(governed: Outlet) -> None:
    overlapping = {"days": ["mon"], "from": "09:00", "to": "11:00", "rule": {"order": ["gold"]}}
    slow = {"default": {"thresholds": {"normal": {"wait_s": 3600}}}}
    both = [{**overlapping, "name": "one"}, {**overlapping, "name": "two"}]
    refused = {
        "unknown_counter": {"counter-9": SETS["counter-1"]},
        "schedules_overlap": {"*": {**SETS["counter-1"], "schedules": both}},
        "held_by_policy": {"counter-1": slow},
    }
    assert {code: (await refusal_of(governed, value))[0] for code, value in refused.items()} == {code: code for code in refused}
    empty: tuple[dict[str, Any], ...] = ({"counter-1": {}}, {"counter-1": {"default": {}}})
    for nothing in empty:
        code, facts = await refusal_of(governed, nothing)
        assert code == "invalid_policy_value"
        assert "missing required field" in str(facts["reason"])


async def test_what_an_outlet_sets_elsewhere_is_not_called_locked(governed: Outlet) -> None:
    code, facts = await refusal_of(governed, SETS)
    assert (code, facts["at"]) == ("policy_set_elsewhere", "/api/call-rules/{counter}")
    assert (await refusal_of(governed, {"2026-05-01": "holiday"}, keys.CALENDAR.name))[0] == "policy_set_elsewhere"
    await governed.publish("region:gd", 2, {keys.CALL_RULES.name: {"value": SETS, "lock": True}})
    assert (await governed.set(keys.CALL_RULES.name, SETS)).held_by == "region"


async def test_the_rules_of_a_past_moment_are_folded_as_the_tables_have_them(outlet: Outlet) -> None:
    """The forecast and the back-test read what was in force from the journal; the branch reads it from the tables."""
    hall, normal_first = outlet.hall, {"*": {"default": {"order": ["normal", "gold"]}}}
    own = CallRules(default=Rule(order=(Tier.GOLD, Tier.NORMAL)))

    async def granted() -> None:
        request = (await outlet.set(T.name, 3600)).request
        await outlet.receive(m.ANSWER, {"branch": "0001", "request": request, "approved": True, "by": "", "reason": ""})

    steps: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: outlet.belongs_to("gd"),
        lambda: outlet.publish("head_office", 1, {T.name: {"value": 1800, "lock": True}, keys.CALL_RULES.name: SETS}),
        lambda: outlet.publish("region:gd", 1, {N.name: 10, keys.CALL_RULES.name: normal_first}),
        lambda: outlet.publish(
            "region:gd", 2, {keys.CALENDAR.name: {"2026-03-07": "workday"}}, valid_from=MONDAY + timedelta(1)
        ),
        lambda: hall.follow(own, 2),
        lambda: hall.follow(CallRules(default=Rule(name="today")), 2, temporary=True),
        lambda: outlet.do(GiveUpCallRules(counter="counter-2")),
        lambda: hall.follow(own, 2),
        granted,
        lambda: outlet.set(N.name, 8, temporary=True),
        lambda: hall.calendar({"2026-03-09": DayClass.HOLIDAY}),
        lambda: outlet.do(OpenDay()),
        lambda: outlet.do(CloseDay()),
        lambda: hall.at(MONDAY + timedelta(days=1)),
        lambda: outlet.do(m.ApplyDue()),
        lambda: outlet.publish("head_office", 2, {keys.CALL_RULES.name: {"value": normal_first, "lock": True}}),
        lambda: outlet.belongs_to("sh", version=2),
    )
    seen: list[CallRules] = []
    for step in steps:
        await step()
        with hall.branch.db.reader() as connection:
            seq = hall.branch.pipeline.journal.head().seq
            folded = regime.after(regime.facts(connection, until=seq), seq)
            for counter in ("counter-1", "counter-2"):
                assert folded.rules_of(counter) == ruling.call_rules(connection, counter)
            assert dict(folded.calendar) == dict(ruling.calendar(connection))
            seen.append(folded.rules_of("counter-2"))
    assert len(set(map(str, seen))) >= 7, "the steps make a difference"


async def test_a_temporary_value_ends_with_the_business_day(outlet: Outlet) -> None:
    await outlet.do(OpenDay())
    await outlet.set(N.name, 5, temporary=True)
    await outlet.set(N.name, 8)
    assert outlet.held(N)[:2] == (5, Level.TEMPORARY)
    await outlet.do(CloseDay())
    assert outlet.held(N)[:2] == (8, Level.OUTLET)
    await outlet.do(m.ClearValue(policy=N.name))
    assert outlet.held(N)[:2] == (None, Level.PRODUCT)
    assert outlet.sound()


async def test_a_document_comes_into_force_at_its_time(outlet: Outlet) -> None:
    noon = MONDAY + timedelta(hours=4)
    assert await outlet.publish("head_office", 1, {N.name: 20}) == "taken"
    assert await outlet.publish("head_office", 2, {N.name: 12}, valid_from=noon) == "taken"
    await outlet.do(m.ApplyDue())
    assert outlet.held(N).value == 20
    await outlet.hall.at(noon)
    await outlet.do(m.ApplyDue())
    assert outlet.held(N).value == 12


async def test_a_document_without_a_time_holds_on_arrival_whatever_the_branchs_clock_says(outlet: Outlet) -> None:
    """Head office published at eight; this box's clock is an hour behind, then goes back another."""
    await outlet.hall.at(MONDAY - timedelta(hours=1))
    assert await outlet.publish("head_office", 1, {N.name: 20}, valid_from=None) == "taken"
    assert outlet.held(N).value == 20
    await outlet.hall.at(MONDAY - timedelta(hours=2))
    assert await outlet.publish("head_office", 2, {N.name: 12}, valid_from=None) == "taken"
    await outlet.do(m.ApplyDue())
    assert outlet.held(N).value == 12
    assert outlet.sound()


async def test_a_bad_document_is_refused_reported_and_changes_nothing(governed: Outlet) -> None:
    stranger = SigningKey(bytes(32))
    before = governed.held(N)
    text = canonical({"scope": "region:gd", "version": 9, "valid_from": MONDAY.isoformat(), "values": {}})
    tries = {
        "bad_signature": await governed.publish("region:gd", 2, {N.name: 3}, signer=stranger),
        "foreign_scope": await governed.publish("region:sh", 2, {N.name: 3}),
        "unknown_policy": await governed.publish("region:gd", 2, {"queue.nothing": 3}),
        "invalid_policy_value": await governed.publish("region:gd", 2, {N.name: 0}),
        "version_reused": await governed.publish("region:gd", 1, {N.name: 3}),
        "not_canonical": await governed.receive(m.POLICY, {}, body=text + b" "),
        "malformed": await governed.receive(m.POLICY, {"scope": "region:gd"}),
        "unknown_kind": await governed.receive("recipe", {}),
    }
    assert {name: got for name, got in tries.items() if name != got} == {}
    assert governed.held(N) == before
    with governed.hall.branch.db.reader() as connection:
        refusals = {one.reason: one for one in tables.refusals(connection)}
    assert set(refusals) == set(tries)
    assert refusals["invalid_policy_value"].detail.startswith(N.name)
    assert governed.sound()


async def test_the_same_document_again_is_nothing(governed: Outlet) -> None:
    assert await governed.publish("region:gd", 1, {N.name: 10}) == "known"


async def test_three_documents_of_each_scope_are_kept(outlet: Outlet) -> None:
    for version in range(1, 7):
        await outlet.publish("head_office", version, {N.name: version})
    with outlet.hall.branch.db.reader() as connection:
        kept = tables.documents(connection)
        newest = tables.document_bytes(connection, "head_office", 6)
    assert [(one.version, one.state) for one in kept] == [(6, "in_force"), (5, "past"), (4, "past")]
    assert newest is not None
    assert kept[0].sha256 == digest(newest)


async def test_another_region_takes_its_words_along(governed: Outlet) -> None:
    await governed.belongs_to("sh", version=2)
    assert governed.held(N).value is None
    assert governed.held(T).value == 1800
    assert await governed.publish("region:gd", 5, {N.name: 10}) == "foreign_scope"
    assert governed.sound()


async def test_the_keys_govern(outlet: Outlet) -> None:
    """One of each room: lobby targets, reclassing, calls before a no-show, the kiosk's hours, early sign-in."""
    hall = outlet.hall
    await hall.staff(1)
    values = {
        "queue.target.gold_s": 300,
        "queue.reclass_on_bind": False,
        "queue.calls_before_no_show": 3,
        "queue.kiosk_hours": {"workday": {"from": "09:00", "to": "17:00"}},
        "appointments.early_min": {"value": 60, "lock": True},
    }
    assert await outlet.publish("head_office", 1, values) == "taken"
    with hall.branch.db.reader() as connection:
        assert targets_s(connection)[Tier.GOLD] == 300
        assert appointment_views.rules(connection).early_min == 60
    with pytest.raises(Rejected, match="kiosk_closed"):
        await hall.take(Tier.NORMAL, "08:59")
    await outlet.do(IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.LOBBY))
    number = await hall.take(Tier.NORMAL, "09:00")
    with hall.branch.db.reader() as connection:
        ticket: str = connection.execute("SELECT id FROM ticket WHERE number = ?", (number,)).get
    await outlet.do(BindCustomer(ticket=ticket, customer="c-1", tier=Tier.GOLD))
    with hall.branch.db.reader() as connection:
        assert connection.execute("SELECT tier, customer FROM ticket WHERE id = ?", (ticket,)).fetchone() == ("normal", "c-1")
    await hall.next()
    with pytest.raises(Rejected, match="call_again_first"):
        await outlet.do(MarkNoShow(counter="counter-1", staff="1001"))
    with pytest.raises(Rejected, match="held_by_policy"):
        await outlet.do(SetBookingRules(rules=BookingRules(early_min=10)))
    await outlet.do(SetBookingRules(rules=BookingRules(early_min=60, late_min=5)))
    with hall.branch.db.reader() as connection:
        assert appointment_views.rules(connection).late_min == 5


async def test_what_was_said_is_remembered_only_as_long_as_it_holds(outlet: Outlet) -> None:
    """Effective values are memoised by what was said: a change is seen by the very next reader."""
    for version, value in enumerate((5, 6, 5), 1):
        await outlet.publish("head_office", version, {N.name: value})
        assert outlet.hall.rule_now().thresholds[Tier.NORMAL].count == value


async def test_what_is_no_value_is_refused(outlet: Outlet) -> None:
    for policy, value, code in (
        (N.name, 0, "invalid_policy_value"),
        (N.name, "many", "invalid_policy_value"),
        ("queue.kiosk_hours", {"workday": {"from": "17:00", "to": "09:00"}}, "invalid_policy_value"),
        ("queue.nothing", 1, "unknown_policy"),
    ):
        with pytest.raises(Rejected, match=code):
            await outlet.set(policy, value)
    assert (await outlet.set("queue.remote_refused_days", 30)).held_by == "region"


def day_classes(outlet: Outlet, *days: str) -> list[str]:
    with outlet.hall.branch.db.reader() as connection:
        calendar = ruling.calendar(connection)
    return [class_of(date.fromisoformat(day), calendar).value for day in days]


DAYS = ("2026-10-01", "2026-10-03", "2026-10-10", "2026-10-08")
"""National Day, a Saturday of its week, a Saturday that is worked for it, and the first day back."""


async def test_s05_the_states_calendar_is_known_without_being_told(outlet: Outlet) -> None:
    assert day_classes(outlet, *DAYS) == ["holiday", "holiday", "workday", "workday"]


async def test_s05_head_offices_calendar_is_the_rule_and_the_outlet_may_differ(outlet: Outlet) -> None:
    """Head office works through the week of National Day; the outlet is closed on the 8th for a day of its own."""
    await outlet.publish("head_office", 1, {"queue.calendar": {"2026-10-01": "holiday"}})
    assert day_classes(outlet, *DAYS) == ["holiday", "weekend", "weekend", "workday"]
    await outlet.hall.calendar({"2026-10-01": DayClass.HOLIDAY, "2026-10-08": DayClass.HOLIDAY})
    await outlet.publish("head_office", 2, {"queue.calendar": {"2026-10-01": "holiday", "2026-10-10": "workday"}})
    assert day_classes(outlet, *DAYS) == ["holiday", "weekend", "workday", "holiday"]
    await outlet.hall.calendar({"2026-10-08": DayClass.HOLIDAY, "2026-10-10": DayClass.WORKDAY})
    assert day_classes(outlet, *DAYS) == ["workday", "weekend", "workday", "holiday"]
    await outlet.publish("head_office", 3, {"queue.calendar": {"value": {"2026-10-01": "holiday"}, "lock": True}})
    with pytest.raises(Rejected, match="held_by_policy"):
        await outlet.hall.calendar({})
    assert await outlet.publish("head_office", 4, {"queue.calendar": {"2026-02-30": "holiday"}}) == "invalid_policy_value"
    assert outlet.sound()
