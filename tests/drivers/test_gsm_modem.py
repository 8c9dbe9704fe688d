"""A modem on a real terminal and a real socket."""

from pathlib import Path

import pytest

from drivers import registry
from drivers.api import DeviceStatus, Outcome
from drivers.gsm_modem.driver import GsmModem
from drivers.gsm_modem.emulator import ModemEmulator
from drivers.interfaces.sms import Delivered, Send
from drivers.transport.address import dial_for

PROFILE = registry.load_profiles()["quectel.ec20"]


@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_sends_over_a_real_wire_and_hears_of_the_delivery(wire: str, tmp_path: Path) -> None:
    emulator = ModemEmulator(PROFILE)
    emulator.listen("tcp://127.0.0.1:0" if wire == "tcp" else f"serial://{tmp_path}/modem")
    await emulator.start()
    modem = GsmModem("modem-1", PROFILE, dial_for(emulator.address, PROFILE.serial))
    heard: list[object] = []
    modem.subscribe(heard.append)
    await modem.open()
    assert (modem.capabilities().model, modem.status().device) == ("EMULATED-4G", DeviceStatus.ONLINE)
    text = "【示范支行】A012号：" + "前面仅剩两位客户了，请耐心等待。" * 6
    sent = await modem.execute(Send(to="13800000001", text=text), timeout_s=10)
    assert sent.outcome is Outcome.DONE
    assert [message.text for message in emulator.output()] == [f"13800000001\n{text}"]
    await modem.close()
    assert sum(isinstance(event, Delivered) for event in heard) >= 1
    assert not any("13800000001" in repr(event) or "示范" in repr(event) for event in heard)
    await emulator.stop()
