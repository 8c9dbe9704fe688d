"""The families we have: an explicit table from a family's name to its driver, emulator, traits and stories.

Nothing registers itself by being imported. A new family is one line here, and its manifest says what may be expected of it.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Protocol

import msgspec

from drivers import profiles
from drivers.api import Command, Device
from drivers.barcode_scanner.driver import BarcodeScanner
from drivers.barcode_scanner.emulator import ScannerEmulator
from drivers.barcode_scanner.stories import ScannerBench
from drivers.barcode_scanner.traits import ScannerTraits
from drivers.behind import Neighbour, alone, dial_behind, host_of
from drivers.call_keypad.driver import CallBus
from drivers.call_keypad.driver import trial as keypad_trial
from drivers.call_keypad.emulator import CallEmulator
from drivers.call_keypad.stories import CallBench
from drivers.call_keypad.traits import CallKeypadTraits
from drivers.cash_drawer.driver import CashDrawer
from drivers.cash_drawer.emulator import DrawerEmulator
from drivers.cash_drawer.stories import DrawerBench
from drivers.cash_drawer.traits import CashDrawerTraits
from drivers.chip_card.driver import ChipCardReader
from drivers.chip_card.emulator import ChipEmulator
from drivers.chip_card.stories import ChipBench
from drivers.chip_card.traits import ChipTraits
from drivers.conformance import Bench
from drivers.emulation import Emulator
from drivers.envelope import vocabulary
from drivers.escpos_printer.driver import EscposPrinter, trial_print
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.escpos_printer.stories import PrinterBench
from drivers.escpos_printer.traits import PrinterTraits
from drivers.evaluator.driver import RatingPad
from drivers.evaluator.emulator import EvaluatorEmulator
from drivers.evaluator.stories import EvaluatorBench
from drivers.evaluator.traits import EvaluatorTraits
from drivers.gsm_modem.driver import GsmModem
from drivers.gsm_modem.emulator import ModemEmulator
from drivers.gsm_modem.stories import ModemBench
from drivers.gsm_modem.traits import ModemTraits
from drivers.id_card_reader.driver import IdCardReader
from drivers.id_card_reader.emulator import IdCardEmulator
from drivers.id_card_reader.stories import IdCardBench
from drivers.id_card_reader.traits import IdCardReaderTraits
from drivers.interfaces.barcode_reader import Read as ReadCode
from drivers.interfaces.card_reader import ReadCard
from drivers.interfaces.cash_drawer import OpenDrawer
from drivers.interfaces.evaluator import AskRating
from drivers.interfaces.id_card import ReadIdCard
from drivers.interfaces.passbook_printer import TestBook
from drivers.interfaces.pin_pad import DataEntry
from drivers.interfaces.plate import Read as ReadPlate
from drivers.interfaces.signature import CaptureSignature
from drivers.interfaces.sms import GetNetwork
from drivers.interfaces.voice import Speak
from drivers.led_board.driver import LedBus
from drivers.led_board.driver import trial as led_trial
from drivers.led_board.emulator import LedEmulator
from drivers.led_board.stories import LedBench
from drivers.led_board.traits import LedTraits
from drivers.magnetic_stripe.driver import StripeReader
from drivers.magnetic_stripe.emulator import StripeEmulator
from drivers.magnetic_stripe.stories import StripeBench
from drivers.magnetic_stripe.traits import StripeTraits
from drivers.motor_card_reader.driver import MotorCardReader
from drivers.motor_card_reader.emulator import MotorEmulator
from drivers.motor_card_reader.stories import MotorBench
from drivers.motor_card_reader.traits import MotorTraits
from drivers.passbook_printer.driver import PassbookPrinter
from drivers.passbook_printer.emulator import PassbookEmulator
from drivers.passbook_printer.stories import PassbookBench
from drivers.passbook_printer.traits import PassbookTraits
from drivers.pin_pad.driver import PinPad
from drivers.pin_pad.emulator import PinPadEmulator
from drivers.pin_pad.stories import PinPadBench
from drivers.pin_pad.traits import PinPadTraits
from drivers.plate_camera.driver import PlateCamera
from drivers.plate_camera.emulator import CameraEmulator
from drivers.plate_camera.stories import CameraBench
from drivers.plate_camera.traits import CameraTraits
from drivers.profiles import FOLDER, Profile, ProfileError, Section
from drivers.relay.driver import Relay
from drivers.relay.driver import trial as relay_trial
from drivers.relay.emulator import RelayEmulator
from drivers.relay.stories import RelayBench
from drivers.relay.traits import RelayTraits
from drivers.signature_pad.driver import SignaturePad
from drivers.signature_pad.emulator import SignatureEmulator
from drivers.signature_pad.stories import SignatureBench
from drivers.signature_pad.traits import SignatureTraits
from drivers.transport.address import dial_for
from drivers.transport.wire import Dial
from drivers.voice.driver import Voice
from drivers.voice.emulator import VoiceEmulator
from drivers.voice.stories import VoiceBench
from drivers.voice.traits import VoiceTraits
from drivers.xfs_client.driver import XfsClient
from drivers.xfs_client.emulator import XfsServiceEmulator
from drivers.xfs_client.stories import XfsBench
from drivers.xfs_client.traits import XfsClientTraits

DeviceId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class DeviceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One device of a branch, as its configuration names it."""

    id: DeviceId
    """`printer-1`: what people and logs call it; it survives a replacement."""
    profile: str
    address: str
    """`tcp://host:port`, `serial:///path`, `device://printer-1` for what hangs behind another device."""


