"""People at a reader at their worst: good cards, bad cards, other cards at once, taken away in the middle, in random order.

In virtual time, over the emulators, for every family that reads what a customer holds. Whatever happened: no card is made up,
the reader stays connected and blames itself for nothing, and the next card that is presented quietly is read.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from drivers import registry, virtualtime
from drivers.api import Command, Device, DeviceStatus, Event, MediaStatus
from drivers.emulation import Emulator
from drivers.interfaces.barcode_reader import CodeRead, CodeScanned, Read
from drivers.interfaces.card_reader import CardSeen, Move
from drivers.interfaces.id_card import CardLaid
from drivers.specimens import CARDS, PEOPLE
from tests.drivers.printers import noon

PROFILES = registry.load_profiles()
SEEDS: Final = range(4)
GESTURES: Final = 80
PAUSE_S: Final = (0.0, 0.01, 0.05, 0.2, 0.3, 0.5, 1.2, 4.0)
QUIET_S: Final = 30.0

Chance = random.Random
Gesture = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Reader:
    """How people mistreat one family, and what its readers tell."""

    gestures: Callable[[Chance], Gesture]
    away: tuple[str, ...]
    """What leaves nothing there."""
    quietly: Gesture
    """The good one at the end."""
    told: str
    """What is then told, as `heard` has it."""
    asks: Command | None = None
    """What the branch asks of it in between."""


def _id(chance: Chance) -> Gesture:
    trouble = chance.choice(("none", "askew", "not_genuine", "wrong_kind"))
    return chance.choice((("remove", {}), ("lay", {"person": chance.randint(1, len(PEOPLE)), "trouble": trouble})))


def _stripe(chance: Chance) -> Gesture:
    trouble = chance.choice(("none", "askew", "bad_lrc", "too_long"))
    return "swipe", {"card": chance.randint(1, len(CARDS)), "trouble": trouble}


def _chip(chance: Chance) -> Gesture:
    trouble = chance.choice(("none", "not_bank", "mute"))
    style = chance.choice(("plain", "instalments", "exact_length"))
    inserted = {"card": chance.randint(1, len(CARDS)), "trouble": trouble, "style": style}
    return chance.choice((("remove", {}), ("insert", inserted)))


def _code(chance: Chance) -> Gesture:
    scanned = {"text": chance.choice((*CODES, "x" * 500))}
    return chance.choice((("take_away", {}), ("scan", scanned)))


def _motor(chance: Chance) -> Gesture:
    trouble = chance.choice(("none", "stripe", "chip", "worn", "size"))
    inserted = {"card": chance.randint(1, len(CARDS)), "trouble": trouble}
    jam = {"jammed": chance.random() < 0.5}
    return chance.choice((("insert", inserted), ("take", {}), ("open_up", {}), ("jam", jam)))


CODES: Final = tuple(f"https://branch.example/t/{n:04d}" for n in range(5))
KNOWN: Final = frozenset((*(person.number for person in PEOPLE), *(card.pan for card in CARDS), *CODES, "x" * 500))
LAST: Final = CODES[3]
READERS: Final[Mapping[str, Reader]] = {
    "id_card_reader": Reader(_id, ("remove",), ("lay", {"person": 3}), PEOPLE[2].number),
    "magnetic_stripe": Reader(_stripe, (), ("swipe", {"card": 2}), CARDS[1].pan),
    "chip_card": Reader(_chip, ("remove",), ("insert", {"card": 2}), CARDS[1].pan),
    "barcode_scanner": Reader(_code, ("take_away",), ("scan", {"text": LAST}), LAST, asks=Read()),
    "motor_card_reader": Reader(_motor, ("open_up",), ("insert", {"card": 2}), CARDS[1].pan, asks=Move()),
}
MODELS: Final = [(family, model) for family in READERS for model in registry.family(family).bench.PROFILES]


def heard(event: Event) -> str | None:
    match event:
        case CardLaid(holder=holder):
            return holder.number.reveal()
        case CardSeen(card=card):
            return card.pan.reveal()
        case CodeScanned(code=code):
            return code.text.reveal()
        case _:
            return None


async def storm(family: str, emulator: Emulator, device: Device, chance: Chance) -> list[DeviceStatus]:
    """Whatever people do; the states the reader was in meanwhile."""
    reader, states = READERS[family], []
    for _ in range(GESTURES):
        action, how = reader.gestures(chance)
        emulator.act(action, how)
        if reader.asks is not None and chance.random() < 0.2:
            await device.execute(reader.asks, timeout_s=chance.choice((0.1, 5.0)))
        await asyncio.sleep(chance.choice(PAUSE_S))
        states.append(device.status().device)
    return states


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("family", "model"), MODELS)
def test_whatever_people_did_the_next_card_is_read(family: str, model: str, seed: int) -> None:
    async def tell() -> None:
        profile, reader = PROFILES[model], READERS[family]
        emulator = registry.family(family).emulator(profile, clock=noon)
        device = registry.family(family).driver("reader-1", profile, emulator.in_memory().dial)
        told: list[str] = []
        device.subscribe(lambda event: told.append(text) if (text := heard(event)) is not None else None)
        await device.open()
        states = await storm(family, emulator, device, random.Random(f"{model} {seed}"))  # noqa: S311 -- repeatable, no secrets
        assert set(told) <= KNOWN, "no number is made up"
        assert DeviceStatus.OFFLINE not in states, "people do not disconnect a reader"
        assert DeviceStatus.HARDWARE_ERROR not in states, "nor break it"
        for action in reader.away:
            emulator.act(action)
        await asyncio.sleep(QUIET_S)
        status = device.status()
        assert (status.device, status.error) == (DeviceStatus.ONLINE, None), "left alone it is ready"
        assert status.media in (None, MediaStatus.NOT_PRESENT)
        told.clear()
        reading = asyncio.create_task(device.execute(Read(), timeout_s=QUIET_S)) if family == "barcode_scanner" else None
        await asyncio.sleep(1)
        emulator.act(*reader.quietly)
        await asyncio.sleep(QUIET_S)
        if reading is not None and isinstance(payload := (await reading).payload, CodeRead):
            told.append(payload.code.text.reveal())
        assert told == [reader.told], "and reads the next one, once"
        await device.close()

    virtualtime.run(tell())


@pytest.mark.parametrize("trouble", ["askew", "not_genuine", "wrong_kind", "unlicensed"])
def test_a_good_document_that_takes_a_bad_ones_place_at_once_is_read(trouble: str) -> None:
    """Between two looks of the reader nothing seems to have left."""

    async def tell() -> None:
        profile = PROFILES["generic.sam-v-serial"]
        emulator = registry.family("id_card_reader").emulator(profile, clock=noon)
        device = registry.family("id_card_reader").driver("reader-1", profile, emulator.in_memory().dial)
        told: list[str] = []
        device.subscribe(lambda event: told.append(text) if (text := heard(event)) is not None else None)
        await device.open()
        emulator.act("lay", {"person": 1, "trouble": trouble})
        await asyncio.sleep(QUIET_S)
        assert told == []
        emulator.act("lay", {"person": 2})
        await asyncio.sleep(QUIET_S)
        assert told == [PEOPLE[1].number]
        assert device.status().device is DeviceStatus.ONLINE
        await device.close()

    virtualtime.run(tell())
