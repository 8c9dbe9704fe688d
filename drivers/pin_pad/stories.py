"""What is told of PIN pads beyond the stories of every family."""

import asyncio

from drivers.api import Command, CompletionCode, DeviceStatus, ErrorCode, Outcome
from drivers.confidential import Opaque, Pan
from drivers.conformance import Bench
from drivers.interfaces.pin_pad import (
    DataEntered,
    DataEntry,
    GetPinBlock,
    ImportKey,
    KeyEvent,
    KeyImported,
    KeyUse,
    PinBlock,
    PinEntry,
    Press,
    Reset,
    Tampered,
)
from drivers.pin_pad import blocks
from drivers.pin_pad.codec import Frame
from drivers.pin_pad.emulator import MASTER_KEY, PinPadEmulator

PIN = "918273"
NEW_KEY = bytes.fromhex("2315208C9110AD402315208C9110AD40")


async def gives_the_pin_encrypted_and_once(bench: "PinPadBench") -> None:
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, f"entered, not {told.completion}")
    fetched = await bench.begin(command=GetPinBlock())
    payload = fetched.completion and fetched.completion.payload
    if isinstance(payload, PinBlock):
        key = bench.emulator.keys[bench.emulator.traits.slots["pin"]].value
        clear = blocks.decrypt(bench.emulator.traits.cipher, key, payload.block)
        wanted = blocks.clear_block(payload.format, PIN, bench.pan(told.n), bytes)
        bench.expect(clear == wanted, "the block holds this PIN and this card")
    bench.expect(isinstance(payload, PinBlock), f"there is a block, not {fetched.completion}")
    again = await bench.begin(command=GetPinBlock())
    bench.expect(again.code is CompletionCode.SEQUENCE_ERROR, f"a PIN is fetched once, not {again.completion}")
    bench.told.clear()


async def tells_presses_and_never_which(bench: "PinPadBench") -> None:
    told = await bench.do()
    pressed = [event.press for event in told.events if isinstance(event, KeyEvent)]
    bench.expect(pressed[:6] == [Press.MASKED] * 6, f"six keys were pressed, not {pressed}")
    seen = repr((told, bench.unsolicited, bench.device.trace.after(0)))
    digits = {"9", "1", "8", "2", "7", "3"}
    bench.expect(PIN not in seen and not any(f"'{digit}'" in seen for digit in digits), "and nobody can say which")
    bench.expect(bench.pan(told.n) not in seen, "nor whose card it is")


async def refuses_clear_entry_while_a_pin_is_about(bench: "PinPadBench") -> None:
    doing = bench.begin()
    await asyncio.sleep(0)
    beside = await bench.begin(command=DataEntry())
    bench.expect(beside.code is CompletionCode.SEQUENCE_ERROR, f"refused beside a prompt, not {beside.completion}")
    bench.expect(beside.error is ErrorCode.ACCESS_DENIED and beside.outcome is Outcome.HELD, "and held")
    await doing
    behind = await bench.begin(command=DataEntry())
    bench.expect(behind.code is CompletionCode.SEQUENCE_ERROR, f"and while the PIN waits in the pad, not {behind.completion}")
    await bench.device.execute(Reset())
    entering = asyncio.create_task(bench.device.execute(DataEntry(max_digits=11), timeout_s=10))
    await bench.settle(0.5)
    bench.act("type_pin", digits="13800000001", enter=False)
    payload = (await entering).payload
    text = payload.data.reveal() if isinstance(payload, DataEntered) else None
    bench.expect(text == "13800000001", f"then a phone number may be typed, not {payload}")
    bench.told.clear()


async def lets_the_customer_correct_and_cancel(bench: "PinPadBench") -> None:
    bench.corrects = True
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, f"corrected, not {told.completion}")
    await bench.device.execute(Reset())
    bench.corrects, bench.cancels = False, True
    told = await bench.do()
    bench.expect(told.code is CompletionCode.CANCELED and told.outcome is Outcome.HELD, f"cancelled, not {told.completion}")
    bench.cancels = False
    await bench.does_the_next("and the next customer is asked")


async def loads_keys_and_compares_check_values(bench: "PinPadBench") -> None:
    cipher = bench.emulator.traits.cipher
    kcv, wrapped = blocks.check_value(cipher, NEW_KEY), blocks.encrypt(cipher, MASTER_KEY, NEW_KEY)
    load = ImportKey(key="pin", use=KeyUse.PIN, under="master", value=Opaque(wrapped), kcv=kcv[:3])
    told = await bench.begin(command=load)
    bench.expect(told.completion is not None and told.completion.payload == KeyImported(kcv=kcv), f"not {told.completion}")
    wrong = await bench.begin(
        command=ImportKey(key="pin", use=KeyUse.PIN, under="master", value=Opaque(wrapped), kcv=b"\0\0\0")
    )
    bench.expect(wrong.code is CompletionCode.COMMAND_ERROR_CODE, f"another check value is told, not {wrong.completion}")
    bench.told.clear()
    stranger = await bench.begin(command=PinEntry(key="nobody", pan=Pan("6228480402560001")))
    bench.expect(stranger.error is ErrorCode.KEY_NOT_FOUND, f"a key that is not there is told, not {stranger.completion}")
    under = ImportKey(key="master", use=KeyUse.PIN, under="pin", value=Opaque(wrapped))
    misused = await bench.begin(command=under)
    bench.expect(misused.error is ErrorCode.ACCESS_DENIED, f"a PIN key loads no keys, not {misused.completion}")
    bench.told.clear()
    await bench.does_the_next("and the pad works with its new key")


async def is_out_of_service_once_it_was_opened(bench: "PinPadBench") -> None:
    bench.act("tamper")
    told = await bench.do()
    bench.expect(told.outcome is not Outcome.DONE, "an opened pad asks nobody")
    await bench.settle(5)
    bench.expect(Tampered() in bench.unsolicited, "opening is told")
    bench.expect(bench.device.status().device is DeviceStatus.HARDWARE_ERROR, "and stays told")
    bench.act("service")
    await bench.settle(5)
    await bench.does_the_next("a new pad works")


class PinPadBench(Bench):
    """A pad and a customer; the specimen asks for the PIN of a card that belongs to it alone."""

    PROFILES = ("szzt.zt598", "szzt.zt598-sm4")
    LEAVES_TRACES = False
    LATE = (Frame(b"0").raw, Frame(b"0000123456789ABCDEF0").raw)
    DIES_AFTER_BYTES = (3, 36, 70)
    STORIES = (
        gives_the_pin_encrypted_and_once,
        tells_presses_and_never_which,
        refuses_clear_entry_while_a_pin_is_about,
        lets_the_customer_correct_and_cancel,
        loads_keys_and_compares_check_values,
        is_out_of_service_once_it_was_opened,
    )
    emulator: PinPadEmulator
    corrects = False
    cancels = False

    def pan(self, n: int) -> str:
        return f"622848040256{n:04d}"

    def specimen(self, n: int) -> Command:
        return PinEntry(key="pin", pan=Pan(self.pan(n)))

    def person(self, _n: int) -> None:
        if self.cancels:
            self.act("press", key="cancel")
        elif self.corrects:
            self.act("type_pin", digits=PIN[:2] + "5", enter=False)
            self.act("press", key="clear")
            self.act("type_pin", digits=PIN[2:])
        else:
            self.act("type_pin", digits=PIN)

    def times_done(self, n: int) -> int:
        return sum(shown.text == f"PIN of 6 digits, card …{n:04d}" for shown in self.emulator.output())
