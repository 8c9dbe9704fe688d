"""The sandbox's routes: for demos, the device bench and acceptance checks. They exist only with `--sandbox`."""

import asyncio
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final

import msgspec

from drivers.document import COPY_MARK
from drivers.emulation import BadParameters, OutputKind, Pictured, Produced, UnknownAction
from drivers.supervisor import DeviceView
from edge.devices.floor import Floor
from edge.devices.views import Words, family_view
from edge.kernel.domain import Rejected
from edge.org.place import Place
from edge.queue import views
from edge.sandbox import branch as demo
from edge.sandbox.stage import Prop, Stage
from edge.web.problems import Problem
from edge.web.routes import Audience, Call, Reply, Routes

routes: Final = Routes("sandbox")
PROBLEMS: Final = (
    Problem("unknown_action", 404, "该设备没有这个动作", "This device has no such action"),
    Problem("bad_parameters", 400, "动作参数不正确", "The action cannot be done like that"),
    Problem("clock_needs_time", 400, "请给出时间或前进的秒数", "Give a time or seconds to advance"),
    Problem("clock_out_of_range", 400, "时间超出范围", "The clock cannot go there"),
)
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Recorded days to play back are as old as 1999; a clock outside makes dates that nothing can print."""
ACTION_BYTES_MAX: Final = 16 * 1024
OPEN: Final[frozenset[Audience]] = frozenset({"open"})


class Named(msgspec.Struct, frozen=True):
    id: str
    name: str


class Numbered(msgspec.Struct, frozen=True):
    id: str
    number: int


class Account(msgspec.Struct, frozen=True):
    staff_no: str
    password: str
    roles: tuple[str, ...]
    name: str


class IdentityView(msgspec.Struct, frozen=True):
    kind: str
    value: str


class Person(msgspec.Struct, frozen=True):
    name: str
    tier: str
    identities: list[IdentityView]


class PropView(msgspec.Struct, frozen=True, kw_only=True):
    """An emulated device: how the branch sees it, and what can be done to it."""

    id: str
    family: str
    model: str
    name: Words
    """What its family is called."""
    actions: list[str]
    forms: dict[str, dict[str, Any]]
    """The JSON Schema of what an action can be told, of those that can be told something."""
    device: str
    paper: str | None
    media: str | None
    message_code: str | None
    waiting_jobs: int


class Wan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    up: bool


class ClockView(msgspec.Struct, frozen=True):
    now: datetime


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """Names and keys of the demo branch."""

    services: list[Named]
    counters: list[Numbered]
    staff: list[Account]
    customers: list[Person]
    devices: list[PropView]
    kiosk_token: str
    display_token: str
    head_office_url: str | None
    guest_url: str
    wan: Wan
    clock: ClockView


@routes.get("/sandbox", audience=OPEN, reply=Everything, summary="The demo branch: names, passwords, tokens, devices")
async def everything(call: Call[None]) -> Everything:
    stage, place = call.app[Stage], call.app[Place]
    return Everything(
        services=[Named(service.id, service.name) for service in stage.configure.services],
        counters=[Numbered(counter.id, counter.number) for counter in stage.configure.counters],
        staff=[Account(member.staff_no, demo.PASSWORD, member.roles, member.name) for member in stage.staff],
        customers=[
            Person(person.name, person.known.tier, [IdentityView(kind.value, value) for kind, value in person.identities])
            for person in demo.CUSTOMERS
        ],
        devices=[_prop(prop, call.app[Floor].view(prop.id)) for prop in stage.props.values()],
        kiosk_token=stage.tokens["kiosk-1"],
        display_token=stage.tokens["display-1"],
        head_office_url=stage.head_office,
        guest_url=place.guest_url,
        wan=Wan(up=stage.line is not None and stage.line.up),
        clock=ClockView(place.now()),
    )


def _prop(prop: Prop, view: DeviceView) -> PropView:
    return PropView(
        id=prop.id,
        family=prop.profile.family,
        model=prop.profile.model,
        name=family_view(prop.profile.family).name,
        actions=list(prop.emulator.actions),
        forms={action: form for action in prop.emulator.actions if (form := _form(prop.emulator.form(action)))},
        device=view.device.value,
        paper=None if view.paper is None else view.paper.value,
        media=None if view.media is None else view.media.value,
        message_code=None if view.message_code is None else view.message_code.value,
        waiting_jobs=view.waiting_jobs,
    )


@cache
def _form(takes: type[msgspec.Struct]) -> dict[str, Any] | None:
    """None for an action that is told nothing."""
    (root,), parts = msgspec.json.schema_components((takes,))
    schema: dict[str, Any] = _inlined(root, parts)
    return schema if schema["properties"] else None


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """With what is referred to in the place of the reference: a form is small and refers to nothing twice."""
    if isinstance(schema, list):
        return [_inlined(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined({**parts[schema["$ref"].rpartition("/")[2]], **{k: v for k, v in schema.items() if k != "$ref"}}, parts)
    return {key: _inlined(value, parts) for key, value in schema.items()}


class ClockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    now: datetime | None = None
    advance_s: float = 0.0


@routes.post(
    "/sandbox/clock",
    body=ClockRequest,
    audience=OPEN,
    reply=ClockView,
    idempotent=False,
    summary="Set the branch's clock; it runs on in real time",
    problems=("clock_needs_time", "clock_out_of_range"),
)
async def set_clock(call: Call[ClockRequest]) -> ClockView:
    wish = call.body
    if (wish.now is None and wish.advance_s == 0.0) or (wish.now is not None and wish.now.tzinfo is None):
        raise Rejected("clock_needs_time")
    stage = call.app[Stage]
    start_s = stage.clock.now_ms() / 1000 if wish.now is None else wish.now.timestamp()
    if not EARLIEST.timestamp() <= start_s + wish.advance_s <= LATEST.timestamp():
        raise Rejected("clock_out_of_range", earliest=EARLIEST.isoformat(), latest=LATEST.isoformat())
    return ClockView(await stage.set_clock(wish.now, wish.advance_s))


@routes.post(
    "/sandbox/wan", body=Wan, audience=OPEN, reply=Wan, idempotent=False, summary="Cut or mend the line to head office"
)
async def set_wan(call: Call[Wan]) -> Wan:
    return Wan(up=await call.app[Stage].set_wan(up=call.body.up))


class Mains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    up: bool


@routes.post(
    "/sandbox/mains",
    body=Mains,
    audience=OPEN,
    reply=Mains,
    idempotent=False,
    summary="Cut the box's mains, so that it runs on battery, or mend it",
)
async def set_mains(call: Call[Mains]) -> Mains:
    call.app[Stage].on_battery = not call.body.up
    return call.body


def _find(call: Call[Any]) -> Prop:
    prop = call.app[Stage].props.get(call.path["device"])
    if prop is None:
        raise Rejected("unknown_device", device=call.path["device"])
    return prop


@routes.post(
    "/sandbox/devices/{device}/{action}",
    body=dict[str, Any],
    body_bytes_max=ACTION_BYTES_MAX,
    audience=OPEN,
    reply=PropView,
    idempotent=False,
    summary="Do something to an emulated device; the body holds the action's own parameters",
    problems=("unknown_device", "unknown_action", "bad_parameters"),
)
async def act(call: Call[dict[str, Any]]) -> PropView:
    prop = _find(call)
    try:
        prop.emulator.act(call.path["action"], call.body)
    except UnknownAction as error:
        raise Rejected("unknown_action", action=call.path["action"]) from error
    except BadParameters as error:
        raise Rejected("bad_parameters", reason=str(error)) from error
    return _prop(prop, call.app[Floor].view(prop.id))


class ProducedView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came out of a device: a slip, a sentence, the lettering of a board, a lamp that went on."""

    kind: OutputKind
    n: int
    text: str
    at: datetime
    complete: bool
    png: str | None
    """Where its picture is, of what can be looked at."""


