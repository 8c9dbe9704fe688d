"""The drawer in a printer's socket: its bytes, its switch, and as a device of its own behind a real printer's wire."""

import asyncio

import msgspec
import pytest

from drivers import registry, virtualtime
from drivers.api import CompletionCode, Device, DeviceError, DeviceStatus, ErrorCode, Event, Outcome, Proof
from drivers.behind import host_of
from drivers.envelope import inner_vocabulary, name_of, vocabulary
from drivers.escpos_printer import codec
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.escpos_printer.traits import DrawerTraits
from drivers.interfaces.barrier import Position
from drivers.interfaces.cash_drawer import DrawerChanged, DrawerOpened, OpenDrawer
from drivers.registry import DeviceConfig
from drivers.transport.address import dial_for
from drivers.xfs_service import OFFERED
from tests.drivers.printers import SMALL, STRONG, emulated, noon

KNOWN = registry.load_profiles()
BEHIND = DeviceConfig(id="drawer-1", profile="generic.printer-drawer", address="device://printer-1")


def test_the_kick_is_what_the_manual_says() -> None:
    """Epson, `ESC p m t1 t2`: pin 2 or 5, times in steps of 2 ms."""
    assert codec.kick(pin=2, on_ms=50, off_ms=500) == bytes.fromhex("1B70 00 19 FA")
    assert codec.kick(pin=5, on_ms=100, off_ms=400) == bytes.fromhex("1B70 01 32 C8")


def test_no_profile_can_burn_the_solenoid() -> None:
    with pytest.raises(msgspec.ValidationError, match="burns out"):
        msgspec.convert({"pulse_on_ms": 200, "pulse_off_ms": 500}, DrawerTraits)


@pytest.mark.parametrize(
    ("address", "host"),
    [("device://printer-1", "printer-1"), ("device://printer-1/x", None), ("device://", None), ("tcp://printer-1:9100", None)],
)
def test_an_address_behind_a_device_names_it(address: str, host: str | None) -> None:
    assert host_of(address) == host


def test_other_programs_do_not_open_a_drawer_through_its_printer() -> None:
    """The branch's own words hold the kick, those that are spoken with programs on the LAN do not."""
    assert name_of(OpenDrawer()) in inner_vocabulary("escpos_printer", "Printer").commands
    assert name_of(OpenDrawer()) not in vocabulary("escpos_printer", "Printer").commands
    assert "CashDrawer" not in OFFERED


def test_the_switch_is_in_both_kinds_of_status() -> None:
    """`DLE EOT 1` bit 2 (asked) and byte 1 bit 2 of the automatic status (told) say the same."""

    async def tell(profile_id: str) -> list[Position]:
        printer, emulator, _ = emulated(KNOWN[profile_id])
        heard: list[Event] = []
        printer.subscribe(heard.append)
        await printer.open()
        for action in ("drawer_open_by_key", "drawer_shut"):
            emulator.act(action)
            await asyncio.sleep(5)
        await printer.close()
        return [event.position for event in heard if isinstance(event, DrawerChanged)]

    asked, told = virtualtime.run(tell("generic.escpos-80mm")), virtualtime.run(tell("epson.tm-t88vi"))
    assert asked == told == [Position.OPEN, Position.CLOSED]


def test_a_printer_without_a_drawer_kicks_none() -> None:
    async def tell() -> None:
        printer, emulator, _ = emulated(SMALL)
        await printer.open()
        completion = await printer.execute(OpenDrawer())
        assert completion.code is CompletionCode.UNSUPPORTED_COMMAND
        assert "CashDrawer.OpenDrawer" not in printer.capabilities().commands
        assert emulator.output() == []
        drawer = registry.build(BEHIND, KNOWN, lambda _: printer)
        with pytest.raises(DeviceError) as refused:
            await drawer.open()
        assert refused.value.code is ErrorCode.HOST_NOT_READY
        await printer.close()

    virtualtime.run(tell())


def test_follows_the_printer_that_stands_in_for_a_broken_one() -> None:
    async def tell() -> None:
        first, one, _ = emulated()
        second, other, _ = emulated()
        now: dict[str, Device] = {"printer-1": first}
        drawer = registry.build(BEHIND, KNOWN, now.get)
        await first.open()
        await second.open()
        await drawer.open()
        assert (await drawer.execute(OpenDrawer())).done
        now["printer-1"] = second
        lost = await drawer.wait_lost()
        assert lost is not None, "its wire goes with the printer that was replaced"
        await drawer.open()
        assert (await drawer.execute(OpenDrawer())).done
        assert [len(emulator.output()) for emulator in (one, other)] == [1, 1]
        now.clear()
        await drawer.wait_lost()
        with pytest.raises(DeviceError):
            await drawer.open()
        for device in (first, second, drawer):
            await device.close()

    virtualtime.run(tell())


async def test_opens_behind_a_printer_on_a_real_port() -> None:
    emulator = EscposEmulator(STRONG, clock=noon).on_tcp()
    await emulator.start()
    printer = EscposPrinter("printer-1", STRONG, dial_for(emulator.address, STRONG.serial))
    drawer = registry.build(BEHIND, KNOWN, {"printer-1": printer}.get)
    await printer.open()
    await drawer.open()
    assert drawer.status().device is DeviceStatus.ONLINE
    done = await drawer.execute(OpenDrawer(), timeout_s=5)
    assert (done.outcome, done.proof, done.payload) == (Outcome.DONE, Proof.ANSWER, DrawerOpened(position=Position.OPEN))
    assert [(out.kind.value, out.text, out.complete) for out in emulator.output()] == [("signal", "drawer: pulse", True)]
    await drawer.close()
    await printer.close()
    await emulator.stop()
