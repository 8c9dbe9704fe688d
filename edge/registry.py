"""The table of contents: every capability, what it decides, keeps, asks of the world, and offers.

A capability is added here with one line, and removed with `git rm -r edge/NAME` and that line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from edge.appointments import api as appointments_api
from edge.appointments import decide as appointments_decide
from edge.appointments import glance as appointments_glance
from edge.appointments import policy as appointments_policy
from edge.appointments import problems as appointments_problems
from edge.appointments import sales as appointments_sales
from edge.appointments import sales_api as appointments_sales_api
from edge.appointments import tables as appointments_tables
from edge.customers import api as customers_api
from edge.customers import decide as customers_decide
from edge.customers import policy as customers_policy
from edge.customers import problems as customers_problems
from edge.customers import tables as customers_tables
from edge.devices import api as devices_api
from edge.devices import decide as devices_decide
from edge.devices import effects as devices_effects
from edge.devices import recognition_api as devices_recognition_api
from edge.devices import tables as devices_tables
from edge.firmware import api as firmware_api
from edge.firmware import decide as firmware_decide
from edge.firmware import effects as firmware_effects
from edge.firmware import tables as firmware_tables
from edge.follow_ups import api as follow_ups_api
from edge.follow_ups import decide as follow_ups_decide
from edge.follow_ups import problems as follow_ups_problems
from edge.follow_ups import tables as follow_ups_tables
from edge.forecast import api as forecast_api
from edge.forecast import decide as forecast_decide
from edge.forecast import tables as forecast_tables
from edge.kernel import journal, outbox, receipts, remembered, vault
from edge.kernel.clock import ClockStepped
from edge.kernel.domain import Command, Event, invariant
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply, Handler, React, Rules
from edge.lobby import api as lobby_api
from edge.notify import api as notify_api
from edge.notify import decide as notify_decide
from edge.notify import effects as notify_effects
from edge.notify import policy as notify_policy
from edge.notify import tables as notify_tables
from edge.org import decide as org_decide
from edge.org import tables as org_tables
from edge.parking import api as parking_api
from edge.parking import decide as parking_decide
from edge.parking import policy as parking_policy
from edge.parking import problems as parking_problems
from edge.parking import tables as parking_tables
from edge.policy import api as policy_api
from edge.policy import decide as policy_decide
from edge.policy import problems as policy_problems
from edge.policy import tables as policy_tables
from edge.policy.keys import Catalogue
from edge.policy.model import ANSWER as ANSWER_KIND
from edge.policy.model import PLACE as PLACE_KIND
from edge.policy.model import POLICY as POLICY_KIND
from edge.policy.model import ReceiveDocument
from edge.queue import api as queue_api
from edge.queue import customer_card_api as queue_customer_card_api
from edge.queue import decide as queue_decide
from edge.queue import desk_api as queue_desk_api
from edge.queue import desk_policy as queue_desk_policy
from edge.queue import effects as queue_effects
from edge.queue import glance as queue_glance
from edge.queue import interventions as queue_interventions
from edge.queue import interventions_api as queue_interventions_api
from edge.queue import more_time as queue_more_time
from edge.queue import policy as queue_policy
from edge.queue import problems as queue_problems
from edge.queue import remote as queue_remote
from edge.queue import remote_api as queue_remote_api
from edge.queue import rules_api as queue_rules_api
from edge.queue import schema as queue_schema
from edge.queue import self_service as queue_self_service
from edge.queue import self_service_api as queue_self_service_api
from edge.queue import tables as queue_tables
from edge.queue import written_rules as queue_written_rules
from edge.reports import api as reports_api
from edge.reports import schema as reports_schema
from edge.reports import tables as reports_tables
from edge.retention import api as retention_api
from edge.retention import decide as retention_decide
from edge.retention import policy as retention_policy
from edge.retention import problems as retention_problems
from edge.retention import tables as retention_tables
from edge.uplink import api as uplink_api
from edge.uplink import tables as uplink_tables
from edge.uplink.inbox import Carry, Parcel
from edge.vip_services import api as vip_services_api
from edge.vip_services import decide as vip_services_decide
from edge.vip_services import policy as vip_services_policy
from edge.vip_services import problems as vip_services_problems
from edge.vip_services import tables as vip_services_tables
from edge.web import api as web_api
from edge.web import schema as web_schema
from edge.web.problems import WEB_PROBLEMS, Problem
from edge.web.routes import Routes


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One room of the house and what it brings."""

    name: str
    migrations: Sequence[Migration] = ()
    handlers: Mapping[type[Command], Handler] = field(default_factory=dict)
    applies: Mapping[type[Event], Sequence[Apply]] = field(default_factory=dict)
    reactions: Mapping[type[Event], Sequence[React]] = field(default_factory=dict)
    folded: Sequence[str] = ()
    """Tables that the journal alone determines."""
    routes: Sequence[Routes] = ()
    problems: Sequence[Problem] = ()


