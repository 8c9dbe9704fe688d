"""Every driver, on every wire, through every story of `drivers.conformance` and of its family."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from _pytest.mark.structures import ParameterSet

from drivers import registry, virtualtime
from drivers.conformance import STORIES, Bench, Story, run
from drivers.transport.memory import Bend, Temper

PROFILES = registry.load_profiles()
SEEDS = range(3)


def bends(bench: type[Bench]) -> Iterator[tuple[str, Bend]]:
    yield "whole", Bend(Temper.WHOLE)
    yield "bytewise", Bend(Temper.BYTEWISE)
    for seed in SEEDS:
        yield f"delayed-{seed}", Bend(Temper.DELAYED, seed=seed)
        yield f"lossy-{seed}", Bend(Temper.LOSSY, seed=seed, loss=bench.LOSS)
        yield f"unplugged-{seed}", Bend(Temper.UNPLUGGED, dies_after_bytes=bench.DIES_AFTER_BYTES[seed])


def trials() -> Iterator[ParameterSet]:
    for name, family in registry.FAMILIES.items():
        for profile_id in family.bench.PROFILES:
            for wire, bend in bends(family.bench):
                for story in (*STORIES, *family.bench.STORIES):
                    yield pytest.param(name, profile_id, bend, story, id=f"{name}-{profile_id}-{wire}-{story.__name__}")


def bench_for(name: str, profile_id: str, bend: Bend) -> Bench:
    family, profile = registry.family(name), PROFILES[profile_id]
    emulator = family.emulator(profile, clock=lambda: datetime(2026, 3, 2, 9, 41, tzinfo=UTC))
    outlet = emulator.in_memory(Bend(bend.temper, bend.seed, bend.loss, bend.delay_s, bend.dies_after_bytes))
    return family.bench(family.driver("device-1", profile, outlet.dial), emulator, profile, bend.temper)


@pytest.mark.parametrize(("name", "profile_id", "bend", "story"), list(trials()))
def test_story(name: str, profile_id: str, bend: Bend, story: Story) -> None:
    async def tell() -> None:
        await run(story, bench_for(name, profile_id, bend))

    virtualtime.run(tell())
