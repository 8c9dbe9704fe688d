"""Names and texts that outlive the program: wire names, golden bodies, and the schema of head office's files.

That golden bodies are read by today's classes, and that the branch's migrations are the shipped ones, is shown in
`tests/unit/test_golden.py`. Here: nobody edits a golden body or a migration of head office to make a test pass.
A release freezes them: `python -m tests.tidy.test_events` adds what is new to `tests/golden/frozen.json`, and never changes an
entry. What was never released may still change.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from edge import registry
from edge.kernel.domain import Event
from sync.headoffice import store_sqlite, store_views
from tests.tidy.tree import ROOT

GOLDEN: Final = ROOT / "tests" / "golden"
FROZEN: Final = GOLDEN / "frozen.json"
KINDS: Final = registry.rules().events


def test_wire_names_are_capability_fact_and_version() -> None:
    rooms = {capability.name for capability in registry.CAPABILITIES} | {"kernel"}
    for kind, event in KINDS.items():
        room, fact, version = kind.split(".")
        assert room in rooms
        assert version.removeprefix("v").isdecimal()
        words = fact.replace("_", "")
        assert event.__name__.lower() in (words, words + version)


def test_command_names_are_capability_and_wish() -> None:
    rooms = {capability.name for capability in registry.CAPABILITIES}
    for command in registry.rules().handlers:
        room, wish = command.NAME.split(".")
        assert room in rooms
        assert command.__name__.lower() == wish.replace("_", "")


def test_every_event_says_what_it_is_about() -> None:
    about_the_branch = {"kernel.clock_stepped.v1", "queue.calendar_set.v1", "devices.day_summed.v1"}
    assert {kind for kind, event in KINDS.items() if event.entity is Event.entity} <= about_the_branch


def test_what_was_frozen_has_not_changed() -> None:
    """Instead of editing: a field with a default, a new version beside the old, a new migration."""
    now = frozen_now()
    assert {name: now.get(name) for name in frozen_then()} == frozen_then()


def test_everything_that_was_released_is_frozen() -> None:
    newest = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n## ")[2].partition("\n")[0]
    released = not newest.endswith("unreleased")
    assert not released or frozen_now().keys() == frozen_then().keys(), "freeze: `python -m tests.tidy.test_events`, and commit"


def frozen_then() -> dict[str, str]:
    known: dict[str, str] = json.loads(FROZEN.read_text(encoding="utf-8")) if FROZEN.is_file() else {}
    return known


def frozen_now() -> dict[str, str]:
    """The digest of each golden body and of each migration of head office."""
    bodies = {f"events/{file.name}": sha256(file.read_bytes()).hexdigest() for file in (GOLDEN / "events").glob("*.json")}
    return (
        bodies | _scripts("headoffice/journal", store_sqlite.MIGRATIONS) | _scripts("headoffice/views", store_views.MIGRATIONS)
    )


def _scripts(name: str, scripts: Sequence[str]) -> dict[str, str]:
    return {f"{name}/{n:03d}": sha256(script.encode()).hexdigest() for n, script in enumerate(scripts, 1)}


def freeze() -> None:
    """Add what is new."""
    FROZEN.write_text(json.dumps({**frozen_now(), **frozen_then()}, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    freeze()
