"""What every device is to those around it, wherever it is driven: its status, its one claim, its subscribers, its counts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from drivers.api import (
    Claim,
    Counts,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Event,
    Listener,
    Noise,
    Status,
    StatusChanged,
    Unsubscribe,
)

LISTENERS_MAX: Final = 32


@dataclass(eq=False)
class _Held:
    """The one claim on a device."""

    owner: str
    release: Callable[[], None] = field(repr=False)


class Public:
    """The part of `drivers.api.Device` that does not depend on how it is driven."""

    def __init__(self, status: Status | None = None) -> None:
        self.counts = Counts()
        self._status = status or Status(device=DeviceStatus.STARTING)
        self._claim: _Held | None = None
        self._listeners: list[Listener] = []

    def status(self) -> Status:
        return self._status

    def claim(self, owner: str) -> Claim:
        if self._claim is not None:
            raise DeviceError(ErrorCode.CLAIMED, self._claim.owner)
        self._claim = held = _Held(owner, lambda: self._release(held))
        return held

    def subscribe(self, listener: Listener) -> Unsubscribe:
        if len(self._listeners) >= LISTENERS_MAX:
            raise DeviceError(ErrorCode.TOO_MANY_REQUESTS, f"{LISTENERS_MAX} subscribers")
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _publish(self, event: Event) -> None:
        self.counts.noise += isinstance(event, Noise)
        for listener in tuple(self._listeners):
            listener(event)

    def _set_status(self, status: Status) -> None:
        if status != self._status:
            if status.error is not None:
                self.counts.wrong(status.error, asyncio.get_running_loop().time())
            self._status = status
            self._publish(StatusChanged(status=status))

    def _claimed_from(self, claim: Claim | None) -> str | None:
        """Who holds the device, where that is not whoever shows this claim."""
        return None if self._claim is None or claim is self._claim else self._claim.owner

    def _release(self, held: _Held) -> None:
        if self._claim is held:
            self._claim = None
