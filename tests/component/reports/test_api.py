"""Reports over HTTP on a real branch: the screen, the workbook and the page to print agree, and a bad question is answered."""

import io
from collections.abc import Iterator
from typing import Any, Final

import openpyxl
import pytest
import requests

from edge.reports.catalogue import REPORTS
from edge.reports.excel import HEAD_ROWS, MEDIA_TYPE
from tests.component.reports.workbook import as_on_screen
from tests.harness.programs import BranchProcess

CLOCK: Final = "2026-03-02T09:00:00+08:00"
TIMEOUT_S: Final = 30


class Caller:
    """Somebody with a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.tickets: list[dict[str, Any]] = []
        """Those it took."""

    def get(self, path: str, language: str = "zh-CN", **query: Any) -> requests.Response:
        headers = {**self.headers, "Accept-Language": language}
        return requests.get(self.url + path, params=query, headers=headers, timeout=TIMEOUT_S)

    def post(self, path: str, body: Any) -> Any:
        answer = requests.post(self.url + path, json=body, headers=self.headers, timeout=TIMEOUT_S)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch"), options=("--clock", CLOCK)) as running:
        yield running


def log_in(branch: BranchProcess, staff_no: str) -> Caller:
    who = {"staff_no": staff_no, "password": "branchbox"}
    return Caller(branch.url, requests.post(f"{branch.url}/api/session", json=who, timeout=TIMEOUT_S).json()["token"])


@pytest.fixture(scope="module")
def admin(branch: BranchProcess) -> Caller:
    """The administrator, after three customers: one is served and content, one is called, one waits."""
    boss, teller = log_in(branch, "9001"), log_in(branch, "1001")
    counter = requests.get(f"{branch.url}/sandbox", timeout=TIMEOUT_S).json()["counters"][0]["id"]
    tickets = boss.tickets = [boss.post("/api/tickets", {"service": "personal", "channel": "lobby"}) for _ in range(3)]
    teller.post(f"/api/counters/{counter}/sign-in", {})
    requests.post(f"{branch.url}/sandbox/clock", json={"advance_s": 720}, timeout=TIMEOUT_S)
    teller.post(f"/api/counters/{counter}/next", {})
    teller.post(f"/api/counters/{counter}/serve", {})
    requests.post(f"{branch.url}/sandbox/clock", json={"advance_s": 120}, timeout=TIMEOUT_S)
    teller.post(f"/api/counters/{counter}/next", {})
    boss.post("/api/ratings", {"token": tickets[0]["token"], "score": 5})
    return boss


def test_the_list_names_every_report(admin: Caller) -> None:
    listed = admin.get("/api/reports").json()["reports"]
    assert [one["name"] for one in listed] == list(REPORTS)
    assert all(one["title"] and one["title_en"] for one in listed)


def test_the_open_day_is_on_the_screen_at_once(admin: Caller) -> None:
    shown = admin.get("/api/reports/wait-times", period="day").json()
    assert shown["edition"]["open_days"] == ["2026-03-02"]
    assert "未结" in shown["edition"]["text"]
    (row,) = [dict(zip([column["name"] for column in shown["columns"]], row, strict=True)) for row in shown["rows"]]
    assert (row["taken"], row["called"], row["finished"], row["within_20"]) == (3, 2, 1, 2)
    assert row["tier"] == "普卡"
    assert shown["total"][4] == 3


NOTHING_YET = {"device-health", "appointments", "appointment-detail"}
"""Devices need a day that has ended; nobody booked. `test_reports.py` has both."""


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in NOTHING_YET])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_s24_the_workbook_equals_the_screen(admin: Caller, name: str, language: str) -> None:
    """Served at one moment of a still clock they would be equal; a running one may add a hundredth to what still goes on."""
    asked = {"from": "2026-03-02", "to": "2026-03-02", "language": language}
    shown = admin.get(f"/api/reports/{name}", **asked).json()
    answer = admin.get(f"/api/reports/{name}", format="xlsx", **asked)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, MEDIA_TYPE)
    assert f'filename="{name}-2026-03-02-2026-03-02.xlsx"' in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    columns = shown["columns"]
    cells = [list(row) for row in sheet.iter_rows(min_row=HEAD_ROWS, max_col=len(columns), values_only=True)]
    assert cells[0] == [column["title_en" if language == "en" else "title"] for column in columns]
    expected = [*shown["rows"], *([shown["total"]] if shown["total"] else [])]
    assert expected
    assert len(cells) == len(expected) + 1
    for found, row in zip(cells[1:], expected, strict=True):
        assert as_on_screen(found) == pytest.approx(row, abs=0.2)


def test_the_page_to_print_links_its_own_style(admin: Caller) -> None:
    answer = admin.get("/api/reports/ticket-detail", format="print")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.count("<tr>") == 4
    assert '<span class="open">未结</span>' in answer.text
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    style = admin.get("/api/reports/print.css")
    assert style.headers["Content-Type"].startswith("text/css")
    assert "A4 landscape" in style.text


def test_a_number_leads_to_its_tickets(admin: Caller) -> None:
    shown = admin.get("/api/reports/wait-times").json()
    names = [column["name"] for column in shown["columns"]]
    drill = shown["columns"][names.index("finished")]["drill"]
    behind = admin.get(f"/api/reports/{drill['report']}", **{**shown["at"][0], **drill["query"]}).json()
    assert len(behind["rows"]) == shown["rows"][0][names.index("finished")] == 1


def test_pages_of_rows(admin: Caller) -> None:
    first = admin.get("/api/reports/ticket-detail", limit=2).json()
    second = admin.get("/api/reports/ticket-detail", limit=2, offset=2).json()
    assert (len(first["rows"]), first["truncated"]) == (2, True)
    assert (len(second["rows"]), second["truncated"]) == (1, False)
    answer = admin.get("/api/reports/ticket-detail", limit=2, format="print")
    assert (answer.status_code, answer.json()["code"]) == (413, "report_too_large")


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("no-such-report", {}, 404, "unknown_report"),
        ("wait-times", {"from": "2026-03-02", "to": "2026-03-01"}, 400, "invalid_period"),
        ("wait-times", {"from": "0001-01-01"}, 400, "invalid_period"),
        ("wait-times", {"from": "2020-01-01", "to": "2026-01-01"}, 400, "invalid_period"),
        ("wait-times", {"from": "yesterday"}, 400, "invalid_request"),
        ("wait-times", {"period": "week"}, 400, "invalid_request"),
        ("wait-times", {"tier": "platinum"}, 400, "invalid_request"),
        ("wait-times", {"target": "0"}, 400, "invalid_request"),
        ("wait-times", {"format": "csv"}, 400, "invalid_request"),
        ("wait-times", {"drop": "table"}, 400, "invalid_request"),
        ("wait-times", {"band": "09:00"}, 400, "filter_not_supported"),
        ("attendance", {"service": "personal"}, 400, "filter_not_supported"),
        ("ticket-detail", {"band": "09:15"}, 400, "invalid_request"),
        ("ticket-detail", {"score": "6"}, 400, "invalid_request"),
        ("ticket-detail", {"limit": "100000"}, 400, "invalid_request"),
    ],
)
def test_a_bad_question_gets_a_problem(admin: Caller, path: str, query: dict[str, str], status: int, code: str) -> None:
    answer = admin.get(f"/api/reports/{path}", **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_an_unknown_service_is_nobody(admin: Caller) -> None:
    shown = admin.get("/api/reports/wait-times", service="'; DROP TABLE ticket; --").json()
    assert (shown["rows"], shown["total"]) == ([], None)


def test_tellers_see_no_reports(branch: BranchProcess) -> None:
    assert log_in(branch, "1001").get("/api/reports/wait-times").status_code == 403


def test_a_period_long_ago_is_empty(admin: Caller) -> None:
    shown = admin.get("/api/reports/traffic", period="year", **{"from": "2020-05-05"}).json()
    assert (shown["first"], shown["last"], shown["rows"]) == ("2020-01-01", "2020-12-31", [])
    assert shown["edition"]["days"] == 0


def test_s25_a_closed_day_is_settled_and_a_late_opinion_raises_its_version(branch: BranchProcess, admin: Caller) -> None:
    """The last test of this file: it ends the day, with somebody still being served."""
    teller = log_in(branch, "1001")
    teller.post(f"/api/counters/{teller.get('/api/session').json()['counter']['id']}/serve", {})
    admin.post("/api/day/close", {})
    asked = {"from": "2026-03-02", "to": "2026-03-02"}
    settled = admin.get("/api/reports/satisfaction", **asked).json()
    assert (settled["edition"]["version"], settled["edition"]["open_days"]) == (1, [])
    requests.post(f"{branch.url}/sandbox/clock", json={"advance_s": 86_400}, timeout=TIMEOUT_S)
    detail = admin.get("/api/reports/ticket-detail", **asked, rated="false", result="finished").json()
    number = detail["rows"][0][3]
    ticket = next(t for t in admin.tickets if t["number"] == number)
    admin.post("/api/ratings", {"token": ticket["token"], "score": 1, "reasons": []})
    late = admin.get("/api/reports/satisfaction", **asked).json()
    assert late["edition"]["version"] == 2
    assert late["total"][-1] != settled["total"][-1] or late["rows"] != settled["rows"]
