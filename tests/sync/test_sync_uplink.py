"""The uplink over real sockets, through a line that is cut, stalled and lied on."""

import asyncio
import itertools
import multiprocessing
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from sync.headoffice.app import HeadOffice, HeadOfficeConfig, serve
from sync.headoffice.ingest import DoorLimits
from sync.headoffice.store_sqlite import SqliteStore
from sync.keys import SigningKey
from sync.line import Line
from sync.protocol import MAX_REQUEST_BYTES, MEDIA_TYPE, Code, Open, Refusal, decode, encode, signed
from sync.receiver import examine
from sync.uplink import Contact, Destination, EnrolmentRefused, Unreachable, World, enrol
from tests.sync.box import MemoryJournal, day
from tests.sync.pair import Pair
from tests.sync.test_sync_receiver import batch
from tests.sync.wire import Watched, Wire


def filled(count: int, *, seed: int = 1) -> MemoryJournal:
    journal = MemoryJournal(seed=seed)
    journal.append(*itertools.islice(day(seed), count))
    return journal


async def held(office: HeadOffice, http: aiohttp.ClientSession, branch: str = "0001") -> int:
    """How many events head office's console shows as received."""
    async with http.get(f"{office.url}/api/branches", headers=bearer(office)) as response:
        branches = (await response.json())["branches"]
    return next((shown["received_seq"] for shown in branches if shown["id"] == branch), 0)


def bearer(office: HeadOffice) -> dict[str, str]:
    return {"Authorization": f"Bearer {office.console_token}"}


async def test_a_journal_arrives_whole_at_less_than_eighty_bytes_an_event(
    office: HeadOffice, wire: Wire, http: aiohttp.ClientSession
) -> None:
    journal = filled(2000)
    watched = wire.start(journal, await wire.enrolled(journal))
    state = await watched.drained()
    assert state.received_seq == 2000
    assert await held(office, http) == 2000
    assert journal.receipts[-1].position == journal.head()
    assert wire.line.forwarded_bytes / 2000 <= 80


async def test_a_new_fact_goes_at_once(office: HeadOffice, wire: Wire, http: aiohttp.ClientSession) -> None:
    journal = filled(10)
    watched = wire.start(journal, await wire.enrolled(journal), backoff=1.0)
    await watched.drained()
    journal.append(*itertools.islice(day(2), 3))
    await watched.until(lambda state: state.received_seq == 13)
    assert await held(office, http) == 13


async def test_while_the_line_is_cut_the_branch_goes_on_and_afterwards_everything_is_there_once(
    office: HeadOffice, wire: Wire, http: aiohttp.ClientSession
) -> None:
    journal = filled(100)
    watched = wire.start(journal, await wire.enrolled(journal), backoff=1.0)
    await watched.drained()
    await wire.line.set_up(False)
    journal.append(*itertools.islice(day(2), 50))
    state = await watched.until(lambda state: state.head_office is Contact.UNREACHABLE)
    assert (state.received_seq, state.head_seq, state.pending) == (100, 150, 50)
    await wire.line.set_up(True)
    watched.uplink.wake()
    await watched.drained()
    async with http.get(f"{office.url}/api/branches/0001/events?limit=500", headers=bearer(office)) as response:
        events = (await response.json())["events"]
    assert [event["seq"] for event in events] == list(range(1, 151))
    assert [event["entity"] for event in events] == [record.entity for record in journal.records]


async def test_a_stalled_line_is_given_up_and_tried_again(wire: Wire) -> None:
    journal = filled(10)
    destination = await wire.enrolled(journal)
    wire.line.stall()
    watched = wire.start(journal, destination, world=World(request_timeout_s=0.2))
    state = await watched.until(lambda state: state.failures >= 2)
    assert state.head_office is Contact.UNREACHABLE
    wire.line.resume()
    await watched.drained()


async def test_a_slow_line_still_carries(wire: Wire) -> None:
    journal = filled(60)
    destination = await wire.enrolled(journal)
    wire.line.rate_bytes_s, wire.line.delay_s = 50_000.0, 0.01
    watched = wire.start(journal, destination)
    assert (await watched.drained()).received_seq == 60


async def test_flapping_all_the_time_loses_and_doubles_nothing(
    office: HeadOffice, wire: Wire, http: aiohttp.ClientSession
) -> None:
    journal = filled(3000)
    destination = await wire.enrolled(journal)
    watched = wire.start(journal, destination)
    for cut in range(12):
        await watched.until(lambda state, cut=cut: state.received_seq >= 150 * cut)  # type: ignore[misc]
        await wire.line.set_up(False)
        journal.append(*itertools.islice(day(5), 7))
        await wire.line.set_up(True)
        watched.uplink.wake()
    await watched.drained()
    assert await held(office, http) == len(journal.records)


async def test_without_a_head_office_nothing_is_pending_for_it(wire: Wire) -> None:
    watched = wire.start(filled(5), None)
    await asyncio.sleep(0)
    assert watched.uplink.state().head_office is Contact.UNCONFIGURED


