"""The documentation is true: its links lead somewhere, its paths exist, its tables are the code's."""

import re
from pathlib import Path
from typing import Final

import pytest

from edge import __version__
from edge.queue import model
from edge.registry import PERMISSIONS
from tests.tidy.tree import ROOT, File, named
from tools import reference

README_LINES_MAX: Final = 120
ARCHITECTURE_LINES_MAX: Final = 200
LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PICTURE: Final = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
PATH: Final = re.compile(r"`((?:edge|drivers|sync|ui|tests|tools|docs|systemd|firmware-profiles|requirements)/[\w./*{}<>-]*)`")
KINDS_OF_CHANGE: Final = frozenset({"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"})
ROOT_PAGES: Final = ("README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "THREAT_MODEL.md", "CHANGELOG.md")
DECISION_PARTS: Final = ("## Context", "## Decision", "## Consequences")

PAGES: Final = list(named(".md"))


def heading_anchors(page: File) -> set[str]:
    """The anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+\s+(.*)$", page.text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: File) -> None:
    broken = []
    for target in LINK.findall(page.text) + PICTURE.findall(page.text):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.path.parent / place).resolve() if place else page.path
        lost = anchor and file.suffix == ".md" and file.exists() and anchor not in heading_anchors(File(file))
        if lost or not file.exists():
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_named_exists(page: File) -> None:
    """`edge/kernel/pipeline.py` in a text is a promise; a pattern (`*`, `{a,b}`, `<family>`) is not looked up."""
    named_here = {path for path in PATH.findall(page.text) if not re.search(r"[*{}<>]", path)}
    assert not {path for path in named_here if not (ROOT / path).exists() and not _is_made(path)}


def _is_made(path: str) -> bool:
    """What a build makes is not there before it."""
    return path.startswith(("edge/web/static", "edge/built", "ui/node_modules"))


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert name not in reference.stale(), "run `make reference` and commit"


def test_every_target_of_make_says_what_it_is_for() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = {name for line in re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE) for name in line.split()}
    inner = {"packages-for-run", "packages-for-test", "fmt-check"}
    assert phony - inner == set(reference.make_targets())


@pytest.mark.parametrize("name", ROOT_PAGES)
def test_the_first_pages_are_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_the_first_pages_are_short() -> None:
    for name, most in (
        ("README.md", README_LINES_MAX),
        ("README.zh-CN.md", README_LINES_MAX),
        ("ARCHITECTURE.md", ARCHITECTURE_LINES_MAX),
    ):
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= most, name


def test_every_word_of_the_domain_is_in_the_glossary_with_its_chinese() -> None:
    page = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")]
    terms = {term.strip("`"): chinese for term, chinese, *_ in rows}
    words = [*model.State, *model.Presence, *model.Tier, *model.Slip, *model.PriorityReason, *PERMISSIONS]
    assert {str(word) for word in words} <= set(terms)
    assert not [
        term for term, chinese in terms.items() if term not in ("term", "---") and not re.search(r"[\u3400-\u9fff]", chinese)
    ]


def test_the_changelog_keeps_its_shape() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n")
    releases = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert all(re.fullmatch(r"\[\d{4}\.\d{2}\.\d+\] - (\d{4}-\d{2}-\d{2}|unreleased)", release) for release in releases)
    assert releases[0].startswith(f"[{__version__}]")
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= KINDS_OF_CHANGE


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=lambda page: page.name)
def test_every_decision_has_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(rf"# {int(page.name[:4])}\. \S", text)
    places = [text.find(part) for part in DECISION_PARTS]
    assert -1 not in places
    assert places == sorted(places)


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(folder.glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert not [page.name for page in pages if f"({page.name})" not in listed]
