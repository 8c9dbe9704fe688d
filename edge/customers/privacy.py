"""Names and phones. The vault holds them; nobody sees more than a name's first character without saying why."""

from dataclasses import dataclass

from edge.kernel.db import Connection
from edge.kernel.identities import mask_name
from edge.kernel.vault import Vault


def subject_of(customer: str) -> str:
    """Under which name the vault keeps a customer."""
    return f"customer:{customer}"


@dataclass(frozen=True, slots=True)
class InClear:
    """What the vault keeps of a customer; never to be stored or logged."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Names:
    """Reads names from the vault."""

    vault: Vault

    def masked(self, connection: Connection, customer: str | None) -> str | None:
        """张三丰 as 张**; None where the branch does not know the name."""
        if customer is None:
            return None
        name = self.vault.get(connection, subject_of(customer), "name")
        return None if name is None else mask_name(name.decode())

    def in_clear(self, connection: Connection, customer: str) -> InClear | None:
        """For whoever has said why and is in the books for it (`customers.unmask_customer`); None where nothing is kept."""
        subject = subject_of(customer)
        name, phone = (self.vault.get(connection, subject, item) for item in ("name", "phone"))
        if name is None and phone is None:
            return None
        return InClear(None if name is None else name.decode(), None if phone is None else phone.decode())
