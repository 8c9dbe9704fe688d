"""Messages on a wire: one line of JSON each, in the envelope of `drivers.envelope`. A WebSocket's messages are lines too.

Bytes that are no message come out as they were, cut at `NOISE_BYTES_MAX`; nothing is skipped in silence. Sans I/O.
"""

from typing import Final

from drivers.envelope import LINE_END, MESSAGE_BYTES_MAX, EnvelopeError, Message, decode, encode

NOISE_BYTES_MAX: Final = 256


def line(message: Message) -> bytes:
    """A message as it is sent."""
    return encode(message) + LINE_END


class Lines:
    """Bytes in, messages and noise out, however the bytes are cut. Holds at most one unfinished message."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Message | bytes]:
        found: list[Message | bytes] = []
        self._buffer += data
        while (end := self._buffer.find(LINE_END)) >= 0:
            found += _read(bytes(self._buffer[:end]))
            del self._buffer[: end + len(LINE_END)]
        if len(self._buffer) > MESSAGE_BYTES_MAX:
            found += _noise(bytes(self._buffer))
            self._buffer.clear()
        return found


def _read(text: bytes) -> list[Message | bytes]:
    if not text:
        return []
    try:
        return [decode(text)]
    except EnvelopeError:
        return _noise(text)


def _noise(data: bytes) -> list[Message | bytes]:
    return [data[at : at + NOISE_BYTES_MAX] for at in range(0, len(data), NOISE_BYTES_MAX)]
