"""The exchange before an encrypted capture, as the driver leads it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from drivers.signature_pad import sealing
from drivers.signature_pad.codec import Report, get, put
from drivers.signature_pad.sealing import BadSeal, KeyPair, Part, Session, State, Step

POLL_S: Final = 0.05
POLLS_MAX: Final = 100
"""Making its key takes a pad a second or two."""

Ask = Callable[[bytes], Awaitable[bytes]]
"""One question to the pad; the report that was asked for, or nothing for one that was set."""


async def agree(ask: Ask, pair: KeyPair) -> Session:
    """From choosing algorithms to the pad capturing under our number. Raises `BadSeal`, and what `ask` raises."""
    await ask(sealing.choose())
    for part, value, size in ((Part.EXPONENT, sealing.EXPONENT, 3), (Part.MODULUS, pair.modulus, sealing.MODULUS_BYTES)):
        for block in sealing.blocks(part, value, size):
            await ask(block)
    status = await _status(ask)
    if (status.exponent, status.modulus) != (State.READY, State.READY):
        raise BadSeal(f"the pad does not take our key: {status.last_result:02X}")
    await ask(sealing.command(Step.MAKE_KEY))
    await _until_made(ask)
    key = pair.open(await _fetch(ask))
    number = secrets.token_bytes(sealing.SESSION_BYTES)
    await ask(put(Report.START_CAPTURE, *number))
    return Session(key, number)


async def _until_made(ask: Ask) -> None:
    for _ in range(POLLS_MAX):
        status = await _status(ask)
        if status.key == State.READY:
            return
        if status.key not in (State.CALCULATING, State.NOT_READY):
            raise BadSeal(f"the pad makes no key: {status.key:02X}, {status.last_result:02X}")
        await asyncio.sleep(POLL_S)
    raise BadSeal("the pad never has its key")


async def _fetch(ask: Ask) -> bytes:
    """The sealed key, block by block."""
    whole = b""
    for index in range(sealing.MODULUS_BYTES // sealing.BLOCK_BYTES):
        await ask(sealing.command(Step.GET_BLOCK, Part.SEALED_KEY, index))
        block = sealing.parse_block(await ask(get(Report.ENCRYPTION)))
        if not block:
            raise BadSeal("the pad does not hand its key over")
        whole += block
    return whole


async def _status(ask: Ask) -> sealing.SealingStatus:
    status = sealing.parse_status(await ask(get(Report.ENCRYPTION_STATUS)))
    if status is None:
        raise BadSeal("the pad does not say how it stands")
    return status
