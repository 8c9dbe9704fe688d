"""Who may look at which device's frames, and until when. A permit is given by a journalled command and ends by itself."""

from typing import Final

PERMIT_S: Final = 600
PERMITS_MAX: Final = 50


class TracePermits:
    """In memory: nobody keeps looking over a restart."""

    def __init__(self) -> None:
        self._until_ms: dict[tuple[str, str], int] = {}

    def give(self, actor: str, device: str, now_ms: int) -> int:
        """Returns when it ends."""
        self._until_ms = {key: until for key, until in self._until_ms.items() if until > now_ms}
        while len(self._until_ms) >= PERMITS_MAX:
            self._until_ms.pop(next(iter(self._until_ms)))
        self._until_ms[actor, device] = until_ms = now_ms + PERMIT_S * 1000
        return until_ms

    def holds(self, actor: str, device: str, now_ms: int) -> bool:
        return self._until_ms.get((actor, device), 0) > now_ms
