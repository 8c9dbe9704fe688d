"""A device as the console shows it, and what its trace says."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import msgspec

from drivers import registry as families
from drivers.api import Capabilities, Device, ErrorCode
from drivers.profiles import Profile
from drivers.supervisor import DeviceView
from drivers.trace import Frame, Way
from drivers.versions import older
from edge.devices.posts import Post, posts_of
from edge.org.place import Place


class Words(msgspec.Struct, frozen=True):
    zh: str
    en: str


class FamilyView(msgspec.Struct, frozen=True):
    """A family of devices, from its manifest."""

    name: Words
    summary: Words
    joins: Words
    """Which step of the branch uses it."""
    can_test: bool
    test_needs_person: bool
    """Its test waits for somebody to lay a card, show a code or press a key."""
    test_care: families.Care | None
    """What whoever tests has to look to before."""


class DeviceDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a technician wants to see of one device."""

    view: DeviceView
    family: FamilyView
    profile: str
    address: str
    capabilities: Capabilities
    source: str
    """Where the profile's facts are from."""
    since: datetime
    """When its driver was made: the counters count from there."""
    commands: int
    failures: int
    connections: int
    noise: int
    last_error: ErrorCode | None = None
    last_error_at: datetime | None = None
    trace_content: bool = False
    """Whether a trace shows bytes: of devices that nothing personal passes through."""
    firmware_min: str | None = None
    """Set where the device's firmware is older than its profile asks for."""
    firmware_bad: bool = False
    quirks: list[Words] = []
    posts: list[Post] = []
    """Where it serves; empty where nobody uses it yet."""


class FrameView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    n: int
    at: datetime
    way: Way
    size_bytes: int
    hex: str | None = None
    """None where it may hold something of a person."""
    text: str | None = None
    """The same with everything unprintable as a dot."""


@cache
def family_view(name: str) -> FamilyView:
    """Raises `ProfileError` for a family that this release does not have."""
    manifest, family = families.manifest(name), families.family(name)
    trial = family.trial
    return FamilyView(
        name=Words(manifest.name, manifest.name_en),
        summary=Words(manifest.summary, manifest.summary_en),
        joins=Words(manifest.joins, manifest.joins_en),
        can_test=trial is not None,
        test_needs_person=trial is not None and trial.needs_person,
        test_care=None if trial is None else trial.care,
    )


def detail(view: DeviceView, device: Device, profile: Profile, address: str, place: Place) -> DeviceDetail:
    """As it is at this moment of the loop."""
    now = place.now()
    counts, capabilities = device.counts, device.capabilities()
    firmware = profile.firmware
    return DeviceDetail(
        view=view,
        family=family_view(profile.family),
        profile=profile.id,
        address=address,
        capabilities=capabilities,
        source=profile.provenance.source,
        since=now if counts.since_s is None else _wall(counts.since_s, now),
        commands=counts.commands,
        failures=counts.failures,
        connections=counts.connections,
        noise=counts.noise,
        last_error=counts.last_error,
        last_error_at=None if counts.last_error is None else _wall(counts.last_error_s, now),
        trace_content=device.trace.content,
        firmware_min=firmware.min if older(capabilities.firmware, firmware.min) else None,
        firmware_bad=capabilities.firmware in firmware.known_bad,
        quirks=[Words(quirk.zh, quirk.en) for quirk in profile.quirks],
        posts=posts_of(view.id, profile, place),
    )


def frames(found: Sequence[Frame], now: datetime) -> list[FrameView]:
    return [
        FrameView(
            n=frame.n,
            at=_wall(frame.at_s, now),
            way=frame.way,
            size_bytes=frame.size_bytes,
            hex=None if frame.data is None else frame.data.hex(" "),
            text=None if frame.data is None else "".join(chr(b) if 32 <= b < 127 else "." for b in frame.data),
        )
        for frame in found
    ]


def _wall(loop_s: float, now: datetime) -> datetime:
    return now - timedelta(seconds=max(asyncio.get_running_loop().time() - loop_s, 0.0))
