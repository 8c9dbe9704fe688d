"""Policy keys of the teller's desk: reasons to pause, outcomes of a service, calling without being asked."""

from typing import Annotated, Any, Final

import msgspec

from edge.kernel.db import Connection
from edge.policy import tables as policy
from edge.policy.keys import Key, Merge
from edge.queue.policy import COUNTERS_MAX, EVERY_COUNTER, CounterId

CHOICES_MAX: Final = 12
EVERY_SERVICE: Final = "*"
SERVICES_MAX: Final = 40
Code = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
ServiceId = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9][a-z0-9_-]{0,31})$")]


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of a list that a teller picks from."""

    code: Code
    zh: Words
    en: Words


Options = Annotated[tuple[Option, ...], msgspec.Meta(max_length=CHOICES_MAX)]


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a service may end with."""

    needed: bool = False
    """A service cannot end without one of these."""
    choices: Options = ()

    def __post_init__(self) -> None:
        if self.needed and not self.choices:
            raise ValueError("an outcome is needed and none can be chosen")

    def refuses(self, outcome: str) -> bool:
        return self.needed and outcome not in {one.code for one in self.choices}


NO_OUTCOMES: Final = Outcomes()

_OUTCOMES: Final = (
    Option("done", "已办结", "Done"),
    Option("come_back", "改日再来", "Has to come back"),
    Option("papers_missing", "资料不全", "Papers missing"),
    Option("advice_only", "仅咨询", "Advice only"),
    Option("other_channel", "转手机或自助办理", "Phone or self-service"),
)
_PAUSES: Final = (
    Option("lunch", "用餐", "Lunch"),
    Option("short_break", "短暂离开", "Short break"),
    Option("cash", "调款、清点", "Fetching cash"),
    Option("paperwork", "后台业务", "Paperwork"),
    Option("training", "会议、培训", "Meeting or training"),
)

PAUSE_REASONS: Final = Key[tuple[Option, ...]](
    name="queue.pause_reasons",
    kind=Options,
    default=_PAUSES,
    zh="暂停服务的原因",
    en="Reasons to pause",
)
PAUSE_REASON_NEEDED: Final = Key[bool](
    name="queue.pause_reason_needed",
    kind=bool,
    default=False,
    zh="暂停服务必须选择原因",
    en="A pause needs one of the reasons",
)
OUTCOMES: Final = Key[dict[str, Outcomes]](
    name="queue.outcomes",
    kind=Annotated[dict[ServiceId, Outcomes], msgspec.Meta(max_length=SERVICES_MAX)],
    default={EVERY_SERVICE: Outcomes(choices=_OUTCOMES)},
    zh="各业务的办理结果（* 为全部业务；可设为必选）",
    en="Outcomes by service (* is every service; needed: none ends without)",
    merge=Merge.MERGE_BY_ID,
)
AUTO_CALL: Final = Key[dict[str, bool]](
    name="queue.auto_call",
    kind=Annotated[dict[CounterId, bool], msgspec.Meta(max_length=COUNTERS_MAX)],
    default={},
    zh="空闲时自动叫号（按窗口；* 为全部窗口）",
    en="Call the next by itself when idle (by counter; * is every counter)",
    merge=Merge.MERGE_BY_ID,
)
WRAP_UP_S: Final = Key[int](
    name="queue.wrap_up_s",
    kind=Annotated[int, msgspec.Meta(ge=0, le=900)],
    default=0,
    zh="办结后的整理时间（其间不自动叫号）",
    en="Time to wrap up after a service, in which nobody is called by itself",
    unit="s",
)

SERVED_AFTER_S: Final = Key[int](
    name="queue.served_after_s",
    kind=Annotated[int, msgspec.Meta(ge=0, le=3600)],
    default=30,
    zh="仅呼叫未点开始办理时按“下一位”：呼叫后不足此时间记过号，超过记已办",
    en="Next with somebody only called: sooner after the call than this they did not come, later they were served",
    unit="s",
)
"""Walking from the hall to a counter alone takes 23 to 35 s (reference on queues, QLess)."""
RECALLS_UNANSWERED: Final = Key[int | None](
    name="queue.recalls_unanswered",
    kind=Annotated[int, msgspec.Meta(ge=1, le=20)] | None,
    default=3,
    zh="重呼几次仍无人应答自动过号（空为不自动）",
    en="Recalls without an answer until a ticket counts as not there by itself (empty: never)",
    unit="times",
)
UNANSWERED_S: Final = Key[int](
    name="queue.unanswered_s",
    kind=Annotated[int, msgspec.Meta(ge=10, le=900)],
    default=60,
    zh="最后一次重呼后等待多久自动过号",
    en="How long after the last of these recalls",
    unit="s",
)

KEYS: Final[tuple[Key[Any], ...]] = (
    PAUSE_REASONS,
    PAUSE_REASON_NEEDED,
    OUTCOMES,
    AUTO_CALL,
    WRAP_UP_S,
    SERVED_AFTER_S,
    RECALLS_UNANSWERED,
    UNANSWERED_S,
)


def outcomes_of(connection: Connection, service: str) -> Outcomes:
    by_service = policy.read(connection, OUTCOMES)
    return by_service.get(service) or by_service.get(EVERY_SERVICE) or NO_OUTCOMES


def auto_call(connection: Connection, counter: str) -> bool:
    by_counter = policy.read(connection, AUTO_CALL)
    return by_counter.get(counter, by_counter.get(EVERY_COUNTER, False))


def refuses_pause(connection: Connection, reason: str) -> bool:
    """Whether a pause for `reason` needs another one."""
    if not policy.read(connection, PAUSE_REASON_NEEDED):
        return False
    return reason not in {one.code for one in policy.read(connection, PAUSE_REASONS)}
