"""Who comes in: recognising a customer and taking a phone number, without keeping either in the clear.

An identity is normalised, hashed under the box's key and forgotten. A phone number goes to the vault under a reference made
from the command's id, so that a repeated request makes the same reference.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from edge.customers import tables as customers
from edge.kernel.clock import Clock
from edge.kernel.db import Database
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind, normalise
from edge.kernel.pipeline import Secret
from edge.kernel.vault import Vault
from edge.queue.handles import RECOGNITION, Handles, Shown
from edge.queue.model import Tier

CONTACT: Final = "contact-"
"""How the vault's subjects begin that hold a phone number given for one visit."""
COMMENT: Final = "comment-"
"""How those begin that hold what a customer wrote with a rating."""


class Arrival(NamedTuple):
    """What somebody showed."""

    identity: tuple[str, str] | None
    """Kind and value."""
    phone: str | None
    at: str = ""
    """The kiosk where it was shown: a handle is good nowhere else."""


class Known(NamedTuple):
    """What is made of it."""

    tier: Tier
    customer: str | None
    phone_ref: str | None
    secrets: Sequence[Secret]
    holder: str | None = None
    """Keyed hash of the identity, where one was shown."""
    shown: IdentityKind | None = None
    """What that identity was."""


STRANGER = Known(Tier.NORMAL, None, None, ())
NOTHING = Shown()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The door."""

    db: Database
    vault: Vault
    handles: Handles
    clock: Clock

    def receive(self, arrival: Arrival, command_id: str) -> Known:
        """Recognise and take note. An unknown identity is a stranger, an impossible one is Rejected("invalid_identity")."""
        if arrival.identity is None and arrival.phone is None:
            return STRANGER
        shown = NOTHING if arrival.identity is None else self._shown(*arrival.identity, command_id, arrival.at)
        found = None if shown.mark is None else self._recognise(shown.mark)
        holder = None if shown.mark is None else shown.mark.hex()
        tier = Tier.NORMAL if found is None else Tier(found.tier)
        customer = None if found is None else found.ref
        if arrival.phone is None:
            return Known(tier, customer, None, (), holder, shown.kind)
        number = _normal("phone", arrival.phone)
        ref = CONTACT + hashlib.blake2b(command_id.encode(), digest_size=12).hexdigest()
        return Known(tier, customer, ref, [Secret(ref, "phone", number.encode())], holder, shown.kind)

    def mark(self, kind: IdentityKind, value: str) -> bytes:
        """The keyed hash of an identity. Raises Rejected("invalid_identity")."""
        return self.vault.index_hash(kind, normalise(kind, value).value)

    def known(self, mark: bytes) -> customers.Recognised | None:
        return self._recognise(mark)

    def typed(self, kind: str, value: str) -> bytes:
        """The keyed hash of a number that somebody typed in. Raises Rejected("invalid_identity")."""
        if kind == IdentityKind.PLATE:
            raise Rejected("invalid_identity")  # a plate proves nothing
        normal = _normal(kind, value)  # refuses a kind that is none
        return self.vault.index_hash(IdentityKind(kind), normal)

    def _shown(self, kind: str, value: str, command_id: str, at: str) -> Shown:
        if kind == RECOGNITION:
            return self.handles.redeem(value, command_id, at)
        return Shown(self.typed(kind, value), kind=IdentityKind(kind))

    def _recognise(self, mark: bytes) -> customers.Recognised | None:
        with self.db.reader() as connection:
            return customers.recognise(connection, mark, now_ms=self.clock.now_ms())


def _normal(kind: str, value: str) -> str:
    if kind not in set(IdentityKind):
        raise Rejected("invalid_identity", kind=kind)
    return normalise(IdentityKind(kind), value).value
