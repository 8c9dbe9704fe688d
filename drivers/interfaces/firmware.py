"""Firmware updates, in words that every family whose protocol knows updates can take: a package laid down block by block, then
installed.

Every step can be given again. A package is known by its hash, and what the device holds of it survives an unplugged cable, a
power cut and a restart of the box: `Prepare` says how much that is, and the transfer goes on there. Whether the update worked
is not said here. The device tells its version when it is greeted again, and nothing else is believed.

XFS4IoT has no such interface; these are our own words in its envelope.
"""

from typing import Annotated, Final

import msgspec

from drivers.api import Command, Payload

BLOCK_BYTES: Final = 4096
"""Every block but the last has this size; a transfer goes on at the beginning of a block."""
PACKAGE_BYTES_MAX: Final = 16 * 1024 * 1024
Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the whole package."""
Size = Annotated[int, msgspec.Meta(ge=1, le=PACKAGE_BYTES_MAX)]


class Prepare(Command, frozen=True, kw_only=True, tag="Firmware.Prepare"):
    """Make room for this package, forget every other, and say how much of it is there."""

    package: Hash
    size_bytes: Size


class Prepared(Payload, frozen=True, kw_only=True, tag="Firmware.Prepare"):
    held_bytes: int
    """The next block begins here."""


class Write(Command, frozen=True, kw_only=True, tag="Firmware.Write"):
    """One block of a package that was prepared."""

    package: Hash
    offset_bytes: Annotated[int, msgspec.Meta(ge=0, lt=PACKAGE_BYTES_MAX)]
    data: Annotated[bytes, msgspec.Meta(min_length=1, max_length=BLOCK_BYTES)]


class Written(Payload, frozen=True, kw_only=True, tag="Firmware.Write"):
    held_bytes: int


class Install(Command, frozen=True, kw_only=True, tag="Firmware.Install"):
    """Begin with what was laid down whole. The device restarts and is away for minutes; done means that it has begun."""

    package: Hash
    size_bytes: Size


FirmwareCommand = Prepare | Write | Install
COMMANDS: Final = ("Firmware.Prepare", "Firmware.Write", "Firmware.Install")


def resume_at(held_bytes: int) -> int:
    """Where a transfer goes on that broke off after so many bytes: a block that is not whole is written again."""
    return held_bytes - held_bytes % BLOCK_BYTES
