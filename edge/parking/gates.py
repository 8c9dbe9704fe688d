"""Which barriers there are. The devices room says so; this room only asks."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.kernel.domain import Rejected


@dataclass(frozen=True, slots=True)
class Gates:
    """The barriers of this branch, by device."""

    known: Callable[[], tuple[str, ...]]

    def must_be_one(self, gate: str) -> None:
        """Raise Rejected("unknown_gate") where it is no barrier."""
        if gate not in self.known():
            raise Rejected("unknown_gate")
