"""How much a phone has to load: the page, its style and every script it imports, compressed."""

import gzip
import re
from pathlib import Path
from typing import Final

from edge.settings import STATIC
from tests.bench.report import Figure, at_most, fact

PHONE_MARK_KB: Final = 60.0
LINKED: Final = re.compile(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"')
IMPORTED: Final = re.compile(r'(?:from|import)\s*\(?"\./([^"]+\.js)"')
SURFACES: Final = ("kiosk", "display", "counter", "front", "bench", "headoffice")


def weight_kb(page: str) -> float | None:
    """Compressed size in KB; None where the page has not been built."""
    index = STATIC / page / "index.html"
    if not index.exists():
        return None
    found: dict[Path, None] = {index: None}
    waiting = [STATIC / name.lstrip("/") for name in LINKED.findall(index.read_text(encoding="utf-8"))]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found[file] = None
        if file.suffix == ".js":
            waiting += [file.parent / name for name in IMPORTED.findall(file.read_text(encoding="utf-8"))]
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in found) / 1000


def run(_seconds: float) -> list[Figure]:
    phone = weight_kb("phone")
    if phone is None:
        return [Figure("phone page", "not measured: the pages have not been built")]
    others = ((page, weight_kb(page)) for page in SURFACES)
    return [
        at_most("phone page, compressed", phone, PHONE_MARK_KB, "KB"),
        *(fact(f"{page} page, compressed", weight, "KB") for page, weight in others if weight is not None),
    ]