async def test_the_clock_offset_is_known(wire: Wire) -> None:
    journal = filled(5)
    offset_ms = 3_600_000
    destination = await wire.enrolled(journal)
    real = World().wall_ms
    watched = wire.start(journal, destination, world=World(wall_ms=lambda: real() - offset_ms))
    state = await watched.drained()
    assert state.offset_ms is not None
    assert abs(state.offset_ms - offset_ms) < 5000


async def test_a_box_set_back_stops_by_name_and_says_so(wire: Wire) -> None:
    journal = filled(50)
    destination = await wire.enrolled(journal)
    first = wire.start(journal, destination)
    await first.drained()
    await first.stop()
    journal.cut_back(30)
    journal.append(*itertools.islice(day(9), 40))
    watched = wire.start(journal, destination, backoff=1.0)
    state = await watched.until(lambda state: state.head_office is Contact.HALTED)
    assert state.halted_reason == "forked"
    assert state.received_seq == 50


async def test_a_restored_head_office_gets_everything_again(tmp_path: Path) -> None:
    journal, data = filled(40), tmp_path / "office"
    office = HeadOffice(HeadOfficeConfig(data=data, sandbox=True))
    await office.start()
    port = office.address[1]
    line = Line(office.address)
    await line.start()
    wire = Wire(line)
    destination = await wire.enrolled(journal)
    watched = wire.start(journal, destination)
    await watched.drained()
    await office.stop()
    backup = (data / "journal.db").read_bytes()
    await office_took_more(data, port, journal, watched)
    (data / "journal.db").write_bytes(backup)
    restored = HeadOffice(HeadOfficeConfig(data=data, port=port, sandbox=True))
    await restored.start()
    watched.uplink.wake()
    state = await watched.until(lambda state: state.setbacks == 1 and state.pending == 0)
    assert state.received_seq == 60
    assert len({receipt.ho_epoch for receipt in journal.receipts}) == 2
    async with aiohttp.ClientSession() as http:
        assert await held(restored, http) == 60
        async with http.get(f"{restored.url}/sandbox") as response:
            assert (await response.json())["events"] == 60
    await wire.stop()
    await line.stop()
    await restored.stop()


async def office_took_more(data: Path, port: int, journal: MemoryJournal, watched: Watched) -> None:
    """A further run of head office, in which twenty more events arrive; the backup was made before."""
    office = HeadOffice(HeadOfficeConfig(data=data, port=port, sandbox=True))
    await office.start()
    journal.append(*itertools.islice(day(4), 20))
    watched.uplink.wake()
    await watched.until(lambda state: state.received_seq == 60)
    await office.stop()


# -- a head office that is killed -----------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_office(data: Path, port: int) -> None:
    asyncio.run(serve(HeadOfficeConfig(data=data, port=port, sandbox=True)))


class KilledOffice:
    """A head office in a process of its own, started again after every kill."""

    def __init__(self, data: Path, port: int) -> None:
        self._data = data
        self._port = port
        self._spawn = multiprocessing.get_context("spawn")
        self.url = f"http://127.0.0.1:{port}"
        self.process = self._spawn.Process(target=run_office, args=(data, port))

    async def start(self) -> None:
        self.process = self._spawn.Process(target=run_office, args=(self._data, self._port))
        self.process.start()
        async with asyncio.timeout(30), aiohttp.ClientSession() as http:
            while not await self._answers(http):  # noqa: ASYNC110 -- another process has no event to wait for
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.url}/health"):
                return True
        except aiohttp.ClientError:
            return False


@pytest.mark.slow
async def test_killing_head_office_in_the_middle_loses_nothing_that_it_signed_for(tmp_path: Path) -> None:
    port = free_port()
    office = KilledOffice(tmp_path, port)
    await office.start()
    journal = filled(6000)
    line = Line(("127.0.0.1", port))
    await line.start()
    wire = Wire(line)
    watched = wire.start(journal, await wire.enrolled(journal))
    for kill_at in (500, 3000):
        await watched.until(lambda state, kill_at=kill_at: state.received_seq >= kill_at)  # type: ignore[misc]
        office.kill()
        signed_for = journal.receipts[-1].position
        store = SqliteStore(tmp_path)
        await store.start()
        assert await store.hash_at("0001", journal.jid, signed_for.seq) == signed_for.hash
        await store.stop()
        await office.start()
        watched.uplink.wake()
    state = await watched.drained()
    assert state.setbacks == 0
    await wire.stop()
    await line.stop()
    office.kill()
    store = SqliteStore(tmp_path)
    await store.start()
    (lane,) = await store.lanes()
    assert lane.cursor == journal.head()
    await store.stop()


# -- those who are not who they say, and what is not what it says -----------------------------------------------------------


async def post(http: aiohttp.ClientSession, url: str, body: bytes) -> tuple[int, Refusal]:
    async with http.post(url, data=body, headers={"Content-Type": MEDIA_TYPE}) as response:
        return response.status, decode(await response.read(), Refusal)


