"""Firmware updates over HTTP: propose with the package, agree, withdraw, see how far it is."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from drivers.interfaces.firmware import PACKAGE_BYTES_MAX
from drivers.supervisor import UnknownDevice
from drivers.versions import older
from edge.firmware import model as m
from edge.firmware import tables
from edge.firmware.effects import Updater
from edge.firmware.tables import UpdateRow
from edge.kernel.blobs import Blobs, BlobsFull
from edge.kernel.domain import Rejected
from edge.org.place import Place
from edge.web.problems import Problem
from edge.web.routes import Call, Routes

routes: Final = Routes("firmware")
PERMISSIONS: Final = ("firmware.propose", "firmware.approve")
BODY_BYTES_MAX: Final = PACKAGE_BYTES_MAX * 4 // 3 + 64 * 1024
"""The package in base64, and what stands around it."""
PROBLEMS: Final = (
    Problem("unknown_update", 404, "没有这项固件更新", "There is no such firmware update"),
    Problem(
        "firmware_not_signed", 422, "固件包没有可信的签名，请向总行索取", "The package is not signed by anybody this box trusts"
    ),
    Problem("firmware_damaged", 422, "固件包已损坏，请重新下载", "The package is damaged; download it again"),
    Problem("firmware_not_supported", 409, "此型号不能由本机更新固件", "This box has no way to new firmware for this model"),
    Problem("firmware_other_model", 409, "固件包是给另一种型号的", "The package is for another model"),
    Problem("firmware_known_bad", 409, "这个版本已知有问题，不能安装", "This version is known to be bad"),
    Problem("firmware_below_floor", 409, "版本低于此型号的最低版本", "The version is older than this model may run"),
    Problem("firmware_runs_already", 409, "设备已是这个版本", "The device runs this version already"),
    Problem("firmware_no_room", 507, "本机存储空间不足，无法保存固件包", "The box has no room for the package"),
    Problem("update_under_way", 409, "这台设备已有一项更新未完成", "An update of this device is not over yet"),
    Problem("update_not_waiting", 409, "这项更新已不能更改", "The update can no longer be changed"),
    Problem("second_person_needed", 403, "须由另一人批准", "Somebody else has to approve it"),
)


class PackageFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `.fw` file as head office makes it, and when to install."""

    document: Annotated[bytes, msgspec.Meta(max_length=m.DOCUMENT_BYTES_MAX)]
    """The signed document, canonical JSON; base64."""
    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
    package: Annotated[bytes, msgspec.Meta(min_length=1, max_length=PACKAGE_BYTES_MAX)]
    in_hours: bool = False
    """Install as soon as it is there; otherwise after the business day is closed."""


