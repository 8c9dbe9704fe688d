"""The words of the devices room. What people do to a device is a fact; of how it is, only what lasts (`conditions.py`)."""

from typing import Annotated, ClassVar, Final, Literal

import msgspec

from edge.kernel.domain import Command, Event

DeviceName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class OpenTrace(Command, frozen=True, kw_only=True):
    """Look at the frames between a device and its driver, for a while."""

    NAME: ClassVar[str] = "devices.open_trace"
    device: DeviceName


class RecordTest(Command, frozen=True, kw_only=True):
    """Somebody had a device tested; this came of it."""

    NAME: ClassVar[str] = "devices.record_test"
    device: DeviceName
    outcome: str


class RecordMove(Command, frozen=True, kw_only=True):
    """Somebody said at which socket of the box a device hangs from now on: a machine was replaced, or plugged in elsewhere."""

    NAME: ClassVar[str] = "devices.record_move"
    device: DeviceName
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    before: Annotated[str, msgspec.Meta(max_length=500)]
    """Where it hung until now."""


class TraceOpened(Event, frozen=True, kw_only=True):
    """Somebody looked at a device's frames."""

    TYPE: ClassVar[str] = "devices.trace_opened.v1"
    device: str

    def entity(self) -> str:
        return self.device


class DeviceTested(Event, frozen=True, kw_only=True):
    """Somebody had a device do its test."""

    TYPE: ClassVar[str] = "devices.device_tested.v1"
    device: str
    outcome: str
    """`done`, `held`, `unknown`, `cleared`."""

    def entity(self) -> str:
        return self.device


class DeviceMoved(Event, frozen=True, kw_only=True):
    """Somebody bound a device to another socket of the box."""

    TYPE: ClassVar[str] = "devices.device_moved.v1"
    device: str
    address: str
    before: str

    def entity(self) -> str:
        return self.device


Stands = Literal["ready", "needs_help", "away", "removed"]
"""How a device stands, as people care for it: it works, a person at it can put it right, it does not work, it is configured no
more."""
DEVICES_MAX: Final = 200


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How one device stands."""

    device: str
    family: str
    model: str
    state: Stands
    error: str | None = None


class DeviceDay(msgspec.Struct, frozen=True, kw_only=True):
    """What one device went through on one day."""

    device: str
    family: str
    model: str
    ready_s: int
    away_s: int
    commands: int
    failures: int
    connections: int
    noise: int
    """Byte runs that no message explains: a bad cable, or another model than the profile's."""
    last_error: str | None = None


class NoteConditions(Command, frozen=True, kw_only=True):
    """These devices have stood like this for a while; those are all that there are."""

    NAME: ClassVar[str] = "devices.note_conditions"
    conditions: tuple[Condition, ...]
    present: tuple[str, ...]


class SumDay(Command, frozen=True, kw_only=True):
    """A day is over; this is how its devices were."""

    NAME: ClassVar[str] = "devices.sum_day"
    day: str
    devices: Annotated[tuple[DeviceDay, ...], msgspec.Meta(max_length=DEVICES_MAX)]


class ConditionChanged(Event, frozen=True, kw_only=True):
    """A device went away, came back, or waits for somebody's hand, and has stayed so."""

    TYPE: ClassVar[str] = "devices.condition_changed.v1"
    device: str
    family: str
    model: str
    state: Stands
    error: str | None = None
    """Why, where that is known: the key of a text."""

    def entity(self) -> str:
        return self.device


class DaySummed(Event, frozen=True, kw_only=True):
    """How every device was on a day that is over."""

    TYPE: ClassVar[str] = "devices.day_summed.v1"
    day: str
    devices: tuple[DeviceDay, ...]
