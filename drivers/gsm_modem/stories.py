"""What is told of modems beyond the stories of every family."""

from hashlib import sha256
from typing import Final

from drivers.api import Completion, DeviceStatus, ErrorCode, Outcome
from drivers.conformance import Bench, must
from drivers.gsm_modem.codec import Sms
from drivers.gsm_modem.emulator import ModemEmulator
from drivers.interfaces.firmware import BLOCK_BYTES, Install, Prepare, Prepared, Write, Written
from drivers.interfaces.sms import Delivered, Delivery, Network, Registration, Send, Sent

STEPS_MAX: Final = 40
"""So often a transfer may break off."""
AWAY_S: Final = 30.0
NEW: Final = "EC20CEFAGR06A02M4G"
LONG: Final = "请到三号窗口办理业务，" * 16


async def reports_delivery(bench: "ModemBench") -> None:
    told = await bench.do()
    await bench.settle(1)
    heard = [event for event in bench.unsolicited if isinstance(event, Delivered)]
    bench.expect([event.delivery for event in heard] == [Delivery.DELIVERED], f"the phone has it, not {heard}")
    payload = told.completion.payload if told.completion else None
    bench.expect(
        isinstance(payload, Sent) and list(payload.references) == [event.reference for event in heard], "and it is this message"
    )
    bench.act("reach", phones=False)
    await bench.reconnect()
    await bench.do()
    await bench.settle(1)
    heard = [event for event in bench.unsolicited if isinstance(event, Delivered)]
    bench.expect([event.delivery for event in heard][-1:] == [Delivery.FAILED], "a phone that was never reached is told")


async def sends_long_ones_in_parts(bench: "ModemBench") -> None:
    told = await bench.begin(command=Send(to=bench.NUMBER, text=f"0001:{LONG}"))
    bench.expect(told.outcome is Outcome.DONE, f"a long one goes, not {told.completion}")
    payload = told.completion.payload if told.completion else None
    bench.expect(isinstance(payload, Sent) and len(payload.references) == 3, "in three parts")
    bench.expect(bench.emulator.output()[-1].text == f"{bench.NUMBER}\n0001:{LONG}" if bench.reliable else True, "whole")


async def doubts_a_message_that_broke_off(bench: "ModemBench") -> None:
    """Two parts gone, the third refused: a repeat would double the two."""
    sending = bench.begin(command=Send(to=bench.NUMBER, text=f"0001:{LONG}"))
    while not sending.done() and bench.emulator.taken_parts < 2:
        await bench.settle(0.001)
    bench.act("no_network")
    told = await sending
    bench.expect(told.outcome in (Outcome.UNKNOWN, Outcome.DONE), f"in doubt, not {told.completion}")
    bench.act("network")
    await bench.settle()
    await bench.does_the_next("with the network back it sends")


async def believes_the_networks_no(bench: "ModemBench") -> None:
    for cms, error, outcome in (
        (Sms.NO_NETWORK, ErrorCode.NO_NETWORK, Outcome.CLEARED),
        (Sms.UNASSIGNED, ErrorCode.NUMBER_REFUSED, Outcome.CLEARED),
        (Sms.UNKNOWN, ErrorCode.NO_NETWORK, Outcome.UNKNOWN),
        (Sms.NETWORK_TIMEOUT, ErrorCode.NO_NETWORK, Outcome.UNKNOWN),
    ):
        bench.act("refuse", cms=int(cms))
        told = await bench.do()
        must(told.outcome is not Outcome.DONE, "a refused message is not sent")
        bench.expect((told.error, told.outcome) == (error, outcome), f"{cms.name} means {outcome}, not {told.completion}")
        await bench.reconnect()
    bench.act("refuse", cms=int(Sms.NO_NETWORK))
    await bench.do()
    await bench.reconnect()
    await bench.does_the_next("and the next one goes")


