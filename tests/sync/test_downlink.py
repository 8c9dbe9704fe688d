"""Documents from head office to a branch over real HTTP, with the line cut, head office restarted and set back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from sync.documents import verify_document
from sync.downlink import Cursor, Downlink
from sync.headoffice import identity
from sync.headoffice.app import HeadOffice, HeadOfficeConfig
from sync.headoffice.client import OfficeRefused, call
from sync.keys import SigningKey
from sync.line import Line
from sync.protocol import Item
from sync.uplink import Destination, enrol

BOX = SigningKey(bytes(31) + b"\5")
LONG_S = 20.0
MOVES = 60
"""Enough for some to fall within an answer."""


class Shelf:
    """An inbox that keeps what it is given; `crash` loses the memory of the next move."""

    branch = "0001"

    def __init__(self) -> None:
        self.taken: list[tuple[Cursor, Item]] = []
        self.at = Cursor()
        self.grown = asyncio.Event()
        self.forgets = False

    def sign(self, data: bytes) -> bytes:
        return BOX.sign(data)

    def cursor(self) -> Cursor:
        return self.at

    async def take(self, item: Item, at: Cursor) -> None:
        self.taken.append((at, item))
        self.grown.set()

    async def move(self, to: Cursor) -> None:
        if not self.forgets:
            self.at = to

    async def until(self, count: int) -> None:
        async with asyncio.timeout(LONG_S):
            while len(self.taken) < count:
                self.grown.clear()
                await self.grown.wait()

    @property
    def kinds(self) -> list[str]:
        return [item.kind for _, item in self.taken]


@asynccontextmanager
async def listening(shelf: Shelf, url: str, key: bytes) -> AsyncIterator[Downlink]:
    downlink = Downlink(shelf, Destination(url, key))
    task = asyncio.create_task(downlink.run())
    try:
        yield downlink
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def office(folder: Path) -> HeadOffice:
    started = HeadOffice(HeadOfficeConfig(data=folder, sandbox=True))
    await started.start()
    return started


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    started = await office(tmp_path)
    yield started
    await started.stop()


async def known(house: HeadOffice) -> bytes:
    return (await enrol(house.url, "sandbox", branch="0001", name="示范支行", key=BOX)).head_office_key


async def publish(house: HeadOffice, scope: str, values: dict[str, Any]) -> Any:
    wish = {"scope": scope, "values": {name: {"value": value} for name, value in values.items()}}
    return await call(house.url, house.console_token, "POST", "/api/policies", wish)


async def test_a_document_is_there_as_soon_as_it_is_published(house: HeadOffice) -> None:
    key, shelf = await known(house), Shelf()
    async with listening(shelf, house.url, key):
        made = await publish(house, "head_office", {"queue.calls_max": 9})
        await shelf.until(1)
    at, item = shelf.taken[0]
    assert (item.kind, at.n) == ("policy", made["n"])
    assert verify_document(key, "policy", item.body, item.signature)


async def test_only_the_branchs_own_ancestry_is_sent(house: HeadOffice) -> None:
    key, shelf = await known(house), Shelf()
    await publish(house, "region:sh", {"queue.calls_max": 3})
    await publish(house, "region:gd", {"queue.calls_max": 4})
    await publish(house, "head_office", {"queue.calls_max": 5})
    async with listening(shelf, house.url, key):
        await shelf.until(1)
        await call(house.url, house.console_token, "PUT", "/api/branches/0001/region", {"region": "gd", "name": "广东分行"})
        await shelf.until(4)
        assert shelf.kinds == ["policy", "policy", "policy_place", "policy"]
        assert [b'"region:gd"' in item.body for _, item in shelf.taken] == [False, False, False, True]
        await publish(house, "region:sh", {"queue.calls_max": 6})
        await publish(house, "region:gd", {"queue.calls_max": 7})
        await shelf.until(5)
        await call(house.url, house.console_token, "PUT", "/api/branches/0001/region", {"region": "sh", "name": "上海分行"})
        await shelf.until(9)
    assert shelf.kinds[4:] == ["policy", "policy", "policy_place", "policy", "policy"]
    assert [b'"region:sh"' in item.body for _, item in shelf.taken[5:]] == [False, False, True, True]
    assert [at.stream for at, _ in shelf.taken] == ["0001@", *["0001@gd"] * 4, *["0001@sh"] * 4]


async def test_a_branch_that_is_moved_while_it_asks_gets_each_place_under_its_own_name(house: HeadOffice) -> None:
    """An answer of a stream that does not know the move yet must not hold documents of the new place."""
    key = await known(house)

    async def ask_until(done: asyncio.Event) -> list[Shelf]:
        shelves = []
        while not done.is_set():
            shelves.append(shelf := Shelf())
            async with listening(shelf, house.url, key):
                await shelf.until(1)
        return shelves

    await publish(house, "head_office", {"queue.calls_max": 5})
    done = asyncio.Event()
    asking = [asyncio.create_task(ask_until(done)) for _ in range(4)]
    for round_ in range(MOVES):
        place = {"region": f"r{round_ % 7}", "name": "分行"}
        await call(house.url, house.console_token, "PUT", "/api/branches/0001/region", place)
    done.set()
    taken = [had for shelves in await asyncio.gather(*asking) for shelf in shelves for had in shelf.taken]
    told = [(at.stream, msgspec.json.decode(item.body)["region"]) for at, item in taken if item.kind == "policy_place"]
    assert told
    assert [stream for stream, region in told if stream != f"0001@{region}"] == []


async def test_a_cut_line_is_mended_and_nothing_is_missed(house: HeadOffice) -> None:
    key, shelf = await known(house), Shelf()
    line = Line(house.address)
    await line.start()
    async with listening(shelf, line.url, key) as downlink:
        await publish(house, "head_office", {"queue.calls_max": 5})
        await shelf.until(1)
        await line.set_up(False)
        for value in (6, 7):
            await publish(house, "head_office", {"queue.calls_max": value})
        await line.set_up(True)
        downlink.wake()
        await shelf.until(3)
    await line.stop()
    assert [at.n for at, _ in shelf.taken] == [1, 2, 3]


async def test_an_item_is_repeated_where_its_place_was_not_remembered(house: HeadOffice) -> None:
    key, shelf = await known(house), Shelf()
    shelf.forgets = True
    await publish(house, "head_office", {"queue.calls_max": 5})
    async with listening(shelf, house.url, key):
        await shelf.until(2)
    assert shelf.taken[0] == shelf.taken[1]


async def test_another_epoch_begins_from_the_start(tmp_path: Path) -> None:
    first = await office(tmp_path)
    key, shelf = await known(first), Shelf()
    await publish(first, "head_office", {"queue.calls_max": 5})
    async with listening(shelf, first.url, key):
        await shelf.until(1)
    await first.stop()
    identity.new_epoch(tmp_path)
    second = await office(tmp_path)
    async with listening(shelf, second.url, key):
        await shelf.until(2)
    await second.stop()
    assert shelf.taken[0][1] == shelf.taken[1][1]
    assert shelf.taken[0][0].ho_epoch != shelf.taken[1][0].ho_epoch


async def test_three_documents_of_a_scope_are_still_sent(house: HeadOffice) -> None:
    key, shelf = await known(house), Shelf()
    for value in range(1, 21):
        await publish(house, "head_office", {"queue.calls_max": value})
    async with listening(shelf, house.url, key):
        await shelf.until(3)
    assert [at.n for at, _ in shelf.taken] == [18, 19, 20]


async def test_somebody_elses_answer_is_not_believed(house: HeadOffice) -> None:
    await known(house)
    shelf = Shelf()
    await publish(house, "head_office", {"queue.calls_max": 5})
    deaf = Downlink(shelf, Destination(house.url, SigningKey(bytes(32)).public))
    async with aiohttp.ClientSession() as http:
        assert await deaf._step(http, f"{house.url}/v1/sync/0001/fetch") > 0
    assert not shelf.taken


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/api/policies", {"scope": "outlet:0001", "values": {}}, "422"),
        ("POST", "/api/policies", {"scope": "head_office", "values": {"x.y": {"value": "z" * 70_000}}}, "413"),
        ("PUT", "/api/branches/9999/region", {"region": "gd", "name": "广东分行"}, "404"),
        ("POST", "/api/policy-requests/0001/nobody", {"approved": True}, "404"),
    ],
)
async def test_what_makes_no_sense_is_refused(house: HeadOffice, method: str, path: str, body: Any, said: str) -> None:
    with pytest.raises(OfficeRefused, match=said):
        await call(house.url, house.console_token, method, path, body)
