"""The branch's time under a machine's clock that jumps, stands still and runs back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from edge.kernel.clock import STEP_MS, SandboxClock, Step, SystemClock

T0 = 1_795_000_000_000


@dataclass
class Machine:
    """Its wall clock and its steady one."""

    wall: int = T0
    steady: int = 5_000
    clock: SystemClock = field(init=False)

    def boot(self, floor_ms: int = 0) -> SystemClock:
        self.clock = SystemClock(floor_ms=floor_ms, wall=lambda: self.wall, steady=lambda: self.steady)
        return self.clock

    def run(self, ms: int, *, step_ms: int = 1000) -> list[int]:
        """Time passes on both clocks; the branch's time after each portion."""
        seen = []
        for _ in range(ms // step_ms):
            self.wall += step_ms
            self.steady += step_ms
            seen.append(self.clock.now_ms())
        return seen


@pytest.fixture
def machine() -> Machine:
    made = Machine()
    made.boot()
    return made


def test_it_follows_the_machine(machine: Machine) -> None:
    assert machine.run(5000)[-1] == T0 + 5000
    assert machine.clock.take_step() is None
    assert not machine.clock.suspect


@pytest.mark.parametrize("back_ms", [1, 1000, STEP_MS, STEP_MS + 1, 24 * 3_600_000])
def test_it_never_runs_backwards(machine: Machine, back_ms: int) -> None:
    before = machine.clock.now_ms()
    machine.wall -= back_ms
    seen = [before, machine.clock.now_ms(), *machine.run(60_000, step_ms=7)]
    assert seen == sorted(seen)


def test_a_small_difference_is_slewed_away_at_half_speed(machine: Machine) -> None:
    machine.clock.now_ms()
    machine.wall -= 10_000
    assert machine.run(8000)[-1] == T0 + 4000
    assert machine.run(12_000)[-1] == machine.wall
    assert machine.run(1000)[-1] == machine.wall
    assert machine.clock.take_step() is None
    assert not machine.clock.suspect


def test_half_speed_holds_however_often_it_is_asked(machine: Machine) -> None:
    machine.clock.now_ms()
    machine.wall -= 100_000
    assert abs(machine.run(10_000, step_ms=1)[-1] - (T0 + 5000)) <= 1


def test_a_forward_jump_is_followed_and_noted_once(machine: Machine) -> None:
    machine.clock.now_ms()
    machine.wall += 3_600_000
    assert machine.clock.now_ms() == T0 + 3_600_000
    machine.run(5000)
    assert machine.clock.take_step() == Step(T0, T0 + 3_600_000, "forward")
    assert machine.clock.take_step() is None
    assert not machine.clock.suspect


@pytest.mark.parametrize(("jump_ms", "noted"), [(STEP_MS, False), (STEP_MS + 1, True)])
def test_five_minutes_are_not_yet_a_jump(machine: Machine, jump_ms: int, noted: bool) -> None:  # noqa: FBT001 -- a case
    machine.clock.now_ms()
    machine.wall += jump_ms
    machine.clock.now_ms()
    assert (machine.clock.take_step() is not None) is noted


def test_a_night_without_a_question_is_no_jump(machine: Machine) -> None:
    """Suspended, or nobody asked: both clocks went on."""
    machine.wall += 12 * 3_600_000
    machine.steady += 12 * 3_600_000
    assert machine.clock.now_ms() == machine.wall
    assert machine.clock.take_step() is None


@pytest.mark.parametrize("portion_ms", [10, 1000, 60_000])
def test_a_backward_jump_is_noted_once_and_suspect_until_caught_up(machine: Machine, portion_ms: int) -> None:
    machine.clock.now_ms()
    machine.wall -= STEP_MS + 60_000
    machine.clock.now_ms()
    assert machine.clock.take_step() == Step(T0, T0 - STEP_MS - 60_000, "backward")
    assert machine.clock.suspect
    caught_up_ms = 2 * (STEP_MS + 60_000)
    machine.run(caught_up_ms - 120_000, step_ms=portion_ms)
    assert machine.clock.suspect
    machine.run(180_000, step_ms=portion_ms)
    assert not machine.clock.suspect
    assert machine.clock.now_ms() == machine.wall
    assert machine.clock.take_step() is None


def test_two_jumps_that_nobody_noted_in_between_are_one(machine: Machine) -> None:
    machine.clock.now_ms()
    machine.wall += 3_600_000
    machine.clock.now_ms()
    machine.wall += 7_200_000
    machine.clock.now_ms()
    assert machine.clock.take_step() == Step(T0, T0 + 10_800_000, "forward")


def test_it_starts_no_earlier_than_the_journal_ended() -> None:
    machine = Machine()
    clock = machine.boot(floor_ms=T0 + 2 * STEP_MS)
    assert clock.suspect
    assert clock.now_ms() == T0 + 2 * STEP_MS
    assert clock.take_step() is None
    machine.wall += 3 * STEP_MS
    assert clock.now_ms() == machine.wall
    assert not clock.suspect


def test_durations_are_the_machine_s_steady_ones(machine: Machine) -> None:
    machine.wall -= 3_600_000
    assert machine.clock.steady_ms() == 5_000


# --- the sandbox's


def sandbox() -> tuple[SandboxClock, list[int]]:
    steady = [77]
    return SandboxClock(T0, steady=lambda: steady[0]), steady


def test_a_sandbox_clock_runs_on_from_where_it_was_set() -> None:
    clock, steady = sandbox()
    clock.set(datetime.fromtimestamp((T0 + 3_600_000) / 1000, UTC))
    steady[0] += 1500
    assert clock.now_ms() == T0 + 3_601_500
    assert clock.take_step() == Step(T0, T0 + 3_600_000, "sandbox")
    assert clock.take_step() is None
    assert not clock.suspect


@pytest.mark.parametrize(("seconds", "noted"), [(1, False), (300, False), (301, True), (-1, True), (-3600, True)])
def test_a_sandbox_clock_notes_what_a_steady_one_would_not_do(seconds: int, noted: bool) -> None:  # noqa: FBT001 -- a case
    clock, _ = sandbox()
    clock.advance(seconds)
    assert clock.now_ms() == T0 + seconds * 1000
    assert clock.take_step() == (Step(T0, T0 + seconds * 1000, "sandbox") if noted else None)


def test_two_settings_between_commands_are_one_step() -> None:
    clock, _ = sandbox()
    clock.advance(3600)
    clock.advance(-7200)
    assert clock.take_step() == Step(T0, T0 - 3_600_000, "sandbox")
