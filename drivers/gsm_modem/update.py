"""How the modem's driver lays a firmware package down on the module and has it installed; the words are in `firmware`.

Laying down only asks: what broke off is found again by the next `Prepare`, and a block written twice is the same block. A block
that ends in silence ends the connection, for the module may still wait for bytes; the greeting of the next one finds it ready.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from drivers.api import Completion, CompletionCode, DeviceError, ErrorCode, Proof
from drivers.gsm_modem import firmware as files
from drivers.gsm_modem.codec import Done, Failed
from drivers.interfaces.firmware import FirmwareCommand, Install, Prepare, Prepared, Write, Written, resume_at
from drivers.session import Link, Request

BLOCK_S: Final = 10.0
"""One block, with what the module needs to put it on its flash."""


class Talk(Protocol):
    """What is needed of the driver: it asks, and it says what has come."""

    async def ask(self, link: Link, command: str) -> tuple[Done | Failed, list[str]]: ...

    def begin(self, command: str) -> bytes: ...

    def lines(self) -> list[str]: ...

    def final(self) -> Done | Failed | None: ...


class Refused(Exception):
    """The module says no to a step."""


async def perform(talk: Talk, link: Link, request: Request, command: FirmwareCommand) -> Completion:
    try:
        match command:
            case Prepare():
                await request.ask()
                held = await _prepare(talk, link, command)
                return request.succeed(Proof.ANSWER, Prepared(held_bytes=held))
            case Write():
                await request.ask()
                held = await _write(talk, link, command)
                return request.succeed(Proof.ANSWER, Written(held_bytes=held))
            case Install():
                return await _install(talk, link, request, command)
    except Refused as refused:
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.DEVICE_FAULT, detail=str(refused))


async def _prepare(talk: Talk, link: Link, command: Prepare) -> int:
    """What the module holds of it. Whatever else we laid down there is removed."""
    name = files.file_name(command.package)
    _, lines = await talk.ask(link, "AT+QFOPEN?")
    for opened in filter(None, map(files.open_file, lines)):
        if files.is_ours(opened.name):
            await talk.ask(link, f"AT+QFCLOSE={opened.handle}")
    held = 0
    for listed in await _listed(talk, link):
        if listed.name == name and listed.size_bytes <= command.size_bytes:
            held = listed.size_bytes
        elif files.is_ours(listed.name):
            await _insist(talk, link, f'AT+QFDEL="{listed.name}"')
    return held if held == command.size_bytes else resume_at(held)


async def _listed(talk: Talk, link: Link) -> list[files.Listed]:
    _, lines = await talk.ask(link, f'AT+QFLST="{files.EVERY}"')  # an error is how some say that there is none
    return [one for one in map(files.listed, lines) if one is not None]


async def _insist(talk: Talk, link: Link, command: str) -> list[str]:
    final, lines = await talk.ask(link, command)
    if isinstance(final, Failed):
        raise Refused(f"{command}: {final.kind}{final.code or ''}")
    return lines


async def _write(talk: Talk, link: Link, command: Write) -> int:
    lines = await _insist(talk, link, f'AT+QFOPEN="{files.file_name(command.package)}",0')
    handle = next((one for one in map(files.handle, lines) if one is not None), None)
    if handle is None:
        raise DeviceError(ErrorCode.GARBLED, "a file without a handle")
    await _insist(talk, link, f"AT+QFSEEK={handle},{command.offset_bytes},0")
    size = await _block(talk, link, handle, command.data)
    await _insist(talk, link, f"AT+QFCLOSE={handle}")
    return size


async def _block(talk: Talk, link: Link, handle: int, data: bytes) -> int:
    """The size of the file behind it. Raises `DeviceError` where the module did not take it whole."""
    await link.write(talk.begin(f"AT+QFWRITE={handle},{len(data)},{files.WRITE_S}"))
    await _until(link, lambda: files.CONNECT in talk.lines() or talk.final() is not None)
    if talk.final() is not None:
        raise Refused("the module takes no block")
    await link.write(data)
    await _until(link, lambda: talk.final() is not None)
    told = next((one for one in map(files.written, talk.lines()) if one is not None), None)
    if isinstance(talk.final(), Failed) or told is None or told[0] != len(data):
        raise DeviceError(ErrorCode.CONNECTION_LOST, "a block did not arrive whole")
    return told[1]


async def _until(link: Link, reached: Callable[[], bool]) -> None:
    if not await link.until(reached, BLOCK_S):
        raise DeviceError(ErrorCode.NO_ANSWER, "a block is not answered")


async def _install(talk: Talk, link: Link, request: Request, command: Install) -> Completion:
    name = files.file_name(command.package)
    if not any(one == (name, command.size_bytes) for one in await _listed(talk, link)):
        return request.complete(CompletionCode.SEQUENCE_ERROR, detail="the package is not there whole")
    await request.start()
    await link.write(talk.begin(f'AT+QFOTADL="{files.FOLDER}{name}"'))
    limit_s = asyncio.get_running_loop().time() + BLOCK_S
    while (final := talk.final()) is None:
        if asyncio.get_running_loop().time() >= limit_s:
            raise DeviceError(ErrorCode.NO_ANSWER, "it does not say whether it installs")
        await link.wait(limit_s)
    if isinstance(final, Failed):
        raise Refused("the module refuses to install")
    link.end(DeviceError(ErrorCode.CONNECTION_LOST, "it restarts with new firmware"))
    return request.succeed(Proof.ANSWER)
