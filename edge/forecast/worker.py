"""The forecast's own process: `python -m edge.forecast.worker --data DIR --zone ZONE`.

It reads letters on its standard input and writes letters on its standard output (`letters.py`). One thread does one thing at a
time, in slices: answer what was asked, else go on with a back-test, else learn. A letter is looked for between slices, so a
forecast waits for a slice and no longer. It ends when its input does, so it never outlives the daemon, and it is nice to it.
"""

import argparse
import os
import select
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, Final
from zoneinfo import ZoneInfo

from edge.forecast import answers, back_test, letters, scene, staffing
from edge.forecast.student import Student
from edge.kernel.backup import CORE
from edge.kernel.db import Connection, connect_reader
from edge.kernel.domain import Rejected

NICENESS: Final = 10
SLICE_S: Final = 0.05
BEAT_S: Final = 5.0
KEEP_S: Final = 600.0
"""Between two times of writing down what was learned."""
WORKS_MAX: Final = 4
READ_BYTES: Final = 65_536

Say = Callable[[letters.FromWorker], None]


class Worker:
    """Answers letters, one after the other."""

    def __init__(self, connection: Connection, folder: Path, zone: ZoneInfo, say: Say) -> None:
        self._connection = connection
        self._zone = zone
        self._say = say
        self._student = Student(connection, folder, zone)
        self._works: deque[tuple[int, Iterator[letters.FromWorker | None]]] = deque()
        self._keep_at_s = monotonic() + KEEP_S

    @property
    def busy(self) -> bool:
        """Whether there is something to go on with."""
        return bool(self._works) or not self._student.warm

    def answer(self, letter: letters.ToWorker) -> bool:
        """Carry out a letter; False where it says goodbye."""
        if isinstance(letter, letters.Goodbye):
            self._student.keep()
            return False
        _ANSWERS[type(letter)](self, letter)
        return True

    def go_on(self) -> None:
        """One slice of what is under way."""
        if self._works:
            self._advance()
        elif not self._student.warm:
            self._student.learn(perf_counter() + SLICE_S)
            if self._student.warm:
                self._student.keep()
        if monotonic() >= self._keep_at_s:
            self._student.keep()
            self._keep_at_s = monotonic() + KEEP_S

    def _advance(self) -> None:
        number, work = self._works.popleft()
        try:
            letter = next(work)
        except StopIteration:
            return
        except Rejected as refusal:
            self._say(letters.Refused(number, refusal.code))
            return
        if letter is not None:
            self._say(letter)
        self._works.append((number, work))

    def _begin(self, number: int, work: Iterator[letters.FromWorker | None]) -> None:
        if len(self._works) >= WORKS_MAX:
            self._say(letters.Refused(number, "forecast_busy"))
        else:
            self._works.append((number, work))

    # --- one for each kind of letter

    def look(self, letter: letters.Look) -> None:
        self._say(self._student.look(letter.now_ms))

    def what_if(self, letter: letters.WhatIf) -> None:
        self._begin(letter.id, self._effects(letter))
        self._advance()

    def _effects(self, letter: letters.WhatIf) -> Iterator[letters.FromWorker]:
        house = answers.House(self._connection, letter.now_ms, self._zone)
        situation = self._situation(letter.now_ms)
        yield answers.effects(letter, situation, self._student.knowledge, house)

    def staffing(self, letter: letters.Staffing) -> None:
        self._begin(letter.id, self._proposals(letter))

    def _proposals(self, letter: letters.Staffing) -> Iterator[letters.FromWorker | None]:
        house = answers.House(self._connection, letter.now_ms, self._zone)
        situation = answers.as_it_is(self._situation(letter.now_ms))
        yield from staffing.propose(letter, situation, self._student.knowledge, house.closed(situation))

    def back_test(self, letter: letters.BackTest) -> None:
        answers.House(self._connection, letter.now_ms, self._zone)
        self._begin(letter.id, back_test.run(self._connection, letter, self._zone))

    def cancel(self, letter: letters.Cancel) -> None:
        self._works = deque(work for work in self._works if work[0] != letter.id)

    def _situation(self, now_ms: int) -> Any:
        """The branch now. Raises Rejected where there is no forecast."""
        if not self._student.warm:
            raise Rejected("forecast_warming")
        try:
            return self._student.snapshot(now_ms)[0]
        except scene.TooCrowded as error:
            raise Rejected("too_crowded") from error


_ANSWERS: Final[dict[type[letters.ToWorker], Callable[[Worker, Any], None]]] = {
    letters.Look: Worker.look,
    letters.WhatIf: Worker.what_if,
    letters.Staffing: Worker.staffing,
    letters.BackTest: Worker.back_test,
    letters.Cancel: Worker.cancel,
}


def serve(worker: Worker, source: int, say: Say) -> None:
    """Until the input ends or a goodbye comes. Raises BadLetter."""
    unpacker, beat_at_s = letters.Unpacker(), 0.0
    while True:
        if monotonic() >= beat_at_s:
            say(letters.Beat())
            beat_at_s = monotonic() + BEAT_S
        ready, _, _ = select.select([source], [], [], 0.0 if worker.busy else max(0.0, beat_at_s - monotonic()))
        if not ready:
            worker.go_on()
            continue
        part = os.read(source, READ_BYTES)
        if not part:
            return
        for body in unpacker.feed(part):
            if not worker.answer(letters.for_worker(body)):
                return


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="branchbox-forecast", description="The waiting forecast's own process.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--zone", type=ZoneInfo, required=True)
    options = parser.parse_args(arguments)
    with suppress(OSError):
        os.nice(NICENESS)

    def say(letter: letters.FromWorker) -> None:
        sys.stdout.buffer.write(letters.packed(letter))
        sys.stdout.buffer.flush()

    connection = connect_reader(options.data / CORE)
    try:
        serve(Worker(connection, options.data, options.zone, say), sys.stdin.fileno(), say)
    except BrokenPipeError:
        return 0
    finally:
        connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
