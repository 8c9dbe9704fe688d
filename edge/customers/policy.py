"""Policy keys of who may see what of a customer, and for how long the branch's copy is good."""

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
INDEX_USABLE_DAYS: Final = Key[int](
    name="customers.index_usable_days",
    kind=Annotated[int, msgspec.Meta(ge=1, le=365)],
    default=30,
    zh="客户识别资料未经总行更新，多少天后停用",
    en="Days without news from head office after which a customer is no longer recognised",
    unit="days",
    merge=Merge.MIN,
)
INDEX_KEPT_DAYS: Final = Key[int](
    name="customers.index_kept_days",
    kind=Annotated[int, msgspec.Meta(ge=1, le=365)],
    default=90,
    zh="客户识别资料未经总行更新，多少天后删除",
    en="Days without news from head office after which a customer is deleted from the branch's copy",
    unit="days",
    merge=Merge.MIN,
)
"""Reference lobby §4 for both defaults."""
KEYS: Final[tuple[Key[Any], ...]] = (UNMASKED_PER_DAY, INDEX_USABLE_DAYS, INDEX_KEPT_DAYS)
