"""Which device is at which place: "window 3's printer hangs on this socket", said once by a technician.

A binding outlives restarts and replugging at the same socket. It also remembers what was plugged in when it was made, so
that the same thing found at another socket can be *offered*; nothing is ever moved without somebody's word.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from drivers.profiles import Profile
from drivers.registry import DeviceConfig, DeviceId
from drivers.transport.udev import Place

FILE: Final = "bindings.json"
BINDINGS_MAX: Final = 200
FILE_BYTES_MAX: Final = 256 * 1024


class BindingsBroken(Exception):
    """The file of bindings cannot be used; the text says why."""


class Binding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One device's place."""

    device: DeviceId
    address: Annotated[str, msgspec.Meta(max_length=500)]
    usb: str | None = None
    """vendor:product of what was there when it was bound."""
    serial: str | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A device whose place is empty, and a place where it may be now."""

    device: str
    place: Place
    same_serial: bool
    """It is the very same thing, not only the same kind."""


def bind(device_id: str, place: Place) -> Binding:
    """The binding of a device to what is plugged in there now."""
    return Binding(device=device_id, address=place.address, usb=place.usb, serial=place.serial)


def placed(devices: Iterable[DeviceConfig], bindings: Iterable[Binding]) -> tuple[DeviceConfig, ...]:
    """The branch's devices, each at the place it is bound to, or where the configuration says."""
    address = {binding.device: binding.address for binding in bindings}
    return tuple(msgspec.structs.replace(device, address=address.get(device.id, device.address)) for device in devices)


def candidates(place: Place, profiles: Mapping[str, Profile]) -> list[str]:
    """The profiles that a thing there may be of, by id. A serial adapter fits many: a hint, not an answer."""
    return [
        profile.id
        for profile in profiles.values()
        if place.wire in profile.match.transport and place.usb is not None and place.usb in profile.match.usb
    ]


def offers(bindings: Sequence[Binding], places: Sequence[Place]) -> list[Offer]:
    """For each device whose place is empty, the places nobody is bound to where the same kind of thing hangs."""
    there, bound = {place.address for place in places}, {binding.address for binding in bindings}
    found = []
    for binding in bindings:
        if binding.address in there or binding.usb is None:
            continue
        scheme = binding.address.split(":", 1)[0]
        for place in places:
            if place.address in bound or place.usb != binding.usb or place.address.split(":", 1)[0] != scheme:
                continue
            same = binding.serial is not None and binding.serial == place.serial
            found.append(Offer(device=binding.device, place=place, same_serial=same))
    return sorted(found, key=lambda offer: (offer.device, not offer.same_serial, offer.place.address))


def load(folder: Path) -> list[Binding]:
    """The bindings of a box; none where nobody has bound anything. Raises `BindingsBroken`."""
    file = folder / FILE
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise BindingsBroken(f"{file}: larger than {FILE_BYTES_MAX} bytes")
        return msgspec.json.decode(file.read_bytes(), type=list[Binding])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise BindingsBroken(f"{file}: {error}") from error


def save(folder: Path, binding: Binding) -> list[Binding]:
    """Add one, in place of the device's former one and of whoever was bound there; on disk when it returns. Raises
    `BindingsBroken`."""
    kept = [one for one in load(folder) if one.device != binding.device and one.address != binding.address]
    bindings = sorted([*kept, binding], key=lambda one: one.device)
    if len(bindings) > BINDINGS_MAX:
        raise BindingsBroken(f"more than {BINDINGS_MAX} bindings")
    _replace(folder / FILE, msgspec.json.format(msgspec.json.encode(bindings), indent=1) + b"\n")
    return bindings


def _replace(file: Path, content: bytes) -> None:
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BindingsBroken(f"{file}: {error}") from error