REBUILDS: Final = dict.fromkeys(("reports/001", "reports/003-hands"), reports_tables.rebuild)
"""Migrations that add folded tables to a journal with facts: what fills them from it."""

KERNEL_MIGRATIONS: Final = (
    *journal.MIGRATIONS,
    *receipts.MIGRATIONS,
    *outbox.MIGRATIONS,
    *vault.MIGRATIONS,
    *remembered.MIGRATIONS,
)
KERNEL_EVENTS: Final[tuple[type[Event], ...]] = (ClockStepped,)
"""Facts about the box itself; no table is made of them."""

POLICY: Final = Catalogue(
    queue_policy.KEYS,
    queue_desk_policy.KEYS,
    appointments_policy.KEYS,
    notify_policy.KEYS,
    customers_policy.KEYS,
    vip_services_policy.KEYS,
    parking_policy.KEYS,
    retention_policy.KEYS,
)
"""What can be set by the levels of the bank, by name."""

CAPABILITIES: Final = (
    Capability(name="web", migrations=web_schema.MIGRATIONS, routes=(web_api.routes,), problems=web_api.PROBLEMS),
    Capability(
        name="org",
        migrations=org_tables.MIGRATIONS,
        handlers=org_decide.HANDLERS,
        applies=org_tables.APPLIES,
        folded=org_tables.FOLDED,
    ),
    Capability(
        name="policy",
        migrations=policy_tables.MIGRATIONS,
        handlers=policy_decide.handlers(POLICY, {queue_policy.CALL_RULES.name: queue_written_rules.review}),
        applies=policy_tables.APPLIES,
        folded=policy_tables.FOLDED,
        routes=(policy_api.routes,),
        problems=policy_problems.PROBLEMS,
    ),
    Capability(
        name="customers",
        migrations=customers_tables.MIGRATIONS,
        handlers=customers_decide.HANDLERS,
        applies=customers_tables.APPLIES,
        folded=customers_tables.FOLDED,
        routes=(customers_api.routes,),
        problems=customers_problems.PROBLEMS,
    ),
    Capability(
        name="queue",
        migrations=queue_schema.MIGRATIONS,
        handlers={
            **queue_decide.HANDLERS,
            **queue_remote.HANDLERS,
            **queue_interventions.HANDLERS,
            **queue_more_time.HANDLERS,
            **queue_self_service.HANDLERS,
        },
        applies=queue_tables.APPLIES,
        reactions=queue_effects.REACTIONS,
        folded=queue_tables.FOLDED,
        routes=(
            queue_glance.routes,
            queue_api.routes,
            queue_desk_api.routes,
            queue_remote_api.routes,
            queue_rules_api.routes,
            queue_interventions_api.routes,
            queue_self_service_api.routes,
            queue_customer_card_api.routes,
        ),
        problems=queue_problems.PROBLEMS,
    ),
    Capability(
        name="appointments",
        migrations=appointments_tables.MIGRATIONS,
        handlers={**appointments_decide.HANDLERS, **appointments_sales.HANDLERS},
        applies=appointments_tables.APPLIES,
        folded=appointments_tables.FOLDED,
        routes=(appointments_glance.routes, appointments_api.routes, appointments_sales_api.routes),
        problems=appointments_problems.PROBLEMS,
    ),
    Capability(
        name="parking",
        migrations=parking_tables.MIGRATIONS,
        handlers=parking_decide.HANDLERS,
        applies=parking_tables.APPLIES,
        folded=parking_tables.FOLDED,
        routes=(parking_api.routes,),
        problems=parking_problems.PROBLEMS,
    ),
    Capability(
        name="retention",
        migrations=retention_tables.MIGRATIONS,
        handlers=retention_decide.HANDLERS,
        applies=retention_tables.APPLIES,
        folded=retention_tables.FOLDED,
        routes=(retention_api.routes,),
        problems=retention_problems.PROBLEMS,
    ),
    Capability(
        name="follow_ups",
        migrations=follow_ups_tables.MIGRATIONS,
        handlers=follow_ups_decide.HANDLERS,
        applies=follow_ups_tables.APPLIES,
        folded=follow_ups_tables.FOLDED,
        routes=(follow_ups_api.routes,),
        problems=follow_ups_problems.PROBLEMS,
    ),
    Capability(
        name="vip_services",
        migrations=vip_services_tables.MIGRATIONS,
        handlers=vip_services_decide.HANDLERS,
        applies=vip_services_tables.APPLIES,
        folded=vip_services_tables.FOLDED,
        routes=(vip_services_api.routes,),
        problems=vip_services_problems.PROBLEMS,
    ),
    Capability(
        name="forecast",
        migrations=forecast_tables.MIGRATIONS,
        handlers=forecast_decide.HANDLERS,
        applies=forecast_tables.APPLIES,
        routes=(forecast_api.routes,),
        problems=forecast_api.PROBLEMS,
    ),
    Capability(name="lobby", routes=(lobby_api.routes,)),
    Capability(
        name="devices",
        migrations=devices_tables.MIGRATIONS,
        folded=devices_tables.FOLDED,
        handlers=devices_decide.HANDLERS,
        applies=devices_decide.EVENTS,
        routes=(devices_api.routes, devices_recognition_api.routes),
        reactions=devices_effects.REACTIONS,
        problems=devices_api.PROBLEMS,
    ),
    Capability(
        name="firmware",
        migrations=firmware_tables.MIGRATIONS,
        handlers=firmware_decide.HANDLERS,
        applies=firmware_tables.APPLIES,
        reactions=firmware_effects.REACTIONS,
        folded=firmware_tables.FOLDED,
        routes=(firmware_api.routes,),
        problems=firmware_api.PROBLEMS,
    ),
    Capability(name="uplink", migrations=uplink_tables.MIGRATIONS, routes=(uplink_api.routes,)),
    Capability(
        name="notify",
        migrations=notify_tables.MIGRATIONS,
        handlers=notify_decide.HANDLERS,
        applies=notify_tables.APPLIES,
        reactions=notify_effects.REACTIONS,
        folded=notify_tables.FOLDED,
        routes=(notify_api.routes,),
    ),
    Capability(
        name="reports",
        migrations=reports_schema.MIGRATIONS,
        applies=reports_tables.APPLIES,
        folded=reports_tables.FOLDED,
        routes=(reports_api.routes,),
        problems=reports_api.PROBLEMS,
    ),
)


