"""Every test action does what it promises on every model: what a technician presses in the console works, or says why."""

import pytest

from drivers import registry, virtualtime
from drivers.api import CompletionCode, Outcome
from drivers.conformance import Bench
from drivers.transport.memory import Bend, Temper

PROFILES = registry.load_profiles()
TIMEOUT_S = 15.0
TRIALS = {profile.id: trial for profile in PROFILES.values() if (trial := registry.family(profile.family).trial) is not None}
BY_PERSON = [profile_id for profile_id, trial in TRIALS.items() if trial.needs_person]


def bench_of(profile_id: str) -> Bench:
    profile = PROFILES[profile_id]
    family = registry.family(profile.family)
    emulator = family.emulator(profile)
    outlet = emulator.in_memory(Bend(Temper.WHOLE))
    return family.bench(family.driver("device-1", profile, outlet.dial), emulator, profile, Temper.WHOLE)


@pytest.mark.parametrize("profile_id", TRIALS)
def test_a_model_can_do_its_test(profile_id: str) -> None:
    async def tell() -> None:
        bench = bench_of(profile_id)
        await bench.connect()
        told = await bench.begin(command=TRIALS[profile_id].command(bench.profile), timeout_s=TIMEOUT_S)
        assert told.outcome is Outcome.DONE, told.completion
        await bench.device.close()

    virtualtime.run(tell())


@pytest.mark.parametrize("profile_id", BY_PERSON)
def test_where_nobody_comes_the_test_says_so(profile_id: str) -> None:
    """Out of time and nothing left behind: the console then says that nobody came, not that the device is not ready."""

    async def tell() -> None:
        bench = bench_of(profile_id)
        await bench.connect()
        done = await bench.device.execute(TRIALS[profile_id].command(bench.profile), timeout_s=TIMEOUT_S)
        assert done.code is CompletionCode.TIME_OUT, done
        await bench.device.close()

    virtualtime.run(tell())
