"""The queue's policy keys: what a bank sets for all its branches, a region for its own, an outlet for itself.

Their defaults are what the branch does where nobody has said anything. A threshold that is set here is a bound for every rule
of every counter: a rule may promote earlier, never later (S26).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec

from edge.kernel.db import Connection
from edge.policy import tables as policy
from edge.policy.keys import Effective, Key, Level, Merge
from edge.queue.call_rules import NO_RULES, Calendar, CallRules, Clock, DayClass, Schedule, class_of, conflicts
from edge.queue.model import Tier
from edge.queue.rules import Rule, Threshold

Seconds = Annotated[int, msgspec.Meta(ge=60, le=14_400)]
People = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Times = Annotated[int, msgspec.Meta(ge=1, le=20)]
CounterId = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9][a-z0-9_-]{0,31})$")]
ServiceId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
DAYS_MAX: Final = 800
EVERY_COUNTER: Final = "*"
COUNTERS_MAX: Final = 60
SERVICES_MAX: Final = 40

_TIERS: Final = {
    Tier.PRIORITY: ("优先", "priority"),
    Tier.GOLD: ("金卡", "gold"),
    Tier.NORMAL: ("普卡", "normal"),
}
_TARGETS_S: Final = {Tier.PRIORITY: 600, Tier.GOLD: 600, Tier.NORMAL: 1800}


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"opens": "from", "closes": "to"}):
    """A span of a day, half-open."""

    opens: Clock
    closes: Clock

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("a day's hours end after they begin")


def _rules_agree(rules: dict[str, CallRules]) -> str:
    for counter, one in rules.items():
        for left, right in conflicts(one.schedules):
            return f"{counter}: {left} and {right} claim the same time"
    return ""


TARGET_S: Final = {
    tier: Key[int](
        name=f"queue.target.{tier}_s",
        kind=Seconds,
        default=_TARGETS_S[tier],
        zh=f"{zh}等候目标",
        en=f"Waiting target, {en}",
        unit="s",
    )
    for tier, (zh, en) in _TIERS.items()
}
PROMOTE_WAIT_S: Final = {
    tier: Key[int | None](
        name=f"queue.promote.{tier}_wait_s",
        kind=Seconds | None,
        default=None,
        zh=f"{zh}等待时间阀值 T（超过即优先）",
        en=f"Waiting-time threshold T, {en}",
        unit="s",
        merge=Merge.MIN,
    )
    for tier, (zh, en) in _TIERS.items()
}
PROMOTE_COUNT: Final = {
    tier: Key[int | None](
        name=f"queue.promote.{tier}_count",
        kind=People | None,
        default=None,
        zh=f"{zh}等待人数阀值 N（超过即优先）",
        en=f"Head-count threshold N, {en}",
        unit="people",
    )
    for tier, (zh, en) in _TIERS.items()
}
PROMOTE: Final = {
    (what, tier): key for what, keys in (("wait_s", PROMOTE_WAIT_S), ("count", PROMOTE_COUNT)) for tier, key in keys.items()
}
CALL_RULES: Final = Key[dict[str, CallRules]](
    name="queue.call_rules",
    kind=Annotated[dict[CounterId, CallRules], msgspec.Meta(max_length=COUNTERS_MAX)],
    default={},
    zh="各窗口叫号规则（* 为全部窗口；每个窗口整套取自一级）",
    en="Call rules by counter (* is every counter; each set is taken whole from one level)",
    merge=Merge.MERGE_BY_ID,
    lowest=Level.REGION,
    own_at="/api/call-rules/{counter}",
    check=_rules_agree,
)
CALENDAR: Final = Key[dict[date, DayClass]](
    name="queue.calendar",
    kind=Annotated[dict[date, DayClass], msgspec.Meta(max_length=DAYS_MAX)],
    default={},
    zh="工作日历（节假日与调休上班日）",
    en="Work calendar (holidays, and weekends that are worked)",
    merge=Merge.MERGE_BY_ID,
    lowest=Level.REGION,
    own_at="/api/calendar",
)
RECLASS_ON_BIND: Final = Key[bool](
    name="queue.reclass_on_bind",
    kind=bool,
    default=True,
    zh="识别客户后按等级重新排队",
    en="Whoever turns out to be known moves to the queue of their tier",
)
TAKE_OVER: Final = Key[bool](
    name="queue.take_over",
    kind=bool,
    default=True,
    zh="窗口关闭后其独办的业务由其他窗口接办",
    en="Counters take over what only a window served that has closed",
)
CALLS_BEFORE_NO_SHOW: Final = Key[int](
    name="queue.calls_before_no_show",
    kind=Times,
    default=1,
    zh="过号前至少呼叫次数",
    en="Calls before a customer may be marked as not there",
    unit="times",
)
CALLS_MAX: Final = Key[int](
    name="queue.calls_max",
    kind=Annotated[int, msgspec.Meta(ge=1, le=100)],
    default=20,
    zh="同一号码最多呼叫次数",
    en="Calls of one ticket at the most",
    unit="times",
)
RATING_WITHIN_S: Final = Key[int | None](
    name="queue.rating_within_s",
    kind=Annotated[int, msgspec.Meta(ge=10, le=86_400)] | None,
    default=None,
    zh="办结后多久内可以评价（空为不限）",
    en="How long after the end a service can be rated (empty: no end)",
    unit="s",
)
HAND_REASON_NEEDED: Final = Key[bool](
    name="queue.hand_reason_needed",
    kind=bool,
    default=True,
    zh="大堂转移排队中的号码须填原因",
    en="Transferring a ticket that waits, from the hall, needs a reason",
)
"""A teller at a counter is not asked: their work is not the hall's (S21)."""
REQUEUE_BEHIND: Final = Key[int](
    name="queue.requeue_behind",
    kind=Annotated[int, msgspec.Meta(ge=1, le=50)],
    default=3,
    zh="过号重排在几位之后",
    en="A missed ticket waits behind so many",
    unit="people",
)
REMOTE_KEPT_MIN: Final = Key[int](
    name="queue.remote_kept_min",
    kind=Annotated[int, msgspec.Meta(ge=1, le=240)],
    default=30,
    zh="远程号过号后保留时间",
    en="How long a remote ticket is kept after its turn passed",
    unit="min",
)
REMOTE_LATE_BEHIND: Final = Key[int](
    name="queue.remote_late_behind",
    kind=Annotated[int, msgspec.Meta(ge=1, le=50)],
    default=2,
    zh="远程号迟到后排在几位之后",
    en="Who comes after their remote turn waits behind so many",
    unit="people",
)
REMOTE_UNUSED_MAX: Final = Key[int](
    name="queue.remote_unused_max",
    kind=Annotated[int, msgspec.Meta(ge=1, le=20)],
    default=3,
    zh="三十天内远程爽约几次后暂停远程取号",
    en="Unused remote tickets in thirty days until there are none for a while",
    unit="times",
    lowest=Level.REGION,
)
REMOTE_REFUSED_DAYS: Final = Key[int](
    name="queue.remote_refused_days",
    kind=Annotated[int, msgspec.Meta(ge=1, le=90)],
    default=7,
    zh="暂停远程取号天数",
    en="For how many days there are then no remote tickets",
    unit="days",
    lowest=Level.REGION,
)
OPENING_HOURS: Final = Key[dict[DayClass, Hours]](
    name="queue.opening_hours",
    kind=dict[DayClass, Hours],
    default={},
    zh="网点营业时间（按日期类型；空为不考核迟到早退）",
    en="When the branch is open, by class of day (empty: nobody is late or leaves early)",
    form="hours",
    merge=Merge.MERGE_BY_ID,
)
KIOSK_HOURS: Final = Key[dict[DayClass, Hours]](
    name="queue.kiosk_hours",
    kind=dict[DayClass, Hours],
    default={},
    zh="排队机取号时间（按日期类型；空为不限）",
    en="When the kiosk gives numbers, by class of day (empty: always)",
    form="hours",
    merge=Merge.MERGE_BY_ID,
)
MORE_TIME_BEHIND: Final = Key[int](
    name="queue.more_time_behind",
    kind=Annotated[int, msgspec.Meta(ge=1, le=20)],
    default=3,
    zh="客户在手机上要求晚点再叫时，让几位先办",
    en="People who go first when a customer asks for more time on the phone",
    unit="people",
)
MORE_TIME_MAX: Final = Key[int](
    name="queue.more_time_max",
    kind=Annotated[int, msgspec.Meta(ge=0, le=5)],
    default=2,
    zh="每个号最多可要求晚点再叫的次数（0 为不提供）",
    en="Times a visit that a customer may ask for more time (0: not offered)",
    unit="times",
)
MACHINES: Final = Key[int](
    name="queue.self_service_machines",
    kind=Annotated[int, msgspec.Meta(ge=0, le=50)],
    default=0,
    zh="大堂自助机台数（0 为不引导）",
    en="Self-service machines in the hall (0: none is offered)",
    unit="machines",
)
MACHINE_SERVICES: Final = Key[tuple[str, ...]](
    name="queue.self_service_services",
    kind=Annotated[tuple[ServiceId, ...], msgspec.Meta(max_length=SERVICES_MAX)],
    default=(),
    zh="可在自助机办理的业务（业务编号）",
    en="Services that the machines do, by id",
)
MACHINE_STAY_S: Final = Key[int](
    name="queue.self_service_stay_s",
    kind=Annotated[int, msgspec.Meta(ge=30, le=3600)],
    default=300,
    zh="客户使用自助机一般多久（用于估计空闲台数）",
    en="How long a customer usually stays at a machine, to estimate how many are free",
    unit="s",
)

