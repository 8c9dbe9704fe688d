"""Check bytes that several makers' frames have in common. Pure; a CRC that only one protocol has is in its codec."""

from functools import reduce
from operator import xor


def xor8(data: bytes | bytearray) -> int:
    """All bytes XORed into one."""
    return reduce(xor, data, 0)
