"""Policy keys of how long something is kept; those of the recognition index are in `customers`."""

from typing import Annotated, Any, Final

import msgspec

from edge.policy.keys import Key, Merge

VISIT_CONTACT_DAYS: Final = Key[int](
    name="retention.visit_contact_days",
    kind=Annotated[int, msgspec.Meta(ge=0, le=90)],
    default=7,
    zh="为一次到访留下的手机号，到访后多少天删除",
    en="Days after a visit until the phone number given for it is deleted",
    unit="days",
    merge=Merge.MIN,
)
"""Reference lobby §4."""
RATING_COMMENT_DAYS: Final = Key[int](
    name="retention.rating_comment_days",
    kind=Annotated[int, msgspec.Meta(ge=0, le=730)],
    default=180,
    zh="客户评价时写下的文字，多少天后删除（评分保留）",
    en="Days until what a customer wrote with a rating is deleted (the score stays)",
    unit="days",
    merge=Merge.MIN,
)
"""Long enough to answer a complaint; words may name anybody."""
KEYS: Final[tuple[Key[Any], ...]] = (VISIT_CONTACT_DAYS, RATING_COMMENT_DAYS)