async def holds_without_sim_or_network(bench: "ModemBench") -> None:
    for out, back, error in (("sim_out", "sim_in", ErrorCode.SIM_MISSING), ("no_network", "network", ErrorCode.NO_NETWORK)):
        bench.act(out)
        told = await bench.do()
        must(told.outcome is not Outcome.DONE, "without it nothing goes")
        bench.expect((told.outcome, told.error) == (Outcome.HELD, error), f"held for {error}, not {told.completion}")
        status = bench.device.status()
        bench.expect((status.device, status.error) == (DeviceStatus.USER_ERROR, error), f"and it shows, not {status}")
        bench.act(back)
        await bench.reconnect()
        await bench.settle(40)
    bench.expect(bench.device.status().device is DeviceStatus.ONLINE, "it is back")
    await bench.does_the_next("and sends")


async def tells_how_it_hears(bench: "ModemBench") -> None:
    bench.act("signal", dbm=-101)
    await bench.settle(40)
    wanted = Network(registration=Registration.HOME, signal_dbm=-101)
    bench.expect(wanted in bench.unsolicited, "a weaker signal is told")


async def takes_new_firmware_in_pieces(bench: "ModemBench") -> None:
    """Whatever happens to the wire on the way, the package arrives whole, and the module says itself that it runs it."""
    if "Firmware.Install" not in bench.device.capabilities().commands:
        return
    content = bench.emulator.package(NEW)
    package, size = sha256(content).hexdigest(), len(content)
    done = await _lay_down(bench, package, content)
    for _ in range(STEPS_MAX):
        if done.outcome is Outcome.DONE:
            break
        must(done.outcome is Outcome.HELD, f"a piece that broke off is no harm, not {done}")
        await bench.reconnect()
        done = await _lay_down(bench, package, content)
    bench.expect(done.outcome is Outcome.DONE, f"the package arrives, not {done}")
    if done.outcome is not Outcome.DONE:
        return
    done = await bench.device.execute(Install(package=package, size_bytes=size), timeout_s=60)
    bench.expect(done.outcome is Outcome.DONE, f"it installs, not {done}")
    if done.outcome is Outcome.DONE:
        await bench.settle(AWAY_S)
        bench.losses += 1
        await bench.connect()
        bench.expect(bench.device.capabilities().firmware == NEW, "it says that it runs the new one")


async def _lay_down(bench: "ModemBench", package: str, content: bytes) -> Completion:
    """From where the last attempt broke off; the end of the last piece."""
    done = await bench.device.execute(Prepare(package=package, size_bytes=len(content)), timeout_s=60)
    while (
        done.outcome is Outcome.DONE and isinstance(held := done.payload, Prepared | Written) and held.held_bytes < len(content)
    ):
        data = content[held.held_bytes : held.held_bytes + BLOCK_BYTES]
        block = Write(package=package, offset_bytes=held.held_bytes, data=data)
        done = await bench.device.execute(block, timeout_s=60)
    return done


class ModemBench(Bench):
    PROFILES = ("generic.gsm-modem", "quectel.ec20")
    NOISE = b"\xff\xfe\x80garbage\x81\r\n"
    LATE = (b"\r\n+CMGS: 7\r\n", b"\r\nOK\r\n")
    DIES_AFTER_BYTES = (7, 60, 150)
    """In the greeting, in the look before sending, in the message."""
    NUMBER = "13800000001"
    STORIES = (
        reports_delivery,
        sends_long_ones_in_parts,
        doubts_a_message_that_broke_off,
        believes_the_networks_no,
        holds_without_sim_or_network,
        tells_how_it_hears,
        takes_new_firmware_in_pieces,
    )
    emulator: ModemEmulator

    def specimen(self, n: int) -> Send:
        return Send(to=self.NUMBER, text=f"{n:04d}:您的号码即将叫到")

    def times_done(self, n: int) -> int:
        return sum(f"\n{n:04d}:" in message.text for message in self.emulator.output())
