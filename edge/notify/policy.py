"""Policy keys of the messages to customers and to their advisers."""

from typing import Annotated, Any, Final, Literal

import msgspec

from edge.policy.keys import Key
from edge.queue.model import Language

REMIND_AHEAD: Final = Key[int](
    name="notify.remind_ahead",
    kind=Annotated[int, msgspec.Meta(ge=1, le=20)],
    default=3,
    zh="前面还剩几位时发短信提醒",
    en="People ahead when the reminder is sent",
    unit="people",
)
REMINDER_LATE_MIN: Final = Key[int](
    name="notify.reminder_late_min",
    kind=Annotated[int, msgspec.Meta(ge=1, le=60)],
    default=10,
    zh="提醒短信多久未发出即作废",
    en="A reminder that could not be sent for so long is dropped",
    unit="min",
)
ALERT_TIERS: Final = Key[tuple[str, ...]](
    name="notify.alert_tiers",
    kind=Annotated[tuple[Literal["gold", "normal"], ...], msgspec.Meta(max_length=2)],
    default=("gold",),
    zh="哪些级别的客户到店时短信告知其客户经理（空为都不发）",
    en="Tiers whose advisers get a text message when the customer comes in (empty: none)",
)
ALERT_LATE_MIN: Final = Key[int](
    name="notify.alert_late_min",
    kind=Annotated[int, msgspec.Meta(ge=1, le=60)],
    default=10,
    zh="到店短信多久未发出即作废",
    en="A message to an adviser that could not be sent for so long is dropped",
    unit="min",
)
ALERT_LANGUAGE: Final = Key[Language](
    name="notify.alert_language",
    kind=Language,
    default=Language.ZH,
    zh="发给客户经理的短信用哪种语言",
    en="Language of the messages to advisers",
)
KEYS: Final[tuple[Key[Any], ...]] = (REMIND_AHEAD, REMINDER_LATE_MIN, ALERT_TIERS, ALERT_LATE_MIN, ALERT_LANGUAGE)
