"""What one live client has still to be sent: bounded, with the latest value in place of superseded ones."""

from collections import deque


class Backlog:
    """Messages in order. A keyed message replaces the unsent one with the same key, in its place in the order."""

    def __init__(self, *, messages_max: int, bytes_max: int) -> None:
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._order: deque[bytes | str] = deque()
        self._latest: dict[str, bytes] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._order)

    @property
    def size_bytes(self) -> int:
        return self._bytes

    def add(self, message: bytes, *, key: str = "") -> bool:
        """Append `message`. False: it did not fit, and nothing was added."""
        replaced = self._latest.get(key) if key else None
        grown = self._bytes + len(message) - len(replaced or b"")
        if grown > self._bytes_max or (replaced is None and len(self._order) >= self._messages_max):
            return False
        self._bytes = grown
        if key:
            self._latest[key] = message
        if replaced is None:
            self._order.append(key or message)
        return True

    def take(self) -> bytes | None:
        """The next message to send; None when there is none."""
        if not self._order:
            return None
        first = self._order.popleft()
        message = self._latest.pop(first) if isinstance(first, str) else first
        self._bytes -= len(message)
        return message

    def restart(self, message: bytes) -> None:
        """Drop everything and begin anew with `message`."""
        self._order.clear()
        self._latest.clear()
        self._order.append(message)
        self._bytes = len(message)
