"""What `make new-driver` writes is clean and passes its own conformance before a line of it is changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT
from tools.new_driver.__main__ import KINDS, Refused, write

NEEDED = ("drivers", "firmware-profiles", "tests/__init__.py", "tests/drivers/__init__.py", "pyproject.toml")
SUITES = ("test_conformance.py", "test_device_profiles.py", "test_fuzz.py")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """As much of the repository as drivers need."""
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    for name in SUITES:
        (tmp_path / "tests" / "drivers").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / "drivers" / name, tmp_path / "tests" / "drivers")
    return tmp_path


def run(house: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=house, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.slow
def test_a_written_family_passes_at_once(house: Path) -> None:
    for kind in KINDS:
        written = [str(path) for path in write(house, f"queue_{kind}", kind) if path.suffix == ".py"]
        run(house, "ruff", "check", "--fix", "--quiet", *written)
        run(house, "ruff", "format", "--quiet", *written)
    run(house, "drivers.schema")
    run(house, "mypy", "--cache-dir", str(house / "mypy"), "drivers/queue_shows", "drivers/queue_reads", "drivers/registry.py")
    run(house, "pytest", "-q", "-p", "no:cacheprovider", "-k", "queue_shows or queue_reads", "tests/drivers")


def test_nothing_is_written_over_what_is_there(house: Path) -> None:
    with pytest.raises(Refused, match="there already"):
        write(house, "escpos_printer", "shows")
    with pytest.raises(Refused, match="small letters"):
        write(house, "../away", "shows")
    with pytest.raises(Refused, match="KIND"):
        write(house, "queue_lamp", "smells")
    assert not (house / "drivers" / "queue_lamp").exists()
