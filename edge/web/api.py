"""This room's own routes: logging in and out, and the enrolment of devices."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from edge.kernel.domain import Rejected
from edge.web.devices import Devices
from edge.web.gatekeeper import COOKIE
from edge.web.principal import Kind
from edge.web.problems import Problem
from edge.web.routes import Call, Reply, Routes
from edge.web.session import Sessions

routes: Final = Routes("web")
PERMISSIONS: Final = ("web.enrol_device",)
PROBLEMS: Final = (
    Problem("device_not_enrolled", 404, "该设备未登记", "No such device is enrolled"),
    Problem("too_many_devices", 409, "登记的设备过多", "Too many devices are enrolled"),
)


class Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member of staff logs in with."""

    staff_no: Annotated[str, Meta(min_length=1, max_length=32)]
    password: Annotated[str, Meta(min_length=1, max_length=128)]


class StaffView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in."""

    staff_no: str
    name: str
    roles: list[str]


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """The counter where somebody is signed in."""

    id: str
    number: int


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session; the token is shown once."""

    token: str
    staff: StaffView
    expires_at: datetime


class SessionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The session of the caller."""

    staff: StaffView
    expires_at: datetime
    counter: Seat | None = None


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device to enrol, and the row of the permission table that holds for it."""

    device: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z0-9-]+$")]
    role: Annotated[str, Meta(min_length=1, max_length=32)]


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The device's token, shown once."""

    device: str
    role: str
    token: str


class EnrolmentView(msgspec.Struct, frozen=True, kw_only=True):
    """One enrolled device."""

    device: str
    role: str
    enrolled_at: datetime
    enrolled_by: str


class EnrolmentList(msgspec.Struct, frozen=True, kw_only=True):
    """All enrolled devices."""

    devices: list[EnrolmentView]


class Reception:
    """What the session routes ask of other rooms: the branch's zone, and at which counter somebody sits."""

    def __init__(self, zone: ZoneInfo, seat_of: Callable[[str], Seat | None]) -> None:
        self.zone = zone
        self.seat_of = seat_of

    def time(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms // 1000, self.zone)


@routes.post(
    "/api/session",
    body=Credentials,
    reply=SessionOpened,
    audience={"open"},
    idempotent=False,
    rate="login",
    problems=("bad_credentials", "locked_out"),
    summary="Log in",
)
async def log_in(call: Call[Credentials]) -> Reply:
    sessions = call.app[Sessions]
    opened = await sessions.log_in(call.body.staff_no, call.body.password)
    staff = StaffView(staff_no=opened.staff.staff_no, name=opened.staff.name, roles=sorted(opened.staff.roles))
    view = SessionOpened(token=opened.token, staff=staff, expires_at=call.app[Reception].time(opened.expires_ms))
    cookie = cookie_for(opened.token, max_age_s=sessions.limits.absolute_s, secure=call.request.secure)
    return Reply(view, headers=(("Set-Cookie", cookie),))


@routes.get("/api/session", reply=SessionView, audience={"staff"}, summary="Who is logged in")
async def show_session(call: Call[None]) -> SessionView:
    who, reception = call.principal, call.app[Reception]
    return SessionView(
        staff=StaffView(staff_no=who.id, name=who.name, roles=sorted(who.roles)),
        expires_at=reception.time(call.app[Sessions].expires_ms(who.credential)),
        counter=reception.seat_of(who.id),
    )


@routes.delete("/api/session", audience={"open"}, status=204, summary="Log out")
async def log_out(call: Call[None]) -> Reply:
    if call.principal.kind is Kind.STAFF:
        await call.app[Sessions].log_out(call.principal.credential)
    return Reply(headers=(("Set-Cookie", cookie_for("", max_age_s=0, secure=call.request.secure)),))


@routes.get(
    "/api/enrolments", reply=EnrolmentList, audience={"staff"}, permission="web.enrol_device", summary="Enrolled devices"
)
async def list_enrolments(call: Call[None]) -> EnrolmentList:
    time = call.app[Reception].time
    return EnrolmentList(
        devices=[
            EnrolmentView(device=one.device, role=one.role, enrolled_at=time(one.enrolled_ms), enrolled_by=one.enrolled_by)
            for one in call.app[Devices].enrolled()
        ]
    )


@routes.post(
    "/api/enrolments",
    body=EnrolmentRequest,
    reply=Enrolled,
    status=201,
    audience={"staff"},
    permission="web.enrol_device",
    idempotent=False,
    problems=("too_many_devices",),
    summary="Enrol a device; an earlier token of it ends",
)
async def enrol(call: Call[EnrolmentRequest]) -> Enrolled:
    wish = call.body
    token = await call.app[Devices].enrol(wish.device, wish.role, by=call.principal.actor)
    return Enrolled(device=wish.device, role=wish.role, token=token)


@routes.delete(
    "/api/enrolments/{device}",
    audience={"staff"},
    permission="web.enrol_device",
    status=204,
    problems=("device_not_enrolled",),
    summary="Revoke a device's token",
)
async def revoke(call: Call[None]) -> None:
    if not await call.app[Devices].revoke(call.path["device"]):
        raise Rejected("device_not_enrolled", device=call.path["device"])


def cookie_for(token: str, *, max_age_s: int, secure: bool) -> str:
    """The session cookie: out of reach of scripts and of other sites."""
    parts = (f"{COOKIE}={token}", "Path=/", f"Max-Age={max_age_s}", "HttpOnly", "SameSite=Strict")
    return "; ".join((*parts, "Secure") if secure else parts)
