"""Joins the driver floor with the branch: status to the screens, trouble to the notices, printers to the queue.

A device's status is telemetry: it is shown at once and not journalled. What of it lasts becomes a fact (`conditions.py`).
"""

from collections.abc import Callable
from typing import Final

import msgspec

from drivers.api import Device, DeviceStatus, ErrorCode, PaperStatus
from drivers.profiles import Profile
from drivers.registry import DeviceConfig
from drivers.supervisor import DeviceView, Supervisor, UnknownDevice
from edge.devices.conditions import stands
from edge.devices.health import Sample
from edge.devices.model import Condition
from edge.devices.places import Places
from edge.notify.notices import NoticeBoard, Severity

TOPIC: Final = "devices"
KIND: Final = "devices.status"

NOTICES: Final[dict[ErrorCode, str]] = {
    ErrorCode.PAPER_OUT: "printer_paper_out",
    ErrorCode.COVER_OPEN: "printer_cover_open",
    ErrorCode.PAPER_JAMMED: "printer_jammed",
}
"""Troubles that a person at the device can end; every other one is `device_unavailable`."""
PAPER_LOW: Final = "printer_paper_low"
UNAVAILABLE: Final = "device_unavailable"
READY: Final = frozenset({DeviceStatus.ONLINE, DeviceStatus.DEVICE_BUSY, DeviceStatus.STARTING})


class Floor:
    """The devices of this branch."""

    def __init__(self, notices: NoticeBoard) -> None:
        self._notices = notices
        self.fleet: Supervisor | None = None
        self.places: Places | None = None
        """What is plugged into the box; None in safe mode."""
        self.publish: Callable[[str, str, bytes, str], None] | None = None
        """Shows a state on the live feed: topic, kind, body, key."""
        self.usable: Callable[[str], None] | None = None
        """Told of a device that can be used: what waits for it should be tried now."""

    def device(self, device_id: str) -> Device:
        """Raises UnknownDevice."""
        return self._fleet().device(device_id)

    def view(self, device_id: str) -> DeviceView:
        """Raises UnknownDevice."""
        return self._fleet().view(device_id)

    def configured(self, device_id: str) -> tuple[DeviceConfig, Profile]:
        """How a device came to be here. Raises UnknownDevice."""
        if self.places is None:
            raise UnknownDevice(device_id)
        return self.places.configured(device_id)

    def samples(self) -> list[Sample]:
        """Every device for the health log."""
        return [
            Sample(view.id, view.device, view.message_code and view.message_code.value, self.device(view.id).counts)
            for view in self.views()
        ]

    def conditions(self) -> list[Condition]:
        """How every device stands now."""
        return [
            Condition(
                device=view.id,
                family=view.family,
                model=view.model,
                state=stands(view.device),
                error=None if stands(view.device) == "ready" or view.message_code is None else view.message_code.value,
            )
            for view in self.views()
        ]

    def of_family(self, family: str) -> list[Device]:
        """The devices of one family, those that can be used first."""
        found = sorted((view for view in self.views() if view.family == family), key=lambda view: view.device not in READY)
        return [self.device(view.id) for view in found]

    def views(self) -> list[DeviceView]:
        return [] if self.fleet is None else self.fleet.devices()

    async def changed(self, view: DeviceView) -> None:
        """A device's status changed: show it, post or take down its notice, try again what waited for it."""
        if self.publish is not None:
            self.publish(TOPIC, KIND, msgspec.json.encode(view), view.id)
        self._note(view)
        if view.device in READY and view.paper is not PaperStatus.OUT and self.usable is not None:
            self.usable(view.id)

    def _fleet(self) -> Supervisor:
        if self.fleet is None:
            raise UnknownDevice
        return self.fleet

    def _note(self, view: DeviceView) -> None:
        wanted = self._notice_of(view)
        for code in (*NOTICES.values(), PAPER_LOW, UNAVAILABLE):
            if code != wanted:
                self._notices.take_down(code, about=view.id)
        if wanted is not None:
            severity = Severity.INFO if wanted == PAPER_LOW else Severity.WARNING
            self._notices.put_up(wanted, severity, about=view.id, device=view.id)

    def _notice_of(self, view: DeviceView) -> str | None:
        if view.message_code is not None and view.message_code in NOTICES:
            return NOTICES[view.message_code]
        if view.device not in READY:
            return UNAVAILABLE
        return PAPER_LOW if view.paper is PaperStatus.LOW else None
