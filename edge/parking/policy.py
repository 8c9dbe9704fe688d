"""The car park's bays and times."""

from typing import Any, Final

from edge.parking.model import CarPark
from edge.policy.keys import Key

CAR_PARK: Final = Key[CarPark](
    name="parking.car_park",
    kind=CarPark,
    default=CarPark(),
    zh="停车场：车位、保留时间、未预约车辆如何处理；没有车位即不提供",
    en="The car park: bays, how long they are held, what happens to unannounced cars; without bays there is none",
)
KEYS: Final[tuple[Key[Any], ...]] = (CAR_PARK,)
