"""What is told of rating pads beyond the stories of every family."""

from drivers.api import Command, CompletionCode, DeviceStatus, Outcome
from drivers.conformance import Bench
from drivers.evaluator.emulator import EvaluatorEmulator
from drivers.evaluator.traits import EvaluatorTraits
from drivers.interfaces.evaluator import AskRating, CancelRating, RatingGiven, RatingPressed


async def tells_what_nobody_asked_for(bench: "EvaluatorBench") -> None:
    bench.act("press", score=5)
    await bench.settle(1)
    bench.expect(RatingPressed(score=5) in bench.unsolicited, "a key that nobody asked for is told")
    await bench.does_the_next("and whoever asks gets the next one")


async def tells_which_key(bench: "EvaluatorBench") -> None:
    told = await bench.do()
    payload = told.completion and told.completion.payload
    bench.expect(payload == RatingGiven(score=bench.score(told.n)), f"the key that was pressed, not {payload}")


async def stops_asking(bench: "EvaluatorBench") -> None:
    bench.stall()
    told = await bench.do(timeout_s=1.0)
    bench.expect(told.code is CompletionCode.TIME_OUT and told.outcome is Outcome.HELD, f"in time, not {told.completion}")
    await bench.settle(1)
    bench.expect(not bench.emulator.asking, "the pad asks no more")
    bench.go_on()
    told = await bench.begin(command=CancelRating())
    bench.expect(told.outcome is Outcome.DONE, f"stopping twice does no harm, not {told.completion}")


async def notices_silence_where_it_can(bench: "EvaluatorBench") -> None:
    if bench.profile.section(EvaluatorTraits).probe is None:
        return
    bench.emulator.hush(True)
    told = await bench.do(timeout_s=60)
    bench.expect(told.outcome is not Outcome.DONE, "a mute pad has no opinion")
    bench.expect(bench.device.status().device is DeviceStatus.OFFLINE, "a pad that fell silent while it asked is noticed")
    bench.emulator.hush(False)
    await bench.does_the_next("and forgiven")


class EvaluatorBench(Bench):
    """A pad and a customer whose opinion changes; which press belonged to which question is kept here."""

    PROFILES = ("centerm.evaluator", "generic.framed-evaluator")
    TALKS_BACK = False
    LEAVES_TRACES = False
    DIES_AFTER_BYTES = (2, 6, 10)
    STORIES = (tells_what_nobody_asked_for, tells_which_key, stops_asking, notices_silence_where_it_can)
    emulator: EvaluatorEmulator

    def specimen(self, _n: int) -> Command:
        return AskRating()

    def person(self, n: int) -> None:
        self.act("press", score=self.score(n))

    def score(self, n: int) -> int:
        scores = sorted(self.profile.section(EvaluatorTraits).scores.values())
        return scores[n % len(scores)]

    def times_done(self, n: int) -> int:
        return sum(produced.text == f"pressed {self.score(n)}" for produced in self.emulator.output())
