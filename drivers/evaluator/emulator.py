"""An emulated rating pad: it asks (`prompt`), and a customer presses a key, asked or not."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from drivers.emulation import BadParameters, Emulator, Hand, OutputKind, hand
from drivers.evaluator.traits import EvaluatorTraits
from drivers.frame_layout import Framing
from drivers.framing import Frames
from drivers.interfaces.evaluator import Score
from drivers.profiles import Profile

PROMPT: Final = "请您对本次服务作出评价 · Please rate this service"
THANKS: Final = "谢谢您的评价 · Thank you"
IDLE: Final = "欢迎光临 · Welcome"


class Opinion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which key: 5 is very satisfied, 1 very dissatisfied; a pad has as many as its model says."""

    score: Score = 5


class EvaluatorEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = traits = profile.section(EvaluatorTraits)
        self._requests = Frames(Framing(traits.request).read)
        self._reply = Framing(traits.reply)
        self._keys = {score: int(key, 16) for key, score in traits.scores.items()}
        self.asking = False

    def attached(self) -> None:
        self._requests.flush()

    def lose_power(self) -> None:
        self.asking = False

    def receive(self, data: bytes) -> None:
        for item in self._requests.receive(data):
            if not isinstance(item, bytes):
                self._obey(item.values["command"])

    def hands(self) -> Mapping[str, Hand]:
        return {
            "press": Hand(self._press, Opinion),
            "press_satisfied": hand(lambda: self._press(Opinion(max(self._keys)))),
            "press_unsatisfied": hand(lambda: self._press(Opinion(min(self._keys)))),
        }

    def _press(self, opinion: Opinion) -> None:
        if opinion.score not in self._keys:
            raise BadParameters(f"press: this pad has keys for {', '.join(map(str, sorted(self._keys)))} only")
        self.produce(OutputKind.SIGNAL, f"pressed {opinion.score}")
        if self.asking:
            self.asking = False
            self.produce(OutputKind.PROMPT, THANKS)
        self.reply(self._reply.build({"key": self._keys[opinion.score]}))

    def _obey(self, command: int) -> None:
        traits = self._traits
        if command == traits.ask:
            self.asking = True
            self.produce(OutputKind.PROMPT, PROMPT)
        elif command == traits.cancel and self.asking:
            self.asking = False
            self.produce(OutputKind.PROMPT, IDLE)
        elif command == traits.probe and traits.present is not None:
            self.reply(self._reply.build({"key": traits.present}))
