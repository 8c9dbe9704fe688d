"""What is told of call keypads beyond the stories of every family."""

from drivers.api import Command, CompletionCode, ErrorCode, Outcome
from drivers.call_keypad.codec import build
from drivers.call_keypad.emulator import CallEmulator
from drivers.call_keypad.traits import CallKeypadTraits, KeyCap
from drivers.conformance import Bench
from drivers.interfaces.call_unit import Beep, KeyPressed, Show, UnitKey, UnitStatus


async def tells_each_press_once(bench: "CallBench") -> None:
    await bench.settle(5)
    for key in (KeyCap.NEXT, KeyCap.RECALL, KeyCap.NEXT):
        bench.act("press", unit=2, key=key)
        await bench.settle(5)
    pressed = bench.pressed()
    wanted = [UnitKey.NEXT, UnitKey.RECALL, UnitKey.NEXT]
    bench.expect([event.key for event in pressed] == wanted, f"each press, once and in order, not {pressed}")
    bench.expect(all(event.unit == 2 for event in pressed), "of the keypad that was pressed")
    bench.expect(len({event.press for event in pressed}) == len(pressed), "each with a name of its own")


async def takes_a_double_press_for_one(bench: "CallBench") -> None:
    await bench.settle(5)
    bench.act("press", unit=1, key=KeyCap.NEXT, times=3)
    await bench.settle(5)
    bench.expect(len(bench.pressed()) == 1, f"an impatient finger presses once, not {bench.pressed()}")


async def collects_digits(bench: "CallBench") -> None:
    await bench.settle(5)
    for key in ("9", "clear", "0", "1", "2", "callNumber"):
        bench.act("press", unit=1, key=key)
        await bench.settle(1)
    await bench.settle(3)
    told = [(event.key, event.number) for event in bench.pressed()]
    bench.expect(told == [(UnitKey.CALL_NUMBER, "012")], f"the digits come with the key behind them, not {told}")


async def drops_what_was_pressed_while_nobody_listened(bench: "CallBench") -> None:
    bench.act("unplug")
    await bench.settle(1)
    bench.act("press", unit=1, key=KeyCap.NEXT)
    bench.act("plug")
    await bench.reconnect()
    await bench.settle(5)
    bench.expect(not bench.pressed(), "an old press is not acted upon")
    bench.act("press", unit=1, key=KeyCap.NEXT)
    await bench.settle(5)
    bench.expect(len(bench.pressed()) == 1, "a new one is")


async def believes_no_stranger(bench: "CallBench") -> None:
    """A press that nobody asked about comes from no keypad of ours, or too late: it is asked about again anyway."""
    codes = bench.profile.section(CallKeypadTraits).commands
    bench.emulator.say(build(1, codes.pressed, b"\x63\x01"))
    await bench.settle(3)
    bench.expect(not bench.pressed(), "what was not asked is not heard")
    await bench.does_the_next("and does no harm")


async def leaves_one_silent_keypad_aside(bench: "CallBench") -> None:
    last = bench.profile.section(CallKeypadTraits).units[1]
    await bench.begin(command=Show(unit=last, text="A007"), timeout_s=60)
    bench.act("unit_off", unit=last)
    silent = await bench.begin(command=Beep(unit=last), timeout_s=60)
    bench.expect(silent.error is ErrorCode.NO_ANSWER, f"a silent keypad is told, not {silent.completion}")
    bench.expect(UnitStatus(unit=last, answering=False) in bench.unsolicited, "to the subscribers too")
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "the others go on")
    bench.act("unit_on", unit=last)
    await bench.settle(20)
    bench.expect(UnitStatus(unit=last, answering=True) in bench.unsolicited, "and its return")
    bench.expect(bench.emulator.units[last].text == "A007", "it shows again what it showed")
    bench.told.clear()


async def refuses_what_it_cannot_show(bench: "CallBench") -> None:
    last = bench.profile.section(CallKeypadTraits).units[1]
    for wrong in (Show(unit=1, text="123456789"), Show(unit=1, text="请"), Beep(unit=last + 1)):
        told = await bench.begin(command=wrong)
        bench.expect(told.code is CompletionCode.INVALID_DATA, f"{wrong} is refused, not {told.completion}")
        bench.expect(told.outcome is Outcome.HELD, "and nothing is sent")
    bench.told.clear()
    await bench.does_the_next("and the bus goes on")


class CallBench(Bench):
    """A bus and its keypads; the specimen shows a number that belongs to it alone."""

    PROFILES = ("generic.caller-21",)
    DIES_AFTER_BYTES = (3, 60, 400)
    STORIES = (
        tells_each_press_once,
        takes_a_double_press_for_one,
        collects_digits,
        drops_what_was_pressed_while_nobody_listened,
        believes_no_stranger,
        leaves_one_silent_keypad_aside,
        refuses_what_it_cannot_show,
    )
    emulator: CallEmulator

    def specimen(self, n: int) -> Command:
        return Show(unit=1, text=f"A{n:03d}")

    def times_done(self, n: int) -> int:
        return sum(shown.text == f"[1] A{n:03d}" for shown in self.emulator.output())

    def pressed(self) -> list[KeyPressed]:
        return [event for event in self.unsolicited if isinstance(event, KeyPressed)]
