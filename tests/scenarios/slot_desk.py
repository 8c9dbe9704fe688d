"""The slot book over HTTP on a real branch: a kiosk, and staff who can log in. For the scenarios of appointments."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from edge import registry
from edge.appointments.model import MarkMissed, SetSlotPlan, SlotPlan
from edge.ground import Ground
from edge.kernel import fold
from edge.org import tables as org
from edge.org.model import Staff
from tests.harness.api import PASSWORD, Api, Reply
from tests.scenarios.hall import Hall, open_hall

TODAY = "2026-03-02"
ANNE = {"kind": "phone", "value": "13800000001"}
"""A stranger who gives her phone number as identity."""
BOB = {"kind": "phone", "value": "13800000002"}
GOLD_CARD = {"kind": "bank_card", "value": "6228480402564890018"}


class Desk:
    """The hall with its doors open: a kiosk, and staff who can log in."""

    def __init__(self, hall: Hall, kiosk: Api) -> None:
        self.hall = hall
        self.kiosk = kiosk

    async def staff(self, staff_no: str = "2001") -> Api:
        return await self.kiosk.as_staff(staff_no)

    async def book(self, slot: str = "10:00", day: str = TODAY, **wish: Any) -> Any:
        return await self.kiosk.post("/api/appointments", {"service": "personal", "day": day, "slot": slot, **wish})

    async def full(self, slot: str = "10:00", day: str = TODAY, **wish: Any) -> Reply:
        """The refusal of a booking."""
        return await self.refused("/api/appointments", {"service": "personal", "day": day, "slot": slot, **wish})

    async def refused(self, path: str, body: Any) -> Reply:
        reply = await self.kiosk.send("POST", path, body)
        assert reply.status >= 400, reply.raw
        return reply

    async def swipe(self, at: str, identity: Any = None, *, key: str | None = None, **wish: Any) -> Any:
        """Somebody shows who they are at the kiosk."""
        await self.hall.at(at)
        return await self.kiosk.post("/api/appointments/sign-in", {"identity": identity or ANNE, **wish}, key=key)

    async def state(self, appointment: str) -> str:
        listed = (await (await self.staff()).get("/api/appointments", day=TODAY))["appointments"]
        return next(str(one["state"]) for one in listed if one["id"] == appointment)

    async def free(self, day: str = TODAY, **wish: str) -> dict[str, int]:
        slots = (await self.kiosk.get("/api/slots", service="personal", day=day, **wish))["slots"]
        return {slot["slot"]: slot["free"] for slot in slots}

    async def plan(self, service: str = "personal", **fields: Any) -> None:
        await self.hall.branch.pipeline.submit(SetSlotPlan(service=service, plan=SlotPlan(**fields)), actor="staff:2001")

    async def mark_missed(self) -> None:
        await self.hall.branch.pipeline.submit(MarkMissed(), actor="system")


@asynccontextmanager
async def open_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Two services, three tellers, one place in each slot; at the end the tables must be what the journal says."""
    async with open_hall(tmp_path, services=("personal", "wealth")) as hall:
        branch = hall.branch
        people = tuple(
            Staff(staff_no=number, name=number, roles=(role,))
            for number, role in (("1001", "teller"), ("1002", "teller"), ("1003", "teller"), ("2001", "lobby"))
        )
        await branch.db.write(lambda connection: org.put_staff(connection, people))
        for number in ("1001", "2001"):
            await branch.sessions.set_password(number, PASSWORD)
        branch.ground = on_any_port(branch.ground)
        port, _ = await branch.open_doors()
        token = await branch.devices.enrol("kiosk-1", "kiosk", by="test")
        async with Api(f"http://127.0.0.1:{port}", token) as kiosk:
            opened = Desk(hall, kiosk)
            await opened.plan(capacity=1)
            yield opened
        assert verdict(hall).sound, "the slot book is not what the journal says"


def on_any_port(ground: Ground) -> Ground:
    settings = ground.launch.settings
    anywhere = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, listen="127.0.0.1:0"))
    return replace(ground, launch=replace(ground.launch, settings=anywhere))


def verdict(hall: Hall) -> fold.Verdict:
    with hall.branch.db.reader() as connection:
        return fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables())