KEYS: Final[tuple[Key[Any], ...]] = (
    *TARGET_S.values(),
    *PROMOTE_WAIT_S.values(),
    *PROMOTE_COUNT.values(),
    CALL_RULES,
    CALENDAR,
    RECLASS_ON_BIND,
    TAKE_OVER,
    CALLS_BEFORE_NO_SHOW,
    CALLS_MAX,
    RATING_WITHIN_S,
    HAND_REASON_NEEDED,
    REQUEUE_BEHIND,
    REMOTE_KEPT_MIN,
    REMOTE_LATE_BEHIND,
    REMOTE_UNUSED_MAX,
    REMOTE_REFUSED_DAYS,
    OPENING_HOURS,
    KIOSK_HOURS,
    MORE_TIME_BEHIND,
    MORE_TIME_MAX,
    MACHINES,
    MACHINE_SERVICES,
    MACHINE_STAY_S,
)


# --- the counters' rules


class Bounds(msgspec.Struct, frozen=True):
    """What the thresholds of a rule must keep to."""

    wait_s: dict[Tier, int] = {}
    """Promoted after so long at the latest."""
    count: dict[Tier, int] = {}
    """Where the rule says nothing itself."""

    def govern(self, rules: CallRules) -> CallRules:
        """The rules as they are followed."""
        if not self.wait_s and not self.count:
            return rules
        schedules = tuple(_with_rule(one, self._govern(one.rule)) for one in rules.schedules)
        return CallRules(default=self._govern(rules.default), schedules=schedules)

    def _govern(self, rule: Rule) -> Rule:
        thresholds = dict(rule.thresholds)
        for tier in self.wait_s.keys() | self.count.keys():
            own = thresholds.get(tier, Threshold())
            waits = [wait_s for wait_s in (own.wait_s, self.wait_s.get(tier)) if wait_s is not None]
            count = self.count.get(tier) if own.count is None else own.count
            thresholds[tier] = msgspec.structs.replace(own, wait_s=min(waits, default=None), count=count)
        return msgspec.structs.replace(rule, thresholds=thresholds)


