"""Consents and unmasking over HTTP on a real branch: who may, what is refused, and in whose language."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from tests.harness.programs import BranchProcess

TIMEOUT_S: Final = 30
EVIDENCE: Final = "ab" * 32
CONSENT: Final = {"purpose": "marketing", "version": 2, "evidence": EVIDENCE}


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch")) as running:
        yield running


def token(branch: BranchProcess, staff_no: str) -> dict[str, str]:
    who = {"staff_no": staff_no, "password": "branchbox"}
    given = requests.post(f"{branch.url}/api/session", json=who, timeout=TIMEOUT_S).json()["token"]
    return {"Authorization": f"Bearer {given}"}


def post(branch: BranchProcess, path: str, body: Any, headers: dict[str, str]) -> requests.Response:
    return requests.post(f"{branch.url}/api/customers/{path}", json=body, headers=headers, timeout=TIMEOUT_S)


def test_a_teller_takes_a_consent_down_and_back(branch: BranchProcess) -> None:
    teller = token(branch, "1001")
    given = post(branch, "c-demo-4/consents", CONSENT, teller).json()
    assert given["in_force"] == ["marketing"]
    assert given["lines"][0]["given_to"] == "staff:1001"
    gone = post(branch, "c-demo-4/consents/withdraw", {"purpose": "marketing"}, teller).json()
    assert gone["in_force"] == []
    shown = requests.get(f"{branch.url}/api/customers/c-demo-4/consents", headers=teller, timeout=TIMEOUT_S).json()
    assert shown == gone


def test_an_older_text_is_refused_in_the_readers_language(branch: BranchProcess) -> None:
    teller = token(branch, "1001")
    assert post(branch, "c-demo-5/consents", CONSENT, teller).status_code == 200
    older = {**CONSENT, "version": 1}
    titles = [
        post(branch, "c-demo-5/consents", older, {**teller, "Accept-Language": language}).json()["title"]
        for language in ("zh-CN", "en")
    ]
    assert titles == ["客户已同意更新版本的文本", "The customer has agreed to a newer version of this text"]


@pytest.mark.parametrize("wrong", [{"purpose": "anything"}, {"version": 0}, {"evidence": "张三"}, {"reason": "because"}])
def test_what_makes_no_sense_is_not_taken_down(branch: BranchProcess, wrong: dict[str, Any]) -> None:
    assert post(branch, "c-demo-1/consents", {**CONSENT, **wrong}, token(branch, "1001")).status_code == 400


def test_a_stranger_has_no_ledger_and_nobody_reads_one_without_a_session(branch: BranchProcess) -> None:
    url = f"{branch.url}/api/customers/c-nobody/consents"
    assert requests.get(url, headers=token(branch, "1001"), timeout=TIMEOUT_S).json()["code"] == "no_such_customer"
    assert requests.get(url, timeout=TIMEOUT_S).status_code == 401


def test_a_name_is_shown_to_whoever_says_why_and_counted_once_for_a_repeat(branch: BranchProcess) -> None:
    teller = {**token(branch, "1002"), "Idempotency-Key": "unmask-once"}
    first = post(branch, "c-demo-4/unmask", {"purpose": "serve"}, teller)
    assert first.json() == {"name": "黄德明", "phone": None, "left_today": 19}
    assert post(branch, "c-demo-4/unmask", {"purpose": "serve"}, teller).json() == first.json()
    again = {**teller, "Idempotency-Key": "unmask-twice"}
    assert post(branch, "c-demo-4/unmask", {"purpose": "contact"}, again).json()["left_today"] == 18


def test_a_manager_sees_who_saw_whose_name_and_why_and_a_teller_does_not(branch: BranchProcess) -> None:
    for purpose in ("verify", "complaint"):
        post(branch, "c-demo-5/unmask", {"purpose": purpose}, {**token(branch, "1003"), "Idempotency-Key": f"seen-{purpose}"})
    url = f"{branch.url}/api/unmaskings?staff=1003"
    shown = requests.get(url, headers=token(branch, "9001"), timeout=TIMEOUT_S).json()
    told = [(one["staff"], one["staff_name"], one["customer"], one["purpose"]) for one in shown["unmaskings"]]
    assert told == [("1003", "张敏", "c-demo-5", "complaint"), ("1003", "张敏", "c-demo-5", "verify")]
    assert all(one["name"][0] != "*" and set(one["name"][1:]) == {"*"} for one in shown["unmaskings"])
    assert requests.get(url, headers=token(branch, "1003"), timeout=TIMEOUT_S).status_code == 403
    assert (
        requests.get(url + "&from=1999-01-01&to=1999-01-02", headers=token(branch, "9001"), timeout=TIMEOUT_S).json()[
            "unmaskings"
        ]
        == []
    )


def test_staff_see_what_is_kept_how_long_and_what_goes_next(branch: BranchProcess) -> None:
    shown = requests.get(f"{branch.url}/api/retention", headers=token(branch, "2001"), timeout=TIMEOUT_S).json()
    assert [shown[name] for name in ("visit_contact_days", "index_usable_days", "index_kept_days")] == [7, 30, 90]
    assert shown["rating_comment_days"] == 180
    assert {**shown["due"], "day": ""} == {"day": "", "contacts": 0, "customers": 0, "comments": 0, "more": False}
    refused = requests.get(f"{branch.url}/api/retention", headers=token(branch, "1001"), timeout=TIMEOUT_S)
    assert refused.status_code == 403


def test_nobody_sees_a_name_without_a_reason_or_of_a_stranger(branch: BranchProcess) -> None:
    teller = token(branch, "1002")
    assert post(branch, "c-demo-4/unmask", {}, teller).status_code == 400
    assert post(branch, "c-nobody/unmask", {"purpose": "serve"}, teller).json()["code"] == "no_such_customer"
