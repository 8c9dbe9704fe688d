"""S10, S15, S18, R055: a card, a document, a number or a code at the kiosk, read by real drivers from a device's own bytes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from drivers import registry as families
from drivers.api import MediaStatus
from drivers.emulation import Emulator
from drivers.registry import DeviceConfig
from edge.customers import tables as customers
from edge.customers.privacy import Names, subject_of
from edge.customers.tables import Recognised
from edge.devices.recognition import SHOWN, UNREADABLE
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.queue.arrivals import Arrival, Known
from edge.queue.handles import LIVES_MS, RECOGNITION
from edge.queue.model import Tier
from edge.sandbox.stage import emulate
from tests.scenarios.hall import Hall, open_hall

ID_NUMBER = "440306198305272211"
CARD = "6217000010099887765"
STRANGER = "110105196803120023"
KIOSK = "kiosk-1"
READERS = {
    "reader": "generic.sam-v-serial",
    "stripe": "generic.stripe-wedge",
    "chip": "generic.pcsc-contactless",
    "motor": "sankyo.ict3k5",
    "scanner": "generic.scanner-serial",
}


class Entrance:
    """A kiosk with its readers."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.arrivals = hall.branch.arrivals
        self.guests = hall.branch.kiosk_guests
        self.readers: dict[str, Emulator] = {}
        self._told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.guests.publish = lambda _topic, kind, _body, kiosk: self._told.put_nowait((kind, kiosk))

    async def plug_in(self) -> None:
        known = families.load_profiles()
        for device, profile in READERS.items():
            emulator = emulate(known[profile], self.hall.branch.place.now)
            emulator.listen("tcp://127.0.0.1:0")
            await emulator.start()
            self.readers[device] = emulator
        self.hall.branch.place.readers = {"*": KIOSK}
        await self.hall.branch.connect_devices(
            [DeviceConfig(id=device, profile=READERS[device], address=one.address) for device, one in self.readers.items()]
        )
        await self._everything_is_there()

    async def _everything_is_there(self) -> None:
        floor, there = self.hall.branch.floor, asyncio.Event()

        def look(_topic: str, _kind: str, _body: bytes, _key: str) -> None:
            if all(view.device == "online" for view in floor.views()):
                there.set()

        floor.publish = look
        look("", "", b"", "")
        async with asyncio.timeout(20):
            await there.wait()

    async def shown(self, reader: str, action: str, **how: Any) -> tuple[str, str]:
        """Do something with a hand; what the kiosk hears."""
        self.readers[reader].act(action, how)
        async with asyncio.timeout(20):
            return await self._told.get()

    def handle(self) -> str:
        found = self.arrivals.handles.at(KIOSK)
        assert found is not None
        return found.value

    def arrive(self, handle: str, command_id: str = "once", *, at: str = KIOSK) -> Known:
        return self.arrivals.receive(Arrival((RECOGNITION, handle), None, at), command_id)


@pytest.fixture
async def entrance(tmp_path: Path) -> AsyncIterator[Entrance]:
    async with open_hall(tmp_path) as hall:
        vault = hall.branch.vault

        def gold(connection: Connection) -> None:
            marks = [vault.index_hash(IdentityKind.ID_CARD, ID_NUMBER), vault.index_hash(IdentityKind.BANK_CARD, CARD)]
            customers.put(connection, Recognised("c-1", "gold"), marks, now_ms=hall.clock.now_ms())
            vault.put(connection, subject_of("c-1"), "name", "黄德明".encode(), now_ms=0)

        await hall.branch.db.write(gold)
        made = Entrance(hall)
        await made.plug_in()
        try:
            yield made
        finally:
            for emulator in made.readers.values():
                await emulator.stop()


@pytest.mark.parametrize(
    ("reader", "action", "how", "kind"),
    [
        ("reader", "lay", {"number": ID_NUMBER}, IdentityKind.ID_CARD),
        ("stripe", "swipe", {"number": CARD}, IdentityKind.BANK_CARD),
        ("chip", "insert", {"number": CARD}, IdentityKind.BANK_CARD),
        ("motor", "insert", {"number": CARD}, IdentityKind.BANK_CARD),
    ],
)
async def test_r055_a_known_customer_is_gold_before_they_touch_anything(
    entrance: Entrance, reader: str, action: str, how: dict[str, Any], kind: IdentityKind
) -> None:
    assert await entrance.shown(reader, action, **how) == (SHOWN, KIOSK)
    known = entrance.arrive(entrance.handle())
    assert (known.tier, known.customer, known.shown) == (Tier.GOLD, "c-1", kind)
    with entrance.hall.branch.db.reader() as connection:
        assert Names(entrance.hall.branch.vault).masked(connection, known.customer) == "黄**"


