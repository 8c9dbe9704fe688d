"""Everything a person reads exists in Chinese and in English, and comes from the box."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import pytest

from drivers.api import ErrorCode
from tests.tidy.tree import ROOT, named
from tools import reference

LANGUAGES: Final = ("zh-CN", "en")
SURFACES: Final = sorted(
    file.name.split("/", 1)[1].removesuffix("/locales/zh-CN.json")
    for file in named(".json", below=("ui",))
    if file.name.endswith("/locales/zh-CN.json")
)
"""A folder of `ui` with texts: a page, or a part of one."""
CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
ADDRESS: Final = re.compile(r"(?:https?:)?//(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w./-]*)?", re.IGNORECASE)
NAMES_NOT_PLACES: Final = ("//www.w3.org/", "//vuejs.org/error-reference/")
"""Names of XML dialects, and the address in Vue's own error texts: neither is ever fetched."""


@cache
def texts(surface: str, language: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads((ROOT / "ui" / surface / "locales" / f"{language}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("surface", SURFACES)
def test_both_languages_say_the_same_things(surface: str) -> None:
    chinese, english = (texts(surface, language) for language in LANGUAGES)
    assert set(chinese) == set(english)
    for key in chinese:
        assert _places(chinese[key]) == _places(english[key]), f"{surface} {key}: not the same places"


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(surface: str, language: str) -> None:
    assert not [key for key, text in texts(surface, language).items() if not text.strip()]


@pytest.mark.parametrize("surface", SURFACES)
def test_no_text_is_left_in_the_other_language(surface: str) -> None:
    """An English text has no Chinese in it but for the name of the language itself, a product's mark, or an example."""
    allowed = re.compile(r"language|mark|example|zh\b", re.IGNORECASE)
    english = texts(surface, "en")
    assert not [
        key
        for key, text in english.items()
        if CHINESE.search(text.replace("中文", "").replace("补打", "")) and not allowed.search(key)
    ]


@pytest.mark.parametrize("surface", SURFACES)
def test_every_text_is_used(surface: str) -> None:
    """By its whole key, or by a pattern that is filled with a code: t(`notice.${code}`)."""
    page = surface.split("/", maxsplit=1)[0]
    folder = "ui" if page == "kit" else f"ui/{page}"
    code = "\n".join(file.text for file in named(".ts", ".vue", below=(folder,)))
    patterns = [re.compile(pattern) for pattern in _patterns(code)]
    unused = [key for key in texts(surface, "en") if not any(f"{quote}{key}{quote}" in code for quote in "'\"`")]
    assert not [key for key in unused if not any(pattern.fullmatch(key) for pattern in patterns)]


def test_every_trouble_of_a_device_says_what_to_do() -> None:
    for language in LANGUAGES:
        missing = {code.value for code in ErrorCode if f"device_error.{code.value}" not in texts("kit", language)}
        assert not missing, f"ui/kit/locales/{language}.json has no device_error.CODE for these"


def test_every_problem_says_what_to_do() -> None:
    codes = {problem.code for problem in reference.problems()}
    for language in LANGUAGES:
        missing = {code for code in codes if f"problem.{code}" not in texts("kit", language)}
        assert not missing, f"ui/kit/locales/{language}.json has no problem.CODE for these"


def test_the_table_of_problems_speaks_both_languages() -> None:
    for problem in reference.problems():
        assert CHINESE.search(problem.zh), problem.code
        assert problem.en, problem.code
        assert not CHINESE.search(problem.en), problem.code


def test_no_page_asks_for_anything_outside_the_box() -> None:
    sources = [
        file
        for file in named(".ts", ".vue", ".html", ".css", ".svg", ".json", below=("ui",))
        if "package" not in file.path.name
    ]
    found = [f"{file.name}: {address}" for file in sources for address in _addresses(file.text)]
    assert not found


def test_no_built_page_asks_for_anything_outside_the_box() -> None:
    """The third parties' code in the bundle too."""
    built = [path for path in (ROOT / "edge" / "web" / "static").rglob("*") if path.suffix in (".js", ".css", ".html", ".svg")]
    assert built, "`make setup` builds the pages"
    found = [f"{path.name}: {address}" for path in built for address in _addresses(path.read_text(encoding="utf-8"))]
    assert not found


def test_no_built_page_holds_anything_inline() -> None:
    """The content security policy has no 'unsafe-inline': an inline script or style would simply not work."""
    inline = re.compile(r"<script(?![^>]*\ssrc=)|<style|\son[a-z]+=", re.IGNORECASE)
    pages = list((ROOT / "edge" / "web" / "static").rglob("*.html"))
    assert not [page.name for page in pages if inline.search(page.read_text(encoding="utf-8"))]


def _patterns(code: str) -> set[str]:
    """The keys that template strings stand for; one without a word of its own stands for none."""
    templates = [re.split(r"\$\{[^}]*\}", text) for text in re.findall(r"`([\w.-]*\$\{[^`\n]*)`", code)]
    return {".+".join(map(re.escape, parts)) for parts in templates if any("." in part for part in parts)}


def _places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def _addresses(text: str) -> list[str]:
    return [address for address in ADDRESS.findall(text) if not any(name in address for name in NAMES_NOT_PLACES)]
