"""What stands around the demo branch: emulated devices, the line to head office, prepared people and tokens."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from drivers import registry as families
from drivers.behind import SCHEME
from drivers.emulation import Emulator, Updatable
from drivers.profiles import Profile
from drivers.registry import DeviceConfig
from drivers.transport.udev import Place
from edge.adapters.sms import SandboxSms, Sent
from edge.app import Branch
from edge.appointments.model import SetSlotPlan, SlotPlan
from edge.customers import tables as customers
from edge.customers.privacy import subject_of
from edge.firmware.package import pack
from edge.kernel.clock import SandboxClock
from edge.kernel.db import Connection
from edge.kernel.domain import InvariantBroken
from edge.kernel.identities import normalise
from edge.notify.model import TEXTS
from edge.org import phones
from edge.org import tables as org
from edge.org.model import ConfigureBranch, Staff
from edge.parking.policy import CAR_PARK
from edge.policy.model import ApplyDue, SetValue
from edge.queue import views
from edge.queue.model import OpenDay
from edge.queue.policy import OPENING_HOURS as HOURS
from edge.retention import daily
from edge.sandbox import branch as demo
from edge.uplink.source import Enrolment, load_enrolment, save_enrolment
from edge.vip_services.policy import OFFERS
from edge.web.principal import DEVICE_PREFIX
from sync.keys import SigningKey
from sync.line import Line
from sync.uplink import Destination, enrol

CLAIM: Final = "sandbox"


@dataclass(slots=True)
class Prop:
    """One emulated device."""

    id: str
    profile: Profile
    emulator: Emulator
    """For what is plugged into another device, that device's."""
    behind: str | None = None

    @property
    def address(self) -> str:
        """Where its driver reaches it."""
        return self.emulator.address if self.behind is None else f"{SCHEME}://{self.behind}"

    def places(self) -> list[Place]:
        """The sockets it hangs at, as discovery would name them."""
        if self.behind is not None:
            return []
        return [
            Place(
                address=address,
                wire="serial" if address.startswith("serial:") else "tcp",
                path=self.id,
                node=address,
                name=self.profile.model,
            )
            for address in self.emulator.addresses
        ]


def emulate(profile: Profile, now: Callable[[], datetime]) -> Emulator:
    """The emulator of a model, not yet reachable."""
    return families.family(profile.family).emulator(profile, clock=now)


