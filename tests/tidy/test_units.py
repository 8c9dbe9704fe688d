"""The systemd units: hardened to the mark of design §6, bounded, and in step with the program's exit codes and options."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import click
import pytest

from edge.__main__ import main as branchbox
from edge.kernel.startup import REFUSALS
from tests.tidy.tree import ROOT

FOLDER: Final = ROOT / "systemd"
UNITS: Final = sorted(FOLDER.glob("*.service"))
EXPOSURE_MAX: Final = 15
"""Tenths: 1.5 of 10."""
ANALYZE: Final = shutil.which("systemd-analyze")

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is missing: the units' hardening was NOT checked")


def settings(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened(unit: Path) -> None:
    command = [str(ANALYZE), "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", str(unit)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path) -> None:
    """A misspelt setting is only a warning to systemd: a door that one believes to be shut."""
    command = [str(ANALYZE), "verify", "--man=no", "--recursive-errors=no", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert not [line for line in told.splitlines() if unit.name in line and "is not executable" not in line]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_the_program_with_options_that_exist(unit: Path) -> None:
    (line,) = settings(unit, "ExecStart")
    _, name, *arguments = line.split()
    command = branchbox.commands[name]
    known = {text for parameter in command.params if isinstance(parameter, click.Option) for text in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_keeps_its_bounds(unit: Path) -> None:
    for name in ("MemoryMax", "TasksMax", "LimitNOFILE", "StateDirectory", "User"):
        assert settings(unit, name), f"{unit.name} has no {name}"
    assert settings(unit, "LimitCORE") == ["0"]
    (state,) = settings(unit, "StateDirectory")
    assert f"--data /var/lib/{state} " in settings(unit, "ExecStart")[0] + " "


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_start_that_needs_a_person_is_not_repeated(unit: Path) -> None:
    (codes,) = settings(unit, "RestartPreventExitStatus")
    assert str(REFUSALS["no_usable_backup"][0]) in codes.split()


def test_every_user_of_a_unit_is_made() -> None:
    made = re.findall(r"^u (\S+)", (FOLDER / "branchbox.sysusers.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert {user for unit in UNITS for user in settings(unit, "User")} == set(made)
