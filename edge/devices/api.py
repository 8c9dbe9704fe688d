"""Devices over HTTP: what is there, how it is, a test print."""

from typing import Annotated, Final

import msgspec

from drivers.api import Outcome
from drivers.interfaces.printer import TestPrint, next_process_id
from drivers.supervisor import DeviceView, UnknownDevice
from edge.devices.floor import Floor
from edge.devices.places import Sockets
from edge.kernel.domain import Rejected
from edge.web.problems import Problem
from edge.web.routes import Call, Routes

routes: Final = Routes("devices")
PROBLEMS: Final = (
    Problem("unknown_device", 404, "没有这台设备", "There is no such device"),
    Problem("device_not_ready", 409, "设备未就绪", "The device is not ready"),
    Problem("nothing_plugged_in", 409, "这个接口上没有插着设备", "Nothing is plugged in at that socket"),
    Problem("socket_taken", 409, "这个接口已绑定给另一台设备", "That socket is bound to another device"),
    Problem("bindings_unusable", 500, "绑定文件无法使用，请联系技术人员", "The file of bindings cannot be used"),
)
TEST_TIMEOUT_S: Final = 15.0


class DeviceList(msgspec.Struct, frozen=True):
    devices: list[DeviceView]


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
    return DeviceList(call.app[Floor].views())


@routes.post(
    "/api/devices/{device}/test-print",
    body=Empty,
    permission="devices.operate",
    reply=DeviceView,
    status=202,
    idempotent=False,
    summary="Print the driver's own test slip",
    problems=("unknown_device", "device_not_ready"),
)
async def test_print(call: Call[Empty]) -> DeviceView:
    floor, device_id = call.app[Floor], call.path["device"]
    try:
        device = floor.device(device_id)
    except UnknownDevice as error:
        raise Rejected("unknown_device", device=device_id) from error
    completion = await device.execute(TestPrint(process_id=next_process_id(None)), timeout_s=TEST_TIMEOUT_S)
    if completion.outcome is not Outcome.DONE:
        raise Rejected("device_not_ready", device=device_id, reason=str(completion.error or completion.code))
    return floor.view(device_id)


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
    summary="Drive the device at another socket from now on",
    problems=("unknown_device", "nothing_plugged_in", "socket_taken", "bindings_unusable"),
)
async def bind(call: Call[Bind]) -> DeviceView:
    floor, device_id = call.app[Floor], call.path["device"]
    if floor.places is None:
        raise Rejected("unknown_device", device=device_id)
    await floor.places.bind(device_id, call.body.address)
    return floor.view(device_id)
