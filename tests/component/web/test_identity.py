"""Who may come in: sessions, lock-out, devices, phones, cookies."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from argon2 import extract_parameters

from edge.kernel.domain import Rejected
from edge.web.limits import Rate, WebLimits
from edge.web.passwords import NOBODY, Passwords
from edge.web.permissions import Permissions
from edge.web.session import Staff, digest_of
from tests.component.web.test_requests import problem
from tests.component.web.world import (
    DISPLAY_TOKEN,
    KIOSK_TOKEN,
    PASSWORD,
    World,
    bearer,
    open_world,
)

TAKE = {"service": "personal"}
WRONG = {"staff_no": "1001", "password": "wrong"}
RIGHT = {"staff_no": "1001", "password": PASSWORD}


async def who(world: World, headers: Mapping[str, str], *, base: str = "") -> dict[str, object]:
    async with world.http.get(f"{base or world.base}/api/whoami", headers=headers) as answer:
        found: dict[str, object] = await answer.json()
        return found


# --- staff


async def test_a_teller_logs_in_works_and_logs_out(world: World) -> None:
    async with world.http.post(f"{world.base}/api/session", json=RIGHT) as answer:
        assert answer.status == 200
        opened = await answer.json()
        cookie = answer.headers["Set-Cookie"]
    assert opened["staff"] == {"staff_no": "1001", "name": "王小明", "roles": ["teller"]}
    assert opened["expires_at"].endswith("+08:00")
    assert cookie.startswith(f"bb_session={opened['token']};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    async with world.http.get(f"{world.base}/api/session", headers=bearer(opened["token"])) as answer:
        shown = await answer.json()
    assert shown["staff"] == opened["staff"]
    assert shown["counter"] == {"id": "c1", "number": 1}
    assert shown["expires_at"][:16] == opened["expires_at"][:16]
    async with world.http.delete(f"{world.base}/api/session", headers=bearer(opened["token"])) as answer:
        assert answer.status == 204
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
    async with world.http.get(f"{world.base}/api/session", headers=bearer(opened["token"])) as answer:
        await problem(answer, 401, "unauthenticated")


async def test_an_unknown_number_takes_as_long_to_refuse_as_a_known_one() -> None:
    passwords = Passwords()
    known = await passwords.hash("a password")
    passwords.close()
    assert extract_parameters(NOBODY) == extract_parameters(known)


async def test_five_wrong_passwords_lock_the_number_longer_each_time(world: World) -> None:
    async def attempt(body: Mapping[str, str]) -> int:
        async with world.http.post(f"{world.base}/api/session", json=body) as answer:
            return answer.status

    assert [await attempt(WRONG) for _ in range(5)] == [401] * 5
    async with world.http.post(f"{world.base}/api/session", json=RIGHT) as answer:
        told = await problem(answer, 429, "locked_out")
        assert told["facts"] == {"retry_s": 30}
        assert answer.headers["Retry-After"] == "30"
    world.pass_time(30)
    assert await attempt(WRONG) == 401
    world.pass_time(59)
    assert await attempt(RIGHT) == 429
    world.pass_time(1)
    assert await attempt(RIGHT) == 200
    assert await attempt(WRONG) == 401


async def test_a_hundred_guesses_at_once_are_five_guesses(world: World) -> None:
    async def guess(number: int) -> str:
        try:
            await world.sessions.log_in("1001", f"guess {number}")
        except Rejected as refusal:
            return refusal.code
        return "in"

    codes = await asyncio.gather(*(guess(number) for number in range(100)))
    assert codes.count("bad_credentials") == 5
    assert codes.count("locked_out") == 95


async def test_an_unknown_number_is_locked_like_a_known_one(world: World) -> None:
    codes = []
    for _ in range(6):
        with pytest.raises(Rejected) as refused:
            await world.sessions.log_in("7777", PASSWORD)
        codes.append(refused.value.code)
    assert codes == ["bad_credentials"] * 5 + ["locked_out"]


async def test_a_lock_out_outlives_a_restart(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for _ in range(5):
            with pytest.raises(Rejected, match="bad_credentials"):
                await world.sessions.log_in("1001", "wrong")
    async with open_world(tmp_path) as world:
        with pytest.raises(Rejected, match="locked_out"):
            await world.sessions.log_in("1001", PASSWORD)


async def test_a_session_ends_when_nobody_works(world: World) -> None:
    token = await world.log_in()
    for _ in range(10):
        world.pass_time(29 * 60)
        assert (await who(world, bearer(token)))["kind"] == "staff"
    world.pass_time(30 * 60)
    async with world.http.get(f"{world.base}/api/session", headers=bearer(token)) as answer:
        await problem(answer, 401, "unauthenticated")


async def test_a_session_ends_after_twelve_hours_of_work(world: World) -> None:
    token = await world.log_in()
    for _ in range(47):
        world.pass_time(15 * 60)
        assert (await who(world, bearer(token)))["kind"] == "staff"
    world.pass_time(15 * 60)
    assert not world.sessions.alive(digest_of(token))


async def test_a_step_of_the_branch_clock_logs_nobody_out(world: World) -> None:
    token = await world.log_in()
    world.clock.advance(20 * 3600)
    assert (await who(world, bearer(token)))["kind"] == "staff"


async def test_a_session_outlives_a_restart_with_its_idle_time(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        token = await world.log_in()
        forgotten = await world.log_in("9001")
        world.pass_time(20 * 60)
        await who(world, bearer(token))
    async with open_world(tmp_path) as world:
        world.pass_time(45 * 60)
        assert (await who(world, bearer(token)))["actor"] == "staff:1001"
        async with world.http.get(f"{world.base}/api/session", headers=bearer(forgotten)) as answer:
            await problem(answer, 401, "unauthenticated")


async def test_roles_taken_away_are_gone_within_a_minute_or_at_once(world: World) -> None:
    token = await world.log_in()
    world.staffroom.members["1001"] = Staff("1001", "王小明", frozenset({"admin"}))
    world.pass_time(60)
    assert (await who(world, bearer(token)))["roles"] == ["admin"]
    world.staffroom.members["1001"] = Staff("1001", "王小明", frozenset())
    world.sessions.refresh("1001")
    assert (await who(world, bearer(token)))["roles"] == []
    del world.staffroom.members["1001"]
    world.pass_time(60)
    async with world.http.get(f"{world.base}/api/session", headers=bearer(token)) as answer:
        await problem(answer, 401, "unauthenticated")


async def test_a_new_password_ends_the_sessions(world: World) -> None:
    token = await world.log_in()
    await world.sessions.set_password("1001", "another one")
    assert not world.sessions.alive(digest_of(token))
    with pytest.raises(Rejected, match="bad_credentials"):
        await world.log_in()
    await world.sessions.log_in("1001", "another one")


async def test_the_ninth_session_of_somebody_ends_the_first(world: World) -> None:
    tokens = []
    for _ in range(9):
        world.pass_time(1)
        tokens.append(await world.log_in())
    assert [world.sessions.alive(digest_of(token)) for token in tokens] == [False] + [True] * 8


async def test_logging_in_is_limited_by_address_too(tmp_path: Path) -> None:
    async with open_world(tmp_path, limits=WebLimits(login=Rate(0.01, 2))) as world:
        statuses = []
        for number in range(3):
            body = {"staff_no": f"77{number}", "password": "x"}
            async with world.http.post(f"{world.base}/api/session", json=body) as answer:
                statuses.append(answer.status)
        assert statuses == [401, 401, 429]


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("core.db*"))


async def test_nothing_on_disk_lets_anybody_in(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        token = await world.log_in()
    stored = on_disk(tmp_path)
    for secret in (token, KIOSK_TOKEN, PASSWORD):
        assert secret.encode() not in stored


# --- cookies


async def test_a_cookie_alone_reads_but_writes_only_from_our_own_page(world: World) -> None:
    token = await world.log_in()
    [ticket] = await world.take()
    cookie = {"Cookie": f"other=1; bb_session={token}"}
    host = world.base.removeprefix("http://")
    assert (await who(world, cookie))["actor"] == "staff:1001"
    path = f"{world.base}/api/tickets/{ticket['id']}/call"
    refused: list[dict[str, str]] = [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": world.base},
    ]
    for headers in refused:
        async with world.http.post(path, headers={**cookie, **headers}) as answer:
            await problem(answer, 403, "cross_site")
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": f"http://{host}"}):
        async with world.http.post(path, headers={**cookie, **headers}) as answer:
            assert answer.status == 200


async def test_another_site_cannot_log_a_visitor_in(world: World) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with world.http.post(f"{world.base}/api/session", json=RIGHT, headers=headers) as answer:
        await problem(answer, 403, "cross_site")


async def test_a_stale_cookie_does_not_stop_a_new_log_in(world: World) -> None:
    headers = {"Cookie": "bb_session=bbs_stale", "Sec-Fetch-Site": "same-origin"}
    async with world.http.post(f"{world.base}/api/session", json=RIGHT, headers=headers) as answer:
        assert answer.status == 200


# --- the matrix


MATRIX = {
    # caller: (take a number, call a number, watch, who am I)
    "nobody": (401, 401, 401, 200),
    "teller": (403, 404, 200, 200),
    "admin": (403, 403, 200, 200),
    "kiosk": (201, 403, 403, 200),
    "display": (403, 403, 200, 200),
    "phone": (403, 403, 403, 200),
    "stranger": (401, 401, 401, 401),
    "basic": (401, 401, 401, 401),
}


async def headers_of(world: World, caller: str) -> dict[str, str]:
    match caller:
        case "nobody":
            return {}
        case "basic":
            return {"Authorization": "Basic MTAwMTpicmFuY2hib3g="}
        case "phone":
            [ticket] = await world.take()
            return bearer(ticket["token"])
        case "teller" | "admin":
            return bearer(await world.log_in("1001" if caller == "teller" else "9001"))
    return bearer({"kiosk": KIOSK_TOKEN, "display": DISPLAY_TOKEN}.get(caller, "bbd_unknown"))


@pytest.mark.parametrize("caller", MATRIX)
async def test_each_caller_gets_what_the_tables_say(world: World, caller: str) -> None:
    headers = await headers_of(world, caller)
    statuses = []
    for method, path, body in (
        ("POST", "/api/tickets", TAKE),
        ("POST", "/api/tickets/none/call", None),
        ("GET", "/api/tickets", None),
        ("GET", "/api/whoami", None),
    ):
        async with world.http.request(method, world.base + path, json=body, headers=headers) as answer:
            statuses.append(409 if answer.status == 404 and caller != "teller" else answer.status)
    expected = list(MATRIX[caller])
    if caller == "teller":  # the capability declares no problem for it, so its refusal is a conflict
        expected[1] = 409
    assert statuses == expected


async def test_the_guests_listener_knows_phones_only(world: World) -> None:
    [ticket] = await world.take()
    phone = await who(world, bearer(ticket["token"]), base=world.guest_base)
    assert phone == {"kind": "phone", "actor": "phone", "owner": f"phone:{ticket['id']}", "roles": []}
    for token in (KIOSK_TOKEN, await world.log_in()):
        async with world.http.get(f"{world.guest_base}/api/whoami", headers=bearer(token)) as answer:
            await problem(answer, 401, "unauthenticated")
    cookie = {"Cookie": f"bb_session={await world.log_in()}"}
    assert (await who(world, cookie, base=world.guest_base))["kind"] == "anonymous"


@pytest.mark.parametrize("token", ["", " ", "\udcff\udcfe", "bbs_\udcff", "x" * 5000])
async def test_tokens_that_are_nonsense_are_refused(world: World, token: str) -> None:
    address = world.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(address[0], int(address[1]))
    head = f"GET /api/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode("utf-8", "surrogateescape"))
    assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


# --- devices


async def test_an_administrator_enrols_and_revokes_a_device(world: World) -> None:
    headers = bearer(await world.log_in("9001"))
    body = {"device": "kiosk-9", "role": "kiosk"}
    async with world.http.post(f"{world.base}/api/enrolments", json=body, headers=headers) as answer:
        assert answer.status == 201
        token = (await answer.json())["token"]
    assert (await who(world, bearer(token)))["actor"] == "device:kiosk-9"
    async with world.http.get(f"{world.base}/api/enrolments", headers=headers) as answer:
        listed = (await answer.json())["devices"]
    assert [(one["device"], one["enrolled_by"]) for one in listed][-1] == ("kiosk-9", "staff:9001")
    async with world.http.delete(f"{world.base}/api/enrolments/kiosk-9", headers=headers) as answer:
        assert answer.status == 204
    async with world.http.get(f"{world.base}/api/whoami", headers=bearer(token)) as answer:
        await problem(answer, 401, "unauthenticated")
    async with world.http.delete(f"{world.base}/api/enrolments/kiosk-9", headers=headers) as answer:
        await problem(answer, 404, "device_not_enrolled")


async def test_a_second_enrolment_replaces_the_first(world: World) -> None:
    first = await world.devices.enrol("lobby-1", "display", by="system")
    second = await world.devices.enrol("lobby-1", "kiosk", by="system")
    assert world.devices.resolve(digest_of(first)) is None
    found = world.devices.resolve(digest_of(second))
    assert found is not None
    assert found.permissions == {"till.take"}


async def test_a_fixed_token_must_look_like_one(world: World) -> None:
    with pytest.raises(ValueError, match="bbd_"):
        await world.devices.enrol("lobby-1", "display", by="system", token="short")


def test_a_role_that_no_table_knows_opens_nothing() -> None:
    table = Permissions({"teller": {"queue.call_next"}})
    assert table.of({"teller", "emperor"}) == {"queue.call_next"}
    assert table.of({"emperor"}) == frozenset()
    assert not table.granted("queue.reign")
