"""The lock files hold what the project declares, by hash, and name no place on anybody's machine."""

import re
import tomllib
from typing import Final

import pytest

from tests.tidy.tree import ROOT

LOCKS: Final = {
    "runtime.txt": ("dependencies",),
    "dev.txt": ("dependencies", "dev"),
    "devices.txt": ("dependencies", "devices"),
}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: str) -> dict[str, str]:
    """Name and version of each line, hashed or not."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return {canonical(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}


def declared(groups: tuple[str, ...]) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        line for group in groups for line in (project[group] if group in project else project["optional-dependencies"][group])
    ]
    return {canonical(re.split(r"[<>=!~;\[ ]", line)[0]) for line in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_declared_is_locked(lock: str) -> None:
    assert not declared(LOCKS[lock]) - pinned(lock).keys(), "run `make lock`"


def test_the_tests_run_with_the_versions_that_ship() -> None:
    runtime = pinned("runtime.txt")
    for lock in ("dev.txt", "devices.txt"):
        versions = pinned(lock)
        assert {name: versions.get(name) for name in runtime} == runtime, "run `make lock`"


@pytest.mark.parametrize("lock", [*LOCKS, "node.txt"])
def test_every_line_has_its_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[\w.-]+==)", text)
    assert not [block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
    assert not re.search(r"^--|://|@", text, re.MULTILINE)
