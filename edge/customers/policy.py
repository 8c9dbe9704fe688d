"""Policy keys of who may see what of a customer."""

from typing import Annotated, Any, Final

import msgspec

from edge.policy.keys import Key, Merge

UNMASKED_PER_DAY_MAX: Final = 20
"""Reference lobby §4; a level can only ask for fewer."""
UNMASKED_PER_DAY: Final = Key[int](
    name="customers.unmasked_per_day",
    kind=Annotated[int, msgspec.Meta(ge=0, le=UNMASKED_PER_DAY_MAX)],
    default=UNMASKED_PER_DAY_MAX,
    zh="每位员工每天可查看完整客户信息的次数",
    en="Times a day that a member of staff may see a customer's data unmasked",
    unit="times",
    merge=Merge.MIN,
)
KEYS: Final[tuple[Key[Any], ...]] = (UNMASKED_PER_DAY,)
