"""Policy keys of the slot book. What the branch has set as its booking parameters is what the outlet says about them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from edge.appointments.model import HORIZON_DAYS_MAX, BookingRules
from edge.kernel.db import Connection
from edge.policy import tables as policy
from edge.policy.keys import Key, Layer, Level, effective, refused_by

_USUAL: Final = BookingRules()
Minutes = Annotated[int, msgspec.Meta(ge=0, le=240)]

OF_RULES: Final[Mapping[str, Key[int]]] = {
    "early_min": Key[int](
        name="appointments.early_min",
        kind=Minutes,
        default=_USUAL.early_min,
        zh="预约最早提前签到",
        en="How early somebody with an appointment can sign in",
        unit="min",
    ),
    "late_min": Key[int](
        name="appointments.late_min",
        kind=Minutes,
        default=_USUAL.late_min,
        zh="预约最晚迟到",
        en="How late somebody with an appointment keeps the place",
        unit="min",
    ),
    "horizon_days": Key[int](
        name="appointments.horizon_days",
        kind=Annotated[int, msgspec.Meta(ge=0, le=HORIZON_DAYS_MAX)],
        default=_USUAL.horizon_days,
        zh="可提前预约天数",
        en="How far ahead may be booked",
        unit="days",
    ),
    "notice_days": Key[int](
        name="appointments.notice_days",
        kind=Annotated[int, msgspec.Meta(ge=0, le=20)],
        default=_USUAL.notice_days,
        zh="大额取现备款工作日",
        en="Working days that ordering cash takes",
        unit="days",
    ),
}
"""By the field of `BookingRules`."""
KEYS: Final[tuple[Key[Any], ...]] = tuple(OF_RULES.values())


def in_effect(connection: Connection, own: BookingRules | None) -> BookingRules:
    """The parameters as they hold: what was set here, within what the upper levels allow."""
    held = {field: effective(key, _layers(connection, key, field, own)).value for field, key in OF_RULES.items()}
    return msgspec.structs.replace(own or _USUAL, **held)


def _layers(connection: Connection, key: Key[int], field: str, own: BookingRules | None) -> list[Layer]:
    said = policy.layers(connection, key.name)
    if own is None or any(layer.level is Level.OUTLET for layer in said):
        return said
    return [*said, Layer(Level.OUTLET, getattr(own, field))]


def held_above(connection: Connection, wished: BookingRules, now: BookingRules) -> tuple[str, Level] | None:
    """The first parameter that an upper level does not let the outlet change, and that level."""
    for field, key in OF_RULES.items():
        value = getattr(wished, field)
        holder = refused_by(key, policy.layers(connection, key.name), Level.OUTLET, value)
        if value != getattr(now, field) and holder is not None:
            return key.name, holder
    return None
