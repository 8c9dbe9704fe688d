"""Policy keys of the reminders."""

from typing import Annotated, Any, Final

import msgspec

from edge.policy.keys import Key

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
KEYS: Final[tuple[Key[Any], ...]] = (REMIND_AHEAD, REMINDER_LATE_MIN)
