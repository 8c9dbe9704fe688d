"""A bus of boards: what only a bus has, in virtual time, and one on a real terminal."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from drivers import registry, virtualtime
from drivers.api import DeviceStatus, Noise, Outcome, Proof
from drivers.bus import BITS_A_CHAR, GAP_CHARS
from drivers.interfaces.text_terminal import ClearScreen, Write
from drivers.led_board.driver import LedBus
from drivers.led_board.emulator import LedEmulator
from drivers.profiles import Profile
from drivers.transport.address import dial_for
from drivers.transport.memory import MemoryOutlet
from drivers.transport.outlet import HostEnd

PROFILES = registry.load_profiles()


def with_traits(profile_id: str, **changes: object) -> Profile:
    profile = PROFILES[profile_id]
    return msgspec.structs.replace(profile, traits={**profile.traits, **changes})


def test_boards_that_say_nothing_back_prove_nothing() -> None:
    async def tell() -> None:
        profile = PROFILES["generic.led-a0"]
        emulator = LedEmulator(profile)
        bus = LedBus("led-1", profile, emulator.in_memory().dial)
        await bus.open()
        done = await bus.execute(Write(board=2, lines=("A012",)))
        assert (done.outcome, done.proof) == (Outcome.DONE, Proof.WRITTEN)
        assert (await bus.execute(ClearScreen(board=2))).done
        await asyncio.sleep(0)
        assert [shown.text for shown in emulator.output()] == ["[2] A012", "[2] "]
        await bus.close()

    virtualtime.run(tell())


def test_an_adapter_that_hears_itself_is_understood() -> None:
    async def tell() -> None:
        profile = with_traits("sunpn.window-digits", echo=True)
        emulator = LedEmulator(profile)
        bus = LedBus("led-1", profile, emulator.in_memory().dial)
        heard: list[object] = []
        bus.subscribe(heard.append)
        await bus.open()
        for n in range(1, 5):
            assert (await bus.execute(Write(board=n, lines=(str(n),)))).done
        assert not [event for event in heard if isinstance(event, Noise)]
        await bus.close()

    virtualtime.run(tell())


class _Listening:
    """Notes when each frame arrives, and echoes nothing."""

    def __init__(self) -> None:
        self.at_s: list[float] = []

    def plug_in(self, _host: HostEnd) -> "_Listening":
        return self

    def receive(self, _data: bytes) -> None:
        self.at_s.append(asyncio.get_running_loop().time())

    def pull_out(self) -> None:
        """Nothing to let go of."""


def test_between_two_frames_the_bus_is_silent_for_three_and_a_half_characters() -> None:
    async def tell() -> None:
        profile, ear = PROFILES["generic.led-a0"], _Listening()
        bus = LedBus("led-1", profile, MemoryOutlet(ear).dial)
        await bus.open()
        for n in range(1, 6):
            await bus.execute(Write(board=n, lines=("8",)))
        frame_s, char_s = 11 * BITS_A_CHAR / 9600, BITS_A_CHAR / 9600
        gaps = [later - earlier for earlier, later in zip(ear.at_s, ear.at_s[1:], strict=False)]
        assert len(gaps) == 4
        assert all(gap >= frame_s + GAP_CHARS * char_s - 1e-9 for gap in gaps)
        await bus.close()

    virtualtime.run(tell())


@pytest.mark.parametrize("profile_id", ["sunpn.window-digits", "generic.modbus-digits", "onbon.bx-5k"])
async def test_shows_a_number_over_a_real_terminal(profile_id: str, tmp_path: Path) -> None:
    profile = PROFILES[profile_id]
    emulator = LedEmulator(profile).on_pty(tmp_path / "bus")
    await emulator.start()
    bus = LedBus("led-1", profile, dial_for(emulator.address, profile.serial))
    await bus.open()
    assert (await bus.execute(Write(board=1, lines=("1234",)), timeout_s=5)).done
    assert emulator.output()[-1].text == "[1] 1234"
    emulator.act("unplug")
    assert await bus.wait_lost() is not None
    assert bus.status().device is DeviceStatus.OFFLINE
    emulator.act("plug")
    await bus.open()
    assert (await bus.execute(Write(board=1, lines=("1235",)), timeout_s=5)).done
    await bus.close()
    await emulator.stop()
