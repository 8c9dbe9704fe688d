"""Which device hangs at which socket of the box, and what is plugged in that nobody has a device for.

A binding is a fact of this very box, not of the branch: it lies beside the database, where a restored copy of the branch does
not bring back the sockets of another box. Who made it, and when, is journalled. It takes precedence over the address that the
configuration gives.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from drivers import bindings as bound
from drivers.api import Device
from drivers.bindings import Binding, BindingsBroken, Offer
from drivers.discovery import Discovery
from drivers.profiles import Profile
from drivers.registry import DeviceConfig
from drivers.supervisor import Supervisor, UnknownDevice
from drivers.transport.udev import Place
from drivers.worker_device import Workshop
from edge.kernel.domain import Rejected


class Socket(msgspec.Struct, frozen=True, kw_only=True):
    """A place, and what is known of it."""

    place: Place
    device: str | None
    """Who is bound there."""
    profiles: tuple[str, ...]
    """The models that a thing with this identity can be."""


class Sockets(msgspec.Struct, frozen=True, kw_only=True):
    sockets: list[Socket]
    offers: list[Offer]
    """Devices whose place is empty, and where they may be now."""


class Places:
    """The box's sockets. `run` keeps looking until cancelled."""

    def __init__(self, folder: Path, configured: Sequence[DeviceConfig]) -> None:
        self._folder = folder
        self._log = structlog.get_logger("devices")
        self._bindings = self._load()
        self.devices = bound.placed(configured, self._bindings)
        """The configured devices, each at its place."""
        self.fleet: Supervisor | None = None
        self.profiles: Mapping[str, Profile] = {}
        self._workshop = Workshop(neighbour=self._neighbour)
        self.emulated: Sequence[Place] = ()
        """Sockets that no udev knows of: the sandbox's."""
        self._discovery = Discovery(appeared=self._appeared)

    async def run(self) -> None:
        await self._discovery.run()

    def configured(self, device_id: str) -> tuple[DeviceConfig, Profile]:
        """A device's line of configuration, at its present place. Raises UnknownDevice."""
        for device in self.devices:
            if device.id == device_id:
                return device, self.profiles[device.profile]
        raise UnknownDevice(device_id)

    def build(self, device: DeviceConfig) -> Device:
        """Not yet opened; in a process of its own where its wire demands one. Raises `ProfileError`, `AddressError`."""
        return self._workshop.build(device, self.profiles)

    def view(self) -> Sockets:
        owner = {device.address: device.id for device in self.devices}
        sockets = [
            Socket(place=place, device=owner.get(place.address), profiles=tuple(bound.candidates(place, self.profiles)))
            for place in (*self._discovery.places, *self.emulated)
        ]
        return Sockets(sockets=sockets, offers=self._discovery.offers(self._bindings))

    def may_bind(self, device_id: str, address: str) -> DeviceConfig:
        """The device as it is bound now, where it can be bound to `address`. Raises Rejected."""
        device = next((one for one in self.devices if one.id == device_id), None)
        if device is None or self.fleet is None:
            raise Rejected("unknown_device", device=device_id)
        self._socket_for(device, address)
        taken = next((one.id for one in self.devices if one.address == address and one.id != device_id), None)
        if taken is not None:
            raise Rejected("socket_taken", device=taken)
        return device

    async def bind(self, device_id: str, address: str) -> None:
        """Drive the device at another place from now on, as the model it was: a machine of another model is another line of the
        branch's configuration. Raises Rejected."""
        place = self._socket_for(self.may_bind(device_id, address), address)
        try:
            self._bindings = bound.save(self._folder, bound.bind(device_id, place))
        except BindingsBroken as error:
            self._log.error("bindings_broken", reason=str(error))
            raise Rejected("bindings_unusable") from error
        self.devices = bound.placed(self.devices, self._bindings)
        if self.fleet is not None:
            moved = next(one for one in self.devices if one.id == device_id)
            await self.fleet.replace(self.build(moved))
        self._log.info("device_bound", device=device_id, address=address)

    def _socket_for(self, device: DeviceConfig, address: str) -> Place:
        found = self._discovery.place(address)
        place = found or next((one for one in self.emulated if one.address == address), None)
        if place is None:
            raise Rejected("nothing_plugged_in", address=address)
        profile = self.profiles[device.profile]
        if found is not None and found.wire not in profile.match.transport:
            raise Rejected("socket_does_not_fit", model=profile.model, wire=found.wire)
        return place

    def _neighbour(self, device_id: str) -> Device | None:
        """The device behind which another one hangs, as it is at this moment: it may have been replaced."""
        try:
            return None if self.fleet is None else self.fleet.device(device_id)
        except UnknownDevice:
            return None

    def _load(self) -> list[Binding]:
        try:
            return bound.load(self._folder)
        except BindingsBroken as error:
            self._log.error("bindings_broken", reason=str(error))
            return []

    def _appeared(self, place: Place) -> None:
        if self.fleet is not None:
            for device in self.devices:
                if device.address == place.address:
                    self.fleet.nudge(device.id)
