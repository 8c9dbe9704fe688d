"""Relays: their bytes, anything at all, and one of each kind on a real wire."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import modbus, registry, virtualtime
from drivers.api import CompletionCode, Outcome, Proof
from drivers.interfaces.barrier import Open, Opened, Position
from drivers.interfaces.cash_drawer import DrawerOpened, OpenDrawer
from drivers.modbus import Function
from drivers.relay.codec import Reply, tongue
from drivers.relay.driver import Relay
from drivers.relay.emulator import RelayEmulator
from drivers.relay.traits import RelayTraits
from drivers.transport.address import dial_for

PROFILES = registry.load_profiles()


def traits(profile_id: str) -> RelayTraits:
    return PROFILES[profile_id].section(RelayTraits)


@pytest.mark.parametrize(
    ("profile_id", "on", "off", "question"),
    [
        # The protocol's own example of function 05 has these CRCs for slave 1, coil 0; 02 asks one input at 0.
        ("generic.modbus-barrier", "010500 00FF00 8C3A", "010500 000000 CDCA", "010200 000001 B9CA"),
        ("generic.usb-relay", "A00101A2", "A00100A1", ""),
    ],
)
def test_says_what_relays_understand(profile_id: str, on: str, off: str, question: str) -> None:
    speak = tongue(traits(profile_id))
    said = (speak.switch(on=True), speak.switch(on=False), speak.question())
    assert said == tuple(bytes.fromhex(text) for text in (on, off, question))


def test_reads_the_contact() -> None:
    speak = tongue(traits("generic.modbus-barrier"))
    for state, position in ((1, Position.OPEN), (0, Position.CLOSED)):
        (reply,) = speak.receive(modbus.frame(1, Function.READ_INPUTS, bytes([1, state])))
        assert isinstance(reply, Reply)
        assert (reply.position, reply.accepted) == (position, True)
    (refusal,) = speak.receive(modbus.frame(1, 0x85, b"\x02"))
    assert isinstance(refusal, Reply)
    assert not refusal.accepted


@pytest.mark.parametrize("profile_id", ["generic.modbus-barrier", "generic.usb-relay"])
@given(data=st.binary(max_size=400), cut=st.integers(0, 400))
@settings(deadline=None)
def test_no_byte_is_skipped(profile_id: str, data: bytes, cut: int) -> None:
    speak = tongue(traits(profile_id))
    items = [*speak.receive(data[:cut]), *speak.receive(data[cut:]), *speak.flush()]
    assert b"".join(item if isinstance(item, bytes) else item.raw for item in items) == data


def test_a_relay_that_says_nothing_back_proves_nothing_and_is_switched_off() -> None:
    async def tell() -> None:
        profile = PROFILES["generic.usb-relay"]
        emulator = RelayEmulator(profile)
        relay = Relay("barrier-1", profile, emulator.in_memory().dial)
        await relay.open()
        opening = asyncio.create_task(relay.execute(Open()))
        await asyncio.sleep(0.3)
        assert emulator.closed_circuit
        done = await opening
        assert (done.outcome, done.proof, done.payload) == (Outcome.DONE, Proof.WRITTEN, Opened(position=Position.UNKNOWN))
        assert not emulator.closed_circuit
        assert (await relay.execute(OpenDrawer())).code is CompletionCode.UNSUPPORTED_COMMAND
        await relay.close()

    virtualtime.run(tell())


async def test_opens_a_drawer_over_a_real_terminal(tmp_path: Path) -> None:
    profile = PROFILES["generic.modbus-drawer"]
    emulator = RelayEmulator(profile).on_pty(tmp_path / "relay")
    await emulator.start()
    drawer = Relay("drawer-1", profile, dial_for(emulator.address, profile.serial))
    await drawer.open()
    done = await drawer.execute(OpenDrawer(), timeout_s=5)
    assert (done.proof, done.payload) == (Proof.ANSWER, DrawerOpened(position=Position.OPEN))
    assert not emulator.closed_circuit
    await drawer.close()
    await emulator.stop()
