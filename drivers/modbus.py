"""Modbus RTU, as much as boards of digits and relays need: the frames a master sends, and the answers it reads. Pure.

Source: Modbus over Serial Line V1.02 and Modbus Application Protocol V1.1b3. Frames are told apart by their length and CRC,
not by the pause between them: a USB adapter or a network box does not keep pauses. The pause is still kept when sending.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

BROADCAST: Final = 0
FRAME_BYTES_MAX: Final = 256
REGISTERS_MAX: Final = 123
COIL_ON: Final = 0xFF00
COIL_OFF: Final = 0x0000
_EXCEPTION: Final = 0x80
_HEAD_BYTES: Final = 2
_CRC_BYTES: Final = 2


class Function(IntEnum):
    READ_INPUTS = 0x02
    READ_REGISTERS = 0x03
    WRITE_COIL = 0x05
    WRITE_REGISTER = 0x06
    WRITE_REGISTERS = 0x10


_ECHOED: Final = frozenset({Function.WRITE_COIL, Function.WRITE_REGISTER, Function.WRITE_REGISTERS})
"""Answered with address and value, four bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a slave said."""

    slave: int
    function: int
    data: bytes
    """Behind the function, without the CRC; of an exception its code."""
    refused: bool
    raw: bytes


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0x8005 reflected, from 0xFFFF; `123456789` gives 0x4B37."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(slave: int, function: int, data: bytes) -> bytes:
    """Any frame, of master or slave."""
    body = bytes([slave, function]) + data
    return body + crc16(body).to_bytes(2, "little")


def write_registers(slave: int, start: int, values: Sequence[int]) -> bytes:
    """Raises `ValueError` for more registers than a frame holds."""
    if not 1 <= len(values) <= REGISTERS_MAX:
        raise ValueError(f"{len(values)} registers")
    words = b"".join(value.to_bytes(2, "big") for value in values)
    head = start.to_bytes(2, "big") + len(values).to_bytes(2, "big") + bytes([len(words)])
    return frame(slave, Function.WRITE_REGISTERS, head + words)


def write_coil(slave: int, coil: int, *, on: bool) -> bytes:
    return frame(slave, Function.WRITE_COIL, coil.to_bytes(2, "big") + (COIL_ON if on else COIL_OFF).to_bytes(2, "big"))


def read_inputs(slave: int, start: int, count: int = 1) -> bytes:
    return frame(slave, Function.READ_INPUTS, start.to_bytes(2, "big") + count.to_bytes(2, "big"))


def read_answer(buffer: bytes) -> tuple[Answer | None, int]:
    """An answer and how many bytes it takes; None and 0 where more must come; None and 1 where none begins here."""
    if len(buffer) < _HEAD_BYTES:
        return None, 0
    size = _answer_bytes(buffer)
    if size is None:
        return None, 0
    return _checked(buffer, size, answers=True)


def read_request(buffer: bytes) -> tuple[Answer | None, int]:
    """The same for what a master sends: for emulated slaves."""
    if len(buffer) < _HEAD_BYTES:
        return None, 0
    size = _request_bytes(buffer)
    if size is None:
        return None, 0
    return _checked(buffer, size, answers=False)


def _answer_bytes(buffer: bytes) -> int | None:
    """The size of the answer that begins here; 0 where none does; None while that cannot be said."""
    function = buffer[1]
    if function & _EXCEPTION and function ^ _EXCEPTION in set(Function):
        return _HEAD_BYTES + 1 + _CRC_BYTES
    if function in _ECHOED:
        return _HEAD_BYTES + 4 + _CRC_BYTES
    if function not in set(Function):
        return 0
    return None if len(buffer) <= _HEAD_BYTES else _HEAD_BYTES + 1 + buffer[_HEAD_BYTES] + _CRC_BYTES


def _request_bytes(buffer: bytes) -> int | None:
    function = buffer[1]
    if function not in set(Function):
        return 0
    plain = _HEAD_BYTES + 4 + _CRC_BYTES
    if function != Function.WRITE_REGISTERS:
        return plain
    return None if len(buffer) < _HEAD_BYTES + 5 else plain + 1 + buffer[_HEAD_BYTES + 4]


def _checked(buffer: bytes, size: int, *, answers: bool) -> tuple[Answer | None, int]:
    if not 0 < size <= FRAME_BYTES_MAX:
        return None, 1
    if len(buffer) < size:
        return None, 0
    raw = buffer[:size]
    if crc16(raw[:-2]) != int.from_bytes(raw[-2:], "little"):
        return None, 1
    function, refused = raw[1], answers and bool(raw[1] & _EXCEPTION)
    return Answer(raw[0], function & ~_EXCEPTION if refused else function, raw[2:-2], refused, raw), size
