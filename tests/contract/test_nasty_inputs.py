"""What hostile or broken callers send, by hand: always a clear refusal that programs can read, and the box goes on."""

import json
import socket
from typing import Any, Final

import pytest
import requests

from tests.harness.programs import BranchProcess

PROBLEM: Final = "application/problem+json"
MEGABYTE: Final = 1024 * 1024
ISSUE: Final = "/api/tickets"


class Caller:
    """Somebody with a token, or without one."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, raw: bytes | None = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", **self.headers, **named}
        return requests.request(method, self.url + path, data=raw, headers=sent, timeout=20)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        return self.send("POST", path, json.dumps(body).encode(), **headers)


@pytest.fixture
def kiosk(branch: BranchProcess, tokens: dict[str, str]) -> Caller:
    return Caller(branch.url, tokens["kiosk"])


@pytest.fixture
def admin(branch: BranchProcess, tokens: dict[str, str]) -> Caller:
    return Caller(branch.url, tokens["admin"])


def refused(answer: requests.Response, status: int, code: str) -> None:
    """The one form of every refusal, and nothing of the box's inside in it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM), answer.text
    body = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["title"]
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text


NOT_JSON: Final = {
    "broken": b'{"service": "personal"',
    "not an object": b'["personal"]',
    "a bare word": b"personal",
    "two documents": b'{"service":"personal"}{"service":"personal"}',
    "not UTF-8": b'{"service":"\xff\xfe"}',
    "half a surrogate": b'{"service":"\\ud800"}',
    "nested deeply": b'{"service":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a huge number": b'{"service":' + b"9" * 5_000 + b"}",
    "not a number": b'{"service":NaN}',
    "an unknown field": b'{"service":"personal","number":"A999"}',
    "a wrong type": b'{"service":{"$gt":""}}',
    "an unknown language": b'{"service":"personal","language":"tlh"}',
    "nothing": b"",
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_body_that_is_not_the_declared_one(kiosk: Caller, raw: bytes) -> None:
    refused(kiosk.send("POST", ISSUE, raw), 400, "invalid_request")


TEXTS: Final = {
    "NUL": "personal\x00",
    "emoji": "🏦" * 20,
    "right to left": "\u202epersonal\u202c",
    "SQL": "personal' OR 1=1;--",
    "a path": "../../etc/passwd",
    "a template": "{{7*7}}${7*7}",
    "markup": "<script>alert(1)</script>",
    "lines": "personal\r\nX-Evil: 1",
    "combining": "pérsonal" + "\u0301" * 40,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_strange_text_is_only_a_text(kiosk: Caller, text: str) -> None:
    refused(kiosk.post(ISSUE, {"service": text}), 404, "unknown_service")
    refused(kiosk.post(ISSUE, {"service": "personal", "identity": {"kind": text, "value": text}}), 400, "invalid_identity")
    refused(kiosk.post(ISSUE, {"service": "personal", "identity": {"kind": "id_card", "value": text}}), 400, "invalid_identity")
    refused(kiosk.post(ISSUE, {"service": "personal", "phone": text}), 400, "invalid_identity")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_strange_reason_is_kept_as_it_is(admin: Caller, kiosk: Caller, text: str) -> None:
    ticket = kiosk.post(ISSUE, {"service": "personal", "channel": "lobby"}).json()
    answer = admin.post(f"{ISSUE}/{ticket['id']}/cancel", {"reason": text})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


def test_only_json_and_not_too_much_of_it(kiosk: Caller) -> None:
    fine = b'{"service":"personal"}'
    for kind in ("text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "JSON"):
        refused(kiosk.send("POST", ISSUE, fine, Content_Type=kind), 415, "unsupported_media_type")
    refused(kiosk.send("POST", ISSUE, b'{"service":"' + b"x" * MEGABYTE + b'"}'), 413, "body_too_large")


def test_a_flood_without_a_declared_length_is_cut_off(branch: BranchProcess, tokens: dict[str, str]) -> None:
    def flood() -> Any:
        for _ in range(64):
            yield b"x" * (MEGABYTE // 16)

    headers = {"Authorization": f"Bearer {tokens['kiosk']}", "Content-Type": "application/json"}
    try:
        answer = requests.post(branch.url + ISSUE, data=flood(), headers=headers, timeout=20)
    except requests.ConnectionError:
        return  # closed in the middle of the flood
    refused(answer, 413, "body_too_large")


KEYS: Final = {"too long": "k" * 5_000, "not ASCII": "ключ".encode().decode("latin-1")}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_an_idempotency_key_that_is_none(kiosk: Caller, key: str) -> None:
    answer = kiosk.post(ISSUE, {"service": "personal"}, Idempotency_Key=key)
    assert 400 <= answer.status_code < 500, answer.text


def test_one_key_for_two_wishes(kiosk: Caller) -> None:
    first = kiosk.post(ISSUE, {"service": "personal"}, Idempotency_Key="two-wishes")
    assert kiosk.post(ISSUE, {"service": "personal"}, Idempotency_Key="two-wishes").json() == first.json()
    refused(kiosk.post(ISSUE, {"service": "corporate"}, Idempotency_Key="two-wishes"), 422, "idempotency_conflict")


PATHS: Final = (
    "/assets/../../../../etc/passwd",
    "/assets/%2e%2e/%2e%2e/server.py",
    "/assets/..%2f..%2fserver.py",
    "/audio/..%5c..%5cserver.py",
    "/assets/%00",
    "/audio//etc/passwd",
    "/t/../api/tickets",
    "/api/tickets/..%2f..%2fcounters",
    "/api/counters/%00",
    "/api/tickets/" + "9" * 5_000,
    "/api/t/" + "%F0%9F%8F%A6" * 8,
    "/api/reports/..%2f..%2fticket-detail",
    "/sandbox/devices/printer-1/pictures/..%2f1.png",
    "/sandbox/devices/..%2f..%2f/output",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leads_nowhere_else(branch: BranchProcess, tokens: dict[str, str], path: str) -> None:
    """Sent as it is, which an HTTP library would not do."""
    status, _, body = _raw(branch, f"GET {path} HTTP/1.1\r\nAuthorization: Bearer {tokens['admin']}")
    assert status in {400, 404, 414}, (status, body[:300])
    assert b"root:" not in body
    assert b"import " not in body


HEADERS: Final = {
    "a second line in a header": "GET /api/branch HTTP/1.1\r\nX: a\rSet-Cookie: b",
    "no host": "GET /api/branch HTTP/1.0",
    "an enormous header": "GET /api/branch HTTP/1.1\r\nX: " + "x" * 70_000,
    "a header per word": "GET /api/branch HTTP/1.1\r\n" + "\r\n".join(f"X-{n}: 1" for n in range(3_000)),
    "two lengths": "POST /api/session HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3",
    "a negative length": "POST /api/session HTTP/1.1\r\nContent-Length: -1",
    "a length and chunks": "POST /api/session HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
    "an unknown method": "BREW /api/branch HTTP/1.1",
    "an unknown version": "GET /api/branch HTTP/9.9",
    "no request at all": "\x16\x03\x01\x02\x00\x01\x00\x01",
    "a foreign host": "GET /kiosk HTTP/1.1\r\nHost: evil.example'; script-src *",
    "a strange token": "GET /api/tickets HTTP/1.1\r\nAuthorization: Bearer \x01\x02",
    "another scheme": "GET /api/tickets HTTP/1.1\r\nAuthorization: Basic YWRtaW46YWRtaW4=",
    "a strange cookie": "GET /api/tickets HTTP/1.1\r\nCookie: bb_session=%00; ;;;=;bb_session",
}


@pytest.mark.parametrize("head", HEADERS.values(), ids=HEADERS.keys())
def test_a_broken_head_breaks_nothing(branch: BranchProcess, head: str) -> None:
    status, headers, body = _raw(branch, head)
    assert status == 0 or status < 500, (status, body[:300])
    assert b"script-src *" not in headers
    assert requests.get(f"{branch.url}/health", timeout=10).status_code == 200


def test_what_is_typed_never_becomes_a_header(kiosk: Caller, admin: Caller) -> None:
    evil = "x\r\nX-Evil: 1"
    for answer in (
        kiosk.post(ISSUE, {"service": evil}),
        kiosk.send("GET", "/api/tickets?state=%0d%0aX-Evil:%201"),
        admin.send("GET", "/api/reports/ticket-detail?period=day&from=%0d%0aX-Evil:%201&format=xlsx"),
        admin.send("GET", "/api/counters/%0d%0aX-Evil:%201"),
    ):
        assert "X-Evil" not in answer.headers
        assert answer.status_code < 500


CLOCKS: Final = (
    {"now": "9999-12-31T23:59:59Z"},
    {"now": "0001-01-01T00:00:00+14:00"},
    {"advance_s": 1e308},
    {"advance_s": -1e16},
    {"now": "2026-03-02T09:00:00Z", "advance_s": 1e12},
)


@pytest.mark.parametrize("wish", CLOCKS, ids=str)
def test_the_sandbox_clock_goes_only_where_dates_can_be_printed(branch: BranchProcess, wish: dict[str, Any]) -> None:
    refused(Caller(branch.url, None).post("/sandbox/clock", wish), 400, "clock_out_of_range")
    assert requests.get(f"{branch.url}/api/branch", timeout=10).json()["now"].startswith("2026-")


def test_others_are_not_told_more_than_that_there_is_nothing(branch: BranchProcess) -> None:
    """Garbage phone tokens, staff tokens in a phone's place, a phone's path on a staff route."""
    nobody = Caller(branch.url, None)
    for token in ("x", "0" * 32, "-" * 32, "A" * 4_000, "bbs_" + "0" * 64):
        answer = nobody.send("GET", f"/api/t/{token}")
        refused(answer, 404, "unknown_ticket")
        refused(nobody.post("/api/ratings", {"token": token[:64], "score": 1}), 404, "unknown_ticket")
    refused(nobody.send("GET", "/api/tickets"), 401, "unauthenticated")
    refused(Caller(branch.url, "bbs_nothing").send("GET", "/api/branch"), 401, "unauthenticated")


def test_a_rating_is_one_of_five_once(branch: BranchProcess, kiosk: Caller) -> None:
    ticket = kiosk.post(ISSUE, {"service": "wealth", "channel": "lobby"}).json()
    phone = Caller(branch.url, None)
    for score in (0, 6, -1, 1e400, "5", 4.5, None, True):
        refused(phone.post("/api/ratings", {"token": ticket["token"], "score": score}), 400, "invalid_request")
    refused(phone.post("/api/ratings", {"token": ticket["token"], "score": 5}), 409, "not_served_yet")
    refused(phone.post("/api/ratings", {"ticket": ticket["id"], "score": 5}), 404, "unknown_ticket")
    many = {"token": ticket["token"], "score": 5, "reasons": ["x"] * 100}
    refused(phone.post("/api/ratings", many), 400, "invalid_request")
    refused(phone.post("/api/ratings", {"token": ticket["token"], "score": 5, "comment": "长" * 201}), 400, "invalid_request")


def _raw(branch: BranchProcess, head: str) -> tuple[int, bytes, bytes]:
    """Send a head as it is. Returns the status (0: closed without a word), the headers and the start of the body."""
    lines = head if "\r\nHost:" in head or "HTTP/1.0" in head else head.replace(" HTTP/1.1", " HTTP/1.1\r\nHost: box", 1)
    with socket.create_connection(("127.0.0.1", branch.port), timeout=5) as line:
        line.sendall(f"{lines}\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b""
        while piece := _piece(line):
            answer += piece
    headers, _, body = answer.partition(b"\r\n\r\n")
    first = headers.split(b" ", 2)
    return int(first[1]) if len(first) > 1 else 0, headers, body


def _piece(line: socket.socket) -> bytes:
    try:
        return line.recv(65_536)
    except (ConnectionResetError, TimeoutError):
        return b""


NUMBERS_IN_WORDS: Final = ("客户电话13800000003不办了", "李 110105 19680312 0023 去填单", "card 6228-4804-0256-4890-018")


@pytest.mark.parametrize("words", NUMBERS_IN_WORDS)
def test_no_persons_number_gets_into_what_is_kept_for_good(kiosk: Caller, admin: Caller, words: str) -> None:
    ticket = kiosk.post(ISSUE, {"service": "personal", "channel": "phone"}).json()["id"]
    refused(admin.post(f"{ISSUE}/{ticket}/cancel", {"reason": words}), 400, "number_in_text")
    refused(admin.post(f"{ISSUE}/{ticket}/transfer", {"service": "fx", "reason": words}), 400, "number_in_text")
    assert admin.post(f"{ISSUE}/{ticket}/cancel", {"reason": "临时有事，10:30 再来"}).status_code == 200


def test_a_number_taken_from_afar_says_that_it_waits_for_its_holder(admin: Caller) -> None:
    identity = {"kind": "phone", "value": "13900007788"}
    answer = admin.post(ISSUE, {"service": "personal", "channel": "wechat", "identity": identity})
    assert (answer.status_code, answer.json()["state"]) == (201, "pending")


def test_a_plate_proves_nothing(kiosk: Caller) -> None:
    refused(
        kiosk.post(ISSUE, {"service": "personal", "identity": {"kind": "plate", "value": "京A12345"}}), 400, "invalid_identity"
    )
