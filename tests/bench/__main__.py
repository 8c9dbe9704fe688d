"""`python -m tests.bench [--only NAME …] [--seconds S]`: the marks of the design and the machine's own limits, in one run.

Prints its figures last. Sections: see `--help`.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.bench import busy_day, cold, forecast, issue, live, machine, offline, pages, reports, rule, what_if
from tests.bench.report import Figure

SECONDS: Final = 5.0
SECTIONS: Final[dict[str, Callable[[float], list[Figure]]]] = {
    "machine": machine.run,
    "issue": issue.run,
    "rule": rule.run,
    "forecast": forecast.run,
    "what-if": what_if.run,
    "live": live.run,
    "cold": cold.run,
    "busy-day": busy_day.run,
    "offline": offline.run,
    "reports": reports.run,
    "pages": pages.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Benchmarks; prints its figures last.")
    parser.add_argument(
        "--only", nargs="+", choices=list(SECTIONS), default=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of load in each measurement")
    wish = parser.parse_args()
    found: list[tuple[str, list[Figure]]] = []
    for name in wish.only:
        began = time.monotonic()
        found.append((name, SECTIONS[name](wish.seconds)))
        print(f"{name}: measured in {time.monotonic() - began:.0f} s", flush=True)
    for name, figures in found:
        print(f"\n{name}")
        for figure in figures:
            print("  " + figure.line())
    missed = [figure.name for _, figures in found for figure in figures if figure.reached is False]
    print(f"\nmarks missed: {', '.join(missed) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
