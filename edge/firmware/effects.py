"""Carrying an approved update out: lay the package down, install it, and ask the device what it runs.

* **Laying down** is harmless and can break off at any moment: unplugged, without power, or because this program ended. The
  device says how much it has (`Firmware.Prepare`), and the next attempt goes on there.
* **Installing** waits until the business day is closed, unless whoever proposed it said otherwise; until the box is on mains
  power; and until nobody uses the device, which is then claimed, so that nobody begins to. It is a fact before its first byte,
  and it is never repeated: after a crash in the middle only the device's word counts.
* **Proof** is the version in the device's own greeting. What it does not say within `AWAY_S` has failed.

One update at a time in the whole branch: two devices away at once are worse than one of them waiting.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from drivers.api import Claim, Completion, Device, DeviceError, Outcome
from drivers.interfaces.firmware import BLOCK_BYTES, COMMANDS, Install, Prepare, Prepared, Write, Written
from drivers.supervisor import UnknownDevice
from edge.devices.floor import Floor
from edge.firmware import tables
from edge.firmware.decide import hindrance, refusal
from edge.firmware.model import BeginInstall, RecordUpdate, Standing, UpdateApproved
from edge.firmware.power import on_battery
from edge.firmware.tables import UpdateRow
from edge.kernel.blobs import BlobDamaged, BlobMissing, Blobs
from edge.kernel.db import Connection
from edge.kernel.domain import Effect, Event, Rejected
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import Pipeline, React
from edge.kernel.runner import Settled, Started, TryAgain
from edge.queue import views as queue_views
from sync.chain import Record

UPDATE: Final = "firmware.update_device"
STEP_S: Final = 60.0
"""One block; what it has to wait for included, behind the device's other commands."""
AWAY_S: Final = 1800.0
"""So long a device may be away to install: makers speak of ten minutes."""
STILL_OLD_S: Final = 20.0
"""Back with its old version, it may be just about to begin; after this it is not."""
LOOK_S: Final = 1.0


class _Order(msgspec.Struct, frozen=True):
    job: str


def carry_out(_connection: Connection, event: UpdateApproved, _record: Record) -> Iterable[Effect]:
    return [Effect(kind=UPDATE, key=f"firmware:{event.job}", payload=msgspec.json.encode(_Order(event.job)))]


