"""Which services there are, for which tiers, and at what fee."""

from typing import Annotated, Any, Final

import msgspec

from edge.policy.keys import Key, Merge
from edge.vip_services.model import Kind, Offer

OFFERS: Final = Key[dict[Kind, Offer]](
    name="vip_services.offers",
    kind=Annotated[dict[Kind, Offer], msgspec.Meta(max_length=len(Kind))],
    default={},
    zh="贵宾增值服务：适用级别与费用（分）；没有列出的不提供",
    en="Services for important customers: tiers and fee in fen; what is not listed is not offered",
    merge=Merge.MERGE_BY_ID,
)
KEYS: Final[tuple[Key[Any], ...]] = (OFFERS,)
