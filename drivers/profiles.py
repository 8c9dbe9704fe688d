"""Firmware profiles: what is particular to one model of device, as data.

One TOML per model in `firmware-profiles/`. A driver never asks for a model's name; it asks its profile. The Structs here
are the only definition: unknown keys are refused, and `firmware-profiles/schema.json` is generated from them
(`python -m drivers.profiles` writes it, a test keeps it fresh).

`provenance.verified` says how far a profile may be trusted: `emulated` was made from manuals and has met only our own
emulator, `capture` has been checked against recorded traffic, `hardware` against the machine itself. The console shows it.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

SCHEMA_VERSION = 1
FOLDER = Path(__file__).resolve().parent.parent / "firmware-profiles"
PROFILES_MAX = 500
PROFILE_BYTES_MAX = 64 * 1024

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]
Family = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
UsbId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
Version = Annotated[str, msgspec.Meta(max_length=32)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=600_000)]


class ProfileError(Exception):
    """A profile that cannot be used, with its file and the reason."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a profile; unknown keys are refused."""


class Match(_Section, frozen=True, kw_only=True):
    """How a device of this model can be recognised, and by which wires it is reached."""

    transport: tuple[Literal["tcp", "serial", "usb-lp", "usb", "hid", "pcsc"], ...]
    usb: tuple[UsbId, ...] = ()
    needs_binding: bool = True
    """It cannot be told from others of its kind: a technician binds it to its place."""


class SerialLine(_Section, frozen=True, kw_only=True):
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    format: Literal["8N1", "8E1", "8O1", "7E1", "7O1"] = "8N1"
    flow: Literal["none", "xonxoff", "rtscts", "dsrdtr"] = "none"


class Timing(_Section, frozen=True, kw_only=True):
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


class PrinterTraits(_Section, frozen=True, kw_only=True):
    """What a receipt printer of this model can do."""

    width_dots: Annotated[int, msgspec.Meta(ge=192, le=832, multiple_of=8)]
    dpi: Literal[180, 203, 300] = 203
    cell_dots: tuple[Annotated[int, msgspec.Meta(ge=8, le=32)], Annotated[int, msgspec.Meta(ge=8, le=64)]] = (12, 24)
    """Width and height of a Latin character; a Chinese one is twice as wide."""
    charset: Literal["gb2312", "gbk", "gb18030"] = "gb18030"
    """Only its one- and two-byte characters are trusted to the machine; others are drawn."""
    smoothing: bool = False
    """Knows `GS b`: large characters with smooth edges."""
    cut: Literal["none", "partial", "full"] = "partial"
    feed_to_cut_dots: Annotated[int, msgspec.Meta(ge=0, le=255)] = 24
    """Paper between the head and the cutter beyond what the cut command feeds itself."""
    qr_native: bool = True
    raster_slice_rows: Annotated[int, msgspec.Meta(ge=8, le=255)] = 255
    status: Literal["asb", "dle_eot"] = "dle_eot"
    """`asb`: tells changes by itself. Either way it answers DLE EOT, or no print can be proven."""
    process_id: bool = False
    """Knows `GS ( H` and names a job that is out: the strong proof."""
    buffer_clear: bool = False
    """Knows `DLE DC4 8` and confirms it."""
    identify: bool = False
    """Knows `GS I` 65 to 68."""
    paper_low_sensor: bool = False

    @property
    def columns(self) -> int:
        return self.width_dots // self.cell_dots[0]


class Firmware(_Section, frozen=True, kw_only=True):
    min: Version | None = None
    known_bad: tuple[Version, ...] = ()


class Provenance(_Section, frozen=True, kw_only=True):
    source: Annotated[str, msgspec.Meta(min_length=10)]
    verified: Literal["emulated", "capture", "hardware"]


class Profile(_Section, frozen=True, kw_only=True):
    schema: Literal[1]
    id: Name
    family: Family
    vendor: str
    model: str
    match: Match
    serial: SerialLine = SerialLine()
    timing: Timing = Timing()
    printer: PrinterTraits | None = None
    firmware: Firmware = Firmware()
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.family.endswith("printer") and self.printer is None:
            raise ValueError("a printer's profile has a [printer] section")

    @property
    def print_traits(self) -> PrinterTraits:
        """The printer section, of a profile whose family has one."""
        if self.printer is None:
            raise ProfileError(f"{self.id}: not a printer's profile")
        return self.printer


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


def json_schema() -> str:
    """The JSON Schema of a profile, for editors; checked against `firmware-profiles/schema.json` by a test."""
    schema: dict[str, Any] = msgspec.json.schema(Profile)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Branchbox firmware profile"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    (FOLDER / "schema.json").write_text(json_schema(), encoding="utf-8")
