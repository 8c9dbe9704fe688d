"""What was written once is read for ever: an example of each event version, and the digest of each migration.

A golden file holds one body as the journal holds it. It was written when its version was new and is never edited: today's class
must read it and say the same again. `python -m tests.golden --update` adds what is new and touches nothing that is there.
"""

import enum
import json
import types
import typing
from pathlib import Path
from typing import Any, Final

import msgspec

from edge import registry
from edge.kernel.domain import Event

GOLDEN: Final = Path(__file__).parent
EVENTS: Final = GOLDEN / "events"
MIGRATIONS: Final = GOLDEN / "migrations.json"

TICKET: Final = "06f4s3k0o0g8k2q5e7h9v1m"
SAMPLES: Final[dict[str, Any]] = {
    "ticket": TICKET,
    "visit": TICKET,
    "stay": "06f4s3k0o0g8k2q5e7h9v3p",
    "plate_ref": "plate-9f2a44c81be07d53",
    "gate": "relay-1",
    "bay": "P2",
    "number": "A007",
    "day": "2026-11-23",
    "letter": "A",
    "id": "0001",
    "service": "personal",
    "queue": "personal.gold",
    "from_queue": "personal.normal",
    "counter": "counter-3",
    "to_counter": "counter-2",
    "counter_name": "3号窗口",
    "staff": "1001",
    "customer": "c-demo-4",
    "phone_ref": "contact-9f2a44c81be07d53",
    "comment_ref": "comment-9f2a44c81be07d53",
    "consent": "06f4s3k0o0g8k2q5e7h9v2n",
    "evidence": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "printer": "printer-1",
    "rule": "priority_then_time",
    "text_code": "tier_goes_first",
    "proof": "process_id",
    "reason": "去取身份证",
    "outcome": "done",
    "timezone": "Asia/Shanghai",
    "name": "个人业务",
    "name_en": "Personal banking",
    "place_ms": 1_795_400_000_000,
    "from_ms": 1_795_400_000_000,
    "to_ms": 1_795_403_600_000,
    "score": 5,
    "tier": "gold",
    "counter_number": 3,
    "call_no": 2,
    "rank": 1,
    "promoted_in_row": 1,
    "ordinal": 7,
    "ahead": 4,
    "waited_s": 1080,
    "wait_low_s": 600,
    "wait_high_s": 1500,
    "copy": 1,
    "version": 3,
    "usual_s": 300,
    "hint": "存取款、转账",
    "hint_en": "Deposits, transfers",
}
"""By the field's name; any other field gets a value by its type."""


def kinds() -> dict[str, type[Event]]:
    """Every event that this program can read, by its wire name."""
    return dict(registry.rules().events)


def file_of(kind: str) -> Path:
    return EVENTS / f"{kind}.json"


def complaint(event: type[Event], body: bytes) -> str | None:
    """Why `event` no longer reads `body` as it was meant; None where it does."""
    try:
        fact = msgspec.json.decode(body, type=event)
    except msgspec.ValidationError as error:
        return f"cannot be read: {error}"
    said, meant = json.loads(msgspec.json.encode(fact)), json.loads(body)
    return None if said == meant else f"reads differently: {sorted(_differing(said, meant))}"


def _differing(said: dict[str, Any], meant: dict[str, Any]) -> set[str]:
    return {name for name in said.keys() | meant.keys() if said.get(name) != meant.get(name)}


def example(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """One of its kind with every field set, none to its default."""
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _value(field.name, hints[field.name]) for field in msgspec.structs.fields(kind)})


def _value(name: str, kind: Any) -> Any:
    sample = SAMPLES.get(name)
    if kind is type(sample):
        return sample
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _value(name, next(one for one in arguments if one is not type(None)))
    if origin is tuple:
        return (_value(name, arguments[0]),)
    if origin is typing.Literal:
        return arguments[-1]
    if origin is dict:
        return {_value(name, arguments[0]): _value(name, arguments[1])}
    return _single(name, kind)


def _single(name: str, kind: Any) -> Any:
    if issubclass(kind, msgspec.Struct):
        return example(kind)
    if issubclass(kind, enum.Enum):
        return list(kind)[-1]
    return {bool: True, int: 30, float: 1.5, str: name.replace("_", "-")}[kind]


def missing_events() -> list[str]:
    return sorted(kind for kind in kinds() if not file_of(kind).is_file())


def frozen_migrations() -> dict[str, str]:
    frozen: dict[str, str] = json.loads(MIGRATIONS.read_bytes()) if MIGRATIONS.is_file() else {}
    return frozen


def migrations_now() -> dict[str, str]:
    return {migration.id: migration.sha256 for migration in registry.migrations()}


def update() -> list[str]:
    """Write the files that are missing and the migrations that are new; returns what was added.

    An event whose fields must fit together cannot be made up here: its file is written by hand, once.
    """
    EVENTS.mkdir(exist_ok=True)
    added = [kind for kind in missing_events() if _write(kind)]
    frozen = frozen_migrations()
    fresh = {name: digest for name, digest in migrations_now().items() if name not in frozen}
    if fresh:
        MIGRATIONS.write_text(json.dumps(frozen | fresh, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return [*added, *fresh]


def _write(kind: str) -> bool:
    event = kinds()[kind]
    try:
        body = msgspec.json.encode(example(event))
    except (ValueError, KeyError, TypeError):
        return False
    if complaint(event, body) is not None:
        return False
    file_of(kind).write_bytes(msgspec.json.format(body, indent=2) + b"\n")
    return True