class Quality(StrEnum):
    """How far a family has come; each step includes the ones before."""

    BRONZE = "bronze"
    """Its codec is fuzzed, its driver passes conformance on all wires."""
    SILVER = "silver"
    """Reconnects, logs once, tells the technician what is wrong."""
    GOLD = "gold"
    """Has worked a month on a real desk."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A family's `manifest.toml`: what a person wants to know before choosing it."""

    family: str
    interface: str
    """The XFS4IoT interface it takes its words from."""
    name: str
    name_en: str
    summary: str
    summary_en: str
    joins: str
    """Which step of the branch uses it."""
    joins_en: str
    transports: tuple[str, ...]
    quality: Quality
    verified: str
    """What has been proven, and by what."""


class MakeDriver(Protocol):
    def __call__(self, device_id: str, profile: Profile, dial: Dial) -> Device: ...


class MakeEmulator(Protocol):
    def __call__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> Emulator: ...


class Care(StrEnum):
    """What whoever tests has to look to before."""

    MOVES = "moves"
    """Something moves or opens: is anybody in the way?"""
    PRINTS = "prints"
    """It prints on what is put in: a blank sheet, never a customer's book."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A family's test, harmless at any time."""

    command: Callable[[Profile], Command]
    """What a device of this model can do for a test."""
    needs_person: bool = False
    """It waits for somebody to lay a card, show a code or press a key."""
    care: Care | None = None
    """What is said, and has to be confirmed, before."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a family brings; each of these is a file in its folder."""

    driver: MakeDriver
    emulator: MakeEmulator
    traits: type[Section]
    """`[traits]` of its profiles."""
    bench: type[Bench]
    """Its part in the conformance suite, `stories.py`."""
    trial: Trial | None = None
    """What a technician has it do to see that it works; None where there is nothing harmless to do."""


def of_any(command: Callable[[], Command]) -> Trial:
    """The same for every model."""
    return Trial(lambda _: command())


