"""Small enough to read: what maintainers regret is the largest file and the longest function.

`python -m tests.tidy.test_sizes` prints the figures.
"""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Final

from tests.tidy.tree import PRODUCT, File, functions, length, named, python

FILE_LINES_MAX: Final = 500
TEST_LINES_MAX: Final = 800
FILE_LINES_MEDIAN: Final = 150
FILE_LINES_P90: Final = 350
FUNCTION_LINES_MAX: Final = 60
FUNCTION_LINES_MEDIAN: Final = 9
FUNCTION_LINES_P90: Final = 30
POSITIONAL_MAX: Final = 5
BYTES_MAX: Final = 512 * 1024


def test_no_file_is_too_long() -> None:
    too_long = [f"{file.name}: {len(file.lines)} lines" for file in _sources() if len(file.lines) > _limit(file)]
    assert not too_long, "split these files where they change subject"


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{file.name}: {function.name} has {length(function)} lines"
        for file in python()
        for function in functions(file)
        if length(function) > FUNCTION_LINES_MAX
    ]
    assert not too_long, "name the steps of these functions"


def test_no_function_takes_a_row_of_unnamed_values() -> None:
    too_many = []
    for file in python():
        for function in functions(file):
            names = [one.arg for one in (*function.args.posonlyargs, *function.args.args) if one.arg not in ("self", "cls")]
            if len(names) > POSITIONAL_MAX and not function.name.startswith("test_"):
                too_many.append(f"{file.name}: {function.name}({', '.join(names)})")
    assert not too_many, "make options keyword-only, or give them a type of their own"


def test_most_of_it_is_short() -> None:
    files, routines = file_lines(), function_lines()
    assert median(files) <= FILE_LINES_MEDIAN
    assert _p90(files) <= FILE_LINES_P90
    assert median(routines) <= FUNCTION_LINES_MEDIAN
    assert _p90(routines) <= FUNCTION_LINES_P90


def file_lines() -> list[int]:
    return [len(file.lines) for file in python(*PRODUCT)]


def function_lines() -> list[int]:
    return [length(function) for file in python(*PRODUCT) for function in functions(file)]


def _sources() -> list[File]:
    return [*python(), *named(".ts", ".vue", ".css", ".mjs", below=("ui",))]


def _limit(file: File) -> int:
    return TEST_LINES_MAX if file.name.startswith("tests/") or file.name.endswith(".test.ts") else FILE_LINES_MAX


def _p90(sizes: Sequence[int]) -> float:
    return quantiles(sizes, n=10)[-1]


if __name__ == "__main__":
    for title, sizes in (("files", file_lines()), ("functions", function_lines())):
        print(f"{title}: {len(sizes)}, median {median(sizes):g}, p90 {_p90(sizes):g}, max {max(sizes)} lines")