@dataclass(slots=True)
class Stage:
    """The sandbox of one branch."""

    branch: Branch
    head_office: str | None
    configure: ConfigureBranch = demo.CONFIGURE
    staff: Sequence[Staff] = demo.STAFF
    props: dict[str, Prop] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    line: Line | None = None
    on_battery: bool = False
    """Somebody has cut the mains."""

    @property
    def clock(self) -> SandboxClock:
        clock = self.branch.clock
        if not isinstance(clock, SandboxClock):
            raise InvariantBroken("a sandbox without a sandbox clock")
        return clock

    # --- before the doors open

    async def prepare(self) -> None:
        """People, tokens, devices, the line."""
        pipeline = self.branch.pipeline
        await pipeline.submit(self.configure, actor="system", command_id=f"sandbox:branch:{self.configure.version}")
        for service in self.configure.services:
            plan = SetSlotPlan(service=service.id, plan=demo.SLOT_PLANS.get(service.id, SlotPlan()))
            await pipeline.submit(plan, actor="system", command_id=f"sandbox:slots:{service.id}")
        offers = SetValue(policy=OFFERS.name, value=demo.VIP_OFFERS, reason="示范网点")
        await pipeline.submit(offers, actor="system", command_id="sandbox:vip-services")
        park = SetValue(policy=CAR_PARK.name, value=demo.CAR_PARK, reason="示范网点")
        await pipeline.submit(park, actor="system", command_id="sandbox:car-park")
        hours = SetValue(policy=HOURS.name, value=demo.OPENING_HOURS, reason="示范网点")
        await pipeline.submit(hours, actor="system", command_id="sandbox:opening-hours")
        await self.branch.db.write(self._people)
        await self._passwords()
        for device, role in demo.DEVICE_ROLES.items():
            self.tokens[device] = await self._enrol_device(device, role)
        known = families.load_profiles()
        for prop in demo.devices():
            if prop.behind is None:
                await self._plug_in(prop.id, known[prop.profile])
            else:
                self.props[prop.id] = Prop(prop.id, known[prop.profile], self.props[prop.behind].emulator, prop.behind)
        await self.branch.connect_devices(
            [DeviceConfig(id=prop.id, profile=prop.profile.id, address=prop.address) for prop in self.props.values()]
        )
        if self.branch.floor.places is not None:
            self.branch.floor.places.emulated = [place for prop in self.props.values() for place in prop.places()]
        if self.head_office is not None:
            await self._lay_line(self.head_office)
        else:
            self.branch.connect_head_office(None, self.configure.branch.id)
        if isinstance(self.branch.gateway, SandboxSms):
            self.branch.gateway.reachable = lambda: self.line is None or self.line.up
        self.branch.updater.on_battery = lambda: self.on_battery
        self.branch.firmware_keys.more.append(self._firmware_key().public)
        await pipeline.submit(OpenDay(), actor="system")

    def firmware(self, prop: Prop, version: str) -> bytes | None:
        """A `.fw` file for an emulated device, signed by the sandbox; None for one that takes no firmware."""
        if not isinstance(prop.emulator, Updatable):
            return None
        return pack(self._firmware_key().sign, prop.profile.id, version, prop.emulator.package(version))

    def _firmware_key(self) -> SigningKey:
        return SigningKey(hashlib.sha256(self.branch.ground.signing_key.sign(b"sandbox firmware")).digest())

    @property
    def messages(self) -> tuple[Sent, ...]:
        """What the SMS gateway was given."""
        return self.branch.gateway.messages() if isinstance(self.branch.gateway, SandboxSms) else ()

    async def _passwords(self) -> None:
        """Once per data folder: a new password ends the sessions, and a restart must log nobody out."""
        for member in self.staff:
            if not self.branch.sessions.has_password(member.staff_no):
                await self.branch.sessions.set_password(member.staff_no, demo.PASSWORD)

    async def _enrol_device(self, device: str, role: str) -> str:
        """Fixed per data folder, so that pages left open survive a restart."""
        seed = self.branch.ground.signing_key.sign(f"sandbox token {device}".encode())
        token = DEVICE_PREFIX + hashlib.sha256(seed).hexdigest()
        return await self.branch.devices.enrol(device, role, by="system", token=token)

    def _people(self, connection: Connection) -> None:
        """Whom head office names: at the beginning, and again whenever the clock is set while the line is up."""
        now_ms = self.clock.now_ms()
        org.put_staff(connection, tuple(self.staff))
        phones.put(connection, self.branch.vault, demo.STAFF_PHONES, now_ms=self.clock.now_ms())
        for person in demo.CUSTOMERS:
            marks = [self.branch.vault.index_hash(kind, normalise(kind, value).value) for kind, value in person.identities]
            if customers.put(connection, person.known, marks, now_ms=now_ms):
                self.branch.vault.put(connection, subject_of(person.known.ref), "name", person.name.encode(), now_ms=now_ms)

    async def _plug_in(self, device_id: str, profile: Profile) -> None:
        """An emulated device, reached over TCP and over a serial line at once where its model has one, as real ones can be.

        Packets of wires that a machine without the hardware cannot have (HID, PC/SC) go over TCP in the same framing.
        """
        wires = self.branch.ground.launch.data / "devices"
        wires.mkdir(exist_ok=True)
        emulator = emulate(profile, self._now)
        emulator.listen("tcp://127.0.0.1:0")
        if "serial" in profile.match.transport:
            emulator.listen(f"serial://{(wires / device_id).absolute()}")
        await emulator.start()
        self.props[device_id] = Prop(device_id, profile, emulator)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)

    # --- the line to head office

    async def _lay_line(self, head_office: str) -> None:
        there = urlsplit(head_office)
        self.line = Line((there.hostname or "127.0.0.1", there.port or 80))
        await self.line.start()
        known = load_enrolment(self.branch.ground.launch.data)
        if known is not None:
            self._connect(known)
        else:
            self.branch.supervisor.start("enrolment", self._enrol_branch)

    async def _enrol_branch(self) -> None:
        """Try until head office is there; the branch serves meanwhile."""
        branch, key = self.configure.branch, self.branch.ground.signing_key
        url = self._line().url
        reply = await enrol(url, CLAIM, branch=branch.id, name=branch.name, key=key)
        enrolment = Enrolment(url=self.head_office or "", key=reply.head_office_key, branch=branch.id)
        save_enrolment(self.branch.ground.launch.data, enrolment)
        self._connect(enrolment)

    def _connect(self, enrolment: Enrolment) -> None:
        self.branch.connect_head_office(Destination(self._line().url, enrolment.key), enrolment.branch)

    def _line(self) -> Line:
        if self.line is None:
            raise InvariantBroken("there is no line to head office")
        return self.line

    # --- what hands can do

    async def set_wan(self, *, up: bool) -> bool:
        """Cut or mend the line; returns how it is. Without a head office there is none."""
        if self.line is None:
            return False
        await self.line.set_up(up)
        for wake in self.branch.line.wake:
            wake()
        for kind in TEXTS:
            self.branch.runner.wake(kind)
        return self.line.up

    async def set_clock(self, now: datetime | None, advance_s: float) -> datetime:
        """Set or advance the branch's clock; another day is another business day."""
        if now is not None:
            self.clock.set(now)
        self.clock.advance(advance_s)
        today = self.branch.place.now().date().isoformat()
        with self.branch.db.reader() as connection:
            day = views.day(connection)
        if day != views.DayView(today, "open"):
            await self.branch.pipeline.submit(OpenDay(), actor="system")
        await self.branch.pipeline.submit(ApplyDue(), actor="system")
        if self.line is None or self.line.up:
            await self.branch.db.write(self._people)
        await daily.keep_up(self.branch.pipeline)
        return self.branch.place.now()

    async def close(self) -> None:
        if self.line is not None:
            await self.line.stop()
        for prop in self.props.values():
            if prop.behind is None:
                await prop.emulator.stop()
