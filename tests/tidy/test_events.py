"""What was written once can be read for ever: a golden file per event version, and migrations that nobody edits.

`python -m tests.tidy.test_events` adds what is new to the list of frozen texts; it never changes an entry.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import pytest

from edge import registry
from edge.kernel.domain import Event
from sync.headoffice import store_sqlite, store_views
from tests.tidy.tree import ROOT

GOLDEN: Final = ROOT / "tests" / "golden"
EVENTS: Final = GOLDEN / "events"
FROZEN: Final = GOLDEN / "frozen.json"

KINDS: Final = registry.rules().events


def golden_file(kind: str) -> Path:
    return EVENTS / f"{kind}.json"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_event_of_every_version_ever_written_is_still_read(kind: str) -> None:
    """The golden file decodes strictly, and says the same when written again."""
    file = golden_file(kind)
    assert file.is_file(), f"keep an example of {kind} in {file.relative_to(ROOT)}"
    written = json.loads(file.read_bytes())
    body = written.get("body", written) if isinstance(written, dict) else written
    event = msgspec.convert(body, KINDS[kind], strict=True)
    assert json.loads(msgspec.json.encode(event)) == body


def test_no_golden_file_belongs_to_an_event_that_is_gone() -> None:
    assert {file.stem for file in EVENTS.glob("*.json")} <= set(KINDS)


def test_wire_names_are_capability_fact_and_version() -> None:
    rooms = {capability.name for capability in registry.CAPABILITIES} | {"kernel"}
    for kind, event in KINDS.items():
        room, fact, version = kind.split(".")
        assert room in rooms
        assert version.removeprefix("v").isdecimal()
        words = "".join(word.title() for word in fact.split("_"))
        assert event.__name__.lower() in (words.lower(), f"{words}{version}".lower())


def test_every_event_says_what_it_is_about() -> None:
    about_the_box = {kind for kind, event in KINDS.items() if event.entity is Event.entity}
    assert about_the_box <= {"kernel.clock_stepped.v1"}


def test_what_was_frozen_has_not_changed() -> None:
    """A golden file or a migration that has shipped is never edited: add a new version, or a new migration."""
    then, now = json.loads(FROZEN.read_text(encoding="utf-8")), frozen_now()
    edited = {name for name, digest in then.items() if now.get(name, digest) != digest}
    gone = set(then) - set(now)
    assert not edited
    assert not gone


def test_everything_that_ships_is_frozen() -> None:
    missing = set(frozen_now()) - set(json.loads(FROZEN.read_text(encoding="utf-8")))
    assert not missing, "run `python -m tests.tidy.test_events` and commit tests/golden/frozen.json"


def frozen_now() -> dict[str, str]:
    """The digest of each golden event and of each migration."""
    golden = {f"events/{file.name}": sha256(file.read_bytes()).hexdigest() for file in EVENTS.glob("*.json")}
    branch = {f"migrations/{migration.id}": migration.sha256 for migration in registry.migrations()}
    return (
        golden | branch | _of_head_office("store", store_sqlite.MIGRATIONS) | _of_head_office("views", store_views.MIGRATIONS)
    )


def _of_head_office(file: str, scripts: Sequence[str]) -> dict[str, str]:
    numbered = enumerate(scripts, 1)
    return {f"migrations/headoffice.{file}/{n:03d}": sha256(script.encode()).hexdigest() for n, script in numbered}


def freeze() -> None:
    """Add what is new."""
    known = json.loads(FROZEN.read_text(encoding="utf-8")) if FROZEN.is_file() else {}
    FROZEN.write_text(json.dumps({**frozen_now(), **known}, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    freeze()