async def test_a_tampered_batch_is_refused_over_the_wire(office: HeadOffice, wire: Wire, http: aiohttp.ClientSession) -> None:
    journal = filled(20)
    first = wire.start(journal, await wire.enrolled(journal))
    await first.drained()
    await first.stop()
    journal.append(*itertools.islice(day(8), 10))
    message = batch(Pair(journal), 20, 30)
    good = examine(message, journal.key.public)
    assert good.batch == message
    forged = signed(message, SigningKey(bytes(32)).sign(message.covered()))
    status, refusal = await post(http, f"{office.url}/v1/sync/0001/batch", encode(forged))
    assert (status, refusal.code) == (403, Code.BAD_SIGNATURE)
    status, refusal = await post(http, f"{office.url}/v1/sync/0002/batch", encode(message))
    assert (status, refusal.code) == (400, Code.MALFORMED)
    assert await held(office, http) == 20


@pytest.mark.parametrize("route", ["v1/sync/0001/open", "v1/sync/0001/batch", "v1/enrol"])
async def test_what_is_too_large_or_no_message_is_refused(office: HeadOffice, http: aiohttp.ClientSession, route: str) -> None:
    status, refusal = await post(http, f"{office.url}/{route}", b"junk")
    assert (status, refusal.code) == (400, Code.MALFORMED)
    status, refusal = await post(http, f"{office.url}/{route}", bytes(MAX_REQUEST_BYTES + 1))
    assert (status, refusal.code) == (413, Code.TOO_LARGE)


async def test_a_head_office_with_its_hands_full_asks_for_patience(tmp_path: Path) -> None:
    journal, data = filled(20), tmp_path / "office"
    full = HeadOffice(HeadOfficeConfig(data=data, sandbox=True, door=DoorLimits(batches_max=0)))
    await full.start()
    port, line = full.address[1], Line(full.address)
    await line.start()
    wire = Wire(line)
    watched = wire.start(journal, await wire.enrolled(journal))
    state = await watched.until(lambda state: state.failures == 1)
    assert (state.received_seq, state.detail) == (0, "too many batches at once")
    await full.stop()
    freer = HeadOffice(HeadOfficeConfig(data=data, port=port, sandbox=True))
    await freer.start()
    watched.uplink.wake()
    await watched.drained()
    await wire.stop()
    await line.stop()
    await freer.stop()


async def test_a_request_that_trickles_is_cut_short(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    hasty = HeadOffice(HeadOfficeConfig(data=tmp_path / "office", sandbox=True, door=DoorLimits(read_timeout_s=0.05)))
    await hasty.start()
    ended = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"a"
        await ended.wait()

    async with http.post(f"{hasty.url}/v1/enrol", data=trickle(), headers={"Content-Type": MEDIA_TYPE}) as response:
        assert response.status == 429
    ended.set()
    await hasty.stop()


async def test_a_branch_that_nobody_enrolled_is_not_heard(office: HeadOffice, wire: Wire, http: aiohttp.ClientSession) -> None:
    journal = MemoryJournal("7777")
    question = Open(
        branch="7777", jid=journal.jid, parent=None, head=journal.head(), session=bytes(16), nonce=bytes(16), sent_at_ms=0
    )
    question = signed(question, journal.sign(question.covered()))
    status, refusal = await post(http, f"{office.url}/v1/sync/7777/open", encode(question))
    assert (status, refusal.code) == (404, Code.UNKNOWN_BRANCH)
    watched = wire.start(journal, Destination(wire.line.url, bytes(32)), backoff=1.0)
    state = await watched.until(lambda state: state.head_office is Contact.HALTED)
    assert state.halted_reason == "unknown_branch"


@pytest.fixture
async def portal() -> AsyncIterator[str]:
    """A captive portal: whatever is asked, it answers with a page."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>Please log in</html>", content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_captive_portal_is_not_head_office(wire: Wire, portal: str) -> None:
    journal = filled(5)
    watched = wire.start(journal, Destination(portal, bytes(32)), backoff=1.0)
    state = await watched.until(lambda state: state.failures >= 1)
    assert (state.head_office, state.pending) == (Contact.UNREACHABLE, 5)
    with pytest.raises(Unreachable, match="not head office"):
        await enrol(portal, "sandbox", branch="0001", name="x", key=journal.key)


async def test_another_head_office_is_not_trusted(wire: Wire) -> None:
    journal = filled(5)
    await wire.enrolled(journal)
    stranger = Destination(wire.line.url, SigningKey(bytes(32)).public)
    watched = wire.start(journal, stranger, backoff=1.0)
    state = await watched.until(lambda state: state.head_office is Contact.HALTED)
    assert state.halted_reason == "untrusted"
    assert state.received_seq == 0


async def test_a_wrong_claim_code_enrols_nobody(wire: Wire) -> None:
    with pytest.raises(EnrolmentRefused, match="claim_refused"):
        await enrol(wire.line.url, "guessed", branch="0001", name="x", key=SigningKey(bytes(32)))
