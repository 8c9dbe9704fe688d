"""`python -m tests.sim --seeds N --from K`: so many histories; the figures come last. Exit 1 where one is not sound."""

import argparse
import sys
import time
from dataclasses import dataclass

from tests.sim.history import History, Outcome

MAX_TOLD = 10


@dataclass(slots=True)
class Sum:
    """What many histories came to."""

    seeds: int = 0
    made: int = 0
    acked: int = 0
    lost: int = 0
    missing: int = 0
    doubled: int = 0
    invented: int = 0
    requests: int = 0
    setbacks: int = 0
    converged: int = 0
    worst_rounds: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        for name in ("made", "acked", "lost", "missing", "doubled", "invented", "requests", "setbacks", "converged"):
            setattr(self, name, getattr(self, name) + getattr(outcome, name))
        self.worst_rounds = max(self.worst_rounds, outcome.rounds)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N")
    parser.add_argument("--from", type=int, default=0, metavar="K", dest="first")
    wish = parser.parse_args(arguments)
    total, unsound, begun_s = Sum(), 0, time.monotonic()
    for seed in range(wish.first, wish.first + wish.seeds):
        outcome = History(seed).run()
        total.add(outcome)
        if not outcome.sound:
            unsound += 1
            if unsound <= MAX_TOLD:
                print(outcome)
    elapsed_s = time.monotonic() - begun_s
    print(
        f"seeds {total.seeds} from {wish.first}   unsound {unsound}   {elapsed_s:.1f} s\n"
        f"events made {total.made}   acknowledged {total.acked}   requests {total.requests}"
        f"   head office set back, seen by branches {total.setbacks}\n"
        f"acked lost {total.lost}   missing {total.missing}   doubled {total.doubled}   invented {total.invented}"
        f"   converged {'yes' if total.converged == total.seeds else 'NO'}   rounds, worst {total.worst_rounds}"
    )
    return 1 if unsound else 0


if __name__ == "__main__":
    sys.exit(main())
