"""A real full disk under the real daemon: the reserve helps once, then a clear 507, then it goes on where it was."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.api import Api, Reply
from tests.harness.programs import BranchProcess

DISK_MIB = 72
TRIES_MAX = 4000

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of its own; needs the right to mount one."""
    there = tmp_path / "disk"
    there.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(there)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.strip()}")
    yield there
    subprocess.run(["umount", str(there)], check=True)


def fill(disk: Path, name: str) -> Path:
    """Leave no free block."""
    free = os.statvfs(disk)
    filler = disk / name
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize)
    return filler


async def take_until(kiosk: Api, status: int, numbers: list[str], prefix: str) -> str:
    """Take numbers until the answer has `status`; returns the key of that wish."""
    for turn in range(TRIES_MAX):
        key = f"{prefix}-{turn}"
        reply = await kiosk.send("POST", "/api/tickets", {"service": "personal", "channel": "phone"}, key=key)
        if reply.status == status:
            assert reply.code == "storage_full"
            return key
        assert_taken(reply, numbers)
    pytest.fail(f"no {status} after {TRIES_MAX} numbers")


def assert_taken(reply: Reply, numbers: list[str]) -> None:
    assert reply.status == 201, reply
    numbers.append(reply.body["number"])


async def test_a_full_disk_says_so_and_loses_nothing(small_disk: Path) -> None:
    data, numbers = small_disk / "branch", list[str]()
    with BranchProcess(data) as branch:
        async with Api(branch.url) as guest:
            kiosk = await guest.as_kiosk()
            assert (data / "reserve").exists()
            first = fill(small_disk, "first")
            while (data / "reserve").exists():
                reply = await kiosk.send("POST", "/api/tickets", {"service": "personal", "channel": "phone"})
                assert_taken(reply, numbers)
                assert len(numbers) < TRIES_MAX
            second = fill(small_disk, "second")
            refused = await take_until(kiosk, 507, numbers, "full")
            listed = (await kiosk.get("/api/queues"))["queues"]
            assert sum(queue["waiting"] for queue in listed) == len(numbers)
            first.unlink()
            second.unlink()
            again = await kiosk.send("POST", "/api/tickets", {"service": "personal", "channel": "phone"}, key=refused)
            assert_taken(again, numbers)
        assert numbers == [f"A{n:03d}" for n in range(1, len(numbers) + 1)]
        assert branch.stop() == 0
        verdict = branch.verify()
        assert verdict.returncode == 0, verdict.stdout
