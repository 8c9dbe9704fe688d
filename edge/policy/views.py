"""How a key is told to people: what every level says, what holds, who made it so, and who keeps it so.

Pure, and so good for head office too, which says it of a branch without asking it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from edge.policy.keys import LOCAL, Key, Layer, Level, effective, refused_by
from edge.policy.shape import Shape, shape_of


class LayerView(msgspec.Struct, frozen=True, kw_only=True):
    """What one level says."""

    level: str
    value: Any
    lock: bool
    granted: bool
    counts: bool
    """Whether it has a say, or waits for a lock to go."""


class RequestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A wish that a higher level was asked for."""

    id: str
    policy: str
    value: Any
    held_by: str
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    answered_by: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key: what holds, who made it so, and who keeps it so."""

    policy: str
    zh: str
    en: str
    unit: str
    shape: Shape
    merge: str
    own_at: str
    """Where an outlet sets what is its own, where not here: a route."""
    value: Any
    default: Any
    level: str
    locked_by: str | None
    may_set: bool
    """Whether this outlet may change it at all; a bound may still refuse a value."""
    layers: list[LayerView]
    request: RequestView | None
    """The newest wish for it."""


def key_view(key: Key[Any], layers: Sequence[Layer], request: RequestView | None = None) -> KeyView:
    held = effective(key, layers)
    upper = [layer for layer in layers if layer.level not in LOCAL]
    locked_by = held.locked_by or (key.lowest if Level.OUTLET.below(key.lowest) else None)
    return KeyView(
        policy=key.name,
        zh=key.zh,
        en=key.en,
        unit=key.unit,
        shape=shape_of(key),
        merge=key.merge,
        own_at=key.own_at,
        value=held.value,
        default=msgspec.to_builtins(key.default, str_keys=True),
        level=held.level,
        locked_by=locked_by,
        may_set=refused_by(key, upper, Level.OUTLET, effective(key, upper).value) is None,
        layers=[
            LayerView(level=one.level, value=one.value, lock=one.lock, granted=one.granted, counts=one.level in held.counted)
            for one in sorted(layers, key=lambda layer: layer.level.rank)
        ],
        request=request,
    )
