"""The composition root: everything is built and joined here, by hand, in the order in which it depends on each other."""

import asyncio
import random
import secrets
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import msgspec
import structlog

from drivers import registry as families
from drivers.api import Event as DeviceEvent
from drivers.registry import DeviceConfig
from drivers.supervisor import Supervisor as Fleet
from edge import __version__, registry
from edge.adapters.modem import FAMILY as MODEMS
from edge.adapters.modem import SmsWithFallback
from edge.adapters.sms import NoSms, SandboxSms, SmsPort
from edge.appointments.codes import SmsCodes
from edge.customers.privacy import Names
from edge.devices.card_return import CardReturn
from edge.devices.effects import SPEAK, CallSpeaker
from edge.devices.floor import Floor
from edge.devices.gates import OPEN_GATE, GateOpener, GateWatch, barriers
from edge.devices.health import HealthLog
from edge.devices.places import Places
from edge.devices.plates import PlateWatch
from edge.devices.programs import Services as DevicesForPrograms
from edge.devices.recognition import KioskGuests
from edge.devices.signs import Signs
from edge.devices.trace_permits import TracePermits
from edge.devices.watch import ConditionWatch
from edge.devices.window_devices import WindowDevices
from edge.firmware.api import TrustedKeys
from edge.firmware.effects import UPDATE, Updater
from edge.forecast.jobs import BackTests
from edge.forecast.live import LiveForecast
from edge.forecast.promises import Promises
from edge.ground import Ground
from edge.kernel import notices as kept_notices
from edge.kernel import startup
from edge.kernel.backup import CORE
from edge.kernel.blobs import Blobs
from edge.kernel.config import Settings
from edge.kernel.db import Connection, Database, Limits
from edge.kernel.journal import Journal
from edge.kernel.keys import derive
from edge.kernel.pipeline import Pipeline, Secret
from edge.kernel.runner import EffectHandler, Runner
from edge.kernel.supervise import Budget, GiveUp, Run, Supervisor, every, leave_it
from edge.kernel.vault import Vault
from edge.monitor import Monitor
from edge.monitor import routes as monitor_routes
from edge.notify import feed as notify_feed
from edge.notify.effects import ReminderWatch, senders
from edge.notify.model import TEXTS
from edge.notify.notices import NoticeBoard, Severity
from edge.notify.phone import PhoneTickets
from edge.org import tables as org
from edge.org.place import Place
from edge.parking import watch as bay_watch
from edge.parking.gates import Gates
from edge.parking.plates import Plates
from edge.parking.watch import BayWatch
from edge.queue import auto_call, unanswered
from edge.queue import views as queue_views
from edge.queue.arrivals import Arrivals
from edge.queue.auto_call import AutoCall
from edge.queue.effects import SlipPrinter, effect_kind
from edge.queue.handles import Handles
from edge.queue.model import RecordSlip
from edge.queue.presence import PresenceWatch
from edge.queue.tokens import TicketTokens
from edge.queue.unanswered import Unanswered
from edge.registry import Capability
from edge.schedule import Schedule
from edge.uplink.api import Line
from edge.uplink.inbox import BranchInbox
from edge.uplink.source import BranchJournal, Enrolment, load_enrolment
from edge.web.api import Reception, Seat
from edge.web.devices import Devices
from edge.web.feed import Feed
from edge.web.gatekeeper import Gatekeeper
from edge.web.limits import Rate, WebLimits
from edge.web.live import Live
from edge.web.permissions import Permissions
from edge.web.problems import Problems
from edge.web.programs import Programs
from edge.web.routes import Services
from edge.web.server import Listener, Listeners, Site, build
from edge.web.session import SessionLimits, Sessions, Staff
from edge.web.static import StaticFiles
from sync.downlink import Downlink
from sync.uplink import Contact, Destination, Uplink, UplinkState, World

log = structlog.get_logger()


def _limits(settings: Settings) -> Limits:
    storage = settings.storage
    return Limits(
        waiting_jobs_max=storage.waiting_jobs_max,
        group_jobs_max=storage.group_jobs_max,
        reserve_bytes=storage.reserve_bytes,
    )


