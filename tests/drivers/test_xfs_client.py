"""A device behind a service: what is said over a line, and over a real WebSocket to our own endpoint's exchange."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from hypothesis import given
from hypothesis import strategies as st

from drivers import registry
from drivers.api import DeviceError, DeviceStatus, ErrorCode, Outcome, Proof
from drivers.document import Document, Text
from drivers.envelope import Header, Kind, Message, vocabulary
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PrintForm
from drivers.registry import DeviceConfig
from drivers.xfs_client.codec import Lines, line
from drivers.xfs_service import Conversation
from tests.drivers.printers import STRONG, noon

PROFILES = registry.load_profiles()
SERVICE = "generic.xfs4iot-printer"
FORM = PrintForm(document=Document((Text("A012"),)), process_id="0001")
MESSAGES = st.builds(
    lambda name, number: Message(header=Header(name=name, type=Kind.COMMAND, request_id=number)),
    st.text("ABCabc.", min_size=1, max_size=20),
    st.integers(1, 2**31 - 1),
)


@given(st.lists(MESSAGES, max_size=6), st.lists(st.integers(0, 2_000), max_size=8))
def test_any_cut_gives_the_messages_that_were_sent(messages: list[Message], cuts: list[int]) -> None:
    stream = b"".join(line(message) for message in messages)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    lines = Lines()
    found = [one for start, end in itertools.pairwise(edges) for one in lines.receive(stream[start:end])]
    assert found == messages
    assert lines.pending == 0


@given(st.binary(max_size=2_000))
def test_no_byte_but_the_ends_of_lines_is_skipped(stream: bytes) -> None:
    lines = Lines()
    found = lines.receive(stream + b"\n")
    told = b"".join(one for one in found if isinstance(one, bytes))
    if all(isinstance(one, bytes) for one in found):
        assert told == stream.replace(b"\n", b"")
    assert lines.pending == 0


class Service:
    """A service on a real WebSocket, with our printer behind it; `mute` has it say nothing."""

    def __init__(self, device: EscposPrinter) -> None:
        self.device = device
        self.mute = False
        self.shown: list[str] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        self.shown.append(request.headers.get("Authorization", ""))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        told: asyncio.Queue[bytes] = asyncio.Queue()
        conversation = Conversation(self.device, vocabulary("escpos_printer", "Printer"), told.put_nowait)
        sending = asyncio.create_task(self._send(socket, told))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                conversation.received(message.data)
        sending.cancel()
        await conversation.close()
        return socket

    async def _send(self, socket: web.WebSocketResponse, told: "asyncio.Queue[bytes]") -> None:
        while True:
            message = await told.get()
            if not self.mute:
                await socket.send_str(message.decode())


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, EscposEmulator, str]]:
    emulator = EscposEmulator(STRONG, clock=noon)
    outlet = emulator.in_memory()
    printer = EscposPrinter("printer", STRONG, outlet.dial)
    await printer.open()
    service = Service(printer)
    app = web.Application()
    app.router.add_get("/xfs4iot/v1.0/Printer", service.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield service, emulator, f"127.0.0.1:{port}/xfs4iot/v1.0/Printer"
    await printer.close()
    await runner.cleanup()
    await emulator.stop()


def client(address: str) -> Any:
    return registry.build(DeviceConfig(id="printer-1", profile=SERVICE, address=address), PROFILES)


async def test_it_prints_over_a_real_websocket_and_brings_the_proof(service: tuple[Service, EscposEmulator, str]) -> None:
    running, emulator, place = service
    device = client(f"ws://secret%20token@{place}")
    await device.open()
    assert device.status().device is DeviceStatus.ONLINE
    completion = await asyncio.wait_for(device.execute(FORM, timeout_s=20), 30)
    assert (completion.outcome, completion.proof) == (Outcome.DONE, Proof.PROCESS_ID)
    assert [slip.process_id for slip in emulator.slips()] == ["0001"]
    assert running.shown == ["Bearer secret token"]
    await device.close()
    assert device.status().device is DeviceStatus.OFFLINE


async def test_a_service_that_is_not_there_or_says_nothing_is_away(service: tuple[Service, EscposEmulator, str]) -> None:
    running, _, place = service
    with pytest.raises(DeviceError) as refused:
        await client("ws://127.0.0.1:1/xfs4iot/v1.0/Printer").open()
    assert refused.value.code is ErrorCode.NOT_CONNECTED
    running.mute = True
    with pytest.raises(DeviceError) as refused:
        await client(f"ws://{place}").open()
    assert refused.value.code is ErrorCode.NO_ANSWER


async def test_what_the_service_refuses_unheard_was_held(service: tuple[Service, EscposEmulator, str]) -> None:
    _, emulator, place = service
    emulator.act("cover_open")
    device = client(f"ws://{place}")
    await device.open()
    completion = await asyncio.wait_for(device.execute(FORM, timeout_s=20), 30)
    assert (completion.outcome, completion.error) == (Outcome.HELD, ErrorCode.COVER_OPEN)
    await device.close()
