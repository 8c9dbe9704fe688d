"""Every event version and every migration that was ever written: today's program must still mean the same by it."""

import json
from pathlib import Path
from typing import ClassVar

import pytest

from edge.kernel.domain import Event
from edge.queue import events as e
from tests.golden import bodies

KINDS = bodies.kinds()
NEWS = "run `python -m tests.golden --update` and commit what it adds"


def test_every_event_has_its_golden_file() -> None:
    assert not bodies.missing_events(), NEWS


@pytest.mark.parametrize("file", sorted(bodies.EVENTS.glob("*.json")), ids=lambda file: file.stem)
def test_a_golden_body_is_read_and_written_again_by_todays_class(file: Path) -> None:
    assert file.stem in KINDS, "an event version is kept for ever"
    assert bodies.complaint(KINDS[file.stem], file.read_bytes()) is None


def test_a_wire_name_belongs_to_one_class_and_names_its_version() -> None:
    assert [event.TYPE for event in KINDS.values()] == list(KINDS)
    for kind in KINDS:
        assert kind.rsplit(".v", 1)[1].isdigit()


class CalledWithoutWhy(Event, frozen=True, kw_only=True):
    """What `TicketCalled` would be, had somebody removed a field."""

    TYPE: ClassVar[str] = e.TicketServed.TYPE
    ticket: str
    number: str
    counter: str


class ServedWithMore(e.TicketServed, frozen=True, kw_only=True):
    """… or added one without a default."""

    desk: str


class ServedRetyped(e.TicketServed, frozen=True, kw_only=True):
    """… or given one another type."""

    staff: int  # type: ignore[assignment]


class ServedExtended(e.TicketServed, frozen=True, kw_only=True):
    """… or done it right: added one with a default."""

    note: str = ""


@pytest.mark.parametrize(
    ("event", "word"),
    [(CalledWithoutWhy, "staff"), (ServedWithMore, "desk"), (ServedRetyped, "staff")],
)
def test_a_changed_class_is_noticed(event: type[Event], word: str) -> None:
    trouble = bodies.complaint(event, bodies.file_of(e.TicketServed.TYPE).read_bytes())
    assert trouble is not None
    assert word in trouble


def test_a_field_with_a_default_may_be_added() -> None:
    assert bodies.complaint(ServedExtended, bodies.file_of(e.TicketServed.TYPE).read_bytes()) is None


def test_no_migration_was_edited_or_lost() -> None:
    now = bodies.migrations_now()
    assert {name: now.get(name) for name in bodies.frozen_migrations()} == bodies.frozen_migrations()


def test_every_migration_is_frozen() -> None:
    assert bodies.migrations_now().keys() == bodies.frozen_migrations().keys(), NEWS


def test_golden_bodies_name_no_person() -> None:
    """References only: a journal's body never holds what the vault is for."""
    for file in bodies.EVENTS.glob("*.json"):
        values = [value for value in json.loads(file.read_bytes()).values() if isinstance(value, str)]
        assert not any(value.isdigit() and len(value) > 8 for value in values)
