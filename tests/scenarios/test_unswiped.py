"""S16: a paper ticket without a card; the lobby manager asks for a number, finds who it is, binds, and can take it back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge import registry
from edge.customers import tables as customers
from edge.customers.model import GiveConsent, Means, Purpose
from edge.customers.privacy import subject_of
from edge.customers.tables import Recognised
from edge.kernel import fold
from edge.kernel.db import Connection
from edge.kernel.identities import IdentityKind, normalise
from edge.org import tables as org
from edge.org.model import Staff
from tests.harness.api import PASSWORD, Api, Reply
from tests.scenarios.hall import Hall, open_hall

PHONE = {"kind": "phone", "value": "138 0000 0004"}
ID_CARD = {"kind": "id_card", "value": "440306198305272211"}
STRANGER = {"kind": "phone", "value": "13900000000"}


class Lobby:
    """The hall with its doors open, and the lobby manager's tablet."""

    def __init__(self, hall: Hall, tablet: Api, teller: Api, kiosk: Api) -> None:
        self.hall = hall
        self.tablet = tablet
        self.teller = teller
        self.kiosk = kiosk

    async def paper(self) -> Any:
        """Somebody takes a number and shows nothing."""
        return await self.kiosk.post("/api/tickets", {"service": "personal"})

    async def search(self, identity: dict[str, str], *, by: Api | None = None) -> Any:
        return await (by or self.tablet).post("/api/customers/search", {"identity": identity})

    async def bind(self, ticket: str, recognition: str, *, by: Api | None = None) -> Reply:
        identity = {"kind": "recognition", "value": recognition}
        return await (by or self.tablet).send("POST", f"/api/tickets/{ticket}/bind", {"identity": identity})

    async def unbind(self, ticket: str) -> Reply:
        return await self.tablet.send("POST", f"/api/tickets/{ticket}/unbind", None)

    def journal(self, kind: str) -> list[str]:
        """Who did it, each time."""
        with self.hall.branch.db.reader() as connection:
            return [str(actor) for (actor,) in connection.execute("SELECT actor FROM journal WHERE type = ?", (kind,))]


@pytest.fixture
async def lobby(tmp_path: Path) -> AsyncIterator[Lobby]:
    async with open_hall(tmp_path) as hall:
        branch = hall.branch
        await branch.db.write(lambda connection: people(connection, hall))
        for number in ("1001", "2001"):
            await branch.sessions.set_password(number, PASSWORD)
        settings = branch.ground.launch.settings
        anywhere = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, listen="127.0.0.1:0"))
        branch.ground = replace(branch.ground, launch=replace(branch.ground.launch, settings=anywhere))
        port, _ = await branch.open_doors()
        token = await branch.devices.enrol("kiosk-1", "kiosk", by="test")
        async with Api(f"http://127.0.0.1:{port}", token) as kiosk:
            yield Lobby(hall, await kiosk.as_staff("2001"), await kiosk.as_staff("1001"), kiosk)
        with branch.db.reader() as connection:
            assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


def people(connection: Connection, hall: Hall) -> None:
    roles = (("1001", "王芳", "teller"), ("2001", "陈静", "lobby"))
    org.put_staff(connection, tuple(Staff(staff_no=number, name=name, roles=(role,)) for number, name, role in roles))
    vault, now_ms = hall.branch.vault, hall.clock.now_ms()
    marks = [
        vault.index_hash(kind, normalise(kind, one["value"]).value)
        for kind, one in ((IdentityKind.PHONE, PHONE), (IdentityKind.ID_CARD, ID_CARD))
    ]
    customers.put(connection, Recognised("c-1", "gold", "1001", ("理财到期",)), marks, now_ms=now_ms)
    vault.put(connection, subject_of("c-1"), "name", "黄德明".encode(), now_ms=now_ms)