class SlipView(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    text: str
    png: str
    at: datetime
    copy: bool
    complete: bool


class MessageView(msgspec.Struct, frozen=True):
    to: str
    text: str
    at: datetime


class Output(msgspec.Struct, frozen=True):
    """What a device has produced, the calls the hall heard, and the messages the SMS gateway was given."""

    slips: list[SlipView]
    calls: list[views.CallView]
    sms: list[MessageView]
    produced: list[ProducedView]
    """Everything that came out of this device, slips too, oldest first."""


class VersionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,32}$")]


@routes.get(
    "/sandbox/devices/{device}/firmware",
    query=VersionQuery,
    audience=OPEN,
    summary="A signed firmware package for an emulated device, to be proposed in the console",
    problems=("unknown_device", "firmware_not_supported"),
)
async def firmware(call: Call[VersionQuery]) -> Reply:
    prop = _find(call)
    package = call.app[Stage].firmware(prop, call.query.version)
    if package is None:
        raise Rejected("firmware_not_supported", device=prop.id)
    name = f"{prop.id}-{call.query.version}.fw"
    return Reply(package, headers=(("Content-Disposition", f'attachment; filename="{name}"'),))


@routes.get(
    "/sandbox/devices/{device}/output",
    audience=OPEN,
    reply=Output,
    summary="What came out of a device; the calls and messages of the branch",
    problems=("unknown_device",),
)
async def output(call: Call[None]) -> Output:
    prop, place = _find(call), call.app[Place]
    with call.app.pipeline.db.reader() as connection:
        calls = views.calls(connection, place.zone)
    produced = [_produced(prop, one, place) for one in prop.emulator.output()]
    return Output(
        [_slip(one) for one in produced if one.kind is OutputKind.SLIP],
        calls,
        [MessageView(message.to, message.text, message.at) for message in call.app[Stage].messages],
        produced,
    )


def _produced(prop: Prop, one: Produced, place: Place) -> ProducedView:
    return ProducedView(
        kind=one.kind,
        n=one.n,
        text=one.text,
        at=one.at.astimezone(place.zone),
        complete=one.complete,
        png=f"/sandbox/devices/{prop.id}/pictures/{one.n}.png" if isinstance(one, Pictured) else None,
    )


def _slip(one: ProducedView) -> SlipView:
    return SlipView(n=one.n, text=one.text, png=one.png or "", at=one.at, copy=COPY_MARK in one.text, complete=one.complete)


@routes.get(
    "/sandbox/devices/{device}/pictures/{n}.png",
    audience=OPEN,
    summary="Something that came out of a device, as a picture",
    content_type="image/png",
    problems=("unknown_device", "not_found"),
)
async def picture(call: Call[None]) -> Reply:
    wanted = call.path["n"]
    for one in _find(call).emulator.output():
        if isinstance(one, Pictured) and str(one.n) == wanted:
            return Reply(await asyncio.to_thread(one.png), content_type="image/png")
    raise Rejected("not_found")
