"""What `branchbox devices` does: for the technician with a device in one hand and a laptop in the other."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from drivers import bindings as bound
from drivers import registry
from drivers.api import Device, DeviceError
from drivers.bindings import BindingsBroken
from drivers.capture import CaptureBroken, Recorder, Tap, Understood, read, record, replay
from drivers.profiles import Profile, ProfileError, SerialLine
from drivers.registry import DeviceConfig
from drivers.transport.address import AddressError, dial_for, outlet_for
from drivers.transport.udev import Udev, UdevMissing
from drivers.transport.wire import WireLost

USAGE: Final = 64
UNAVAILABLE: Final = 69


def run_profiles() -> int:
    """The profiles, one a line."""
    for profile in registry.load_profiles().values():
        click.echo(f"{profile.id:28} {profile.family:16} {profile.provenance.verified:9} {profile.vendor} {profile.model}")
    return 0


def run_list(folder: Path | None) -> int:
    """What is plugged in: address, identity, who is bound there, which profiles fit."""
    try:
        places = Udev().places()
        bindings = [] if folder is None else bound.load(folder)
    except (UdevMissing, BindingsBroken) as error:
        return _failed(str(error), UNAVAILABLE)
    owner = {binding.address: binding.device for binding in bindings}
    known = registry.load_profiles()
    for place in places:
        fitting = ", ".join(bound.candidates(place, known)) or "-"
        click.echo(f"{place.address}\n    {place.usb or '-':10} {owner.get(place.address, '-'):16} {place.name}\n    {fitting}")
    for offer in bound.offers(bindings, places):
        click.echo(f"{offer.device} may be at {offer.place.address} now{' (same serial number)' if offer.same_serial else ''}")
    return 0


def run_bind(folder: Path, device: str, address: str) -> int:
    """Bind, for a daemon that is not running; a running one is told over HTTP."""
    try:
        place = next((one for one in Udev().places() if one.address == address), None)
        if place is None:
            return _failed(f"nothing is plugged in at {address}; `branchbox devices list` says what is", USAGE)
        bound.save(folder, bound.bind(device, place))
    except (UdevMissing, BindingsBroken) as error:
        return _failed(str(error), UNAVAILABLE)
    click.echo(f"{device} is at {address} from the next start on")
    return 0


def run_test(address: str, profile: str) -> int:
    """Greet the device and say how it is."""
    try:
        device = registry.build(DeviceConfig(id="device", profile=profile, address=address), registry.load_profiles())
        asyncio.run(_greet(device))
    except (ProfileError, AddressError) as error:
        return _failed(str(error), USAGE)
    except DeviceError as error:
        return _failed(str(error), UNAVAILABLE)
    return 0


async def _greet(device: Device) -> None:
    await device.open()
    status, capabilities = device.status(), device.capabilities()
    click.echo(f"{capabilities.model}: {status.device}" + (f", {status.error}" if status.error else ""))
    for name, value in (
        ("serial number", capabilities.serial_number),
        ("firmware", capabilities.firmware),
        ("paper", status.paper),
        ("media", status.media),
        ("profile", capabilities.verified),
    ):
        if value is not None:
            click.echo(f"  {name}: {value}")
    await device.close()


def run_capture(address: str, target: Path, *, profile: str | None, listen: str | None, redact: bool, seconds: float) -> int:
    """Record what passes at `address` until interrupted, `seconds` are over, or the device goes."""
    try:
        line = SerialLine() if profile is None else _profile(registry.load_profiles(), profile).serial
        with target.open("xb") as file:
            return asyncio.run(_capture(file, address, line, listen=listen, redact=redact, seconds=seconds))
    except (AddressError, ProfileError, FileExistsError) as error:
        return _failed(str(error), USAGE)
    except (WireLost, OSError) as error:
        return _failed(str(error), UNAVAILABLE)
    except KeyboardInterrupt:
        return 0


async def _capture(file: object, address: str, line: SerialLine, *, listen: str | None, redact: bool, seconds: float) -> int:
    from typing import BinaryIO, cast

    recorder = Recorder(cast("BinaryIO", file), address, redacted=redact)
    tap = Tap(recorder)
    outlet = None if listen is None else outlet_for(listen, tap)
    recording = asyncio.ensure_future(record(dial_for(address, line), tap, outlet))
    await asyncio.wait([recording], timeout=0.2)
    if outlet is not None and not recording.done():
        click.echo(f"listening at {outlet.address}")
        sys.stdout.flush()
    await asyncio.wait([recording], timeout=seconds)
    why = recording.result() if recording.done() else "time is over"
    recording.cancel()
    await asyncio.wait([recording])
    click.echo(f"{recorder.frames} frames; {why}")
    return 0


def run_replay(source: Path, profile: str) -> int:
    """What the driver of that profile makes of a recording; 1 where it could not be opened or left bytes unexplained."""
    try:
        known = _profile(registry.load_profiles(), profile)
        head, frames = read(source)
    except (ProfileError, CaptureBroken, OSError) as error:
        return _failed(str(error), USAGE)
    if head.redacted:
        return _failed(f"{source.name} is redacted: there is nothing to replay", USAGE)
    understood = replay(registry.family(known.family), known, frames)
    _tell(understood)
    return 0 if understood.opened and not understood.unexplained else 1


def _tell(understood: Understood) -> None:
    click.echo("opened" if understood.opened else f"not opened: {understood.refused}")
    for event in understood.events:
        click.echo(f"  {event!r}")
    click.echo(f"{understood.unexplained} bytes unexplained")


def _profile(known: Mapping[str, Profile], name: str) -> Profile:
    if name not in known:
        raise ProfileError(f"no profile {name!r}")
    return known[name]


def _failed(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code
