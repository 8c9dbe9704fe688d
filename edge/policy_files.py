"""Policy files of head office's people: checked against every key this release knows, before they are sent.

    {"scope": "head_office", "note": "…", "values": {"queue.promote.normal_wait_s": {"value": 1800, "lock": true}}}

The file is one level's whole word: a key it does not name is not set there any more. An example is in
`docs/how-to/set-policies.md`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from edge import registry
from edge.policy.keys import Layer, Level, Unacceptable
from edge.policy.model import HEAD_OFFICE_SCOPE, KEYS_MAX, Entry, Name, Note, Scope
from edge.policy.views import KeyView, key_view
from sync.documents import MAX_DOCUMENT_BYTES
from sync.headoffice.policies import Said


class PolicyFileRefused(Exception):
    """What is wrong with the file, and where."""


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document that has no version yet: head office gives it."""

    scope: Scope
    values: Annotated[dict[Name, Entry], msgspec.Meta(max_length=KEYS_MAX)]
    valid_from: str | None = None
    """ISO 8601 with an offset; at once where none is given."""
    note: Note = ""


LEVELS: Final = {HEAD_OFFICE_SCOPE: Level.HEAD_OFFICE}


def read(path: Path) -> PolicyFile:
    """Raises PolicyFileRefused with every fault there is, and OSError."""
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise PolicyFileRefused(f"{path}: larger than {MAX_DOCUMENT_BYTES} bytes")
    try:
        found = msgspec.json.decode(path.read_bytes(), type=PolicyFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PolicyFileRefused(f"{path}: {error}") from error
    faults = OfficeCatalogue().faults(found.scope, {name: entry.value for name, entry in found.values.items()})
    if faults:
        raise PolicyFileRefused("\n".join(f"{path}: {fault}" for fault in faults))
    return found


class OfficeCatalogue:
    """What head office's program is told of the policies: `sync.headoffice.policies.PolicyCatalogue`."""

    def explain(self, said: Mapping[str, Sequence[Said]]) -> list[KeyView]:
        layers = {name: [Layer(Level(one.level), *one[1:]) for one in levels] for name, levels in said.items()}
        return [key_view(key, layers.get(name, ())) for name, key in registry.POLICY.items()]

    def faults(self, scope: str, values: Mapping[str, Any]) -> list[str]:
        return [fault for name, value in values.items() if (fault := _fault(scope, name, value))]


def _fault(scope: str, name: str, value: Any) -> str:
    key = registry.POLICY.get(name)
    if key is None:
        return f"{name}: there is no such key"
    if LEVELS.get(scope, Level.REGION).below(key.lowest):
        return f"{name}: is not for this level to set"
    try:
        key.accept(value)
    except Unacceptable as error:
        return f"{name}: {error}"
    return ""
