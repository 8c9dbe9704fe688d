"""Keeps every device of the branch connected, and keeps one bad device from hurting the rest.

* Each device has one task: open, wait for the loss, open again. Between two attempts it waits half a second, then twice
  as long each time up to half a minute, with jitter, so that a power cut does not make all devices knock at once. A
  connection that held for a minute starts the ladder afresh.
* A device that is absent is normal and tried for ever. A *driver* that fails (a bug of ours) is not: past a few failures
  within ten minutes it is put in quarantine, rests, and is tried once more.
* Becoming unavailable is logged once, with the reason; so is coming back. Attempts in between are silent.
* Status changes are handed to one asynchronous listener, always the newest state of a device and never two at a time. A
  slow listener delays nobody and sees the last state, not every flicker.

* A device whose place has just been plugged in (`drivers.discovery`) is tried at once; one that has been bound to another
  place is replaced whole. Devices themselves come from configuration and stay.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec
import structlog

from drivers.api import (
    Device,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Event,
    MediaStatus,
    PaperStatus,
    Status,
    StatusChanged,
    Supply,
)

DEVICES_MAX: Final = 200
BACKOFF_MIN_S: Final = 0.5
BACKOFF_MAX_S: Final = 30.0
JITTER: Final = 0.2
"""A wait is shortened by up to this part of it."""
HEALTHY_S: Final = 60.0
FAILURES_MAX: Final = 5
FAILURES_WINDOW_S: Final = 600.0
REST_S: Final = 600.0

Chance = Callable[[], float]
"""A number from 0 up to 1."""


class DeviceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device as people see it."""

    id: str
    family: str
    model: str
    device: DeviceStatus
    paper: PaperStatus | None = None
    media: MediaStatus | None = None
    supplies: tuple[Supply, ...] = ()
    message_code: ErrorCode | None = None
    """Why it is not ready; the key of a text that says what to do."""
    waiting_jobs: int
    verified: str
    """How well its profile is known: emulated, capture or hardware."""


OnStatus = Callable[[DeviceView], Awaitable[None]]
OnEvent = Callable[[str, Event], None]
"""Hears what any device tells of itself, with its name. Must return at once and never raise."""


class UnknownDevice(Exception):
    """No device of that name is configured."""


