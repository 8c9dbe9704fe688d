"""What is told of boards of lights beyond the stories of every family."""

from drivers.api import Command, CompletionCode, ErrorCode, Outcome, StaleReply
from drivers.conformance import Bench
from drivers.interfaces.text_terminal import BoardStatus, ClearScreen, Write
from drivers.led_board.emulator import LedEmulator
from drivers.led_board.traits import LedTraits


async def leaves_one_silent_board_aside(bench: "LedBench") -> None:
    first, last = bench.profile.section(LedTraits).boards
    if first == last:
        return
    bench.act("board_off", board=last)
    silent = await bench.begin(command=Write(board=last, lines=("7",)), timeout_s=60)
    bench.expect(silent.error is ErrorCode.NO_ANSWER, f"a silent board is told, not {silent.completion}")
    bench.expect(BoardStatus(board=last, answering=False) in bench.unsolicited, "to the subscribers too")
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "the other boards go on")
    bench.act("board_on", board=last)
    await bench.settle(60)
    bench.expect(BoardStatus(board=last, answering=True) in bench.unsolicited, "and its return")
    shown = bench.emulator.boards[last].text
    bench.expect(shown is not None and shown.endswith("7"), "it shows what it was told while it was away")


async def refuses_what_it_cannot_show(bench: "LedBench") -> None:
    traits = bench.profile.section(LedTraits)
    told = await bench.begin(command=Write(board=bench.board, lines=("1",) * (traits.rows + 1)))
    bench.expect(told.code is CompletionCode.INVALID_DATA, f"too many lines, not {told.completion}")
    told = await bench.begin(command=Write(board=traits.boards[1] + 1, lines=("1",)))
    bench.expect(told.code is CompletionCode.INVALID_DATA, f"there is no such board, not {told.completion}")
    if traits.charset == "gb2312":
        told = await bench.begin(command=Write(board=bench.board, lines=("请䶮先生",)))
        bench.expect(told.error is ErrorCode.CHAR_SET_DATA, f"a rare character is refused by name, not {told.completion}")
        bench.expect(told.completion is not None and "䶮" in told.completion.detail, "by name")
    for told in bench.told:
        bench.expect(told.outcome is Outcome.HELD, "nothing of it was sent")
    bench.told.clear()
    await bench.does_the_next("and the bus goes on")


async def clears_and_tells_everybody(bench: "LedBench") -> None:
    await bench.do()
    await bench.reconnect()
    told = await bench.begin(command=ClearScreen(board=bench.board))
    bench.expect(told.outcome is Outcome.DONE, f"cleared, not {told.completion}")
    bench.expect(bench.emulator.boards[bench.board].text == "", "it shows nothing")
    traits = bench.profile.section(LedTraits)
    if traits.broadcast is not None:
        told = await bench.begin(command=Write(board=None, lines=("8",)))
        bench.expect(told.outcome is Outcome.DONE, f"told to all, not {told.completion}")
        await bench.settle(1)
        shown = {board.text for board in bench.emulator.boards.values()}
        bench.expect(len(shown) == 1 and "8" in str(shown), f"every board shows it, not {shown}")
    bench.told.clear()


async def believes_no_stranger(bench: "LedBench") -> None:
    bench.emulator.say(bench.emulator.accepting(bench.board))
    await bench.settle(0.3)
    bench.expect(any(isinstance(event, StaleReply) for event in bench.unsolicited), "an answer nobody asked for is told")
    await bench.does_the_next("and does no harm")


class LedBench(Bench):
    """A bus and its boards; the specimen shows a number that belongs to it alone."""

    PROFILES = ("sunpn.window-digits", "onbon.bx-5k", "generic.modbus-digits")
    DIES_AFTER_BYTES = (3, 20, 60)
    STORIES = (
        leaves_one_silent_board_aside,
        refuses_what_it_cannot_show,
        clears_and_tells_everybody,
        believes_no_stranger,
    )
    emulator: LedEmulator

    def specimen(self, n: int) -> Command:
        return Write(board=self.board, lines=(f"{n:04d}",))

    def times_done(self, n: int) -> int:
        return sum(shown.text.split() == [f"[{self.board}]", *self._as_shown(n).split()] for shown in self.emulator.output())

    @property
    def board(self) -> int:
        return self.profile.section(LedTraits).boards[0]

    def _as_shown(self, n: int) -> str:
        """Some boards drop leading noughts."""
        traits = self.profile.section(LedTraits)
        numeric = traits.modbus.coding == "value" if traits.modbus else not (traits.framed and traits.framed.write.data)
        return str(n) if numeric else f"{n:04d}"
