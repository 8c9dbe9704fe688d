"""Commands and events of `org`.

Head office owns this configuration and sends it as a whole document (design decision 5); the branch applies it. The fact
that it was applied, with services and counters, is journalled. Staff names and roles are personal data of head office's
directory: they live in a table beside the journal, never in it.
"""

from typing import Annotated, ClassVar

import msgspec

from edge.kernel.domain import Command, Event

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Letter = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{1,2}$")]


class Position(msgspec.Struct, frozen=True):
    """A point on a map; WGS 84, as satellite receivers say it. Chinese maps shift it themselves (GCJ-02)."""

    latitude_deg: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude_deg: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Where an outlet is, how to come and whom to call, for people who are not here yet (S14, S28)."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    address_en: Line = ""
    directions: Line = ""
    """Which line, which exit, where to park."""
    directions_en: Line = ""
    phone: Annotated[str, msgspec.Meta(max_length=30)] = ""
    """The branch's own, as people dial it."""
    position: Position | None = None
    """For a channel's map and its navigation."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """The outlet this box serves."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,16}$")]
    name: Name
    name_en: Name
    timezone: str = "Asia/Shanghai"
    way: Way | msgspec.UnsetType = msgspec.UNSET


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer comes for; one number series each."""

    id: Id
    name: Name
    name_en: Name
    letter: Letter
    hint: str = ""
    hint_en: str = ""
    usual_s: Annotated[int, msgspec.Meta(ge=10, le=7200)] = 300
    """How long serving one customer usually takes; the first guess before there is experience."""


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """A window with a number that is shown and spoken."""

    id: Id
    number: Annotated[int, msgspec.Meta(ge=1, le=99)]
    name: Name
    services: tuple[str, ...] = ()
    """What is served here; empty means everything."""


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    staff_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,16}$")]
    name: Name
    roles: tuple[str, ...]
    skills: tuple[str, ...] = ()
    """The services this person may serve; empty means every one."""


class ConfigureBranch(Command, frozen=True, kw_only=True):
    """Put a new version of the branch's configuration in force."""

    NAME: ClassVar[str] = "org.configure_branch"
    version: int
    branch: Branch
    services: tuple[Service, ...]
    counters: tuple[Counter, ...]


class BranchConfigured(Event, frozen=True, kw_only=True):
    """A version of the configuration came into force, whole."""

    TYPE: ClassVar[str] = "org.branch_configured.v1"
    version: int
    branch: Branch
    services: tuple[Service, ...]
    counters: tuple[Counter, ...]

    def entity(self) -> str:
        return self.branch.id
