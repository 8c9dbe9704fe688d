"""What a benchmark found, beside the mark it should reach."""

from dataclasses import dataclass
from typing import Final

WIDTHS: Final = (72, 16, 16)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `reached` is None for a plain fact about the machine."""

    name: str
    found: str
    mark: str = ""
    reached: bool | None = None

    def line(self) -> str:
        verdict = {None: "", True: "yes", False: "NO"}[self.reached]
        cells = (self.name, self.found, self.mark)
        return " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)) + f" {verdict}"


def at_most(name: str, found: float, limit: float, unit: str) -> Figure:
    return Figure(name, f"{found:,.2f} {unit}", f"≤ {limit:g} {unit}", found <= limit)


def at_least(name: str, found: float, limit: float, unit: str) -> Figure:
    return Figure(name, f"{found:,.1f} {unit}", f"≥ {limit:g} {unit}", found >= limit)


def fact(name: str, found: float, unit: str) -> Figure:
    return Figure(name, f"{found:,.2f} {unit}" if found < 1000 else f"{found:,.0f} {unit}")


def percentile(samples: list[float], share: float) -> float:
    """Of unsorted samples; `share` as in 0.99."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