def by_person(command: Callable[[], Command]) -> Trial:
    return Trial(lambda _: command(), needs_person=True)


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "magnetic_stripe": Family(StripeReader, StripeEmulator, StripeTraits, StripeBench, by_person(ReadCard)),
        "barcode_scanner": Family(BarcodeScanner, ScannerEmulator, ScannerTraits, ScannerBench, by_person(ReadCode)),
        "motor_card_reader": Family(MotorCardReader, MotorEmulator, MotorTraits, MotorBench, by_person(ReadCard)),
        "chip_card": Family(ChipCardReader, ChipEmulator, ChipTraits, ChipBench, by_person(ReadCard)),
        "escpos_printer": Family(EscposPrinter, EscposEmulator, PrinterTraits, PrinterBench, of_any(trial_print)),
        "gsm_modem": Family(GsmModem, ModemEmulator, ModemTraits, ModemBench, of_any(GetNetwork)),
        "led_board": Family(LedBus, LedEmulator, LedTraits, LedBench, Trial(led_trial)),
        "id_card_reader": Family(IdCardReader, IdCardEmulator, IdCardReaderTraits, IdCardBench, by_person(ReadIdCard)),
        "relay": Family(Relay, RelayEmulator, RelayTraits, RelayBench, Trial(relay_trial, care=Care.MOVES)),
        "plate_camera": Family(PlateCamera, CameraEmulator, CameraTraits, CameraBench, by_person(ReadPlate)),
        "voice": Family(Voice, VoiceEmulator, VoiceTraits, VoiceBench, of_any(lambda: Speak(words=("en/1",)))),
        "evaluator": Family(RatingPad, EvaluatorEmulator, EvaluatorTraits, EvaluatorBench, by_person(AskRating)),
        "xfs_client": Family(XfsClient, XfsServiceEmulator, XfsClientTraits, XfsBench, of_any(trial_print)),
        "call_keypad": Family(CallBus, CallEmulator, CallKeypadTraits, CallBench, Trial(keypad_trial)),
        "pin_pad": Family(PinPad, PinPadEmulator, PinPadTraits, PinPadBench, by_person(lambda: DataEntry(max_digits=1))),
        "signature_pad": Family(SignaturePad, SignatureEmulator, SignatureTraits, SignatureBench, by_person(CaptureSignature)),
        "cash_drawer": Family(
            CashDrawer, DrawerEmulator, CashDrawerTraits, DrawerBench, Trial(lambda _: OpenDrawer(), care=Care.MOVES)
        ),
        "passbook_printer": Family(
            PassbookPrinter,
            PassbookEmulator,
            PassbookTraits,
            PassbookBench,
            Trial(lambda _: TestBook(), needs_person=True, care=Care.PRINTS),
        ),
    }
)


def family(name: str) -> Family:
    """Raises `ProfileError` for a family that this release does not have."""
    if name not in FAMILIES:
        raise ProfileError(f"no driver for the family {name!r}; there are {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name]


def load_profiles(folder: Path = FOLDER) -> Mapping[str, Profile]:
    """Every profile of a folder by its id, its `[traits]` checked. Raises `ProfileError` for the first bad one."""
    loaded = profiles.load(folder)
    for profile in loaded.values():
        profile.section(family(profile.family).traits)
    return loaded


def build(config: DeviceConfig, known: Mapping[str, Profile], neighbour: Neighbour = alone) -> Device:
    """The device that a line of configuration asks for, not yet opened. Raises `ProfileError`, `AddressError`."""
    if config.profile not in known:
        raise ProfileError(f"{config.id}: no profile {config.profile!r}")
    profile = known[config.profile]
    host = host_of(config.address)
    if host is None:
        dial = dial_for(config.address, profile.serial)
    else:
        dial = dial_behind(partial(neighbour, host), vocabulary(profile.family, manifest(profile.family).interface))
    return family(profile.family).driver(config.id, profile, dial)


def manifest(name: str) -> Manifest:
    """What a family says of itself. Raises `ProfileError` for a family that this release does not have."""
    family(name)
    text = (Path(__file__).parent / name / "manifest.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Manifest)
