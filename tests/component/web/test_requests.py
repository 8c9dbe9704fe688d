"""What every request meets: problems, limits, idempotency, the two sides of the house."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from edge.web.limits import Rate, WebLimits
from edge.web.problems import WEB_PROBLEMS, Problem, Problems
from edge.web.routes import Call, Routes
from edge.web.server import Listener, check_declaration
from tests.component.web.world import KIOSK_TOKEN, World, bearer, open_world, staff_routes

TAKE = {"service": "personal"}


async def problem(answer: aiohttp.ClientResponse, status: int, code: str) -> dict[str, object]:
    """Check the shape that RFC 9457 and our contract give every refusal."""
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/problem+json"
    body: dict[str, object] = await answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:branchbox:problem:{code}"
    assert body["title"]
    assert isinstance(body["facts"], dict)
    return body


async def test_a_kiosk_takes_a_number(world: World) -> None:
    async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=bearer(KIOSK_TOKEN)) as answer:
        assert answer.status == 201
        assert (await answer.json())["number"] == "A001"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Server"] == "branchbox"
    assert world.journal.tail(0)[0].actor == "device:kiosk-1"


async def test_a_repeat_gets_the_same_bytes_and_does_nothing_twice(world: World) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Idempotency-Key": "touch-1"}
    async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=headers) as first:
        bytes_first = await first.read()
    async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=headers) as again:
        assert again.status == 201
        assert await again.read() == bytes_first
        assert again.headers["Idempotent-Replayed"] == "true"
    assert world.journal.head().seq == 1


async def test_another_body_under_the_same_key_is_a_conflict(world: World) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Idempotency-Key": "touch-1"}
    async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=headers):
        pass
    other = {"service": "corporate"}
    async with world.http.post(f"{world.base}/api/tickets", json=other, headers=headers) as answer:
        await problem(answer, 422, "idempotency_conflict")


async def test_two_devices_with_the_same_key_do_not_meet(world: World) -> None:
    other = await world.devices.enrol("kiosk-2", "kiosk", by="staff:9001")
    numbers = []
    for token in (KIOSK_TOKEN, other):
        headers = {**bearer(token), "Idempotency-Key": "1"}
        async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=headers) as answer:
            numbers.append((await answer.json())["number"])
    assert numbers == ["A001", "A002"]


async def test_a_refusal_is_repeated_too(world: World) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Idempotency-Key": "touch-1", "Accept-Language": "en"}
    for _ in range(2):
        async with world.http.post(f"{world.base}/api/tickets", json={"service": "closed"}, headers=headers) as answer:
            body = await problem(answer, 409, "service_closed")
            assert body["facts"] == {"service": "closed"}
            assert body["title"] == "The service is closed"


async def test_chinese_is_the_first_language(world: World) -> None:
    async with world.http.get(f"{world.base}/api/session") as answer:
        assert (await problem(answer, 401, "unauthenticated"))["title"] == "请先登录"
        assert answer.headers["Content-Language"] == "zh-CN"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there", "ключ"])
async def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Idempotency-Key": key}
    async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=headers) as answer:
        await problem(answer, 400, "invalid_idempotency_key")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", "/service"),
        (b"{}", "/service"),
        (b'{"service": 7}', "/service"),
        (b'{"service": "a", "more": 1}', "/more"),
        (b'{"service": "a"', ""),
        (b"[]", ""),
        (b'{"service": "\xff"}', ""),
        (b"[" * 60_000, ""),
    ],
)
async def test_a_wrong_body_is_refused_with_a_pointer_to_the_field(world: World, body: bytes, pointer: str) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Content-Type": "application/json"}
    async with world.http.post(f"{world.base}/api/tickets", data=body, headers=headers) as answer:
        told = await problem(answer, 400, "invalid_request")
        assert told["facts"] == {"pointer": pointer}
        assert told["detail"]


async def test_only_json_is_taken(world: World) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Content-Type": "text/plain"}
    async with world.http.post(f"{world.base}/api/tickets", data=b'{"service":"a"}', headers=headers) as answer:
        await problem(answer, 415, "unsupported_media_type")


async def parts(count: int) -> AsyncGenerator[bytes, None]:
    for _ in range(count):
        yield b" " * 1024


async def test_a_large_body_is_refused_announced_or_not(world: World) -> None:
    headers = {**bearer(KIOSK_TOKEN), "Content-Type": "application/json"}
    async with world.http.post(f"{world.base}/api/tickets", data=b" " * 70_000, headers=headers) as answer:
        await problem(answer, 413, "body_too_large")
    async with world.http.post(f"{world.base}/api/tickets", data=parts(70), headers=headers) as answer:
        await problem(answer, 413, "body_too_large")


async def test_a_query_is_decoded_with_its_lists(world: World) -> None:
    headers = {**bearer(await world.log_in()), "Accept-Language": "en-GB,zh;q=0.5"}
    async with world.http.get(f"{world.base}/api/tickets?state=waiting,parked&limit=5", headers=headers) as answer:
        assert await answer.json() == {"state": ["waiting", "parked"], "limit": 5, "language": "en"}
    for query, pointer in (("limit=many", "/limit"), ("limit=1&limit=2", "/limit"), ("colour=red", "/colour")):
        async with world.http.get(f"{world.base}/api/tickets?{query}", headers=headers) as answer:
            assert (await problem(answer, 400, "invalid_request"))["facts"] == {"pointer": pointer}


async def test_paths_and_methods_that_do_not_exist(world: World) -> None:
    async with world.http.get(f"{world.base}/api/nothing") as answer:
        await problem(answer, 404, "not_found")
    async with world.http.put(f"{world.base}/api/tickets") as answer:
        await problem(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["Allow"]
    async with world.http.options(f"{world.base}/api/tickets") as answer:
        assert answer.status == 204
        assert "OPTIONS" in answer.headers["Allow"]
    async with world.http.head(f"{world.base}/api/whoami") as answer:
        assert answer.status == 200
        assert await answer.read() == b""


async def test_a_failure_inside_is_told_by_an_id_and_logged_without_its_text(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    async with world.http.get(f"{world.base}/api/crash") as answer:
        told = await problem(answer, 500, "internal")
    logged = capsys.readouterr().out
    assert isinstance(told["facts"], dict)
    assert str(told["facts"]["incident"]) in logged
    assert "ValueError" in logged
    assert "customer" not in logged


async def test_a_broken_promise_ends_the_process(world: World) -> None:
    headers = bearer(await world.log_in())
    async with world.http.post(f"{world.base}/api/tickets/broken/call", headers=headers) as answer:
        await problem(answer, 500, "internal")
    assert [str(error) for error in world.witness.broken] == ["made for the test"]


async def test_an_observer_sees_patterns_and_never_tokens(world: World) -> None:
    [ticket] = await world.take()
    async with world.http.get(f"{world.base}/api/t/{ticket['token']}") as answer:
        assert answer.status == 200
    assert world.witness.observed[-1] == ("GET", "/api/t/{token}", 200)


async def test_guests_reach_their_own_routes_and_no_other(world: World) -> None:
    headers = bearer(KIOSK_TOKEN)
    [ticket] = await world.take()
    async with world.http.get(f"{world.guest_base}/api/t/{ticket['token']}") as answer:
        assert (await answer.json())["number"] == "A001"
    checked = 0
    for method, path in staff_routes(world.site):
        async with world.http.request(method, world.guest_base + path, headers=headers) as answer:
            await problem(answer, 404, "not_found")
        checked += 1
    assert checked > 5
    for path in ("/", "/kiosk", "/counter", "/display", "/bench", "/api/openapi.json"):
        async with world.http.get(world.guest_base + path, headers=headers) as answer:
            await problem(answer, 404, "not_found")


async def test_who_comes_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    limits = WebLimits(device=Rate(1, 3), address=Rate(1, 2))
    async with open_world(tmp_path, limits=limits) as world:
        statuses = []
        for _ in range(4):
            async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=bearer(KIOSK_TOKEN)) as answer:
                statuses.append(answer.status)
        assert statuses == [201, 201, 201, 429]
        other = await world.devices.enrol("kiosk-2", "kiosk", by="system")
        async with world.http.post(f"{world.base}/api/tickets", json=TAKE, headers=bearer(other)) as answer:
            assert answer.status == 201
        for _ in range(2):
            async with world.http.get(f"{world.base}/api/whoami", headers=bearer("bbs_guess")) as answer:
                await problem(answer, 401, "unauthenticated")
        async with world.http.get(f"{world.base}/api/whoami", headers=bearer("bbs_guess")) as answer:
            told = await problem(answer, 429, "rate_limited")
            assert answer.headers["Retry-After"] == "1"
            assert told["facts"] == {"retry_s": 1}


async def test_a_slow_request_is_ended_and_may_be_repeated(tmp_path: Path) -> None:
    async with open_world(tmp_path, limits=WebLimits(request_s=0.05)) as world:
        address = world.base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(address[0], int(address[1]))
        head = f"POST /api/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KIOSK_TOKEN}\r\nContent-Length: 20\r\n\r\n"
        writer.write(head.encode())
        assert await reader.readline() == b"HTTP/1.1 503 Service Unavailable\r\n"
        rest = await reader.readuntil(b"}}")
        assert b"timed_out" in rest
        assert b"Retry-After: 1" in rest
        writer.close()
        await writer.wait_closed()


def test_a_route_that_contradicts_the_tables_is_found_when_the_server_is_built(world: World) -> None:
    wrong = Routes("wrong")

    @wrong.post("/a", audience={"staff"}, permission="till.typo")
    async def a(_call: Call[None]) -> None: ...

    @wrong.post("/b", audience={"staff"})
    async def b(_call: Call[None]) -> None: ...

    @wrong.get("/c", audience={"open"}, problems=("nobody_knows",))
    async def c(_call: Call[None]) -> None: ...

    @wrong.get("/d", audience=set())
    async def d(_call: Call[None]) -> None: ...

    for route, message in zip(
        wrong.declared, ("no role has", "needs a permission", "no problem nobody_knows", "nobody may call"), strict=True
    ):
        with pytest.raises(ValueError, match=message):
            check_declaration(route, world.site.permissions, world.site.problems)


def test_a_problem_cannot_have_two_meanings() -> None:
    with pytest.raises(ValueError, match="not_found"):
        Problems(WEB_PROBLEMS, [Problem("not_found", 410, "没了", "Gone")])
    assert Problems(WEB_PROBLEMS).of("something_new").status == 409
    assert Listener.GUEST.value == "guest"
