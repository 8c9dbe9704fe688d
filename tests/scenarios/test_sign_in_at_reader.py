"""S17 at the kiosk's own reader: a document is laid down, and whoever has an appointment is signed in. Over real wires."""

import asyncio
from pathlib import Path
from typing import Any

from tests.harness.api import Api
from tests.harness.programs import BranchProcess

ID_CARD = "440306198305272211"
PATIENCE_S = 20.0


async def test_s17_a_document_on_the_reader_signs_in(tmp_path: Path) -> None:
    with BranchProcess(tmp_path / "branch", options=("--clock", "2026-03-02T09:50:00+08:00")) as branch:
        async with Api(branch.url) as guest:
            kiosk = await guest.as_kiosk()
            wish = {"service": "personal", "day": "2026-03-02", "slot": "10:00"}
            booked = await kiosk.post("/api/appointments", {**wish, "identity": {"kind": "id_card", "value": ID_CARD}})
            identity = await laid_down(guest, kiosk)
            signed = await kiosk.post("/api/appointments/sign-in", {"identity": identity, "channel": "kiosk"}, key="touch")
            assert (signed["arrival"], signed["appointment"]["id"]) == ("on_time", booked["id"])
            assert signed["ticket"]["tier"] == "priority"
            again = await kiosk.post("/api/appointments/sign-in", {"identity": identity, "channel": "kiosk"}, key="touch")
            assert again["ticket"]["number"] == signed["ticket"]["number"]


async def laid_down(guest: Api, kiosk: Api) -> dict[str, Any]:
    """Lay the card on the reader; what the kiosk's page is given to go on with."""
    feed = await kiosk.live(topics="recognition")
    await guest.post("/sandbox/devices/id-card-reader-1/lay", {"number": ID_CARD})
    async with asyncio.timeout(PATIENCE_S):
        while (await feed.receive_json()).get("type") != "recognition.shown":
            continue
    await feed.close()
    shown = await kiosk.get("/api/kiosk/recognition")
    return {"kind": "recognition", "value": shown["recognition"]}
