"""Devices over HTTP: what is there, how it is and has been; a test; the frames between a device and its driver."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from drivers import registry as families
from drivers.api import CompletionCode, Device, Outcome
from drivers.supervisor import DeviceView, UnknownDevice
from edge.devices.floor import Floor
from edge.devices.health import DayOfDevice, HealthLog
from edge.devices.model import OpenTrace, RecordMove, RecordTest
from edge.devices.places import Sockets
from edge.devices.posts import Post, posts_of
from edge.devices.trace_permits import TracePermits
from edge.devices.views import DeviceDetail, FamilyView, FrameView, detail, family_view, frames
from edge.kernel.domain import Rejected
from edge.org.place import Place
from edge.web.problems import Problem
from edge.web.routes import Call, Routes

routes: Final = Routes("devices")
PROBLEMS: Final = (
    Problem("unknown_device", 404, "没有这台设备", "There is no such device"),
    Problem("device_not_ready", 409, "设备未就绪", "The device is not ready"),
    Problem("too_many_programs", 503, "连接的程序过多", "Too many programs are connected"),
    Problem("nothing_plugged_in", 409, "这个接口上没有插着设备", "Nothing is plugged in at that socket"),
    Problem("socket_does_not_fit", 409, "这个接口接不了此型号的设备", "A device of this model does not go with that socket"),
    Problem("socket_taken", 409, "这个接口已绑定给另一台设备", "That socket is bound to another device"),
    Problem("bindings_unusable", 500, "绑定文件无法使用，请联系技术人员", "The file of bindings cannot be used"),
    Problem("no_device_test", 409, "这类设备没有测试动作", "This kind of device has no test"),
    Problem(
        "nobody_came", 409, "没有人在时间内刷卡、放证、扫码或按键", "Nobody swiped, laid, showed or pressed anything in time"
    ),
    Problem("trace_not_open", 409, "请先打开通信记录", "Open the trace first"),
)
PERMISSIONS: Final = ("devices.trace",)
TEST_TIMEOUT_S: Final = 15.0
HEALTH_DAYS_MAX: Final = 90


class DeviceList(msgspec.Struct, frozen=True):
    devices: list[DeviceView]
    families: dict[str, FamilyView]
    """What their families are called, and which of them have a test."""
    posts: dict[str, list[Post]]
    """Where each device serves, by its id; a device that nobody uses yet is missing."""


class Empty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


@routes.get(
    "/api/devices",
    audience={"staff", "device"},
    permission="devices.view",
    reply=DeviceList,
    summary="The branch's devices and how they are",
)
async def list_devices(call: Call[None]) -> DeviceList:
    floor, place = call.app[Floor], call.app[Place]
    devices = floor.views()
    families_there = {name: family_view(name) for name in dict.fromkeys(view.family for view in devices)}
    posts = {view.id: posts_of(view.id, floor.configured(view.id)[1], place) for view in devices}
    return DeviceList(devices, families_there, {device: found for device, found in posts.items() if found})


def _device(call: Call[Any]) -> tuple[str, Device]:
    device_id = call.path["device"]
    try:
        return device_id, call.app[Floor].device(device_id)
    except UnknownDevice as error:
        raise Rejected("unknown_device", device=device_id) from error


@routes.get(
    "/api/devices/{device}",
    permission="devices.operate",
    reply=DeviceDetail,
    summary="One device: its profile, its counters, its last error",
    problems=("unknown_device",),
)
async def one_device(call: Call[None]) -> DeviceDetail:
    device_id, device = _device(call)
    floor = call.app[Floor]
    config, profile = floor.configured(device_id)
    return detail(floor.view(device_id), device, profile, config.address, call.app[Place])


@routes.post(
    "/api/devices/{device}/test",
    body=Empty,
    permission="devices.operate",
    reply=DeviceView,
    status=202,
    idempotent=False,
    summary="Have a device do its family's test: print its slip, show its text",
    problems=("unknown_device", "device_not_ready", "no_device_test", "nobody_came"),
)
async def test_device(call: Call[Empty]) -> DeviceView:
    device_id, device = _device(call)
    trial = families.family(call.app[Floor].view(device_id).family).trial
    if trial is None:
        raise Rejected("no_device_test", device=device_id)
    _, profile = call.app[Floor].configured(device_id)
    completion = await device.execute(trial.command(profile), timeout_s=TEST_TIMEOUT_S)
    await call.submit(RecordTest(device=device_id, outcome=completion.outcome.value))
    if trial.needs_person and completion.code is CompletionCode.TIME_OUT:
        raise Rejected("nobody_came", device=device_id, waited_s=int(TEST_TIMEOUT_S))
    if completion.outcome is not Outcome.DONE:
        raise Rejected("device_not_ready", device=device_id, reason=str(completion.error or completion.code))
    return call.app[Floor].view(device_id)


class Bind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    """Of a socket where something is plugged in, as `/api/sockets` names it."""


@routes.get(
    "/api/sockets",
    audience={"staff"},
    permission="devices.operate",
    reply=Sockets,
    summary="What is plugged into the box, which device is bound where, and what may have been moved",
)
async def sockets(call: Call[None]) -> Sockets:
    places = call.app[Floor].places
    return Sockets(sockets=[], offers=[]) if places is None else places.view()


@routes.post(
    "/api/devices/{device}/bind",
    body=Bind,
    permission="devices.operate",
    reply=DeviceView,
    idempotent=False,
    summary="Drive the device at another socket from now on; who said so is journalled",
    problems=("unknown_device", "nothing_plugged_in", "socket_does_not_fit", "socket_taken", "bindings_unusable"),
)
async def bind(call: Call[Bind]) -> DeviceView:
    floor, device_id = call.app[Floor], call.path["device"]
    if floor.places is None:
        raise Rejected("unknown_device", device=device_id)
    before = floor.places.may_bind(device_id, call.body.address).address
    await call.submit(RecordMove(device=device_id, address=call.body.address, before=before))
    await floor.places.bind(device_id, call.body.address)
    return floor.view(device_id)


class TraceOpen(msgspec.Struct, frozen=True):
    until: datetime


@routes.post(
    "/api/devices/{device}/trace",
    body=Empty,
    permission="devices.trace",
    reply=TraceOpen,
    idempotent=False,
    summary="Open a device's trace for ten minutes; that somebody looked is journalled",
    problems=("unknown_device",),
)
async def open_trace(call: Call[Empty]) -> TraceOpen:
    device_id, _ = _device(call)
    await call.submit(OpenTrace(device=device_id))
    place = call.app[Place]
    until_ms = call.app[TracePermits].give(call.principal.actor, device_id, place.clock.now_ms())
    return TraceOpen(datetime.fromtimestamp(until_ms // 1000, place.zone))


class TraceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    after: int = 0


class TraceView(msgspec.Struct, frozen=True):
    frames: list[FrameView]


@routes.get(
    "/api/devices/{device}/trace",
    query=TraceQuery,
    permission="devices.trace",
    reply=TraceView,
    summary="The last frames between a device and its driver, behind the n-th",
    problems=("unknown_device", "trace_not_open"),
)
async def read_trace(call: Call[TraceQuery]) -> TraceView:
    device_id, device = _device(call)
    place = call.app[Place]
    if not call.app[TracePermits].holds(call.principal.actor, device_id, place.clock.now_ms()):
        raise Rejected("trace_not_open", device=device_id)
    return TraceView(frames(device.trace.after(call.query.after), place.now()))


class HealthQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    days: int = 7


class HealthView(msgspec.Struct, frozen=True):
    days: list[DayOfDevice]
    """Newest day first."""


@routes.get(
    "/api/device-health",
    query=HealthQuery,
    permission="devices.operate",
    reply=HealthView,
    summary="How each device has been, day by day",
)
async def health(call: Call[HealthQuery]) -> HealthView:
    days = min(max(call.query.days, 1), HEALTH_DAYS_MAX)
    return HealthView(await call.app[HealthLog].days(call.app[Place].now().date(), days))
