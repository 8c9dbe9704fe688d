"""One real branch for all requests, and callers who may more or less."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from tests.harness.programs import BranchProcess

CLOCK: Final = "2026-03-02T09:00:00+08:00"


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch"), options=("--clock", CLOCK)) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(branch: BranchProcess) -> dict[str, str]:
    """A bearer token per caller; nobody has none."""
    sandbox = requests.get(f"{branch.url}/sandbox", timeout=10).json()
    who = {"staff_no": "9001", "password": "branchbox"}
    session: dict[str, Any] = requests.post(f"{branch.url}/api/session", json=who, timeout=10).json()
    return {"admin": session["token"], "kiosk": sandbox["kiosk_token"]}
