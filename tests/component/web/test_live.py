"""The live feed: nothing missed, nothing twice, and nobody waits for anybody."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge.web.limits import LiveLimits, WebLimits
from tests.component.web.test_requests import problem
from tests.component.web.world import DISPLAY_TOKEN, KIOSK_TOKEN, CallOne, World, bearer, open_world, running

Socket = aiohttp.ClientWebSocketResponse


@asynccontextmanager
async def listening(world: World, query: str = "", *, token: str = DISPLAY_TOKEN, base: str = "") -> AsyncIterator[Socket]:
    async with world.http.ws_connect(f"{base or world.base}/api/live{query}", headers=bearer(token)) as connected:
        hello = await connected.receive_json(timeout=5)
        assert set(hello["hello"]) == {"seq", "now", "beat_s"}
        yield connected


async def hear(connected: Socket, count: int) -> list[dict[str, Any]]:
    return [await connected.receive_json(timeout=5) for _ in range(count)]


async def hear_until(connected: Socket, seq: int) -> list[int]:
    heard: list[int] = []
    while not heard or heard[-1] < seq:
        message = await connected.receive_json(timeout=5)
        if "seq" in message:
            heard.append(message["seq"])
    return heard


async def call(world: World, ticket: str) -> int:
    return (await world.pipeline.submit(CallOne(ticket=ticket), actor="staff:1001")).seq


# --- what is said


async def test_a_fact_arrives_with_what_a_page_needs(world: World) -> None:
    async with listening(world, "?after=0&topics=queue") as connected:
        [ticket] = await world.take()
        [message] = await hear(connected, 1)
    assert message["seq"] == 1
    assert message["type"] == "till.taken.v1"
    assert message["topic"] == "queue"
    assert message["at"].endswith("+08:00")
    assert message["body"]["ticket"] == ticket["id"]


async def test_s20_a_teller_is_there_while_one_of_their_pages_is_connected(world: World) -> None:
    token = await world.log_in("1001")

    async def left(clients: int) -> frozenset[str]:
        async with asyncio.timeout(5):
            while world.live.clients != clients:  # noqa: ASYNC110 -- polled
                await asyncio.sleep(0)
        return world.live.staff()

    async with listening(world):
        async with listening(world, token=token):
            async with listening(world, token=token):
                assert world.live.staff() == {"1001"}
            assert await left(2) == {"1001"}
        assert await left(1) == frozenset(), "the display is nobody"


async def test_an_event_under_two_topics_comes_once(world: World) -> None:
    [ticket] = await world.take()
    async with listening(world, "?after=1") as both, listening(world, "?after=1&topics=queue") as queue:
        await call(world, ticket["id"])
        await world.take()
        assert [(m["type"], m["topic"]) for m in await hear(both, 2)] == [
            ("till.called.v1", "calls"),
            ("till.taken.v1", "queue"),
        ]
        assert [(m["type"], m["topic"]) for m in await hear(queue, 2)] == [
            ("till.called.v1", "queue"),
            ("till.taken.v1", "queue"),
        ]


async def test_a_state_that_is_no_fact_reaches_those_who_may_see_it(world: World) -> None:
    staff = await world.log_in()
    async with listening(world, "?topics=devices", token=staff) as connected, listening(world) as display:
        await asyncio.sleep(0)
        world.live.publish("devices", "devices.status", b'{"id":"printer-1"}', key="printer-1")
        [message] = await hear(connected, 1)
        assert message == {"type": "devices.status", "topic": "devices", "body": {"id": "printer-1"}}
        await world.take()
        assert [m["seq"] for m in await hear(display, 1)] == [1]


# --- resume


async def test_reconnecting_again_and_again_misses_nothing_and_gets_nothing_twice(tmp_path: Path) -> None:
    """Against a short ring, so that replay comes from memory and from the journal."""
    limits = WebLimits(live=LiveLimits(ring_records=16, replay_chunk_records=5))
    async with open_world(tmp_path, limits=limits) as world:
        total = 300
        writing = asyncio.create_task(world.take(total))
        heard: list[int] = []
        while len(heard) < total:
            after = heard[-1] if heard else 0
            async with listening(world, f"?after={after}&topics=queue") as connected:
                stop = min(after + 17, total)
                heard += await hear_until(connected, stop)
        await writing
    assert heard == list(range(1, total + 1))


async def test_the_feed_goes_on_after_a_restart_of_the_daemon(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.take(5)
    async with open_world(tmp_path) as world, listening(world, "?after=3&topics=queue") as connected:
        await world.take(1)
        assert await hear_until(connected, 6) == [4, 5, 6]


async def test_who_is_too_far_behind_fetches_the_views_anew(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(replay_records_max=10))
    async with open_world(tmp_path, limits=limits) as world:
        await world.take(20)
        async with listening(world, "?after=2&topics=queue") as connected:
            assert await hear(connected, 1) == [{"reset": {"seq": 20}}]
            await world.take(1)
            assert await hear_until(connected, 21) == [21]


async def test_a_position_from_another_history_is_reset(world: World) -> None:
    await world.take(2)
    for after in (99, -1):
        async with listening(world, f"?after={after}") as connected:
            assert await hear(connected, 1) == [{"reset": {"seq": 2}}]


async def test_a_page_may_know_a_fact_before_it_is_announced(tmp_path: Path) -> None:
    async with open_world(tmp_path, watched=False) as world:
        await world.take(2)
        async with listening(world, "?after=2&topics=queue") as connected:
            announcing = asyncio.create_task(world.live.run(world.gatekeeper.alive))
            await world.take(1)
            assert await hear_until(connected, 3) == [3]
            announcing.cancel()
            await asyncio.wait((announcing,))


# --- nobody waits for anybody


async def deaf_client(world: World, query: str) -> socket.socket:
    """A client with a tiny receive buffer that does its handshake and never reads again."""
    host, port = world.base.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await loop.sock_connect(connection, (host, int(port)))
    head = (
        f"GET /api/live{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Authorization: Bearer {DISPLAY_TOKEN}\r\n\r\n"
    )
    await loop.sock_sendall(connection, head.encode())
    return connection


@pytest.mark.slow
async def test_a_stalled_client_delays_nobody_and_is_cut_off(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(stalled_s=0.4, clients_per_owner_max=100, backlog_messages_max=4000))
    service = "x" * 20_000  # so that the operating system's buffers fill after few messages
    async with open_world(tmp_path, limits=limits) as world, AsyncExitStack() as stack:
        deaf = await deaf_client(world, "?topics=queue")
        stack.callback(deaf.close)
        healthy = [await stack.enter_async_context(listening(world, "?topics=queue")) for _ in range(50)]
        assert world.live.clients == 51
        count = 300  # 6 MB for each
        hearing = [asyncio.create_task(hear_until(connected, count)) for connected in healthy]
        await world.take(count, service=service)
        for heard in await asyncio.gather(*hearing):
            assert heard == list(range(1, count + 1))
        async with asyncio.timeout(5):
            await world.witness.live_ended.wait()
        assert world.live.clients == 50


async def test_an_overflowing_backlog_becomes_a_reset_and_the_feed_goes_on(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(backlog_messages_max=10, stalled_s=60))
    async with open_world(tmp_path, limits=limits) as world, listening(world, "?after=0&topics=queue") as connected:
        for number in range(40):  # in one turn of the loop: the sender has no chance to keep up
            world.live.publish("queue", "test", b"%d" % number, key=str(number))
        first, *rest = await hear(connected, 10)
        assert first == {"reset": {"seq": 0}}
        assert [message["body"] for message in rest] == list(range(31, 40))
        await world.take(1)
        assert await hear_until(connected, 1) == [1]


async def test_an_unsent_state_is_replaced_by_a_newer_one(world: World) -> None:
    async with listening(world, "?topics=devices", token=await world.log_in()) as connected:
        for paper in ("full", "low", "out"):
            world.live.publish("devices", "devices.status", json.dumps(paper).encode(), key="printer-1")
        assert [m["body"] for m in await hear(connected, 1)] == ["out"]


# --- phones


async def test_a_phone_sees_its_own_ticket_and_nothing_else(world: World) -> None:
    first, second = await world.take(2)
    async with listening(world, token=second["token"], base=world.guest_base) as phone:
        assert await hear(phone, 1) == [{"seq": 2, "ticket": {"number": "A002", "state": "waiting", "ahead": 1}}]
        await call(world, first["id"])
        assert await hear(phone, 1) == [{"seq": 3, "ticket": {"number": "A002", "state": "waiting", "ahead": 0}}]
        await call(world, second["id"])
        [called] = await hear(phone, 1)
        assert called["ticket"]["state"] == "called"


async def test_moves_of_others_are_told_at_most_once_a_pause(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(phone_pause_s=30))
    async with open_world(tmp_path, limits=limits) as world:
        tickets = await world.take(12)
        mine = tickets[-1]
        async with listening(world, token=mine["token"]) as phone:
            await hear(phone, 1)
            for ticket in tickets[:-1]:
                await call(world, ticket["id"])
            await call(world, mine["id"])
            told = [m["ticket"]["state"] for m in await hear(phone, 2)]
            assert told == ["waiting", "called"]
            with pytest.raises(TimeoutError):
                await phone.receive(timeout=0.1)


@pytest.mark.parametrize("topic", ["queue", "calls", "devices", "nonsense"])
async def test_topics_are_refused_to_those_who_may_not_see_them(world: World, topic: str) -> None:
    [ticket] = await world.take()
    async with world.http.get(f"{world.base}/api/live?topics={topic}", headers=bearer(ticket["token"])) as answer:
        await problem(answer, 403, "topic_forbidden")


# --- who may connect


async def test_a_browser_sends_its_token_as_a_sub_protocol(world: World) -> None:
    protocols = ("branchbox", f"bearer.{DISPLAY_TOKEN}")
    async with world.http.ws_connect(f"{world.base}/api/live", protocols=protocols) as connected:
        assert connected.protocol == "branchbox"
        assert "hello" in await connected.receive_json(timeout=5)


async def test_a_cookie_opens_the_feed_for_our_own_pages_only(world: World) -> None:
    cookie = {"Cookie": f"bb_session={await world.log_in()}"}
    ours = {**cookie, "Origin": world.base}
    async with world.http.ws_connect(f"{world.base}/api/live", headers=ours) as connected:
        assert "hello" in await connected.receive_json(timeout=5)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await world.http.ws_connect(f"{world.base}/api/live", headers={**cookie, "Origin": "http://evil.example"})


async def test_nobody_listens_without_a_token(world: World) -> None:
    async with world.http.get(f"{world.base}/api/live") as answer:
        await problem(answer, 401, "unauthenticated")
    async with world.http.get(f"{world.guest_base}/api/live", headers=bearer(KIOSK_TOKEN)) as answer:
        await problem(answer, 401, "unauthenticated")
    async with world.http.get(f"{world.base}/api/live", headers=bearer(KIOSK_TOKEN)) as answer:
        await problem(answer, 426, "upgrade_required")
    async with world.http.get(f"{world.base}/api/live?after=x", headers=bearer(KIOSK_TOKEN)) as answer:
        assert (await problem(answer, 400, "invalid_request"))["facts"] == {"pointer": "/after"}


async def test_a_log_out_closes_what_it_opened(world: World) -> None:
    token = await world.log_in()
    async with listening(world, token=token) as mine, listening(world, "?topics=queue") as other:
        async with world.http.delete(f"{world.base}/api/session", headers=bearer(token)) as answer:
            assert answer.status == 204
        closed = await mine.receive(timeout=5)
        assert closed.type == aiohttp.WSMsgType.CLOSE
        assert closed.data == 4401
        await world.take()
        assert await hear_until(other, 1) == [1]


async def test_an_idle_session_loses_its_feed(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(beat_s=0.05, stalled_s=0.05))
    async with open_world(tmp_path, limits=limits) as world, listening(world, token=await world.log_in()) as connected:
        assert set((await hear(connected, 1))[0]) == {"beat"}
        world.pass_time(31 * 60)
        async with asyncio.timeout(5):
            while (message := await connected.receive()).type == aiohttp.WSMsgType.TEXT:
                pass
        assert message.data == 4401


async def test_one_caller_cannot_take_all_places(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(clients_per_owner_max=2))
    async with open_world(tmp_path, limits=limits) as world, listening(world), listening(world):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await world.http.ws_connect(f"{world.base}/api/live", headers=bearer(DISPLAY_TOKEN))
        async with listening(world, token=KIOSK_TOKEN):
            assert world.live.clients == 3


async def test_a_client_that_keeps_talking_is_shown_out(tmp_path: Path) -> None:
    limits = WebLimits(live=LiveLimits(messages_max=3))
    async with open_world(tmp_path, limits=limits) as world, listening(world) as connected:
        for _ in range(4):
            await connected.send_str("?")
        assert (await connected.receive(timeout=5)).data == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_failing_view_resets_the_clients_and_spares_the_commands(tmp_path: Path) -> None:
    async with open_world(tmp_path, watched=False) as world:
        announcing = asyncio.create_task(world.live.run(world.gatekeeper.alive))
        [ticket] = await world.take()
        async with listening(world, "?after=1&topics=queue") as display, listening(world, token=ticket["token"]) as phone:
            await hear(phone, 1)
            world.witness.unviewable.add(ticket["id"])
            assert await call(world, ticket["id"]) == 2
            assert (await hear(display, 2))[-1] == {"reset": {"seq": 2}}
            with pytest.raises(KeyError):
                await announcing
            async with running(world.live, world.gatekeeper):
                await world.take()
                assert await hear_until(display, 3) == [3]
