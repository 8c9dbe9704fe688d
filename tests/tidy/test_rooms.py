"""Every capability looks alike: files with the same names hold the same things, so that knowing one is knowing all."""

import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Final

from edge.registry import CAPABILITIES
from tests.tidy.tree import PRODUCT, ROOT, File, python

GROUND: Final = frozenset({"kernel", "web", "adapters", "sandbox"})
"""What the capabilities stand on, and what stands on them."""
TOPICS: Final = frozenset(
    {"call_rules", "customer_card", "desk", "interventions", "more_time", "recognition", "remote", "sales", "self_service"}
)
"""A topic that outgrew its room's files has its words and decisions in `TOPIC.py` and its routes in `TOPIC_api.py`."""
HOME: Final = {
    "HANDLERS": ("decide.py",),
    "MIGRATIONS": ("tables.py", "schema.py"),
    "APPLIES": ("tables.py",),
    "FOLDED": ("tables.py",),
    "REACTIONS": ("effects.py",),
    "routes": ("api.py", "glance.py", "rules_api.py"),
}
"""The names by which the registry knows a capability, and the file that each belongs to."""
WORDS: Final = {"Command": ("model.py",), "Event": ("model.py", "events.py")}
"""The classes of the domain's language, and where a capability keeps its own."""
ENTRIES: Final = frozenset({"edge/__main__.py"})


def capability_files() -> Iterator[File]:
    for file in python("edge"):
        room, *rest = file.name.split("/")[1:]
        if rest and room not in GROUND and file.path.stem.removesuffix("_api") not in TOPICS:
            yield file


def test_every_room_is_in_the_registry() -> None:
    """A folder that nobody joins is not a feature."""
    folders = {path.parent.name for path in (ROOT / "edge").glob("*/__init__.py")}
    assert folders - GROUND == {capability.name for capability in CAPABILITIES} - GROUND


def test_what_the_registry_joins_is_in_the_file_of_its_name() -> None:
    wrong = [
        f"{file.name} defines {name}; that belongs in {HOME[name]}"
        for file in capability_files()
        for name in _assigned(file)
        if name in HOME and file.path.name not in HOME[name]
    ]
    assert not wrong


def test_commands_and_events_are_in_the_files_of_their_names() -> None:
    wrong = [
        f"{file.name} defines the {base} {kind}; that belongs in {WORDS[base]}"
        for file in capability_files()
        for kind, base in _words(file)
        if file.path.name not in WORDS[base]
    ]
    assert not wrong


def test_every_module_is_imported_by_another() -> None:
    """Whatever nobody imports is dead, unless it is a program."""
    imported = Counter(name for file in python() for name in _imports(file))
    dead = [
        file.name
        for file in python(*PRODUCT)
        if file.path.name != "__init__.py"
        and file.name not in ENTRIES
        and not imported[_module(file)]
        and not _is_program(file)
    ]
    assert not dead


def _assigned(file: File) -> Iterator[str]:
    for node in file.tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _words(file: File) -> Iterator[tuple[str, str]]:
    for node in file.tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, base.id) for base in node.bases if isinstance(base, ast.Name) and base.id in WORDS)


def _imports(file: File) -> Iterator[str]:
    """What a file imports, each name both as an attribute and as a module."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module(file: File) -> str:
    return file.name.removesuffix(".py").replace("/", ".")


def _is_program(file: File) -> bool:
    return any(isinstance(node, ast.If) and "__main__" in ast.dump(node.test) for node in file.tree.body)


COMPILED: Final = {"evdev": ["evdev"], "smartcard": ["pyscard"]}
"""What the extra `devices` brings; a machine that only runs the demo does not have them."""


def test_what_the_product_imports_is_declared() -> None:
    """A library that is only there because another one brings it is gone one day."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["devices"]]
    declared = {_canonical(re.split(r"[<>=!~;\[ ]", line)[0]) for line in lines}
    bringers = {**COMPILED, **packages_distributions()}
    roots = (
        {name.split(".")[0] for file in python(*PRODUCT) for name in _imports(file)} - sys.stdlib_module_names - set(PRODUCT)
    )
    assert not {root for root in roots if not {_canonical(name) for name in bringers.get(root, ())} & declared}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
