"""The JSON Schema of a firmware profile, for editors and for whoever writes one: all families' sections in one.

`python -m drivers.schema` writes `firmware-profiles/schema.json`; a test keeps it fresh.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from drivers.profiles import FOLDER, Profile
from drivers.registry import FAMILIES

REFERENCES: Final = "#/$defs/{name}"


def json_schema() -> str:
    """A profile is one of its families: the family's name decides what `[traits]` holds."""
    kinds = {name: family.traits for name, family in sorted(FAMILIES.items())}
    (whole, *sections), parts = msgspec.json.schema_components((Profile, *kinds.values()), ref_template=REFERENCES)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Branchbox firmware profile",
        **whole,
        "allOf": [_where(name, section) for name, section in zip(kinds, sections, strict=True)],
        "$defs": {**parts, "Profile": _known_families(parts["Profile"], kinds)},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _where(family: str, section: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": {"family": {"const": family}}}, "then": {"properties": {"traits": section}}}


def _known_families(profile: Mapping[str, Any], names: Mapping[str, object]) -> dict[str, Any]:
    return {**profile, "properties": {**profile["properties"], "family": {"enum": list(names)}}}


if __name__ == "__main__":
    (FOLDER / "schema.json").write_text(json_schema(), encoding="utf-8")
