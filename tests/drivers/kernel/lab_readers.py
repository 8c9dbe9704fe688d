"""Readers and pads on the kernel's real interfaces: a wedge by uinput, a pad by uhid, a reader by CDC-ACM.

Run by `make qemu-devices`.
"""

import asyncio
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import evdev

from drivers import registry
from drivers.api import Event, Outcome
from drivers.interfaces.card_reader import CardSeen
from drivers.interfaces.id_card import IdCardRead, ReadIdCard
from drivers.interfaces.signature import CaptureSignature, SignatureCaptured
from drivers.keyboard import strokes
from drivers.registry import DeviceConfig
from drivers.specimens import CARDS, PEOPLE
from drivers.tracks import write
from drivers.transport.input_events import EVENT_BYTES
from tests.drivers.kernel.gadgets import appeared, modem_line
from tests.drivers.kernel.uhid import UhidDevice, descriptor

KNOWN = registry.load_profiles()
PAD_INPUTS = {0x01: 6, 0x34: 10, 0x33: 16, 0x10: 16}
PAD_FEATURES = {
    0x03: 4,
    0x04: 1,
    0x08: 16,
    0x09: 16,
    0x20: 1,
    0x21: 1,
    0x2A: 8,
    0x2B: 2,
    0x32: 1,
    0x15: 4,
    0x16: 1,
    0x40: 67,
    0x50: 16,
}


SHORT = [[[100, 300], [180, 300]], [[100, 500], [180, 500]]]
"""Fewer reports than hidraw keeps for a reader as slow as this guest."""


def hidraws() -> set[Path]:
    return set(Path("/dev").glob("hidraw*"))


async def test_a_wedge_types_a_card_into_the_driver_and_into_nothing_else() -> None:
    card = CARDS[0]
    keys: dict[int, Sequence[int]] = {evdev.ecodes.EV_KEY: range(1, 128)}
    seen: list[Event] = []
    with evdev.UInput(keys, name="Branchbox lab wedge") as wedge:
        path = os.fsdecode(wedge.device.path)
        await appeared(path)
        config = DeviceConfig(id="stripe-1", profile="generic.stripe-wedge", address=f"evdev://{path}")
        reader = registry.build(config, KNOWN)
        reader.subscribe(seen.append)
        await reader.open()
        for stroke in strokes("".join(write(card.pan, card.expiry, card.service_code, card.holder)[:2]), 0):
            for at in range(0, len(stroke), EVENT_BYTES):
                _, _, kind, code, value = struct.unpack("qqHHi", stroke[at : at + EVENT_BYTES])
                wedge.write(kind, code, value)
            await asyncio.sleep(0.001)
        async with asyncio.timeout(20):
            while not seen:  # noqa: ASYNC110 -- a subscriber only keeps
                await asyncio.sleep(0.1)
        (told,) = [event for event in seen if isinstance(event, CardSeen)]
        assert told.card.pan.reveal() == card.pan
        await reader.close()


async def test_a_pad_on_hidraw_is_signed_on_in_the_clear_and_enciphered() -> None:
    profile = KNOWN["wacom.stu-430"]
    emulator = registry.family("signature_pad").emulator(profile)
    before = hidraws()
    device = UhidDevice(emulator, descriptor(PAD_INPUTS, PAD_FEATURES), (0x1209, 0x0001))
    async with asyncio.timeout(20):
        while not (nodes := hidraws() - before):  # noqa: ASYNC110 -- devtmpfs tells nobody
            await asyncio.sleep(0.1)
    (node,) = nodes
    pad = registry.build(DeviceConfig(id="pad-1", profile=profile.id, address=f"hid://{node}"), KNOWN)
    await pad.open()
    assert pad.capabilities().firmware == "1.0.4.2", "feature reports go there and back"
    for encrypted in (False, True):
        capturing = asyncio.create_task(pad.execute(CaptureSignature(encrypted=encrypted, pause_ms=8000), timeout_s=120))
        async with asyncio.timeout(60):
            while not emulator.inking:  # type: ignore[attr-defined] # noqa: ASYNC110 -- the pad shows ink, and tells nobody
                await asyncio.sleep(0.05)
        emulator.act("sign", {"strokes": SHORT})
        done = await capturing
        assert done.outcome is Outcome.DONE, done
        assert isinstance(done.payload, SignatureCaptured)
        assert (done.payload.ink.tablet.encrypted, done.payload.ink.strokes) == (encrypted, 2)
    await pad.close()
    device.close()


async def test_an_id_reader_on_a_usb_serial_line_reads_a_person() -> None:
    profile = KNOWN["generic.sam-v-serial"]
    emulator = registry.family("id_card_reader").emulator(profile)
    async with modem_line(emulator):
        reader = registry.build(DeviceConfig(id="id-1", profile=profile.id, address="serial:///dev/ttyACM0"), KNOWN)
        await reader.open()
        reading = asyncio.create_task(reader.execute(ReadIdCard(), timeout_s=60))
        await asyncio.sleep(0.5)
        emulator.act("lay")
        done = await reading
        assert isinstance(done.payload, IdCardRead), done
        assert done.payload.holder.number.reveal() == PEOPLE[0].number
        await reader.close()