@pytest.mark.parametrize("identity", [PHONE, ID_CARD])
async def test_s16_a_number_that_is_typed_in_finds_the_customer_and_binds_the_ticket(
    lobby: Lobby, identity: dict[str, str]
) -> None:
    paper = await lobby.paper()
    found = await lobby.search(identity)
    assert (found["card"]["name"], found["card"]["tier"], found["tickets"]) == ("黄**", "gold", [])
    bound = (await lobby.bind(paper["id"], found["recognition"])).body
    assert (bound["tier"], bound["queue"], bound["bound"]) == ("gold", "personal.gold", True)
    assert [one["number"] for one in (await lobby.search(identity))["tickets"]] == [paper["number"]]
    assert lobby.journal("queue.ticket_bound.v1") == ["staff:2001"]


async def test_s24_the_ticket_detail_tells_what_was_shown_and_where(lobby: Lobby) -> None:
    """By its kind only: typed in at the lobby, swiped at the kiosk, known to nobody, or nothing; unbound, none is left."""
    bare, bound = await lobby.paper(), await lobby.paper()
    await lobby.bind(bound["id"], (await lobby.search(PHONE))["recognition"])
    with_card = await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": ID_CARD})
    unknown = await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": STRANGER})
    report = await lobby.tablet.get("/api/reports/ticket-detail", language="en")
    names = [column["name"] for column in report["columns"]]
    rows = {row[names.index("number")]: (row[names.index("means")], row[names.index("device")]) for row in report["rows"]}
    assert rows[bare["number"]][0] == "None"
    assert rows[bound["number"]][0] == "Phone number"
    assert rows[with_card["number"]] == ("Id card", "kiosk-1")
    assert rows[unknown["number"]][0] == "Phone number"
    await lobby.unbind(bound["id"])
    narrowed = await lobby.tablet.get("/api/reports/ticket-detail", means="none", language="en")
    assert {row[names.index("number")] for row in narrowed["rows"]} == {bare["number"], bound["number"]}


async def test_s16_unbinding_gives_the_class_back_at_the_same_place(lobby: Lobby) -> None:
    hall = lobby.hall
    first = await lobby.paper()
    second = await lobby.paper()
    await lobby.bind(second["id"], (await lobby.search(PHONE))["recognition"])
    back = (await lobby.unbind(second["id"])).body
    assert (back["tier"], back["queue"], back.get("recognised", False)) == ("normal", "personal.normal", False)
    assert lobby.journal("queue.ticket_unbound.v1") == ["staff:2001"]
    await hall.staff(1)
    assert await hall.calls(2) == [first["number"], second["number"]]


async def test_s16_what_cannot_be_bound_or_unbound_says_why(lobby: Lobby) -> None:
    paper = await lobby.paper()
    assert (await lobby.unbind(paper["id"])).code == "not_bound"
    refused = await lobby.tablet.send("POST", "/api/customers/search", {"identity": STRANGER})
    assert (refused.status, refused.code) == (404, "customer_unknown")
    odd = await lobby.tablet.send("POST", "/api/customers/search", {"identity": {"kind": "id_card", "value": "12"}})
    assert odd.code == "invalid_identity"
    with_card = await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": ID_CARD})
    assert (await lobby.unbind(with_card["id"])).code == "not_bound"


async def test_s16_a_ticket_is_one_customers_also_when_two_bind_it_at_once(lobby: Lobby) -> None:
    hall = lobby.hall

    def another(connection: Connection) -> None:
        number = normalise(IdentityKind.PHONE, STRANGER["value"]).value
        mark = hall.branch.vault.index_hash(IdentityKind.PHONE, number)
        customers.put(connection, Recognised("c-2", "normal"), [mark], now_ms=hall.clock.now_ms())

    await hall.branch.db.write(another)
    paper = await lobby.paper()
    found = [(await lobby.search(one, by=by))["recognition"] for one, by in ((PHONE, lobby.tablet), (STRANGER, lobby.teller))]
    replies = await asyncio.gather(
        lobby.bind(paper["id"], found[0]),
        lobby.bind(paper["id"], found[1], by=lobby.teller),
    )
    assert sorted(reply.status for reply in replies) == [200, 409]
    assert [reply.code for reply in replies if reply.code] == ["bound_to_another"]
    assert len(lobby.journal("queue.ticket_bound.v1")) == 1


