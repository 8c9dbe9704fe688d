"""The words we do not use, each with what to say instead; and the shortcuts we do not take."""

import ast
import re
from typing import Final

import pytest

from tests.tidy.tree import PRODUCT, File, python

VAGUE: Final = {
    "utils": "the name of what they are about",
    "util": "the name of what it is about",
    "helpers": "the name of what they are about",
    "helper": "the name of what it does",
    "manager": "what it does: a supervisor supervises, a registry registers",
    "misc": "the name of what it is about",
    "common": "the name of what is shared",
    "data": "what the data is of",
    "info": "what it says: status, facts, view",
    "stuff": "the thing's name",
    "dummy": "a fake that passes the conformance suite",
    "foo": "a name from the branch",
}
UNFINISHED: Final = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")
BROAD_EXCEPT: Final = {
    "drivers/supervisor.py": "a driver's bug stops the driver, never the branch",
    "drivers/transport/lane.py": "whatever a call raises belongs to whoever awaits it",
    "drivers/worker_process.py": "a driver's bug is told to the supervisor, which counts it",
    "edge/kernel/db.py": "whatever a job raises belongs to the one caller whose job it was",
    "edge/kernel/runner.py": "whatever a handler raises settles or delays its effect",
    "edge/kernel/supervise.py": "whatever a task raises counts against its restart budget",
    "edge/web/server.py": "one failed request must not stop the branch",
    "sync/headoffice/store_database.py": "whatever a job raises belongs to whoever awaits it",
    "sync/headoffice/store_views.py": "one event that cannot be folded must not stop the others",
    "sync/uplink.py": "a broken line is tried again",
}
"""Where any failure of somebody else's code may be caught, and why."""
STANDING: Final = {"S608": "the names of tables and columns are constants; values are always parameters"}
"""Rules whose exceptions all have the same reason."""


def test_names_say_what_they_mean() -> None:
    found = []
    for file in python():
        found += [f"{file.name}: say {VAGUE[part]}" for part in file.name.removesuffix(".py").split("/") if part in VAGUE]
    for file in python(*PRODUCT, "tools"):
        found += [f"{file.name}:{line}: {name}, say {VAGUE[word]}" for line, name, word in _vague_definitions(file)]
    assert not found


def _vague_definitions(file: File) -> list[tuple[int, str, str]]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    defined = [(node.lineno, node.name) for node in ast.walk(file.tree) if isinstance(node, kinds)]
    split = [
        (line, name, re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())) for line, name in defined
    ]
    return [(line, name, words[-1]) for line, name, words in split if words and words[-1] in VAGUE]


def test_nothing_is_left_for_later() -> None:
    pattern = re.compile(rf"\b({'|'.join(UNFINISHED)})\b|NotImplemented" + "Error")
    found = [
        f"{file.name}:{n}: {line.strip()}" for file in python() for n, line in enumerate(file.lines, 1) if pattern.search(line)
    ]
    assert not found


def test_the_product_checks_with_real_errors() -> None:
    """`python -O` strips assertions: a check that must hold is `invariant()`, or raises what it means."""
    found = [
        f"{file.name}:{node.lineno}"
        for file in python(*PRODUCT, "tools")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Assert)
    ]
    assert not found


def test_any_failure_is_caught_only_around_foreign_work() -> None:
    found = [
        f"{file.name}:{node.lineno}"
        for file in python(*PRODUCT)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ExceptHandler) and _broad(node) and not _raises_again(node) and file.name not in BROAD_EXCEPT
    ]
    assert not found


def _broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")) for kind in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def test_nothing_is_mocked() -> None:
    """A fake is a real implementation that passes the conformance suite of the thing it stands for."""
    mock = re.compile(r"^\s*(from|import)\s+unittest\.mock|^\s*(from|import)\s+mock\b|\bmocker\b", re.MULTILINE)
    assert not [file.name for file in python("tests") if mock.search(file.text) and not file.name.startswith("tests/tidy/")]


@pytest.mark.parametrize("kind", ["noqa", "type: ignore"])
def test_every_exception_to_a_rule_names_the_rule(kind: str) -> None:
    named = {"noqa": re.compile(r"# noqa: [A-Z]+\d+"), "type: ignore": re.compile(r"# type: ignore\[[a-z-]+")}[kind]
    found = [
        f"{file.name}:{n}"
        for file in python()
        for n, line in enumerate(file.lines, 1)
        if f"# {kind}" in line and not named.search(line) and not file.name.startswith("tests/tidy/")
    ]
    assert not found


def test_every_noqa_in_the_product_has_its_reason() -> None:
    known = re.compile(rf"# noqa: ({'|'.join(STANDING)})(  #|$)|# noqa: [A-Z0-9, ]+ -- \w")
    found = [
        f"{file.name}:{n}: {line.strip()}"
        for file in python(*PRODUCT)
        for n, line in enumerate(file.lines, 1)
        if "# noqa" in line and not known.search(line)
    ]
    assert not found
