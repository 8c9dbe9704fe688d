"""Quantile regression: the weights of a sum that is exceeded as often as a quantile is.

The pinball loss of an error e is level × e where the truth is above the sum and (1 − level) × −e where it is below; its
least value is found by weighted least squares whose weights are made anew from the errors a few times (iteratively
reweighted least squares). Plain Python: four columns and two thousand rows take a tenth of a second.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

ROUNDS: Final = 6
NEAR_S: Final = 4.0
"""Errors below this count as this, so that no row weighs without end."""


def weighed(row: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(row, weights, strict=True))


class Level(NamedTuple):
    """Which quantile, and what is believed before any row: `towards`, as if `prior` rows confirmed each of its parts."""

    level: float
    towards: Sequence[float]
    prior: float


def fit(rows: Sequence[Sequence[float]], truth: Sequence[float], of: Level, *, begin: Sequence[float]) -> list[float]:
    """The weights for a level; `begin` is where to start looking, best the weights of the last time."""
    weights = list(begin)
    scales = [of.prior * _mean_square(column) for column in zip(*rows, strict=True)]
    for _ in range(ROUNDS):
        leanings = [_leaning(true - weighed(row, weights), of.level) for row, true in zip(rows, truth, strict=True)]
        weights = _least_squares(rows, truth, leanings, of.towards, scales)
    return weights


def _leaning(error: float, level: float) -> float:
    return (level if error > 0 else 1 - level) / max(abs(error), NEAR_S)


def _mean_square(column: Sequence[float]) -> float:
    return max(1e-9, sum(value * value for value in column) / len(column))


def _least_squares(
    rows: Sequence[Sequence[float]],
    truth: Sequence[float],
    leanings: Sequence[float],
    start: Sequence[float],
    scales: Sequence[float],
) -> list[float]:
    """Normal equations; the prior stands on their diagonal, weighed as an ordinary row is."""
    width = len(start)
    usual = sum(leanings) / len(leanings)
    matrix = [[0.0] * width + [0.0] for _ in range(width)]
    for row, true, leaning in zip(rows, truth, leanings, strict=True):
        for i in range(width):
            part = row[i] * leaning
            for j in range(i, width):
                matrix[i][j] += part * row[j]
            matrix[i][width] += part * true
    for i in range(width):
        for j in range(i):
            matrix[i][j] = matrix[j][i]
        matrix[i][i] += scales[i] * usual
        matrix[i][width] += scales[i] * usual * start[i]
    return _solved(matrix)


def _solved(matrix: list[list[float]]) -> list[float]:
    """Gauss–Jordan with pivots; the prior on the diagonal keeps it from being singular."""
    width = len(matrix)
    for i in range(width):
        pivot = max(range(i, width), key=lambda row: abs(matrix[row][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for other in range(width):
            if other != i:
                share = matrix[other][i] / matrix[i][i]
                matrix[other] = [a - share * b for a, b in zip(matrix[other], matrix[i], strict=True)]
    return [matrix[i][width] / matrix[i][i] for i in range(width)]
