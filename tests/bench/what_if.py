"""What a question to the forecast costs whoever asks: over HTTP, with a full hall, of a running branch."""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from tests.bench.report import Figure, at_most, percentile
from tests.harness.api import Api, ApiRefused
from tests.harness.programs import BranchProcess

WAITING: Final = 100
ASKED: Final = 20
MARK_MS: Final = 300.0
PATIENCE_S: Final = 60.0
RULE: Final = {"order": ["normal", "gold"], "thresholds": {"normal": {"wait_s": 600}}}
QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "open counter 4": {"type": "open_counter", "counter": "counter-4"},
    "another rule": {"type": "change_rule", "rules": {"default": RULE}},
    "move a service": {"type": "move_service", "service": "wealth", "counters": ["counter-1"]},
}


def run(_seconds: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, BranchProcess(Path(scratch) / "branch") as branch:
        answers_ms = asyncio.run(_measure(branch.url))
    return [
        at_most(f"what-if over HTTP, {WAITING} waiting, {name}, p95", percentile(spent_ms, 0.95), MARK_MS, "ms")
        for name, spent_ms in answers_ms.items()
    ]


async def _measure(url: str) -> dict[str, list[float]]:
    async with Api(url) as guest:
        kiosk, lobby = await guest.as_kiosk(), await guest.as_staff("2001")
        for number in (1, 2, 3):
            await guest.at_counter(f"100{number}", f"counter-{number}")
        for n in range(WAITING):
            await kiosk.post("/api/tickets", {"service": ("personal", "wealth", "corporate")[n % 3]})
        await _ready(lobby)
        return {name: [await _ask(lobby, question) for _ in range(ASKED)] for name, question in QUESTIONS.items()}


async def _ready(lobby: Api) -> None:
    """Until it has learned."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await _ask(lobby, QUESTIONS["open counter 4"])
            except ApiRefused as refused:
                if refused.code not in ("forecast_warming", "forecast_busy"):
                    raise
            else:
                return


async def _ask(lobby: Api, question: dict[str, Any]) -> float:
    began_s = perf_counter()
    answer = await lobby.post("/api/what-if", {"changes": [question]})
    spent_ms = (perf_counter() - began_s) * 1000
    if not answer["classes"]:
        raise RuntimeError("a full hall and nobody whose wait would change")
    return spent_ms
