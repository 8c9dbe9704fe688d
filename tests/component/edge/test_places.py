"""A technician binds a device to a socket: it is driven there at once, and still after a restart."""

from pathlib import Path

import pytest

from drivers import registry
from drivers.bindings import FILE, Offer
from drivers.registry import DeviceConfig
from drivers.supervisor import Supervisor
from drivers.transport.udev import Place
from edge.devices.places import Places
from edge.kernel.domain import Rejected

CONFIGURED = tuple(
    DeviceConfig(id=name, profile="epson.tm-t88vi", address=f"tcp://127.0.0.1:{port}")
    for name, port in (("printer-1", 1), ("printer-2", 2))
)


def printer_at(socket: str, node: str = "/dev/usb/lp0") -> Place:
    return Place(
        address=f"usblp:///dev/branchbox/printer-{socket}", wire="usb-lp", path=socket, node=node, usb="04b8:0202", serial="X5"
    )


READER = Place(address="pcsc://ACS%20ACR122U", wire="pcsc", path="b", node="ACS ACR122U")


async def begun(folder: Path, *plugged_in: Place, more: tuple[DeviceConfig, ...] = ()) -> Places:
    """A box with two printers configured, and these things plugged in."""
    places = Places(folder, (*CONFIGURED, *more))
    places.profiles = registry.load_profiles()
    places.fleet = Supervisor([places.build(one) for one in places.devices], chance=lambda: 0.0)
    await places.fleet.start()
    places._discovery._compare(plugged_in)
    return places


async def ended(places: Places) -> None:
    if places.fleet is not None:
        await places.fleet.stop()


async def test_a_binding_moves_the_device_and_survives_a_restart(tmp_path: Path) -> None:
    places = await begun(tmp_path, printer_at("a"), printer_at("b", "/dev/usb/lp1"))
    assert [one.device for one in places.view().sockets] == [None, None]
    before = places.fleet.device("printer-1") if places.fleet else None
    await places.bind("printer-1", printer_at("a").address)
    assert [one.device for one in places.view().sockets] == ["printer-1", None]
    assert places.fleet is not None
    assert places.fleet.device("printer-1") is not before, "it is driven anew"
    await ended(places)
    again = await begun(tmp_path)
    assert [one.address for one in again.devices] == [printer_at("a").address, CONFIGURED[1].address]
    assert again.view().offers == []
    await ended(again)


async def test_a_machine_that_stands_in_is_driven_as_the_same_model_and_what_hangs_behind_it_follows(tmp_path: Path) -> None:
    drawer = DeviceConfig(id="drawer-1", profile="generic.printer-drawer", address="device://printer-1")
    places = await begun(tmp_path, printer_at("a"), printer_at("b"), more=(drawer,))
    for socket in ("a", "b"):
        await places.bind("printer-1", printer_at(socket).address)
        config, profile = places.configured("printer-1")
        assert (config.address, profile.id) == (printer_at(socket).address, "epson.tm-t88vi")
        assert places._neighbour("printer-1") is (places.fleet and places.fleet.device("printer-1")), (
            "the one that is driven now"
        )
    assert places.configured("drawer-1")[0] == drawer, "it is plugged into the printer, not into the box"
    assert places._neighbour("printer-7") is None
    await ended(places)


async def test_what_moved_is_offered_with_the_models_it_can_be(tmp_path: Path) -> None:
    places = await begun(tmp_path, printer_at("a"))
    await places.bind("printer-1", printer_at("a").address)
    places._discovery._compare([printer_at("b")])
    seen = places.view()
    assert seen.offers == [Offer(device="printer-1", place=printer_at("b"), same_serial=True)]
    assert [one.device for one in seen.sockets] == [None], "offered, not moved"
    await places.bind("printer-1", printer_at("b").address)
    assert places.view().offers == []
    await ended(places)


async def test_a_binding_that_cannot_be_is_refused(tmp_path: Path) -> None:
    places = await begun(tmp_path, printer_at("a"), READER)
    for device, address, code in (
        ("printer-9", printer_at("a").address, "unknown_device"),
        ("printer-1", printer_at("z").address, "nothing_plugged_in"),
        ("printer-1", READER.address, "socket_does_not_fit"),
    ):
        with pytest.raises(Rejected) as refused:
            await places.bind(device, address)
        assert refused.value.code == code
    await places.bind("printer-1", printer_at("a").address)
    with pytest.raises(Rejected) as refused:
        await places.bind("printer-2", printer_at("a").address)
    assert refused.value.code == "socket_taken"
    await ended(places)


async def test_a_damaged_file_leaves_the_devices_where_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", encoding="ascii")
    places = await begun(tmp_path, printer_at("a"))
    assert places.devices == CONFIGURED
    with pytest.raises(Rejected) as refused:
        await places.bind("printer-1", printer_at("a").address)
    assert refused.value.code == "bindings_unusable"
    await ended(places)
