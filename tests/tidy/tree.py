"""The working tree as the tidy tests see it: the files under version control, and the syntax trees of the Python ones."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PRODUCT: Final = ("edge", "drivers", "sync")
CODE: Final = (*PRODUCT, "tests", "tools")
TEXT: Final = frozenset({".css", ".html", ".json", ".md", ".mjs", ".py", ".sql", ".svg", ".toml", ".ts", ".txt", ".vue", ""})


@dataclass(frozen=True)
class File:
    """One text file under version control."""

    path: Path

    @property
    def name(self) -> str:
        """Its path below the root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)


@cache
def tracked() -> tuple[Path, ...]:
    """Everything that is, or is about to be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file())


@cache
def texts() -> tuple[File, ...]:
    """All text files."""
    return tuple(File(path) for path in tracked() if path.suffix in TEXT)


def named(*suffixes: str, below: tuple[str, ...] = ("",)) -> Iterator[File]:
    """The text files with one of these endings in one of these folders."""
    folders = tuple(f"{folder}/" if folder else "" for folder in below)
    for file in texts():
        if file.path.suffix in suffixes and file.name.startswith(folders):
            yield file


def python(*folders: str) -> Iterator[File]:
    """Python files of these folders; of all of them where none is named."""
    return named(".py", below=folders or CODE)


def functions(file: File) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1