@pytest.mark.parametrize("trouble", ["none", "worn"])
async def test_a_card_that_was_drawn_in_comes_back_read_or_not(entrance: Entrance, trouble: str) -> None:
    floor, at_the_gate = entrance.hall.branch.floor, asyncio.Event()

    def look(_topic: str, _kind: str, _body: bytes, key: str) -> None:
        if floor.view(key).media is MediaStatus.ENTERING:
            at_the_gate.set()

    floor.publish = look
    kind, _ = await entrance.shown("motor", "insert", number=CARD, trouble=trouble)
    assert kind == (SHOWN if trouble == "none" else UNREADABLE)
    async with asyncio.timeout(20):
        await at_the_gate.wait()


async def test_s15_an_unknown_document_is_an_ordinary_customer_and_no_error(entrance: Entrance) -> None:
    await entrance.shown("reader", "lay", number=STRANGER)
    known = entrance.arrive(entrance.handle())
    assert (known.tier, known.customer) == (Tier.NORMAL, None)


async def test_a_recognition_is_used_once_soon_and_by_one_request(entrance: Entrance) -> None:
    await entrance.shown("reader", "lay", number=ID_NUMBER)
    handle = entrance.handle()
    assert entrance.arrive(handle) == entrance.arrive(handle)
    with pytest.raises(Rejected, match="recognition_over"):
        entrance.arrive(handle, "another")
    assert entrance.arrivals.handles.at(KIOSK) is None
    entrance.guests.typed(KIOSK, "138 0000 0004")
    late = entrance.handle()
    now_ms = entrance.arrivals.handles.now_ms
    entrance.arrivals.handles.now_ms = lambda: now_ms() + LIVES_MS + 1
    with pytest.raises(Rejected, match="recognition_over"):
        entrance.arrive(late)


async def test_a_recognition_is_good_at_its_own_kiosk_only(entrance: Entrance) -> None:
    await entrance.shown("reader", "lay", number=ID_NUMBER)
    handle = entrance.handle()
    for elsewhere in ("kiosk-2", "1001"):
        with pytest.raises(Rejected, match="recognition_over"):
            entrance.arrive(handle, at=elsewhere)
    assert entrance.arrive(handle).tier is Tier.GOLD


async def test_the_next_card_takes_the_place_of_the_one_before(entrance: Entrance) -> None:
    await entrance.shown("stripe", "swipe", number=CARD)
    before = entrance.handle()
    await entrance.shown("reader", "lay", number=STRANGER)
    with pytest.raises(Rejected, match="recognition_over"):
        entrance.arrive(before)


async def test_what_cannot_be_read_is_said_and_recognises_nobody(entrance: Entrance) -> None:
    assert await entrance.shown("stripe", "swipe", trouble="askew") == (UNREADABLE, KIOSK)
    assert entrance.arrivals.handles.at(KIOSK) is None


async def test_s18_a_code_or_a_ticket_before_the_scanner(entrance: Entrance) -> None:
    await entrance.shown("scanner", "scan", text="123456")
    handle = entrance.arrivals.handles.at(KIOSK)
    assert handle is not None
    assert handle.shown.code == "123456"
    ticket = "06f4s3k0o0g8k2q5e7h9v1g"
    token = entrance.hall.branch.tokens.of(ticket)
    await entrance.shown("scanner", "scan", text=f"http://branch.example/t/{token}")
    handle = entrance.arrivals.handles.at(KIOSK)
    assert handle is not None
    assert handle.shown.ticket == ticket


async def test_no_number_of_a_card_or_document_is_anywhere_on_disk(entrance: Entrance, tmp_path: Path) -> None:
    await entrance.shown("reader", "lay", number=ID_NUMBER)
    await entrance.shown("stripe", "swipe", number=CARD)
    known = entrance.arrive(entrance.handle())
    assert known.holder is not None
    for content in everything_in(tmp_path):
        assert ID_NUMBER.encode() not in content
        assert CARD.encode() not in content


def everything_in(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("typed", ["12345", "letters", "9" * 40])
async def test_a_number_that_is_none_is_refused(entrance: Entrance, typed: str) -> None:
    with pytest.raises(Rejected, match="invalid_code"):
        entrance.guests.typed(KIOSK, typed)