class StaffDirectory:
    """Who works here, as `web` wants to know it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, staff_no: str) -> Staff | None:
        with self._db.reader() as connection:
            member = org.staff(connection, staff_no)
        return None if member is None else Staff(member.staff_no, member.name, frozenset(member.roles))


class Branch:
    """A running branch. `start`, then `run` until cancelled, then `stop`."""

    def __init__(self, ground: Ground) -> None:
        launch, settings = ground.launch, ground.launch.settings
        self.ground = ground
        self.boot = secrets.token_hex(8)
        self.clock = ground.clock
        self.db = Database(launch.data / CORE, limits=_limits(settings))
        self.journal = Journal(self.db)
        self.vault = Vault(ground.box_keys)
        self.supervisor = Supervisor()
        self.permissions = Permissions(registry.PERMISSIONS)
        self.place = Place(
            self.clock, ground.zone, launch.guest_url or "", launch.sandbox, launch.printers, launch.readers, launch.gates
        )
        self.tokens = TicketTokens(derive(ground.box_keys.root, "ticket-token"))
        self.pipeline = Pipeline(self.db, self.journal, self.clock, registry.rules(), ground.zone, self._seal)
        self.notices = NoticeBoard(self.place)
        self.sessions = self._make_sessions()
        self.devices = Devices(self.db, self.clock, self.permissions)
        self.gatekeeper = Gatekeeper(self.tokens.ticket, sessions=self.sessions, devices=self.devices)
        self.handles = Handles(self.clock.steady_ms)
        self.arrivals = Arrivals(self.db, self.vault, self.handles, self.clock)
        self.promises = Promises(self.pipeline)
        self.phones = PhoneTickets(self.db, self.place, self.promises.shown)
        self.line = Line()
        self.live = self._make_live()
        self.floor = Floor(self.notices)
        self.blobs = Blobs(launch.data / "blobs")
        self.updater = Updater(self.pipeline, self.floor, self.blobs)
        self.firmware_keys = TrustedKeys(self._head_office_key)
        self.kiosk_guests = KioskGuests(self.place, self.arrivals, self.tokens)
        self.card_return = CardReturn(self.floor, self.place)
        self.plates = PlateWatch(self.arrivals, self.notices, self.clock)
        self.parked = Plates(self.db, self.vault, self.clock)
        self.gates = GateWatch(self.pipeline, self.floor, self.place, self.parked, self.notices)
        self.programs = Programs(DevicesForPrograms(self.floor))
        self.health_log = HealthLog(launch.data, lambda: self.place.now().date())
        self.health_log.samples = self.floor.samples
        self.monitor = self._make_monitor()
        self.schedule = Schedule(self.pipeline, self.journal, launch.data, backups=settings.backups)
        self.gateway: SmsPort = SandboxSms(self.place.now) if launch.sandbox else NoSms()
        self.signs = Signs(self.db, ground.zone, self.floor)
        self.reminders = ReminderWatch(self.pipeline)
        self.forecast = LiveForecast(self.pipeline, launch.data)
        self.back_tests = BackTests(self.forecast)
        self.window_devices = WindowDevices(self.pipeline, self.floor, self.place, boot=self.boot)
        self.runner = self._make_runner()
        self.services = self._make_services()
        self.source: BranchJournal | None = None
        self.listeners = Listeners()
        self._failed: asyncio.Future[BaseException] | None = None

    # --- life

    async def start(self) -> None:
        """Take commands, follow facts, carry effects out. Nobody can reach the branch yet."""
        self.db.start()
        self.monitor.begin()
        self.pipeline.observe = self.monitor.count_command
        self.pipeline.ask = self.runner.ask
        self.pipeline.followers += [self.live.follow, self.reminders.follow, self.forecast.follow]
        self.pipeline.followers += [self.signs.follow, self.window_devices.follow, self.promises.follow, self.gates.follow]
        self.notices.changed = lambda body: self.live.publish(notify_feed.NOTICES, "notices", body)
        self.floor.publish = lambda topic, kind, body, key: self.live.publish(topic, kind, body, key=key)
        self.kiosk_guests.publish = lambda topic, kind, body, key: self.live.publish(topic, kind, body, key=key)
        self.floor.usable = self._device_usable
        self.forecast.changed = self._outlook_changed
        await self.forecast.begin()
        self.sessions.ended.append(self.live.drop)
        self.devices.ended.append(self.live.drop)
        self.devices.ended.append(self.programs.drop)
        self.notices.read = lambda notice_id: kept_notices.acknowledge(self.ground.launch.data, notice_id)
        for notice in self.ground.start.notices:
            self.notices.put_up(notice.code, Severity.CRITICAL, about=notice.id, **notice.facts)
        self._keep("live", lambda: self.live.run(self.gatekeeper.alive), give_up=self._give_up)
        if not self.ground.start.safe_mode:
            self._start_work()

    def _start_work(self) -> None:
        """Everything that safe mode leaves out: effects and the timetable. The queue itself always works."""
        for kind, lane in self.runner.lanes.items():
            self._keep(kind, lane.run, give_up=self._give_up)
        self._keep("reminders", self.reminders.run, give_up=self._give_up)
        self._keep("window devices", self.window_devices.run)
        self._keep("card return", self.card_return.run)
        self._keep("gates", self.gates.run)
        self._keep("bays", every(bay_watch.LOOK_S, BayWatch(self.pipeline).look))
        presence = PresenceWatch(self.pipeline, self.live.staff)
        self._keep("presence", presence.run, give_up=self._give_up)
        self._keep("auto_call", every(auto_call.LOOK_S, AutoCall(self.pipeline).look), give_up=self._give_up)
        self._keep("unanswered", every(unanswered.LOOK_S, Unanswered(self.pipeline).look), give_up=self._give_up)
        self.schedule.backup_made = self.monitor.note_backup
        self.schedule.start()

    async def open_doors(self, extra: Sequence[Capability] = (), services: Sequence[object] = ()) -> tuple[int, int | None]:
        """Begin to answer; returns the ports of the branch's and of the guests' listener."""
        launch = self.ground.launch
        site = self._site(extra, services)
        port = await self.listeners.open(build(site, Listener.BRANCH), *launch.listen)
        guests, guest_port = launch.guest_listen, None
        if guests is not None:
            guest_port = await self.listeners.open(build(site, Listener.GUEST), *guests)
        host = launch.listen.host if guests is None else guests.host
        self.place.guest_url = launch.guest_url or f"http://{host}:{guest_port or port}"
        startup.mark_ready(launch.data, self.journal.head())
        log.info("branch_open", port=port, guest_port=guest_port, sandbox=launch.sandbox)
        return port, guest_port

    async def connect_devices(self, devices: Sequence[DeviceConfig]) -> None:
        """Begin to drive the devices; waits for none of them. In safe mode they rest."""
        if self.ground.start.safe_mode:
            return
        places = Places(self.ground.launch.data, devices)
        places.profiles = families.load_profiles()
        built = [places.build(device) for device in places.devices]
        fleet = Fleet(built, chance=random.SystemRandom().random, on_status=self.floor.changed, on_event=self._device_told)
        self.floor.fleet = places.fleet = fleet
        self.floor.places = places
        await fleet.start()
        self._keep("signs", self.signs.run)
        self._keep("discovery", places.run)
        self._keep("device health", self.health_log.run)
        self._keep("device conditions", ConditionWatch(self.pipeline, self.floor, self.health_log, self.place).run)

    def watch_waits(self) -> None:
        """Begin to forecast, in a process of its own; nobody waits for it."""
        if not self.ground.start.safe_mode:
            self._keep("forecast", self.forecast.run)
            self._keep("promises", self.promises.run)

    def join_head_office(self) -> None:
        """Connect to the head office this box was enrolled at, if it was."""
        known = load_enrolment(self.ground.launch.data)
        if known is not None:
            self.connect_head_office(Destination(known.url, known.key), known.branch)

    def _head_office_key(self) -> bytes | None:
        known = load_enrolment(self.ground.launch.data)
        return None if known is None else known.key

    def connect_head_office(self, destination: Destination | None, branch: str) -> None:
        """Begin to send the journal to head office, and to fetch what it sets; without a destination the line is simply not
        configured."""
        self.source = BranchJournal(self.db, self.clock, self.ground.life, self.ground.signing_key, branch)
        uplink = Uplink(self.source, destination, world=World(wall_ms=self.clock.now_ms), on_change=self._line_changed)
        self.pipeline.followers.append(self.source.follow)
        self.line.state = self.monitor.uplink = uplink.state
        self.line.wake.append(uplink.wake)
        if not self.ground.start.safe_mode:
            self._keep("uplink", uplink.run)
            if destination is not None:
                self._listen_to(destination, branch)

    def _listen_to(self, head_office: Destination, branch: str) -> None:
        enrolment = Enrolment(url=head_office.url, key=head_office.key, branch=branch)
        inbox = BranchInbox(self.pipeline, self.ground.signing_key, enrolment, registry.CARRIERS, registry.UNKNOWN_DOCUMENT)
        downlink = Downlink(inbox, head_office, world=World(wall_ms=self.clock.now_ms))
        self.line.wake.append(downlink.wake)
        self._keep("downlink", downlink.run)

    async def stop(self) -> None:
        """Let what is under way finish, then leave everything clean."""
        if self.schedule.running:
            self.schedule.stop()
        await self.live.close()
        await self.listeners.close()
        if self.floor.fleet is not None:
            await self.floor.fleet.stop()
        await self.supervisor.close()
        await self.health_log.close()
        head = self.journal.head()
        if self.source is not None:
            self.source.close()
        self.sessions.close()
        await self.db.close()
        startup.mark_clean_stop(self.ground.launch.data, head)

    def failure(self) -> asyncio.Future[BaseException]:
        """Resolves with what makes going on impossible."""
        if self._failed is None:
            self._failed = asyncio.get_running_loop().create_future()
        return self._failed

    # --- parts that take more than a line

    def _make_sessions(self) -> Sessions:
        limits = SessionLimits(idle_s=self.ground.launch.settings.web.idle_logout_s)
        return Sessions(self.db, self.clock, StaffDirectory(self.db), self.permissions, limits=limits)

    def _make_live(self) -> Live:
        return Live(
            Feed(notify_feed.LINES, unjournalled=notify_feed.UNJOURNALLED, zone=self.ground.zone),
            self.journal,
            self.clock,
            phones=self.phones,
            moves=notify_feed.MOVES,
            limits=self._web_limits().live,
        )

    def _make_monitor(self) -> Monitor:
        ground = self.ground
        return Monitor(
            data=ground.launch.data,
            public_key=ground.signing_key.public,
            start=ground.start,
            db=self.db,
            journal=self.journal,
            clock=self.clock,
            supervisor=self.supervisor,
            live=self.live,
            backup_every_s=ground.launch.settings.backups.every_s,
        )

    def _make_runner(self) -> Runner:
        sms = SmsWithFallback(self.gateway, lambda: self.floor.of_family(MODEMS))
        speaker = CallSpeaker(self.db, self.floor, self.clock)
        gates = GateOpener(self.floor, self.notices)
        texts = senders(self.db, self.vault, sms, self.clock, self.ground.zone)
        handlers: dict[str, EffectHandler] = {
            **self._slip_handlers(),
            **texts,
            SPEAK: speaker,
            OPEN_GATE: gates,
            UPDATE: self.updater,
        }
        late = {OPEN_GATE: gates.too_late, **{kind: sender.too_late for kind, sender in texts.items()}}
        return Runner(self.pipeline, handlers, boot=self.boot, late=late)

    def _make_services(self) -> Services:
        """What handlers find by its type."""
        return Services(
            self.pipeline,
            self.place,
            self.tokens,
            SmsCodes(derive(self.ground.box_keys.root, "sms-code")),
            self.arrivals,
            self.parked,
            Gates(lambda: barriers(self.floor)),
            Names(self.vault),
            self.handles,
            self.kiosk_guests,
            self.sessions,
            self.devices,
            Reception(self.ground.zone, self._seat_of),
            self.phones,
            self.notices,
            self.line,
            self.floor,
            self.health_log,
            self.blobs,
            self.updater,
            self.firmware_keys,
            TracePermits(),
            self.monitor,
            registry.POLICY,
            self.forecast,
            self.back_tests,
        )

    # --- joints

    def _site(self, extra: Sequence[Capability], services: Sequence[object]) -> Site:
        return Site(
            routes=[*registry.routes(), monitor_routes, *chain.from_iterable(room.routes for room in extra)],
            services=self.services.joined(*services),
            gatekeeper=self.gatekeeper,
            permissions=self.permissions,
            problems=Problems(*registry.problems(), *(room.problems for room in extra)),
            live=self.live,
            static=StaticFiles(self.ground.launch.static),
            programs=self.programs,
            version=__version__,
            limits=self._web_limits(),
            observe=self.monitor.count_request,
            fatal=self._fatal,
        )

    def _web_limits(self) -> WebLimits:
        launch, web = self.ground.launch, self.ground.launch.settings.web
        limits = WebLimits.sandbox() if launch.sandbox else WebLimits(address=Rate(web.requests_per_minute_max / 60, 500))
        live = replace(limits.live, clients_max=web.live_clients_max, backlog_messages_max=web.live_queue_max)
        return replace(limits, body_bytes_max=web.body_bytes_max, live=live)

    def _slip_handlers(self) -> dict[str, EffectHandler]:
        async def record(news: RecordSlip) -> None:
            await self.pipeline.submit(news, actor="system")

        slips = SlipPrinter(self.db, self.place, self.tokens, self.floor, record)
        return {effect_kind(printer): slips for printer in set(self.place.printers.values())}

    def _device_told(self, device_id: str, event: DeviceEvent) -> None:
        """A device told of itself: whoever stands at a kiosk, whoever drives up, whoever presses a key at a window."""
        self.kiosk_guests.heard(device_id, event)
        self.card_return.heard(device_id, event)
        self.plates.heard(device_id, event)
        self.gates.heard(device_id, event)
        self.window_devices.heard(device_id, event)

    def _device_usable(self, device_id: str) -> None:
        """What may have waited for it is tried now."""
        self.signs.wake()
        for kind in (effect_kind(device_id), SPEAK, OPEN_GATE, *TEXTS, UPDATE):
            if kind in self.runner.lanes:
                self.runner.wake(kind)

    def _line_changed(self, state: UplinkState) -> None:
        if state.head_office in (Contact.UNREACHABLE, Contact.HALTED):
            self.notices.put_up("head_office_unreachable", Severity.WARNING, reason=state.halted_reason)
        else:
            self.notices.take_down("head_office_unreachable")
        body = msgspec.json.encode(self.line.view(state.head_seq, self.place))
        self.live.publish(notify_feed.NOTICES, "sync", body)

    def _outlook_changed(self) -> None:
        standing = self.forecast.standing
        self.live.publish(notify_feed.FORECAST, "outlook", msgspec.json.encode(standing))
        self.live.phones_moved()

    def _seal(self, connection: Connection, secret: Secret) -> None:
        self.vault.put(connection, secret.subject, secret.name, secret.plain, now_ms=self.clock.now_ms())

    def _seat_of(self, staff_no: str) -> Seat | None:
        with self.db.reader() as connection:
            counter_id = queue_views.counter_of(connection, staff_no)
            counter = None if counter_id is None else org.counter(connection, counter_id)
        return None if counter is None else Seat(id=counter.id, number=counter.number)

    def _keep(self, name: str, run: Run, *, give_up: GiveUp = leave_it) -> None:
        """Have the supervisor keep a task going, within the budget of the settings."""
        allowed = self.ground.launch.settings.supervision
        budget = Budget(restarts_max=allowed.restarts_max, window_s=allowed.window_s, backoff_s_max=allowed.backoff_s_max)
        self.supervisor.start(name, run, budget=budget, give_up=give_up)

    def _give_up(self, name: str, error: BaseException) -> None:
        log.critical("task_given_up", task=name)
        self._fatal(error)

    def _fatal(self, error: BaseException) -> None:
        """The program's own promise is broken: end, and start again from what is on disk."""
        failed = self.failure()
        if not failed.done():
            failed.set_result(error)
