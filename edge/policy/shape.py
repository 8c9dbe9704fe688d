"""How a page may ask for a value: the few shapes that have a field of their own; everything else is edited as JSON."""

import types
import typing
from typing import Any

import msgspec
from msgspec import inspect

from edge.policy.keys import Key


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a value looks like."""

    kind: str
    """`integer`, `switch`, a form that the key names, or `json`."""
    low: int | None = None
    high: int | None = None
    optional: bool = False
    """May be empty: no value, no bound."""


def shape_of(key: Key[Any]) -> Shape:
    optional = _is_optional(key.kind)
    found = inspect.type_info(key.kind)
    parts = found.types if isinstance(found, inspect.UnionType) else (found,)
    for one in parts:
        match one:
            case inspect.IntType(ge=low, le=high):
                return Shape(kind="integer", low=low, high=high, optional=optional)
            case inspect.BoolType():
                return Shape(kind="switch")
            case _:
                continue
    return Shape(kind=key.form or "json", optional=optional)


def _is_optional(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType) and type(None) in typing.get_args(kind)
