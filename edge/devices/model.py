"""The words of the devices room. How a device is, is telemetry; what people do to one is a fact."""

from typing import Annotated, ClassVar

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