def _policy_document(parcel: Parcel) -> Command:
    return ReceiveDocument(kind=parcel.kind, body=parcel.body, signature=parcel.signature, key=parcel.key, branch=parcel.branch)


CARRIERS: Final[dict[str, Carry]] = dict.fromkeys((POLICY_KIND, PLACE_KIND, ANSWER_KIND), _policy_document)
"""Who carries out what head office sends, by the document's kind."""
UNKNOWN_DOCUMENT: Final[Carry] = _policy_document
"""It refuses what it does not know, and says so in the journal."""

TELLER: Final = (
    "queue.view",
    "queue.serve",
    "queue.issue_ticket",
    "queue.cancel_ticket",
    "queue.transfer_ticket",
    "queue.requeue_ticket",
    "queue.reprint_slip",
    "queue.bind_customer",
    "customers.view_card",
    "customers.view_consents",
    "customers.record_consent",
    "customers.unmask",
    "vip_services.handle",
    "parking.reserve",
    "appointments.view",
    "appointments.book",
    "devices.view",
)
LOBBY: Final = (
    *(permission for permission in TELLER if permission != "queue.serve"),
    "queue.pin_ticket",
    "queue.manage_day",
    "queue.set_rules",
    "customers.erase",
    "forecast.ask",
    "appointments.set_plan",
    "parking.handle",
    "follow_ups.follow_up_rating",
    "policy.view",
    "reports.view",
)
ADMIN: Final = (
    *LOBBY,
    "queue.serve",
    "policy.set",
    "devices.operate",
    "customers.review_unmaskings",
    *devices_api.PERMISSIONS,
    *firmware_api.PERMISSIONS,
    "notices.acknowledge",
    *web_api.PERMISSIONS,
)
PERMISSIONS: Final[dict[str, tuple[str, ...]]] = {
    "teller": TELLER,
    "lobby": LOBBY,
    "admin": ADMIN,
    "kiosk": ("queue.view", "queue.issue_ticket", "queue.reprint_slip", "appointments.book", "devices.view"),
    "display": ("queue.view",),
    "program": ("devices.drive",),
}
"""role × permission. Devices have roles too."""


def migrations() -> list[Migration]:
    """All schema changes, the kernel's first, each capability's in its order."""
    return [*KERNEL_MIGRATIONS, *chain.from_iterable(capability.migrations for capability in CAPABILITIES)]


def folded_tables() -> list[str]:
    return list(chain.from_iterable(capability.folded for capability in CAPABILITIES))


def problems() -> list[Sequence[Problem]]:
    return [WEB_PROBLEMS, *(capability.problems for capability in CAPABILITIES)]


def routes() -> list[Routes]:
    return list(chain.from_iterable(capability.routes for capability in CAPABILITIES))


def rules() -> Rules:
    """Join what all capabilities decide, keep and ask."""
    handlers: dict[type[Command], Handler] = {}
    applies: dict[type[Event], list[Apply]] = {kind: [] for kind in KERNEL_EVENTS}
    reactions: dict[type[Event], list[React]] = {}
    for capability in CAPABILITIES:
        for command, handler in capability.handlers.items():
            invariant(command not in handlers, f"two capabilities carry out {command.NAME}")
            handlers[command] = handler
        for event, functions in capability.applies.items():
            applies.setdefault(event, []).extend(functions)
        for event, reacts in capability.reactions.items():
            reactions.setdefault(event, []).extend(reacts)
    return Rules(handlers, {event.TYPE: event for event in applies}, applies, reactions)
