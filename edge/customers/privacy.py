"""Names, masked. The vault holds them; nobody sees more than the first character without saying why."""

from dataclasses import dataclass

from edge.kernel.db import Connection
from edge.kernel.identities import mask_name
from edge.kernel.vault import Vault


def subject_of(customer: str) -> str:
    """Under which name the vault keeps a customer."""
    return f"customer:{customer}"


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