REACTIONS: Final[dict[type[Event], tuple[React, ...]]] = {UpdateApproved: (carry_out,)}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the update that is under way has come; telemetry, gone with a restart."""

    held_bytes: int
    waits_for: str = ""
    """`device`, `close`, `power`, `idle`, or nothing."""


class NoWay(Exception):
    """It cannot be done; the argument is the key of a text."""


class _Later(Exception):
    """Nothing is lost, go on when the device is back."""


class Updater:
    """The handler of approved updates."""

    def __init__(self, pipeline: Pipeline, floor: Floor, blobs: Blobs, on_battery: Callable[[], bool] = on_battery) -> None:
        self._pipeline = pipeline
        self._floor = floor
        self._blobs = blobs
        self.on_battery = on_battery
        self.progress: dict[str, Progress] = {}

    def standing(self, device_id: str) -> Standing:
        """Raises UnknownDevice."""
        _, profile = self._floor.configured(device_id)
        known = self._floor.device(device_id).capabilities()
        return Standing(
            profile=profile.id,
            reported=known.firmware,
            takes_firmware=set(COMMANDS) <= set(known.commands),
            least=profile.firmware.min,
            known_bad=profile.firmware.known_bad,
        )

    async def __call__(self, effect: Leased, started: Started) -> Settled | TryAgain:
        job = msgspec.json.decode(effect.payload, type=_Order).job
        with self._pipeline.db.reader() as connection:
            update = tables.update(connection, job)
        if update is None or update.state not in ("approved", "installing"):
            return Settled(End.DROPPED, "withdrawn")
        try:
            greeted = 0
            if update.state == "approved" and not effect.in_doubt:
                await self._lay_down(update)
                greeted = await self._install(update, effect, started)
            return await self._proven(update, greeted)
        except _Later as later:
            held = self.progress.get(job, Progress(0)).held_bytes
            self.progress[job] = Progress(held, str(later))
            return TryAgain(str(later))
        except NoWay as reason:
            return self._end(update, done=False, reason=str(reason))
        except UnknownDevice:
            return self._end(update, done=False, reason="no_device")
        except Rejected:  # withdrawn in the last moment
            return Settled(End.DROPPED, "withdrawn")

    async def _lay_down(self, update: UpdateRow) -> None:
        """Bring the whole package to the device, from where it stopped."""
        self._check(update)
        device = self._floor.device(update.device)
        try:
            content = await asyncio.to_thread(self._blobs.read, update.sha256)
        except (BlobMissing, BlobDamaged) as error:
            raise NoWay("package_lost") from error
        done = await _step(device, Prepare(package=update.sha256, size_bytes=update.size_bytes))
        while (held := _held(done)) < len(content):
            self.progress[update.job] = Progress(held)
            data = content[held : held + BLOCK_BYTES]
            done = await _step(device, Write(package=update.sha256, offset_bytes=held, data=data))
            if _held(done) <= held:
                raise NoWay("device_refuses")
            if self._state(update.job) != "approved":
                raise Rejected("update_not_waiting")
        self.progress[update.job] = Progress(len(content))

    def _check(self, update: UpdateRow) -> None:
        standing = self.standing(update.device)
        why = refusal(update.profile, update.version, standing)
        if why is not None and why != "firmware_runs_already":
            raise NoWay(why)

    async def _install(self, update: UpdateRow, effect: Leased, started: Started) -> int:
        """Have it installed; returns how often the device had been greeted before, -1 where it runs that version already."""
        device = self._floor.device(update.device)
        greeted = device.counts.connections
        if device.capabilities().firmware == update.version:
            return -1
        claim = _claimed(device)
        try:
            waits_for = hindrance(
                in_hours=update.in_hours,
                is_open=self._is_open(),
                busy=claim is None or device.waiting > 0,
                on_battery=self.on_battery(),
            )
            if waits_for is not None:
                raise _Later(waits_for)
            await self._pipeline.submit(BeginInstall(job=update.job), actor="system", command_id=f"effect:{effect.id}:begin")
            await started(update.job)
            command = Install(package=update.sha256, size_bytes=update.size_bytes)
            completion = await device.execute(command, timeout_s=STEP_S, claim=claim)
        finally:
            if claim is not None:
                claim.release()
        if completion.outcome is Outcome.HELD:
            raise NoWay("device_refuses")
        return greeted

    async def _proven(self, update: UpdateRow, greeted: int) -> Settled:
        """Wait until it has been greeted again, and believe what it says of itself."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        back_s: float | None = None
        while loop.time() - begun_s < AWAY_S:
            device = self._floor.device(update.device)
            if device.counts.connections > greeted:
                if device.capabilities().firmware == update.version:
                    return self._end(update, done=True)
                back_s = loop.time() if back_s is None else back_s
                if loop.time() - back_s > STILL_OLD_S:
                    return self._end(update, done=False, reason="version_unchanged")
            await asyncio.sleep(LOOK_S)
        return self._end(update, done=False, reason="did_not_return")

    def _end(self, update: UpdateRow, *, done: bool, reason: str = "") -> Settled:
        self.progress.pop(update.job, None)
        try:
            reported = self._floor.device(update.device).capabilities().firmware
        except UnknownDevice:
            reported = None
        record = RecordUpdate(job=update.job, done=done, reported=reported, reason=reason)
        return Settled(End.DONE, reason or "done", record)

    def _state(self, job: str) -> str:
        with self._pipeline.db.reader() as connection:
            found = tables.update(connection, job)
        return "" if found is None else found.state

    def _is_open(self) -> bool:
        with self._pipeline.db.reader() as connection:
            day = queue_views.day(connection)
        return day is not None and day.state == "open"


def _claimed(device: Device) -> Claim | None:
    """The device for us alone; None while somebody else holds it."""
    try:
        return device.claim("firmware")
    except DeviceError:
        return None


async def _step(device: Device, command: Prepare | Write) -> Completion:
    completion = await device.execute(command, timeout_s=STEP_S)
    if completion.outcome is not Outcome.DONE:
        raise _Later("device")
    return completion


def _held(completion: Completion) -> int:
    return completion.payload.held_bytes if isinstance(completion.payload, Prepared | Written) else 0
