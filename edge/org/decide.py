"""What configuration a branch accepts: ids, letters and numbers must be unique, and a version is applied once."""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.org.model import BranchConfigured, ConfigureBranch

SERVICES_MAX: Final = 40
COUNTERS_MAX: Final = 60


def load_version(connection: Connection, _command: ConfigureBranch, _context: Context) -> int:
    """The version in force, 0 before the first."""
    return int(connection.execute("SELECT max(version) FROM org_branch").get or 0)


def configure(version: int, command: ConfigureBranch, _context: Context) -> Sequence[Event]:
    """Apply a newer version; the same or an older one changes nothing."""
    if command.version <= version:
        return ()
    if len(command.services) > SERVICES_MAX or len(command.counters) > COUNTERS_MAX:
        raise Rejected("branch_too_large", services_max=SERVICES_MAX, counters_max=COUNTERS_MAX)
    _well_formed(command)
    _unique("service", (service.id for service in command.services))
    _unique("letter", (service.letter for service in command.services))
    _unique("counter", (counter.id for counter in command.counters))
    _unique("counter_number", (str(counter.number) for counter in command.counters))
    _known_services(command)
    _known_zone(command.branch.timezone)
    return (
        BranchConfigured(version=command.version, branch=command.branch, services=command.services, counters=command.counters),
    )


def _well_formed(command: ConfigureBranch) -> None:
    """Documents arrive from outside; what is journalled must be readable for ever."""
    try:
        msgspec.convert(msgspec.to_builtins(command), ConfigureBranch)
    except msgspec.ValidationError as error:
        raise Rejected("invalid_configuration", reason=str(error)) from error


def _unique(what: str, values: Iterable[str]) -> None:
    for value, times in Tally(values).items():
        if times > 1:
            raise Rejected("duplicate_in_configuration", what=what, value=value)


def _known_services(command: ConfigureBranch) -> None:
    known = {service.id for service in command.services}
    for counter in command.counters:
        _unique("service_of_counter", counter.services)
        for service in counter.services:
            if service not in known:
                raise Rejected("unknown_service", service=service, counter=counter.id)


def _known_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Rejected("unknown_timezone", timezone=name) from error


HANDLERS: Final[dict[type[Command], Handler]] = {ConfigureBranch: Handler(load_version, configure)}
