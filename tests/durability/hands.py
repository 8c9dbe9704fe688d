"""Hands at every device of a branch at once: plugs pulled, power cut, paper taken, covers opened, while people take numbers.

    python -m tests.durability.hands --seconds 120 --seed 7

Every ticket that was acknowledged must exist once; every slip must have come out once, or the branch says that it does not
know; and with everything plugged in again every device works. The figures come last.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.durability.storm import TELLERS, Caller, Storm
from tests.harness import agreement
from tests.harness.api import Api
from tests.harness.programs import BranchProcess

KIOSKS: Final = 4
SEED: Final = 20261128
PAUSE_S: Final = 1.0
PAPER: Final = 0.4
"""A printer that is torn at keeps up with so much, as it must in a hall."""
TROUBLE_EVERY_S: Final = 0.25
TAKE_EVERY_S: Final = 0.2
RECOVERY_S: Final = 90.0
PRINTER: Final = "printer-1"
HEALING: Final[Mapping[str, tuple[str, ...]]] = {"escpos_printer": ("paper_in", "cover_close", "clear_jam")}
"""What else than the plug has to be put right at a device of this family."""
TROUBLE: Final[Mapping[str, tuple[str, ...]]] = {
    "escpos_printer": ("paper_out", "cover_open", "jam", "power_cycle", "brown_out", "unplug"),
}
ANY_TROUBLE: Final = ("unplug", "power_cycle")
IN_THE_MIDDLE_MM: Final = (0, 3, 12, 40)
"""Some of it happens while a slip is coming out."""
MOMENTARY: Final = frozenset({"power_cycle", "brown_out"})
"""Trouble that is over by itself."""
FINE: Final = frozenset({"online", "deviceBusy"})


@dataclass(slots=True)
class Hands:
    """Somebody who tears at one device after the other and puts it right again."""

    guest: Api
    dice: random.Random
    families: dict[str, str] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    slips: dict[int, Any] = field(default_factory=dict)
    over: bool = False

    async def look(self) -> None:
        """Learn what stands here."""
        self.families = {device["id"]: device["family"] for device in (await self.guest.get("/sandbox"))["devices"]}

    async def tear(self) -> None:
        """Trouble everywhere, for as long as the storm lasts."""
        async with asyncio.TaskGroup() as tasks:
            for device in self.families:
                tasks.create_task(self._tear_at(device))

    async def _tear_at(self, device: str) -> None:
        troubles = TROUBLE.get(self.families[device], ANY_TROUBLE)
        while not self.over:
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * TROUBLE_EVERY_S * len(self.families))
            trouble = self.dice.choice(troubles)
            middle = {"after_mm": self.dice.choice(IN_THE_MIDDLE_MM)} if trouble not in ("unplug", "brown_out") else {}
            await self._act(device, trouble, middle if device == PRINTER else {})
            if trouble not in MOMENTARY:
                await asyncio.sleep(self.dice.uniform(0.2, 3.0))
                await self.heal(device)

    async def heal(self, device: str) -> None:
        for remedy in ("plug", *HEALING.get(self.families[device], ())):
            await self._act(device, remedy, {})

    async def _act(self, device: str, action: str, parameters: dict[str, int]) -> None:
        await self.guest.post(f"/sandbox/devices/{device}/{action}", parameters)
        self.done[action] += 1

    async def take_paper(self) -> None:
        """The emulator forgets old slips, so they are taken out often."""
        while True:
            await self.take_once()
            await asyncio.sleep(TAKE_EVERY_S)

    async def take_once(self) -> None:
        for slip in (await self.guest.get(f"/sandbox/devices/{PRINTER}/output"))["slips"]:
            self.slips[slip["n"]] = slip

    async def calm(self) -> dict[str, str]:
        """Everything plugged in and put right; returns the devices that do not come back."""
        for device in self.families:
            await self.heal(device)
        ill: dict[str, str] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_S):
                while ill := await self._ill():  # noqa: ASYNC110 -- another process
                    await asyncio.sleep(TAKE_EVERY_S)
        return ill

    async def _ill(self) -> dict[str, str]:
        devices = (await self.guest.get("/sandbox"))["devices"]
        return {one["id"]: f"{one['device']} {one['message_code']}" for one in devices if one["device"] not in FINE}


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What can be said once the storm is over."""

    tickets: int
    slips: int
    doubtful: int
    hands: int
    wrong: list[str]
    """Whatever must not be, in words."""


