"""Write a new family of devices: codec, driver, emulator, traits, stories, manifest, profile, a test of its bytes.

    make new-driver NAME=queue_lamp KIND=shows      the box tells it something: a board, a lamp, a relay
    make new-driver NAME=coin_tray KIND=reads       a person gives it something: a scanner, a keypad, a reader

What is written speaks a line protocol of its own and passes the conformance suite as it is. Then replace `codec.py` by the
device's protocol and follow the stories until they hold again.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).resolve().parents[2]
TEMPLATES: Final = Path(__file__).parent / "templates"
NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,30}")
KINDS: Final = ("shows", "reads")
_LAST_IMPORT: Final = "from drivers.profiles import FOLDER"
_TABLE_END: Final = "    }\n)\n\n\ndef family("


class Refused(Exception):
    """The family cannot be written; the text says why."""


def write(root: Path, name: str, kind: str) -> list[Path]:
    """Write the family `name` below `root`; returns what was written or changed. Raises `Refused`."""
    if NAME.fullmatch(name) is None:
        raise Refused(f"{name!r}: a family's name is small letters, digits and underscores")
    if kind not in KINDS:
        raise Refused(f"{kind!r}: KIND is one of {', '.join(KINDS)}")
    files = dict(_files(root, name, kind))
    taken = [path for path in files if path.exists()]
    if taken:
        raise Refused(f"{taken[0].relative_to(root)} is there already")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [*files, _join(root, name)]


def _files(root: Path, name: str, kind: str) -> Iterator[tuple[Path, str]]:
    """Where each template goes, and what it says there."""
    profile = f"generic.{name.replace('_', '-')}"
    words = name.replace("_", " ")
    facts = {"name": name, "Class": _class(name), "words": words, "Words": words.capitalize(), "profile": profile}
    folder = root / "drivers" / name
    elsewhere = {
        "interface.py": root / "drivers" / "interfaces" / f"{name}.py",
        "profile.toml": root / "firmware-profiles" / f"{profile}.toml",
        "test_codec.py": root / "tests" / "drivers" / f"test_{name}_codec.py",
    }
    for template in (*TEMPLATES.glob("*.tmpl"), *(TEMPLATES / kind).glob("*.tmpl")):
        file = template.name.removesuffix(".tmpl")
        text = template.read_text(encoding="utf-8")
        yield elsewhere.get(file, folder / file), text.format(**facts) if "{" in text else text


def _class(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _join(root: Path, name: str) -> Path:
    """The family's line in the registry, and the imports it needs."""
    registry, kind = root / "drivers" / "registry.py", _class(name)
    text = registry.read_text(encoding="utf-8")
    imports = (
        f"from drivers.{name}.driver import {kind}\n"
        f"from drivers.{name}.emulator import {kind}Emulator\n"
        f"from drivers.{name}.stories import {kind}Bench\n"
        f"from drivers.{name}.traits import Traits as {kind}Traits\n"
    )
    line = f'        "{name}": Family({kind}, {kind}Emulator, {kind}Traits, {kind}Bench),\n'
    text = text.replace(_LAST_IMPORT, imports + _LAST_IMPORT, 1).replace(_TABLE_END, line + _TABLE_END, 1)
    registry.write_text(text, encoding="utf-8")
    return registry


@click.command()
@click.argument("name")
@click.argument("kind", type=click.Choice(KINDS))
def main(name: str, kind: str) -> None:
    """Write the family NAME of KIND shows or reads."""
    try:
        written = write(ROOT, name, kind)
    except Refused as error:
        raise click.ClickException(str(error)) from error
    python = [path for path in written if path.suffix == ".py"]
    for command in (("ruff", "check", "--fix", "--quiet"), ("ruff", "format", "--quiet")):
        subprocess.run([sys.executable, "-m", *command, *python], cwd=ROOT, check=True)
    for generated in ("drivers.schema", "tools.reference"):
        subprocess.run([sys.executable, "-m", generated], cwd=ROOT, check=True)
    for path in written:
        click.echo(path.relative_to(ROOT))
    click.echo(f"Now: make test-driver NAME={name}")


if __name__ == "__main__":
    main()
