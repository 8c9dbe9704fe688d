"""What is told of the voice beyond the stories of every family."""

import asyncio

from drivers.api import Command, CompletionCode, ErrorCode, Outcome
from drivers.conformance import Bench
from drivers.interfaces.voice import SetVolume, Speak, Speaking, Urgency
from drivers.voice.emulator import Spoken, VoiceEmulator

LONG = tuple(f"en/{n}" for n in range(8))


def said(bench: "VoiceBench") -> list[tuple[str, ...]]:
    return [spoken.words for spoken in bench.emulator.output() if isinstance(spoken, Spoken)]


async def speaks_the_urgent_first(bench: "VoiceBench") -> None:
    first = bench.begin(command=Speak(words=("en/16",)))
    await bench.settle(0.1)
    notice = bench.begin(command=Speak(words=("en/17",), urgency=Urgency.NOTICE))
    call = bench.begin(command=Speak(words=("en/18",)))
    await asyncio.gather(first, notice, call)
    await bench.settle(1)
    bench.expect(said(bench) == [("en/16",), ("en/18",), ("en/17",)], f"the call before the notice, not {said(bench)}")
    bench.told.clear()


async def breaks_off_for_an_alarm(bench: "VoiceBench") -> None:
    call = bench.begin(command=Speak(words=LONG))
    await bench.settle(1)
    alarm = await bench.begin(command=Speak(words=("en/19",), urgency=Urgency.ALARM))
    told = await call
    bench.expect((told.code, told.outcome) == (CompletionCode.CANCELED, Outcome.UNKNOWN), f"half heard, not {told.completion}")
    bench.expect(alarm.outcome is Outcome.DONE, "the alarm is heard")
    await bench.settle(1)
    bench.expect([words[-1:] for words in said(bench)][-1:] == [("en/19",)], f"last, not {said(bench)}")
    bench.told.clear()


async def does_not_begin_too_late(bench: "VoiceBench") -> None:
    long = bench.begin(command=Speak(words=LONG))
    await bench.settle(0.1)
    told = await bench.begin(command=Speak(words=("en/20",), begin_within_ms=1000))
    bench.expect((told.code, told.outcome) == (CompletionCode.TIME_OUT, Outcome.HELD), f"too late, not {told.completion}")
    await long
    await bench.settle(1)
    bench.expect(not any("en/20" in words for words in said(bench)), "it is not heard")
    bench.told.clear()


async def refuses_a_word_it_has_not(bench: "VoiceBench") -> None:
    told = await bench.begin(command=Speak(words=("zh/qing", "zh/nobody-said-this")))
    bench.expect((told.error, told.outcome) == (ErrorCode.CHAR_SET_DATA, Outcome.HELD), f"told, not {told.completion}")
    bench.told.clear()
    await bench.does_the_next("the next one is heard")


async def repeats_and_tells_that_it_speaks(bench: "VoiceBench") -> None:
    told = await bench.begin(command=Speak(words=("en/7", "en/8"), repeat=2, between_ms=100))
    bench.expect(told.outcome is Outcome.DONE, f"said, not {told.completion}")
    await bench.settle(1)
    bench.expect(said(bench) == [("en/7", "en/8", "en/7", "en/8")], f"twice, not {said(bench)}")
    heard = [event.active for event in bench.unsolicited if isinstance(event, Speaking)]
    bench.expect(heard == [True, False], "others are told to be quiet meanwhile")
    bench.told.clear()


async def is_quieter_when_told(bench: "VoiceBench") -> None:
    loud = await bench.do()
    await bench.begin(command=SetVolume(percent=0))
    silent = await bench.begin(command=Speak(words=("en/9",)))
    bench.expect(loud.outcome is silent.outcome is Outcome.DONE, "silence is spoken like anything else")
    bench.expect(len(said(bench)) == 1, "and not heard")
    bench.told.clear()


class VoiceBench(Bench):
    PROFILES = ("generic.loudspeaker",)
    TALKS_BACK = False
    DIES_AFTER_BYTES = (3, 2_000, 30_000)
    STORIES = (
        speaks_the_urgent_first,
        breaks_off_for_an_alarm,
        does_not_begin_too_late,
        refuses_a_word_it_has_not,
        repeats_and_tells_that_it_speaks,
        is_quieter_when_told,
    )
    emulator: VoiceEmulator

    def specimen(self, n: int) -> Command:
        return Speak(words=(f"en/{n}",))

    def times_done(self, n: int) -> int:
        return sum(words == (f"en/{n}",) for words in said(self))