@dataclass(eq=False)
class _Tended:
    """A device and what is remembered about its connection."""

    device: Device
    attempts: int = 0
    """In a row, without a healthy connection between."""
    told: ErrorCode | None = None
    """The reason that has been logged for its being away; None while it is there."""
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES_MAX))
    """Loop times of the driver's own failures."""
    quarantined: bool = False
    knock: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to have it tried before its pause is over."""
    task: asyncio.Task[None] | None = None
    unsubscribe: Callable[[], None] | None = None


class Supervisor:
    """Owns the devices; made by the composition root, started and stopped with the program."""

    def __init__(
        self,
        devices: Iterable[Device],
        *,
        chance: Chance,
        on_status: OnStatus | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        self._tended = {device.id: _Tended(device) for device in devices}
        if len(self._tended) > DEVICES_MAX:
            raise ValueError(f"{len(self._tended)} devices are more than {DEVICES_MAX}")
        self._chance = chance
        self._on_status = on_status
        self._on_event = on_event
        self._changed: dict[str, None] = {}
        self._news = asyncio.Event()
        self._announcer: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("drivers")

    def device(self, device_id: str) -> Device:
        """The device itself, connected or not. Raises `UnknownDevice`."""
        return self._find(device_id).device

    def devices(self) -> list[DeviceView]:
        """Every device as it is now, in order of configuration."""
        return [self._view(tended) for tended in self._tended.values()]

    def view(self, device_id: str) -> DeviceView:
        """Raises `UnknownDevice`."""
        return self._view(self._find(device_id))

    async def start(self) -> None:
        """Begin to connect; does not wait for any device."""
        for tended in self._tended.values():
            self._begin(tended)
        if self._on_status is not None:
            self._announcer = asyncio.create_task(self._announce(self._on_status), name="announce devices")
            self._announcer.add_done_callback(self._announcer_ended)

    def nudge(self, device_id: str) -> None:
        """Try it now instead of at the end of its pause: something appeared at its place. Quarantine stays quarantine."""
        tended = self._tended.get(device_id)
        if tended is not None and not tended.quarantined:
            tended.attempts = 0
            tended.knock.set()

    async def replace(self, device: Device) -> None:
        """Drive this one in place of the device of the same name; what that one was doing completes first. Raises
        `UnknownDevice`."""
        tended = self._find(device.id)
        await self._end(tended)
        self._tended[device.id] = fresh = _Tended(device)
        self._begin(fresh)

    def _begin(self, tended: _Tended) -> None:
        tended.unsubscribe = tended.device.subscribe(partial(self._heard, tended))
        tended.task = asyncio.create_task(self._tend(tended), name=f"tend {tended.device.id}")

    async def _end(self, tended: _Tended) -> None:
        if tended.unsubscribe is not None:
            tended.unsubscribe()
            tended.unsubscribe = None
        if tended.task is not None:
            tended.task.cancel()
            await asyncio.wait([tended.task])
        await tended.device.close()
        if tended.task is not None and not tended.task.cancelled():
            tended.task.result()  # it never ends by itself but for a bug of this file

    async def stop(self) -> None:
        """Close every device; commands under way complete first. Raises what broke the listener, if anything did."""
        announcer, self._announcer = self._announcer, None
        if announcer is not None:
            announcer.cancel()
            await asyncio.wait([announcer])
        await asyncio.gather(*(self._end(tended) for tended in self._tended.values()))
        if announcer is not None and not announcer.cancelled():
            announcer.result()

    # One device.

    async def _tend(self, tended: _Tended) -> None:
        while True:
            await self._connect_once(tended)
            with suppress(TimeoutError):
                await asyncio.wait_for(tended.knock.wait(), self._pause_s(tended))
            tended.knock.clear()

    async def _connect_once(self, tended: _Tended) -> None:
        """One connection, from dialling to loss."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        tended.attempts += 1
        try:
            await tended.device.open()
            self._recovered(tended)
            begun_s = loop.time()
            lost = await tended.device.wait_lost()
        except DeviceError as error:
            self._away(tended, error)
        except Exception as fault:  # noqa: BLE001 -- design §7: a driver's bug stops the driver, never the branch
            self._failed(tended, fault, loop.time())
        else:
            if loop.time() - begun_s >= HEALTHY_S:
                tended.attempts = 0
            self._away(tended, lost or DeviceError(ErrorCode.NOT_CONNECTED, "closed"))

    def _pause_s(self, tended: _Tended) -> float:
        if tended.quarantined:
            return REST_S
        ladder = BACKOFF_MIN_S * 2.0 ** min(max(tended.attempts - 1, 0), 10)
        return float(min(ladder, BACKOFF_MAX_S) * (1 - JITTER * self._chance()))

    def _recovered(self, tended: _Tended) -> None:
        tended.quarantined = False
        if tended.told is not None:
            tended.told = None
            self._log.info("device_back", device=tended.device.id)
        self._note(tended)

    def _away(self, tended: _Tended, error: DeviceError) -> None:
        if tended.told is None:
            tended.told = error.code
            self._log.warning("device_away", device=tended.device.id, code=str(error.code), detail=error.detail)
        self._note(tended)

    def _failed(self, tended: _Tended, fault: Exception, now_s: float) -> None:
        """The driver itself broke: logged in full each time, it is a bug."""
        tended.failures.append(now_s)
        recent = [at_s for at_s in tended.failures if now_s - at_s <= FAILURES_WINDOW_S]
        tended.quarantined = tended.quarantined or len(recent) >= FAILURES_MAX
        tended.told = ErrorCode.QUARANTINED if tended.quarantined else ErrorCode.DEVICE_FAULT
        self._log.error("driver_failed", device=tended.device.id, quarantined=tended.quarantined, exc_info=fault)
        self._note(tended)

    # Views and their listener.

    def _find(self, device_id: str) -> _Tended:
        if device_id not in self._tended:
            raise UnknownDevice(device_id)
        return self._tended[device_id]

    def _view(self, tended: _Tended) -> DeviceView:
        capabilities = tended.device.capabilities()
        status = self._status(tended)
        return DeviceView(
            id=tended.device.id,
            family=capabilities.family,
            model=capabilities.model,
            device=status.device,
            paper=status.paper,
            media=status.media,
            supplies=status.supplies,
            message_code=status.error,
            waiting_jobs=tended.device.waiting,
            verified=capabilities.verified,
        )

    def _status(self, tended: _Tended) -> Status:
        status = tended.device.status()
        if tended.quarantined:
            return msgspec.structs.replace(status, device=DeviceStatus.HARDWARE_ERROR, error=ErrorCode.QUARANTINED)
        return status

    def _heard(self, tended: _Tended, event: Event) -> None:
        if isinstance(event, StatusChanged):
            self._note(tended)
        elif self._on_event is not None:
            self._on_event(tended.device.id, event)

    def _note(self, tended: _Tended) -> None:
        self._changed[tended.device.id] = None
        self._news.set()

    async def _announce(self, listener: OnStatus) -> None:
        """Tell the newest view of whatever changed, where it differs from what was told last."""
        told: dict[str, DeviceView] = {}
        while True:
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, {}
            for device_id in changed:
                view = self.view(device_id)
                if view != told.get(device_id):
                    told[device_id] = view
                    await listener(view)

    def _announcer_ended(self, announcer: asyncio.Task[None]) -> None:
        """Said at once, because `stop`, which raises it, may be far away."""
        if not announcer.cancelled():
            self._log.error("device_listener_failed", exc_info=announcer.exception())
