"""The words of firmware updates.

    proposed ── another person approves ──▶ approved ── all of it is on the device ──▶ installing ──▶ done | failed
       └─────────────┴── withdrawn

A package comes with a document that names the model it is for, its version and its hash, signed by a key this box trusts: that
of the head office it was enrolled at. Nothing is begun on one person's word.
"""

from typing import Annotated, ClassVar, Final

import msgspec

from drivers.interfaces.firmware import PACKAGE_BYTES_MAX
from drivers.profiles import Name, Sha256, Version
from edge.devices.model import DeviceName
from edge.kernel.domain import Command, Event

DOCUMENT: Final = "firmware"
"""The kind under which a package's document is signed."""
DOCUMENT_BYTES_MAX: Final = 4096
REASON_CHARS_MAX: Final = 200


class PackageDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed about a package."""

    profile: Name
    """The model it is for."""
    version: Version
    """What the device will say of itself once it runs it."""
    sha256: Sha256
    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=PACKAGE_BYTES_MAX)]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The device the package is meant for, as it stands now."""

    profile: str
    reported: str | None
    """The version it told at its last greeting."""
    takes_firmware: bool
    """Its model has a way to new firmware that the driver knows."""
    least: str | None = None
    """The profile's floor: nothing older is ever put on it."""
    known_bad: tuple[str, ...] = ()


class ProposeUpdate(Command, frozen=True, kw_only=True):
    """Put this package on that device, once somebody else agrees."""

    NAME: ClassVar[str] = "firmware.propose_update"
    device: DeviceName
    document: bytes
    signature: bytes
    keys: tuple[bytes, ...]
    """By any of which the document may be signed."""
    sha256: str
    """Of the package that came."""
    size_bytes: int
    standing: Standing
    in_hours: bool
    """Install as soon as it is there; otherwise after the business day is closed."""


class ApproveUpdate(Command, frozen=True, kw_only=True):
    """The second person agrees."""

    NAME: ClassVar[str] = "firmware.approve_update"
    job: str


class WithdrawUpdate(Command, frozen=True, kw_only=True):
    """Do not do it; possible until it is being installed."""

    NAME: ClassVar[str] = "firmware.withdraw_update"
    job: str


class BeginInstall(Command, frozen=True, kw_only=True):
    """The package is there whole, and the device is about to be told to install it."""

    NAME: ClassVar[str] = "firmware.begin_install"
    job: str


class RecordUpdate(Command, frozen=True, kw_only=True):
    """What became of it."""

    NAME: ClassVar[str] = "firmware.record_update"
    job: str
    done: bool
    reported: str | None
    reason: str = ""


class UpdateProposed(Event, frozen=True, kw_only=True):
    """Somebody wants a device to get new firmware."""

    TYPE: ClassVar[str] = "firmware.update_proposed.v1"
    job: str
    device: str
    profile: str
    to_version: str
    from_version: str | None
    """What the device ran then."""
    sha256: str
    size_bytes: int
    signed_by: str
    """SHA-256 of the public key that signed the document."""
    in_hours: bool = False

    def entity(self) -> str:
        return self.device


class UpdateApproved(Event, frozen=True, kw_only=True):
    """A second person agreed."""

    TYPE: ClassVar[str] = "firmware.update_approved.v1"
    job: str
    device: str

    def entity(self) -> str:
        return self.device


class UpdateWithdrawn(Event, frozen=True, kw_only=True):
    """It will not be done."""

    TYPE: ClassVar[str] = "firmware.update_withdrawn.v1"
    job: str
    device: str

    def entity(self) -> str:
        return self.device


class InstallBegun(Event, frozen=True, kw_only=True):
    """From here on the device may change; its own word decides what came of it."""

    TYPE: ClassVar[str] = "firmware.install_begun.v1"
    job: str
    device: str

    def entity(self) -> str:
        return self.device


class UpdateEnded(Event, frozen=True, kw_only=True):
    """The device was asked what it runs now, or it could not be done."""

    TYPE: ClassVar[str] = "firmware.update_ended.v1"
    job: str
    device: str
    done: bool
    """The device itself reports the new version."""
    reported: str | None = None
    reason: str = ""
    """Why it is not done; the key of a text."""

    def entity(self) -> str:
        return self.device