def _with_rule(schedule: Schedule, rule: Rule) -> Schedule:
    return msgspec.structs.replace(schedule, rule=rule)


def bounds(connection: Connection) -> Bounds:
    return bounds_of(policy.read_each(connection, PROMOTE))


def bounds_of(found: Mapping[tuple[str, Tier], int | None]) -> Bounds:
    """Of the values of `PROMOTE`."""
    said = {asked: value for asked, value in found.items() if value is not None}
    return Bounds(*({tier: value for (what, tier), value in said.items() if what == one} for one in ("wait_s", "count")))


class FromAbove(msgspec.Struct, frozen=True):
    """What upper levels say about one counter's rules."""

    rules: CallRules = NO_RULES
    level: Level = Level.PRODUCT
    locked: bool = False

    def beside(self, own: CallRules | None) -> CallRules:
        """What is followed where `own` was set here: it comes first, unless the level above has locked its own."""
        return self.rules if own is None or self.locked else own


NOTHING_ABOVE: Final = FromAbove()


def from_above(connection: Connection, counter: str) -> FromAbove:
    held, sets = policy.held(connection, CALL_RULES)
    return above_of(held, sets, counter)


def above_of(held: Effective, sets: Mapping[str, CallRules], counter: str) -> FromAbove:
    """Of the value of `CALL_RULES`, with its origin."""
    rules = sets.get(counter) or sets.get(EVERY_COUNTER)
    if rules is None:
        return NOTHING_ABOVE
    return FromAbove(rules, held.level, held.locked_by is not None)


def bank_calendar(connection: Connection) -> Calendar:
    """The days of the bank's own calendar."""
    return policy.read(connection, CALENDAR)


# --- the kiosk's hours


def kiosk_open(hours: dict[DayClass, Hours], now: datetime, calendar: Calendar) -> bool:
    """A class of day without hours is closed, unless none has any."""
    if not hours:
        return True
    today = hours.get(class_of(now.date(), calendar))
    return today is not None and today.opens <= f"{now:%H:%M}" < today.closes
