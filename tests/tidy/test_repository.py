"""What does not belong into the repository at all."""

import ast
import re
from collections import Counter
from typing import Final

from tests.tidy.tree import PRODUCT, ROOT, python, texts, tracked

BYTES_MAX: Final = 1024 * 1024
LOCKS: Final = ("ui/package-lock.json", "requirements/")
SELF: Final = "tests/tidy/test_repository.py"

PLACES: Final = re.compile(
    r"(?<![\w.])/(?:work|root|home|opt)/[\w.]+|/tmp/\w+|--find-links|--extra-index-url"
    r"|\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)\b"
)
"""Paths of somebody's machine, and hosts of registries: both are the business of a machine's own configuration."""
PERSON_ID: Final = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX](?!\d)")
WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
INVENTED: Final = ("edge/sandbox/", "tests/", "ui/")
"""Where people are made up on purpose."""


def test_no_machine_and_no_registry_is_named() -> None:
    found = [
        f"{file.name}:{n}: {match.group()}"
        for file in texts()
        if file.name != SELF and not file.name.startswith(LOCKS[0])
        for n, line in enumerate(file.lines, 1)
        for match in PLACES.finditer(line)
    ]
    assert not found


def test_no_file_is_a_heavy_one() -> None:
    assert not [path.relative_to(ROOT).as_posix() for path in tracked() if path.stat().st_size > BYTES_MAX]


def test_text_ends_in_a_line_and_lines_end_in_text() -> None:
    golden = "tests/golden/"
    found = [file.name for file in texts() if file.text and not file.name.startswith(golden) and not file.text.endswith("\n")]
    found += [
        f"{file.name}:{n}"
        for file in texts()
        if not file.name.startswith((golden, "LICENSE"))
        for n, line in enumerate(file.lines, 1)
        if line != line.rstrip()
    ]
    assert not found


def test_nobodys_identity_number_is_in_the_product() -> None:
    found = [
        f"{file.name}: {number}"
        for file in texts()
        if not file.name.startswith((*INVENTED, *LOCKS))
        for number in PERSON_ID.findall(file.text)
        if _is_real(number)
    ]
    assert not found


def _is_real(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17]


def test_no_two_test_files_share_a_name() -> None:
    """pytest imports them by their name alone: the second would be left out."""
    names = Counter(file.path.name for file in python("tests") if file.path.name.startswith("test_"))
    assert not [name for name, times in names.items() if times > 1]


def test_every_module_says_what_it_is() -> None:
    assert not [file.name for file in python(*PRODUCT, "tools") if file.text and not ast.get_docstring(file.tree)]


def test_no_docstring_only_repeats_the_name() -> None:
    """ "Return the event." on `event()` is noise: say the meaning, the unit, the source, or nothing."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    filler = {"the", "a", "an", "this", "return", "returns", "get", "gets", "of", "for", "is", "its"}
    found = []
    for file in python():
        for node in ast.walk(file.tree):
            text = ast.get_docstring(node) if isinstance(node, kinds) else None
            if text and isinstance(node, kinds):
                words = set(re.findall(r"[a-z]+", text.lower())) - filler
                if words and words <= set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower())):
                    found.append(f"{file.name}:{node.lineno}: {text}")
    assert not found
