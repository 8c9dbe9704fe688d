"""Whose car is this? A plate becomes a keyed hash at once; by that the stays of today are asked.

The plate of a stay lies in the vault, as a hash and three characters, until the day is over; where none was given, head
office's index says whose plate it is. A camera may read one character wrong, and a hash has no neighbours: all plates that
differ in one character are hashed, some three hundred, and looked up like the plate itself (S32). What comes of those is only
ever a question.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from edge.customers import tables as customers
from edge.kernel.clock import Clock
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind, normalise
from edge.kernel.pipeline import Secret
from edge.kernel.vault import Vault
from edge.parking import tables
from edge.parking.model import ENDING, MARK, PLATE, Stay

ENDING_CHARS: Final = 3
_CHARS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
"""A plate has neither I nor O (GA 36-2018)."""


class Noted(NamedTuple):
    """A plate, put away."""

    ref: str
    secrets: Sequence[Secret]


class Met(NamedTuple):
    """Whose plate a camera saw."""

    stay: str | None
    """Exactly this one's."""
    similar: str | None
    """Perhaps this one's; only where it is nobody's exactly, and only one it could be."""


@dataclass(frozen=True, slots=True)
class Plates:
    """Reads plates, keeps none in the clear."""

    db: Database
    vault: Vault
    clock: Clock

    def note(self, plate: str, command_id: str) -> Noted:
        """A plate that somebody typed, for the vault; the same command makes the same reference. Raises
        Rejected("invalid_identity")."""
        return self._kept(normalise(IdentityKind.PLATE, plate).value, command_id)

    def seen(self, plate: str, command_id: str) -> Noted:
        """The same of what a camera read: also an embassy's or the police's."""
        return self._kept(_spelling(plate), command_id)

    def _kept(self, normal: str, command_id: str) -> Noted:
        ref = PLATE + hashlib.blake2b(command_id.encode(), digest_size=12).hexdigest()
        mark = self.vault.index_hash(IdentityKind.PLATE, normal)
        return Noted(ref, (Secret(ref, MARK, mark), Secret(ref, ENDING, normal[-ENDING_CHARS:].encode())))

    async def meet(self, plate: str) -> Met:
        """Which stay a car belongs to."""
        normal = _spelling(plate)
        return await self.db.scan(lambda connection: self._meet(connection, normal))

    def ending(self, connection: Connection, stay: Stay) -> str | None:
        """The last characters of a stay's plate, for staff who stand before the car; None where it was not said or is gone."""
        found = None if stay.plate_ref is None else self.vault.get(connection, stay.plate_ref, ENDING)
        return None if found is None else found.decode()

    def _meet(self, connection: Connection, normal: str) -> Met:
        stays = tables.may_come(connection, self.clock.now_ms())
        by_mark = {mark: stay.id for stay in stays if (mark := self._mark(connection, stay)) is not None}
        by_customer = {stay.customer: stay.id for stay in stays if stay.customer is not None}

        def whose(plate: str) -> str | None:
            mark = self.vault.index_hash(IdentityKind.PLATE, plate)
            if mark in by_mark:
                return by_mark[mark]
            known = customers.recognise(connection, mark, now_ms=self.clock.now_ms()) if by_customer else None
            return None if known is None else by_customer.get(known.ref)

        exact = whose(normal)
        if exact is not None:
            return Met(exact, None)
        similar = {found for plate in neighbours(normal) if (found := whose(plate)) is not None}
        return Met(None, similar.pop() if len(similar) == 1 else None)

    def _mark(self, connection: Connection, stay: Stay) -> bytes | None:
        return None if stay.plate_ref is None else self.vault.get(connection, stay.plate_ref, MARK)


def _spelling(plate: str) -> str:
    """The one spelling of a plate; of one that no customer can be known by, the camera's."""
    try:
        return normalise(IdentityKind.PLATE, plate).value
    except Rejected:
        return plate.strip().upper()


def neighbours(plate: str) -> Iterator[str]:
    """All plates that differ from a normalised one in one character after the province's."""
    for at in range(1, len(plate)):
        for char in _CHARS:
            if char != plate[at]:
                yield plate[:at] + char + plate[at + 1 :]
