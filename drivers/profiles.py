"""Firmware profiles: what is particular to one model of device, as data.

One TOML per model in `firmware-profiles/`. A driver never asks for a model's name; it asks its profile. The Structs here
are the only definition: unknown keys are refused, and `firmware-profiles/schema.json` is generated from them and from the
families' own sections (`python -m drivers.schema` writes it, a test keeps it fresh).

What only one family knows stands in `[traits]`, in that family's own words: a `Section` in its `traits.py`, which the family's
line in `drivers.registry` names. `profile.section(Traits)` gives it typed.

`provenance.verified` says how far a profile may be trusted: `emulated` was made from manuals and has met only our own
emulator, `capture` has been checked against recorded traffic, `hardware` against the machine itself. The console shows it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

SCHEMA_VERSION = 1
FOLDER = Path(__file__).resolve().parent.parent / "firmware-profiles"
PROFILES_MAX = 500
PROFILE_BYTES_MAX = 64 * 1024

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]
Family = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
UsbId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
Version = Annotated[str, msgspec.Meta(max_length=32)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
IMAGE_BYTES_MAX = 256 * 1024 * 1024
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=600_000)]


class ProfileError(Exception):
    """A profile that cannot be used, with its file and the reason."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a profile; unknown keys are refused."""


S = TypeVar("S", bound=Section)
Transport = Literal["tcp", "serial", "usb-lp", "usb", "hid", "evdev", "pcsc", "http", "alsa", "ws", "device"]


class Match(Section, frozen=True, kw_only=True):
    """How a device of this model can be recognised, and by which wires it is reached."""

    transport: tuple[Transport, ...]
    usb: tuple[UsbId, ...] = ()
    """vendor:product, as udev and lsusb write them."""
    needs_binding: bool = True
    """It cannot be told from others of its kind: a technician binds it to its place."""


class SerialLine(Section, frozen=True, kw_only=True):
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    format: Literal["8N1", "8E1", "8O1", "7E1", "7O1"] = "8N1"
    flow: Literal["none", "xonxoff", "rtscts", "dsrdtr"] = "none"


class Timing(Section, frozen=True, kw_only=True):
    """How long to wait for this model."""

    connect_ms: Milliseconds = 3000
    answer_ms: Milliseconds = 1000
    """A real-time question is answered within this, or repeated once."""
    settle_ms: Milliseconds = 300
    """After an unanswered question the wire must be quiet for this long before another is asked."""
    poll_ms: Milliseconds = 2000
    """Between two looks at the status."""
    proof_ms: Milliseconds = 8000
    """A ready printer that has answered a later question owes the process id within this, or has lost the job."""
    clear_ms: Milliseconds = 3000


class Quirk(Section, frozen=True, kw_only=True):
    """A known peculiarity of the model, told to the technician. What a driver must do about it is a trait."""

    zh: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
    en: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class FirmwareImage(Section, frozen=True, kw_only=True):
    """One firmware that may be put on the device; the file itself is not ours to ship."""

    version: Version
    file: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    sha256: Sha256
    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=IMAGE_BYTES_MAX)]


class Firmware(Section, frozen=True, kw_only=True):
    min: Version | None = None
    """Older ones are told to the technician."""
    known_bad: tuple[Version, ...] = ()
    images: tuple[FirmwareImage, ...] = ()


class Provenance(Section, frozen=True, kw_only=True):
    source: Annotated[str, msgspec.Meta(min_length=10)]
    verified: Literal["emulated", "capture", "hardware"]


class Profile(Section, frozen=True, kw_only=True):
    schema: Literal[1]
    id: Name
    family: Family
    vendor: str
    model: str
    match: Match
    serial: SerialLine = SerialLine()
    timing: Timing = Timing()
    firmware: Firmware = Firmware()
    quirks: tuple[Quirk, ...] = ()
    traits: dict[str, Any] = {}
    """The family's own section, as written; see `section`."""
    provenance: Provenance

    def section(self, kind: type[S]) -> S:
        """The family's own section. Raises `ProfileError` that names the key at fault."""
        try:
            return msgspec.convert(self.traits, kind)
        except msgspec.ValidationError as error:
            raise ProfileError(f"{self.id}: [traits]: {error}") from error


def parse(text: str, name: str = "profile") -> Profile:
    """A profile from its TOML. Raises `ProfileError` that names the key at fault."""
    try:
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"{name}: {error}") from error


def load(folder: Path = FOLDER) -> Mapping[str, Profile]:
    """Every profile of a folder by its id, in order of id. Raises `ProfileError` for the first bad one."""
    files = sorted(folder.glob("*.toml"))
    if len(files) > PROFILES_MAX:
        raise ProfileError(f"{folder.name}: more than {PROFILES_MAX} profiles")
    return _by_id(_read(file) for file in files)


def _read(file: Path) -> Profile:
    if file.stat().st_size > PROFILE_BYTES_MAX:
        raise ProfileError(f"{file.name}: larger than {PROFILE_BYTES_MAX} bytes")
    profile = parse(file.read_text(encoding="utf-8"), file.name)
    if file.stem != profile.id:
        raise ProfileError(f"{file.name}: holds the profile {profile.id!r}; name and id are the same")
    return profile


def _by_id(profiles: Iterable[Profile]) -> Mapping[str, Profile]:
    return {profile.id: profile for profile in profiles}
