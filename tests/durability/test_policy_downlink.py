"""S26 with two real processes: head office publishes from its shell; the outlet follows, asks, and goes on without the line."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.harness.api import Api
from tests.harness.programs import ROOT, BranchProcess, HeadOfficeProcess

POLL_S: Final = 0.05
ONLINE_S: Final = 60.0
"""A change must be at the outlet within a minute (S26)."""
T: Final = "queue.promote.normal_wait_s"
N: Final = "queue.promote.normal_count"


class Shell:
    """Head office's operator."""

    def __init__(self, office: HeadOfficeProcess, folder: Path) -> None:
        self._office = office
        self._folder = folder

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        options = ["--url", self._office.url, "--data", str(self._office.data)] if arguments[0] != "check" else []
        command = [sys.executable, "-m", "edge", "headoffice", "policy", arguments[0], *options, *arguments[1:]]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    async def do(self, *arguments: str) -> str:
        done = await asyncio.to_thread(self.run, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def publish(self, scope: str, values: dict[str, Any]) -> str:
        file = self._folder / "policy.json"
        file.write_bytes(msgspec.json.encode({"scope": scope, "values": values}))
        return await self.do("publish", str(file))


async def held(admin: Api, policy: str, when: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the outlet's own explanation says so, as long as a branch that is online may take (S26)."""

    async def so() -> bool:
        return when(await admin.get(f"/api/policy/{policy}"))

    await until(so)


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(int(ONLINE_S / POLL_S)):
        if await so():
            return
        await asyncio.sleep(POLL_S)
    pytest.fail(f"not so within {ONLINE_S:.0f} s")


async def test_s26_from_head_office_to_the_outlet_and_back(tmp_path: Path) -> None:
    with (
        HeadOfficeProcess(tmp_path / "office") as office,
        BranchProcess(tmp_path / "branch", head_office=office.url) as branch,
    ):
        shell = Shell(office, tmp_path)
        async with Api(branch.url) as guest:
            admin = await guest.as_staff("9001")
            await shell.publish("head_office", {T: {"value": 1800, "lock": True}})
            await held(admin, T, lambda one: one["value"] == 1800)
            await shell.publish("region:gd", {N: {"value": 10}})
            await shell.do("region", "0001", "gd", "广东分行")
            await held(admin, N, lambda one: (one["value"], one["level"]) == (10, "region"))

            await admin.send("PUT", f"/api/policy/{N}", {"value": 8})
            refused = await admin.send("PUT", f"/api/policy/{T}", {"value": 3600, "reason": "客户少"})
            assert (refused.status, refused.code, refused.body["facts"]["level"]) == (409, "policy_locked", "head_office")
            asked = refused.body["facts"]["request"]

            async def heard() -> bool:
                return asked in await shell.do("requests")

            await until(heard)
            await guest.post("/sandbox/wan", {"up": False})
            await shell.do("answer", "--yes", "--by", "总行运营部", "0001", asked)
            await shell.publish("region:gd", {N: {"value": 12, "lock": True}})
            one = await admin.get(f"/api/policy/{N}")
            assert (one["value"], one["level"], one["locked_by"]) == (8, "outlet", None)

            await guest.post("/sandbox/wan", {"up": True})
            await held(admin, N, lambda one: (one["value"], one["locked_by"]) == (12, "region"))
            await held(admin, T, lambda one: (one["value"], one["level"]) == (3600, "outlet"))

        branch.restart()
        office.kill()
        async with Api(branch.url) as guest:
            admin = await guest.as_staff("9001")
            assert (await admin.get(f"/api/policy/{N}"))["value"] == 12
        assert branch.verify().returncode == 0


async def test_a_file_with_a_fault_does_not_leave_head_office(tmp_path: Path) -> None:
    with HeadOfficeProcess(tmp_path / "office") as office:
        shell = Shell(office, tmp_path)
        file = tmp_path / "bad.json"
        file.write_bytes(
            msgspec.json.encode({"scope": "head_office", "values": {N: {"value": 0}, "queue.nothing": {"value": 1}}})
        )
        for command in ("check", "publish"):
            done = await asyncio.to_thread(shell.run, command, str(file))
            assert done.returncode == 64
            assert N in done.stderr
            assert "queue.nothing" in done.stderr
        assert "head_office" not in await shell.do("list")