async def storm(folder: Path, seconds: float, seed: int) -> Aftermath:
    """Raise it on a new branch and look at what is left."""
    dice = random.Random(seed)  # noqa: S311 -- repeatable on purpose
    clients, data = Storm(dice, pause_s=PAUSE_S, paper=PAPER), folder / "branch"
    async with AsyncExitStack() as stack:
        branch = stack.enter_context(BranchProcess(data))
        guest = await stack.enter_async_context(Api(branch.url))
        hands = Hands(guest, clients.dice)
        await hands.look()
        clients.up.set()
        taking = asyncio.create_task(hands.take_paper())
        async with asyncio.TaskGroup() as tasks:
            kiosk = Caller(await guest.as_kiosk())
            for counter, staff in TELLERS.items():
                tasks.create_task(clients.teller(Caller(await guest.at_counter(staff, counter), staff), counter))
            for _ in range(KIOSKS):
                tasks.create_task(clients.kiosk(kiosk))
            tasks.create_task(hands.tear())
            await asyncio.sleep(seconds)
            clients.over = hands.over = True
        ill = await hands.calm()
        await agreement.settled(data, timeout_s=RECOVERY_S)
        taking.cancel()
        await hands.take_once()
        wrong = [f"{device} did not come back: {why}" for device, why in ill.items()]
        wrong += clients.unexpected() + await clients.changed_answers(100)
        if branch.stop() != 0:
            wrong.append("the branch did not stop cleanly")
        verdict = branch.verify()
        if verdict.returncode != 0:
            wrong.append(verdict.stdout)
    wrong += lost_or_doubled(clients, data) + paper_against_facts(hands.slips, data)
    doubtful = sum(fact.body["slip"] == "unknown" for fact in slip_facts(data))
    return Aftermath(len(clients.tickets()), len(hands.slips), doubtful, hands.done.total(), wrong)


def lost_or_doubled(clients: Storm, data: Path) -> list[str]:
    """Acknowledged tickets against the table."""
    rows = [row for day in agreement.branch_tickets(data).values() for row in day]
    numbers = Counter(str(row[1]) for row in rows)
    wrong = [f"{number} exists {count} times" for number, count in numbers.items() if count > 1]
    kept, told = {row[0]: row[1] for row in rows}, clients.tickets()
    wrong += [f"{number} was acknowledged and is lost" for ticket, number in told.items() if kept.get(ticket) != number]
    return wrong + [f"{number} exists and was promised to nobody" for ticket, number in kept.items() if ticket not in told]


def slip_facts(data: Path) -> list[agreement.Fact]:
    return [fact for fact in agreement.branch_facts(data) if fact.type == "queue.slip_recorded.v1"]


def paper_against_facts(slips: Mapping[int, Any], data: Path) -> list[str]:
    """No number twice without its mark; what the branch calls printed lies in the tray; what it doubts it says."""
    whole = Counter(number_on(slip["text"]) for slip in slips.values() if slip["complete"] and not slip["copy"])
    said = {fact.body["number"]: fact.body["slip"] for fact in slip_facts(data)}
    wanted = [fact.body for fact in agreement.branch_facts(data) if fact.type == "queue.ticket_issued.v1"]
    paper = {body["number"] for body in wanted if body.get("printer")}
    wrong = [f"{number} came out {count} times unmarked" for number, count in whole.items() if count > 1]
    wrong += [
        f"{number} is called printed and is not there"
        for number, slip in said.items()
        if slip == "printed" and number not in whole
    ]
    wrong += [f"{number} lies there and nobody knows" for number in whole if said.get(number) not in ("printed", "unknown")]
    return wrong + [f"nothing is known of {number}'s slip" for number in paper - set(said)]


def number_on(text: str) -> str:
    """The ticket number that stands on a slip."""
    return next(word for word in text.split() if word[:1] in "ABCD" and word[1:].isdigit())


def main() -> int:
    reader = argparse.ArgumentParser(description="Hands at every device while people take numbers; figures last.")
    reader.add_argument("--seconds", type=float, default=120.0)
    reader.add_argument("--seed", type=int, default=SEED)
    wish = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="hands-") as folder:
        found = asyncio.run(storm(Path(folder), wish.seconds, wish.seed))
    print(*found.wrong, sep="\n")
    print(
        f"{found.tickets} tickets, {found.slips} slips, {found.doubtful} in doubt and said so,"
        f" {found.hands} acts of hands, {len(found.wrong)} wrong"
    )
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
