"""Every scenario of the queue names the tests that prove it, and the page that says so is true."""

import re
from collections.abc import Iterator
from typing import Final

from tests.tidy.tree import ROOT, functions, python

PAGE: Final = ROOT / "docs" / "reference" / "scenarios.md"
QUEUE: Final = frozenset({*(f"S{number:02d}" for number in range(1, 31)), "S31", "S32", "S33", "S34"})
ROW: Final = re.compile(r"^\| (S\d\d) \| [^|]+ \| [^|]+ \| ([^|]*) \| [^|]*\|$", re.MULTILINE)
TEST: Final = re.compile(r"test_s(\d\d)_")
FILE: Final = re.compile(r"`(tests/[\w/]+\.py)`")


def rows() -> dict[str, frozenset[str]]:
    """The files that the page names, by scenario."""
    return {number: frozenset(FILE.findall(proof)) for number, proof in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def proofs() -> Iterator[tuple[str, str]]:
    """Scenario and file of every test that is named by a number."""
    for file in python("tests"):
        for function in functions(file):
            named = TEST.match(function.name)
            if named:
                yield f"S{named.group(1)}", file.name


def test_every_scenario_has_its_row_and_its_proof() -> None:
    said = rows()
    assert said.keys() == QUEUE
    assert not [number for number, files in said.items() if not files]


def test_the_page_names_the_files_that_hold_the_tests() -> None:
    found: dict[str, set[str]] = {number: set() for number in QUEUE}
    for number, file in proofs():
        found.setdefault(number, set()).add(file)
    said = rows()
    wrong = {number: files ^ said.get(number, frozenset()) for number, files in found.items() if number in QUEUE}
    assert not any(wrong.values()), "add to or strike from docs/reference/scenarios.md"
