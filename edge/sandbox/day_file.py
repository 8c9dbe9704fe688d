"""A recorded day of a real bank's queue as input: who came when, for what, how long serving took, who gave up.

The columns are described beside the file. Services are its types, preferred customers its priority 2, counters its servers;
somebody who hung up leaves after the patience they had.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from edge.org.model import Branch, ConfigureBranch, Counter, Service, Staff

ROWS_MAX: Final = 20_000
DAY_S: Final = 24 * 3600
PREFERRED: Final = "2"

TYPES: Final = {
    "PS": ("常规业务", "Regular activity", "A"),
    "NE": ("证券业务", "Stock exchange", "B"),
    "NW": ("新客户咨询", "Prospective customer", "C"),
    "IN": ("网银帮助", "Internet help", "D"),
    "PE": ("英语服务", "Service in English", "E"),
    "TT": ("回访", "Call-back", "F"),
}


class Customer(NamedTuple):
    """One row: somebody who came."""

    arrives_s: int
    service: str
    gold: bool
    patience_s: int | None
    """How long they would wait before leaving; None for those who stayed."""
    service_s: int
    """How long serving them took; 0 for those who left."""


class Shift(NamedTuple):
    """When a counter was staffed."""

    counter: str
    from_s: int
    to_s: int


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """Everything that happened on one day."""

    day: date
    customers: tuple[Customer, ...]
    shifts: tuple[Shift, ...]

    def branch(self) -> ConfigureBranch:
        """The branch that day was: one counter per server, one service per type."""
        kinds = sorted({customer.service for customer in self.customers})
        usual_s = {kind: self._usual_s(kind) for kind in kinds}
        return ConfigureBranch(
            version=1,
            branch=Branch(id="0001", name="示范支行", name_en="Demo Branch"),
            services=tuple(_service(kind, usual_s[kind]) for kind in kinds),
            counters=tuple(
                Counter(id=shift.counter, number=number, name=f"{number}号窗口") for number, shift in enumerate(self.shifts, 1)
            ),
        )

    def staff(self) -> tuple[Staff, ...]:
        """One teller per counter, a lobby manager and an administrator."""
        tellers = (
            Staff(staff_no=f"{1000 + number}", name=f"柜员{number:02d}", roles=("teller",))
            for number in range(1, len(self.shifts) + 1)
        )
        lobby = Staff(staff_no="2001", name="陈静", roles=("lobby",))
        return (*tellers, lobby, Staff(staff_no="9001", name="赵军", roles=("admin",)))

    def _usual_s(self, kind: str) -> int:
        served = [customer.service_s for customer in self.customers if customer.service == kind and customer.service_s]
        return max(10, sum(served) // len(served)) if served else 180


def _service(kind: str, usual_s: int) -> Service:
    name, name_en, letter = TYPES[kind.upper()]
    return Service(id=kind, name=name, name_en=name_en, letter=letter, usual_s=usual_s)


def read(path: Path, day: date) -> RecordedDay:
    """One day of the file. Raises ValueError where it holds none, or too many rows."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["date"] == day.isoformat()]
    if not 0 < len(rows) <= ROWS_MAX:
        raise ValueError(f"{path.name} has {len(rows)} rows for {day}")
    customers = sorted((_customer(row) for row in rows), key=lambda customer: customer.arrives_s)
    return RecordedDay(day, tuple(customers), _shifts(rows))


def _customer(row: dict[str, str]) -> Customer:
    left = row["outcome"] == "HANG"
    return Customer(
        arrives_s=int(row["entered_s"]),
        service=row["type"].lower(),
        gold=row["priority"] == PREFERRED,
        patience_s=int(row["queued_s"]) if left else None,
        service_s=0 if left else max(1, int(row["service_s"])),
    )


def _shifts(rows: Iterable[dict[str, str]]) -> tuple[Shift, ...]:
    seen: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row["outcome"] == "AGENT" and row["server"]:
            # A few served rows have no start: then it began when the waiting ended.
            start_s = int(row["service_start_s"] or int(row["entered_s"]) + int(row["queued_s"]))
            end_s = start_s + int(row["service_s"])
            first, last = seen.get(row["server"], (start_s, end_s))
            seen[row["server"]] = min(first, start_s), max(last, end_s)
    return tuple(Shift(server.lower(), *span) for server, span in sorted(seen.items()))
