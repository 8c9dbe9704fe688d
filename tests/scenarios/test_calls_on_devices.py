"""Calls reach the boards of lights and the loudspeaker, reminders the modem: real wires, emulated devices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import DeviceStatus
from drivers.emulation import Emulator, Produced
from drivers.profiles import Profile
from drivers.registry import DeviceConfig
from edge.adapters.modem import ModemSms
from edge.adapters.sms import Doubtful, NotConfigured, Unavailable
from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.devices.effects import SPEAK, CallSpeaker
from edge.kernel.identities import IdentityKind
from edge.kernel.outbox import Leased
from edge.queue.model import FinishTicket, MarkNoShow, PauseCounter, RecallTicket, ServeTicket, Tier
from tests.scenarios.hall import Hall, open_hall
from tests.scenarios.test_reminders import PHONE, settled, take_with_phone, texts

PROFILES = registry.load_profiles()
MODELS = {
    "window-leds": "sunpn.window-digits",
    "hall-led": "onbon.bx-5k",
    "voice-1": "generic.loudspeaker",
    "modem-1": "generic.gsm-modem",
    "evaluator-1": "centerm.evaluator",
    "evaluator-2": "generic.framed-evaluator",
    "keypads": "generic.caller-21",
    "drive": "hikvision.plate-camera",
}


class Bench:
    """The emulated devices of a scenario, by the name the branch has for them."""

    def __init__(self, *names: str) -> None:
        self._changed = asyncio.Event()
        self.devices = {name: self._emulated(PROFILES[MODELS[name]]) for name in names}

    def _emulated(self, profile: Profile) -> Emulator:
        emulator = registry.family(profile.family).emulator(profile).on_tcp()
        put_out = emulator.put_out

        def noticed(thing: Produced) -> None:
            put_out(thing)
            self._changed.set()

        vars(emulator)["put_out"] = noticed
        return emulator

    def watch(self, hall: Hall) -> None:
        """Notice when a device can be used."""
        usable = hall.branch.floor.usable

        def noticed(device_id: str) -> None:
            if usable is not None:
                usable(device_id)
            self._changed.set()

        hall.branch.floor.usable = noticed

    def shown(self, name: str) -> list[str]:
        return [thing.text for thing in self.devices[name].output()]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


@asynccontextmanager
async def with_devices(hall: Hall, *names: str) -> AsyncIterator[Bench]:
    bench = Bench(*names)
    bench.watch(hall)
    for emulator in bench.devices.values():
        await emulator.start()
    await hall.branch.connect_devices(
        [DeviceConfig(id=name, profile=MODELS[name], address=one.address) for name, one in bench.devices.items()]
    )
    try:
        yield bench
    finally:
        for emulator in bench.devices.values():
            await emulator.stop()


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        await opened.staff(2)
        yield opened


async def test_a_windows_board_shows_whom_it_called_and_the_halls_the_newest_call(hall: Hall) -> None:
    async with with_devices(hall, "window-leds", "hall-led") as bench:
        for _ in range(3):
            await hall.take(Tier.NORMAL)
        assert await hall.calls(1, counter=1) == ["A001"]
        assert await hall.calls(1, counter=2) == ["A002"]
        await bench.until(lambda: "[1] 1" in bench.shown("window-leds") and "[2] 2" in bench.shown("window-leds"))
        await bench.until(lambda: bench.shown("hall-led")[-1:] == ["[1] 请A002号到2号窗口"])
        await hall.branch.pipeline.submit(FinishTicket(counter="counter-1", staff="1001"), actor="staff:1001")
        await hall.branch.pipeline.submit(PauseCounter(counter="counter-1", staff="1001"), actor="staff:1001")
        await bench.until(lambda: "[1] " in bench.shown("window-leds"))


async def test_a_board_that_was_away_shows_the_newest_number_and_holds_up_nobody(hall: Hall) -> None:
    async with with_devices(hall, "window-leds") as bench:
        bench.devices["window-leds"].act("board_off", {"board": 1})
        for _ in range(4):
            await hall.take(Tier.NORMAL)
        assert await hall.calls(2, counter=1) == ["A001", "A002"]
        assert await hall.calls(1, counter=2) == ["A003"]
        await bench.until(lambda: "[2] 3" in bench.shown("window-leds"))
        bench.devices["window-leds"].act("board_on", {"board": 1})
        await hall.next(1)
        await bench.until(lambda: "[1] 4" in bench.shown("window-leds"))


async def test_a_windows_board_goes_dark_for_who_does_not_come(hall: Hall) -> None:
    async with with_devices(hall, "window-leds") as bench:
        for _ in range(2):
            await hall.take(Tier.NORMAL)
        await hall.next(1)
        await hall.next(2)
        await bench.until(lambda: {"[1] 1", "[2] 2"} <= set(bench.shown("window-leds")))
        await hall.branch.pipeline.submit(MarkNoShow(counter="counter-1", staff="1001"), actor="staff:1001")
        await bench.until(lambda: bench.shown("window-leds")[-1] == "[1] ")


async def spoken(hall: Hall) -> dict[str, str]:
    """What becomes of each call if its turn to be spoken comes only now."""
    speaker = CallSpeaker(hall.branch.db, hall.branch.floor, hall.clock)
    with hall.branch.db.reader() as connection:
        orders = connection.execute("SELECT key, payload FROM outbox WHERE kind = ? ORDER BY id", (SPEAK,)).fetchall()
        numbers = {str(ticket): str(number) for ticket, number in connection.execute("SELECT id, number FROM ticket")}

    async def started(_reference: str) -> None: ...

    became: dict[str, str] = {}
    for place, (key, payload) in enumerate(orders):
        assert isinstance(payload, bytes)
        late_ms = hall.clock.now_ms() + 30_000
        settled = await speaker(Leased(place, SPEAK, str(key), payload, 1, late_ms, in_doubt=False), started)
        _, ticket, call_no = str(key).split(":")
        became[f"{numbers[ticket]}.{call_no}"] = settled.note
    return became


async def test_a_backlog_of_calls_that_are_over_is_not_spoken(hall: Hall) -> None:
    """Missed, missed, called again, being served: only the newest call of who has not come is said."""
    for _ in range(4):
        await hall.take(Tier.NORMAL)
    await hall.calls(3, counter=1)
    await hall.branch.pipeline.submit(RecallTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    await hall.calls(1, counter=2)
    await hall.branch.pipeline.submit(ServeTicket(counter="counter-2", staff="1002"), actor="staff:1002")
    async with with_devices(hall, "voice-1") as bench:
        await bench.until(lambda: hall.branch.floor.view("voice-1").device is DeviceStatus.ONLINE)
        over = dict.fromkeys(("A001.1", "A002.1", "A003.1", "A004.1"), "call_over")
        assert await spoken(hall) == {**over, "A003.2": "spoken"}


async def test_a_call_is_spoken_once(hall: Hall) -> None:
    async with with_devices(hall, "voice-1") as bench:
        await hall.take(Tier.NORMAL)
        await hall.next(1)
        await bench.until(lambda: bool(bench.shown("voice-1")))
        assert bench.shown("voice-1") == ["♪ 请A001号到1号窗口请A001号到1号窗口"]


async def test_a_reminder_goes_through_the_sim_card_while_the_gateway_is_away(hall: Hall) -> None:
    hall.sms_down()
    async with with_devices(hall, "modem-1") as bench:
        for _ in range(3):
            await hall.take(Tier.NORMAL)
        await take_with_phone(hall)
        await settled(hall, "sent")
        assert texts(hall) == []
        (message,) = bench.shown("modem-1")
        assert message.startswith(f"{PHONE}\n【测试支行】")


async def test_s32_a_known_plate_is_told_to_the_lobby_and_no_plate_is_kept(hall: Hall, tmp_path: Path) -> None:
    mark = hall.branch.arrivals.mark(IdentityKind.PLATE, "京A12345")
    await hall.branch.db.write(
        lambda connection: customers.put(connection, Recognised("c-1", "gold"), [mark], now_ms=hall.clock.now_ms())
    )
    async with with_devices(hall, "drive") as bench:
        await bench.until(lambda: hall.branch.floor.view("drive").device is DeviceStatus.ONLINE)
        for plate in ("沪B00001", "京A·12345"):
            bench.devices["drive"].act("drive_up", {"plate": plate})
        await bench.until(lambda: len(bench.shown("drive")) == 2)
        (notice,) = [one for one in hall.branch.notices.show().notices if one.code == "customer_arriving"]
        assert notice.facts == {"tier": "gold", "ending": "345"}
    assert "京A12345".encode() not in everything_in(tmp_path)


async def test_a_message_in_doubt_is_never_given_to_a_modem() -> None:
    modem = ModemSms(list)
    with pytest.raises(Doubtful):
        await modem.send(key="k", to="10086", text="x", within_s=60, again=True)
    with pytest.raises(Unavailable):
        await modem.send(key="k", to="10086", text="x", within_s=60, again=False)


async def test_a_message_that_the_network_half_took_is_told_as_unknown(hall: Hall) -> None:
    hall.sms_down()
    async with with_devices(hall, "modem-1") as bench:
        bench.devices["modem-1"].act("refuse", {"cms": 500})
        for _ in range(3):
            await hall.take(Tier.NORMAL)
        await take_with_phone(hall)
        await settled(hall, "unknown")
        assert bench.shown("modem-1") == []
    assert issubclass(NotConfigured, Exception)
