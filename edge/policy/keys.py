"""What a policy may be about: typed keys, and how the levels' values become one.

A room declares its keys beside the rules they govern, each with the default that holds where nobody has said anything. Levels
stand in one order, product default < 总行 < 分行 < 网点 < 临时 (S26), and a key says how a lower level's value meets
the ones above it:

* `replace`: the lowest level that says something wins. An atomic rule set is one value, so it is taken whole from one level.
* `merge_by_id`: a table of such values, each entry taken whole from the lowest level that has it.
* `min`, `max`: a bound. A lower level may tighten what is above it, never loosen it.

`lock` ends the argument: nothing below the level that set it counts, except what that level has granted to this outlet. So a
value can only be moved from above, whatever is tried below (the property tests call it a monotone lock).
"""

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")


class Level(enum.StrEnum):
    """Who has set a value, the highest first."""

    PRODUCT = "product"
    """The default that Branchbox ships with."""
    HEAD_OFFICE = "head_office"
    """总行."""
    REGION = "region"
    """分行."""
    OUTLET = "outlet"
    """网点."""
    TEMPORARY = "temporary"
    """临时: set at the outlet, until the end of the business day."""

    @property
    def rank(self) -> int:
        return _RANKS[self]

    def below(self, other: "Level") -> bool:
        return self.rank > other.rank


_RANKS: Final = {level: rank for rank, level in enumerate(Level)}
LOCAL: Final = (Level.OUTLET, Level.TEMPORARY)
"""Levels at which the outlet itself sets values."""


class Merge(enum.StrEnum):
    """How a lower level's value meets the one above it."""

    REPLACE = "replace"
    MERGE_BY_ID = "merge_by_id"
    MIN = "min"
    MAX = "max"


class Unacceptable(ValueError):
    """A value is not of the key's type, or out of its range; the text says where."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Key(Generic[T]):
    """One thing that can be set. There is one object of each, so that what it makes of a text can be remembered."""

    name: str
    """`room.thing`, the unit last."""
    kind: Any
    """The type of its values with their bounds, as msgspec understands it."""
    default: T
    zh: str
    en: str
    unit: str = ""
    merge: Merge = Merge.REPLACE
    lowest: Level = Level.TEMPORARY
    """The lowest level that may set it."""
    own_at: str = ""
    """Where an outlet sets what is its own, where that is no policy but a route; this key then speaks for upper levels only."""
    form: str = ""
    """The field a page has for it, where its type does not tell: `hours`."""
    check: Callable[[T], str] | None = None
    """Says what is wrong with a value of the right type; empty where nothing is."""

    def accept(self, raw: Any) -> T:
        """The value of plain JSON. Raises Unacceptable."""
        try:
            value: T = msgspec.convert(raw, self.kind, str_keys=True)
        except (msgspec.ValidationError, ValueError) as error:
            raise Unacceptable(str(error)) from error
        wrong = "" if self.check is None else self.check(value)
        if wrong:
            raise Unacceptable(wrong)
        return value

    def readable(self, raw: Any) -> bool:
        """Whether a stored value is still one: a later version may have narrowed the range."""
        try:
            self.accept(raw)
        except Unacceptable:
            return False
        return True


class Layer(NamedTuple):
    """What one level says about a key, in plain JSON."""

    level: Level
    value: Any
    lock: bool = False
    granted: bool = False
    """The level that holds the lock has allowed it to this outlet."""


class Effective(NamedTuple):
    """What holds, why, and who keeps others from changing it."""

    value: Any
    """In plain JSON."""
    level: Level
    """The lowest level that made it what it is."""
    locked_by: Level | None
    counted: tuple[Level, ...]
    """The levels that had a say; what the others said waits for a lock to go."""


def effective(key: Key[Any], layers: Iterable[Layer]) -> Effective:
    """What holds. Pure; the order in which `layers` come does not matter."""
    held = Effective(msgspec.to_builtins(key.default, str_keys=True), Level.PRODUCT, None, ())
    for layer in sorted(layers, key=lambda layer: layer.level.rank):
        if (held.locked_by is not None and not layer.granted) or not key.readable(layer.value):
            continue
        if layer.level.below(key.lowest) and not layer.granted:
            continue
        value = layer.value if layer.granted else _met(key.merge, held, layer.value)
        moved = key.merge is Merge.REPLACE or layer.granted or value != held.value or not held.counted
        origin = layer.level if moved else held.level
        locked_by = layer.level if layer.lock else held.locked_by
        held = Effective(value, origin, locked_by, (*held.counted, layer.level))
    return held


def refused_by(key: Key[Any], layers: Iterable[Layer], level: Level, value: Any) -> Level | None:
    """The level that does not let `level` set `value`; None where it may."""
    if level.below(key.lowest):
        return key.lowest
    above = effective(key, [layer for layer in layers if level.below(layer.level) and not layer.granted])
    if above.locked_by is not None:
        return above.locked_by
    loosens = bool(above.counted) and _met(key.merge, above, value) != value and key.merge in (Merge.MIN, Merge.MAX)
    return above.level if loosens else None


def _met(merge: Merge, above: Effective, value: Any) -> Any:
    if not above.counted and merge is not Merge.MERGE_BY_ID:
        return value  # the default is nobody's word: it bounds nothing
    match merge:
        case Merge.REPLACE:
            return value
        case Merge.MERGE_BY_ID:
            return {**above.value, **value}
        case Merge.MIN:
            return _tighter(above.value, value, min)
        case Merge.MAX:
            return _tighter(above.value, value, max)


def _tighter(above: Any, value: Any, pick: Callable[[Any, Any], Any]) -> Any:
    """No value is no bound."""
    if above is None or value is None:
        return above if value is None else value
    return pick(above, value)


class Catalogue(Mapping[str, Key[Any]]):
    """Every key of every room, by name."""

    def __init__(self, *groups: Sequence[Key[Any]]) -> None:
        self._keys = {key.name: key for group in groups for key in group}
        if len(self._keys) != sum(len(group) for group in groups):
            raise ValueError("two policy keys have one name")

    def __getitem__(self, name: str) -> Key[Any]:
        return self._keys[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
