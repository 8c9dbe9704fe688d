"""The tutorial works: its commands are run against the real programs, and print what the page says they print."""

import re
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from tests.harness.programs import ROOT, BranchProcess, HeadOfficeProcess

PAGE: Final = ROOT / "docs" / "tutorials" / "first-ticket.md"
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK: Final = "<<end of block>>"
TIME_S_MAX: Final = 60


class Step(NamedTuple):
    """Commands, and what they are said to print; None where the page does not say."""

    commands: str
    printed: str | None


def steps(page: str) -> list[Step]:
    blocks = BLOCK.findall(page)
    following = [*blocks[1:], ("", "")]
    return [
        Step(text, said if kind_after == "text" else None)
        for (kind, text), (kind_after, said) in zip(blocks, following, strict=True)
        if kind == "sh"
    ]


def test_the_tutorials_commands_print_what_it_says(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    data = tmp_path / "demo-data"
    with HeadOfficeProcess(data / "head-office") as office, BranchProcess(data / "branch", head_office=office.url) as branch:
        moved = page.replace("http://127.0.0.1:8080", branch.url).replace("http://127.0.0.1:8090", office.url)
        told = steps(moved)
        printed = run([step.commands for step in told], tmp_path)
    assert len(told) > 5
    for step, output in zip(told, printed, strict=True):
        assert step.printed is None or agrees(output, step.printed), f"{step.commands}\nprinted:\n{output}"


def run(blocks: list[str], folder: Path) -> list[str]:
    """Run all blocks in one shell, in a folder that has what the page's reader has; what each printed."""
    (folder / ".venv").symlink_to(ROOT / ".venv")
    script = "".join(f"{block}\necho '{MARK}'\n" for block in blocks)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIME_S_MAX,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    outputs = done.stdout.split(f"{MARK}\n")
    assert len(outputs) == len(blocks) + 1, done.stdout + done.stderr
    return outputs[:-1]


def agrees(output: str, said: str) -> bool:
    """`…` stands for anything, also for several lines."""
    pattern = ".*".join(re.escape(part) for part in said.strip().split("…"))
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None
