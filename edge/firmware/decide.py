"""Which packages may be put on which device, and who has to agree.

* The document's signature is by a key this box trusts, and the package that came is the one it names.
* It is for this device's model, not on the model's list of bad versions, not below its floor. Going back to an older
  version above the floor is allowed: that is how a bad update is undone.
* A device has one update at a time. Whoever proposed it cannot be the one who agrees.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from drivers.versions import older
from edge.firmware import model as m
from edge.firmware.tables import UpdateRow, open_update, update
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from sync.documents import is_canonical, verify_document


def for_proposal(connection: Connection, command: m.ProposeUpdate, _context: Context) -> UpdateRow | None:
    return open_update(connection, command.device)


def of_job(
    connection: Connection,
    command: m.ApproveUpdate | m.WithdrawUpdate | m.BeginInstall | m.RecordUpdate,
    _context: Context,
) -> UpdateRow:
    found = update(connection, command.job)
    if found is None:
        raise Rejected("unknown_update", job=command.job)
    return found


def propose(state: UpdateRow | None, command: m.ProposeUpdate, context: Context) -> Sequence[Event]:
    document, key = _document(command)
    if (document.sha256, document.size_bytes) != (command.sha256, command.size_bytes):
        raise Rejected("firmware_damaged")
    refused = refusal(document.profile, document.version, command.standing)
    if refused is not None:
        raise Rejected(refused, version=document.version, least=command.standing.least, model=document.profile)
    if state is not None:
        raise Rejected("update_under_way", device=command.device, version=state.version)
    proposed = m.UpdateProposed(
        job=context.new_id(),
        device=command.device,
        profile=document.profile,
        to_version=document.version,
        from_version=command.standing.reported,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        signed_by=sha256(key).hexdigest(),
        in_hours=command.in_hours,
    )
    return [proposed]


def refusal(profile: str, version: str, standing: m.Standing) -> str | None:
    """Why a version must not be put on a device, as a stable code. Asked when it is proposed, and again before it is installed:
    a newer release of the box may know more of the model."""
    reasons = {
        "firmware_not_supported": not standing.takes_firmware,
        "firmware_other_model": profile != standing.profile,
        "firmware_known_bad": version in standing.known_bad,
        "firmware_below_floor": older(version, standing.least),
        "firmware_runs_already": version == standing.reported,
    }
    return next((code for code, holds in reasons.items() if holds), None)


def hindrance(*, in_hours: bool, is_open: bool, busy: bool, on_battery: bool) -> str | None:
    """What an approved update whose package is there has to wait for before it is installed: the close of the day, mains power,
    or the device, which somebody is using. None: nothing."""
    waits = {"close": is_open and not in_hours, "power": on_battery, "idle": busy}
    return next((what for what, holds in waits.items() if holds), None)


def _document(command: m.ProposeUpdate) -> tuple[m.PackageDocument, bytes]:
    """What is signed, and by which key. Raises Rejected."""
    body = command.document
    key = next((key for key in command.keys if verify_document(key, m.DOCUMENT, body, command.signature)), None)
    if key is None or not is_canonical(body):
        raise Rejected("firmware_not_signed")
    try:
        return msgspec.json.decode(body, type=m.PackageDocument), key
    except msgspec.DecodeError as error:
        raise Rejected("firmware_not_signed") from error


def approve(state: UpdateRow, command: m.ApproveUpdate, context: Context) -> Sequence[Event]:
    if state.state != "proposed":
        raise Rejected("update_not_waiting", state=state.state)
    if context.actor == state.proposed_by:
        raise Rejected("second_person_needed")
    return [m.UpdateApproved(job=command.job, device=state.device)]


def withdraw(state: UpdateRow, command: m.WithdrawUpdate, _context: Context) -> Sequence[Event]:
    if state.state not in ("proposed", "approved"):
        raise Rejected("update_not_waiting", state=state.state)
    return [m.UpdateWithdrawn(job=command.job, device=state.device)]


def begin(state: UpdateRow, command: m.BeginInstall, _context: Context) -> Sequence[Event]:
    if state.state != "approved":
        raise Rejected("update_not_waiting", state=state.state)
    return [m.InstallBegun(job=command.job, device=state.device)]


def record(state: UpdateRow, command: m.RecordUpdate, _context: Context) -> Sequence[Event]:
    if state.state not in ("approved", "installing"):
        return ()
    reason = command.reason[: m.REASON_CHARS_MAX]
    ended = m.UpdateEnded(job=command.job, device=state.device, done=command.done, reported=command.reported, reason=reason)
    return [ended]


def answer(connection: Connection, state: UpdateRow | None, events: Sequence[Event], _context: Context) -> UpdateRow | None:
    """The update as it is now."""
    first = events[0] if events else None
    job = first.job if isinstance(first, m.UpdateProposed) else None if state is None else state.job
    return None if job is None else update(connection, job)


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.ProposeUpdate: Handler(for_proposal, propose, answer),
    m.ApproveUpdate: Handler(of_job, approve, answer),
    m.WithdrawUpdate: Handler(of_job, withdraw, answer),
    m.BeginInstall: Handler(of_job, begin, answer),
    m.RecordUpdate: Handler(of_job, record, answer),
}