class Empty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class UpdateView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One update as the console shows it."""

    job: str
    device: str
    model: str
    version: str
    replaces: str | None
    downgrade: bool
    """It goes back to an older version."""
    sha256: str
    size_bytes: int
    state: str
    """`proposed`, `approved`, `installing`, `done`, `failed`, `withdrawn`."""
    held_bytes: int | None = None
    """How much of it is on the device; None where that is not known now."""
    waits_for: str = ""
    """`person`, `device`, `close`, `power`, `idle`, or nothing."""
    in_hours: bool
    proposed_by: str
    proposed_at: datetime
    answered_by: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    reported: str | None = None
    """What the device says it runs now that it is over."""
    reason: str = ""


class Updates(msgspec.Struct, frozen=True):
    updates: list[UpdateView]
    """Newest first."""


class TrustedKeys:
    """By whom firmware may be signed: the head office this box is enrolled at, and in the sandbox the sandbox itself."""

    def __init__(self, head_office: Callable[[], bytes | None]) -> None:
        self._head_office = head_office
        self.more: list[bytes] = []

    def all(self) -> tuple[bytes, ...]:
        head_office = self._head_office()
        return (*self.more, *(() if head_office is None else (head_office,)))


@routes.post(
    "/api/devices/{device}/firmware",
    body=PackageFile,
    permission="firmware.propose",
    reply=UpdateView,
    status=201,
    body_bytes_max=BODY_BYTES_MAX,
    summary="Propose new firmware for a device, with its signed package; another person has to approve it",
    problems=(
        *("unknown_device", "firmware_not_signed", "firmware_damaged", "firmware_not_supported", "firmware_other_model"),
        *("firmware_known_bad", "firmware_below_floor", "firmware_runs_already", "firmware_no_room", "update_under_way"),
    ),
)
async def propose_update(call: Call[PackageFile]) -> UpdateView:
    device, given = call.path["device"], call.body
    command = m.ProposeUpdate(
        device=device,
        document=given.document,
        signature=given.signature,
        keys=call.app[TrustedKeys].all(),
        sha256=sha256(given.package).hexdigest(),
        size_bytes=len(given.package),
        standing=_standing(call, device),
        in_hours=given.in_hours,
    )
    await _keep(call, given.package, command.sha256)
    outcome = await call.submit(command)
    return _view(call, msgspec.json.decode(outcome.answer, type=UpdateRow))


def _standing(call: Call[PackageFile], device: str) -> m.Standing:
    try:
        return call.app[Updater].standing(device)
    except UnknownDevice as error:
        raise Rejected("unknown_device", device=device) from error


async def _keep(call: Call[PackageFile], package: bytes, digest: str) -> None:
    """On disk before the fact that names it. Packages that nobody waits for any more make room first."""
    blobs = call.app[Blobs]
    with call.app.pipeline.db.reader() as connection:
        gone = {row.sha256 for row in tables.updates(connection) if not tables.is_wanted(connection, row.sha256)} - {digest}
    try:
        for one in gone:
            await asyncio.to_thread(blobs.delete, one)
        await asyncio.to_thread(blobs.put, package)
    except BlobsFull as error:
        raise Rejected("firmware_no_room") from error


@routes.get(
    "/api/firmware", permission="devices.view", reply=Updates, summary="The firmware updates of this branch, newest first"
)
async def list_updates(call: Call[None]) -> Updates:
    with call.app.pipeline.db.reader() as connection:
        rows = tables.updates(connection)
    return Updates([_view(call, row) for row in rows])


@routes.post(
    "/api/firmware/{job}/approve",
    body=Empty,
    permission="firmware.approve",
    reply=UpdateView,
    summary="Agree to an update that somebody else proposed",
    problems=("unknown_update", "update_not_waiting", "second_person_needed"),
)
async def approve_update(call: Call[Empty]) -> UpdateView:
    outcome = await call.submit(m.ApproveUpdate(job=call.path["job"]))
    return _view(call, msgspec.json.decode(outcome.answer, type=UpdateRow))


@routes.post(
    "/api/firmware/{job}/withdraw",
    body=Empty,
    permission="firmware.approve",
    reply=UpdateView,
    summary="Do not carry an update out; possible until it is being installed",
    problems=("unknown_update", "update_not_waiting"),
)
async def withdraw_update(call: Call[Empty]) -> UpdateView:
    outcome = await call.submit(m.WithdrawUpdate(job=call.path["job"]))
    return _view(call, msgspec.json.decode(outcome.answer, type=UpdateRow))


def _view(call: Call[PackageFile] | Call[Empty] | Call[None], row: UpdateRow) -> UpdateView:
    zone = call.app[Place].zone
    progress = call.app[Updater].progress.get(row.job) if row.state == "approved" else None

    def at(ms: int | None) -> datetime | None:
        return None if ms is None else datetime.fromtimestamp(ms // 1000, zone)

    return UpdateView(
        job=row.job,
        device=row.device,
        model=row.profile,
        version=row.version,
        replaces=row.replaces,
        downgrade=older(row.version, row.replaces),
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        state=row.state,
        held_bytes=None if progress is None else progress.held_bytes,
        waits_for="person" if row.state == "proposed" else "" if progress is None else progress.waits_for,
        in_hours=row.in_hours,
        proposed_by=row.proposed_by,
        proposed_at=datetime.fromtimestamp(row.proposed_ms // 1000, zone),
        answered_by=row.answered_by,
        answered_at=at(row.answered_ms),
        ended_at=at(row.ended_ms),
        reported=row.reported,
        reason=row.reason,
    )
