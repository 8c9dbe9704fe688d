"""The branch document: what a branch is, as one file, until head office sends it.

    branchbox edge --data DIR --branch branch.json

Services and counters are journalled when their version is newer. Staff are taken over as the file says; a first password is set
where somebody has none yet. Devices and the printer beside each kiosk hold for this start. An example is in
`docs/how-to/install.md`.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from drivers.registry import DeviceConfig
from edge.app import Branch
from edge.kernel.db import Connection
from edge.org import model, phones
from edge.org import tables as org

DOCUMENT_BYTES_MAX = 1024 * 1024


class DocumentRefused(Exception):
    """The file is not a branch document; the text says where."""


class Member(model.Staff, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may sign in."""

    phone: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    """For the bank's messages to them, such as that a customer of theirs has come in; kept in the vault."""
    first_password: Annotated[str, msgspec.Meta(min_length=8, max_length=128)] | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a branch is."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    branch: model.Branch
    services: tuple[model.Service, ...]
    counters: tuple[model.Counter, ...]
    staff: tuple[Member, ...] = ()
    devices: tuple[DeviceConfig, ...] = ()
    printers: dict[str, str] = msgspec.field(default_factory=dict)
    """Kiosk (device id) → the printer beside it; `*` for everybody else."""
    readers: dict[str, str] = msgspec.field(default_factory=dict)
    """Card, document or code reader (device id) → the kiosk it stands at; `*` for every other reader."""
    gates: dict[str, str] = msgspec.field(default_factory=dict)
    """Plate camera (device id) → the relay of the barrier it looks at; with one barrier nothing need be said."""


def read(path: Path) -> Document:
    """Raises DocumentRefused, naming the field, and OSError where the file cannot be read."""
    if path.stat().st_size > DOCUMENT_BYTES_MAX:
        raise DocumentRefused(f"{path}: larger than {DOCUMENT_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DocumentRefused(f"{path}: {error}") from error


async def apply(branch: Branch, document: Document) -> None:
    """Put it in force. Raises Rejected where the domain says no."""
    command = model.ConfigureBranch(
        version=document.version, branch=document.branch, services=document.services, counters=document.counters
    )
    await branch.pipeline.submit(command, actor="system")
    members = tuple(
        model.Staff(staff_no=one.staff_no, name=one.name, roles=one.roles, skills=one.skills) for one in document.staff
    )
    numbers = {one.staff_no: one.phone for one in document.staff}

    def directory(connection: Connection) -> None:
        org.put_staff(connection, members)
        phones.put(connection, branch.vault, numbers, now_ms=branch.clock.now_ms())

    await branch.db.write(directory)
    for member in document.staff:
        if member.first_password is not None and not branch.sessions.has_password(member.staff_no):
            await branch.sessions.set_password(member.staff_no, member.first_password)