async def test_s16_a_search_is_good_for_whoever_searched_and_once(lobby: Lobby) -> None:
    papers = [await lobby.paper() for _ in range(2)]
    found = await lobby.search(PHONE)
    assert (await lobby.bind(papers[0]["id"], found["recognition"], by=lobby.teller)).code == "recognition_over"
    assert (await lobby.bind(papers[0]["id"], found["recognition"])).status == 200
    assert (await lobby.bind(papers[1]["id"], found["recognition"])).code == "recognition_over"


async def test_s16_the_number_that_was_typed_is_nowhere_on_disk(lobby: Lobby, tmp_path: Path) -> None:
    await lobby.search(PHONE)
    await lobby.search(ID_CARD)
    for content in everything_in(tmp_path):
        assert b"13800000004" not in content
        assert ID_CARD["value"].encode() not in content


def everything_in(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


async def test_r049_the_counter_sees_a_masked_card_and_nothing_of_a_stranger(lobby: Lobby) -> None:
    hall = lobby.hall
    give = GiveConsent(customer="c-1", purpose=Purpose.SERVICE, version=1, channel=Means.LOBBY, evidence="ab" * 32)
    await hall.branch.pipeline.submit(give, actor="staff:2001")
    await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": ID_CARD})
    await hall.at(hall.branch.place.now() + timedelta(days=1))
    ticket = await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": ID_CARD})
    await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": ID_CARD})  # the same visit
    card = await lobby.teller.get(f"/api/tickets/{ticket['id']}/customer")
    assert card["name"] == "黄**"
    assert card["adviser"] == {"staff_no": "1001", "name": "王芳"}
    assert (card["tags"], card["consents"], card["visits"]) == (["理财到期"], ["service"], 2)
    assert card["last_visit"].startswith("2026-03-02")
    assert not {"phone", "identities"} & card.keys()
    paper = await lobby.paper()
    stranger = await lobby.teller.send("GET", f"/api/tickets/{paper['id']}/customer")
    assert (stranger.status, stranger.body) == (204, None)


async def test_r234_the_card_of_an_erased_customer_says_so(lobby: Lobby) -> None:
    ticket = await lobby.kiosk.post("/api/tickets", {"service": "personal", "identity": ID_CARD})
    refused = await lobby.tablet.send("POST", "/api/customers/c-1/erase", {"channel": "lobby"})
    assert (refused.status, refused.code, refused.body["facts"]["number"]) == (409, "customer_visit_open", ticket["number"])
    await lobby.tablet.post(f"/api/tickets/{ticket['id']}/cancel", {"reason": "left"})
    report = await lobby.tablet.post("/api/customers/c-1/erase", {"channel": "lobby"})
    assert (report["details"], report["identities"]) == (1, 2)
    card = await lobby.teller.get(f"/api/tickets/{ticket['id']}/customer")
    assert (card["erased_at"], card.get("name"), card.get("tier")) == (report["erased_at"], None, None)
    ledger = await lobby.teller.get("/api/customers/c-1/consents")
    assert ledger["erased_at"] == report["erased_at"]
    unmask = await lobby.teller.send("POST", "/api/customers/c-1/unmask", {"purpose": "serve"})
    assert (unmask.status, unmask.code) == (410, "customer_erased")
    assert (await lobby.tablet.send("POST", "/api/customers/search", {"identity": ID_CARD})).code == "customer_unknown"


async def test_s10_a_number_taken_in_the_branch_needs_no_activation(lobby: Lobby) -> None:
    paper = await lobby.paper()
    refused = await lobby.kiosk.send("POST", f"/api/tickets/{paper['id']}/activate", {"identity": STRANGER})
    assert (refused.status, refused.code, refused.body["facts"]["number"]) == (409, "not_remote", paper["number"])
    nothing = await lobby.kiosk.send("POST", "/api/activations", {"identity": STRANGER})
    assert (nothing.status, nothing.code) == (404, "no_remote_ticket")
