"""Telephone numbers of staff: in the vault, like everybody's, and used for the bank's messages to them only."""

from collections.abc import Mapping
from typing import Final

from edge.kernel.db import Connection
from edge.kernel.identities import IdentityKind, normalise
from edge.kernel.vault import Vault

ITEM: Final = "phone"


def subject_of(staff_no: str) -> str:
    """Under which name the vault keeps a member of staff."""
    return f"staff:{staff_no}"


def put(connection: Connection, vault: Vault, phones: Mapping[str, str | None], *, now_ms: int) -> None:
    """Take over the numbers of the directory, by staff number; None forgets one. Raises Rejected("invalid_identity")."""
    for staff_no, phone in phones.items():
        if phone is None:
            vault.forget(connection, subject_of(staff_no), ITEM)
        else:
            number = normalise(IdentityKind.PHONE, phone).value
            vault.put(connection, subject_of(staff_no), ITEM, number.encode(), now_ms=now_ms)


def of(connection: Connection, vault: Vault, staff_no: str) -> str | None:
    """The number of a member of staff; None where the directory has none."""
    found = vault.get(connection, subject_of(staff_no), ITEM)
    return None if found is None else found.decode()
