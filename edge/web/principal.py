"""Who is asking."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The four kinds of callers."""

    STAFF = "staff"
    DEVICE = "device"
    PHONE = "phone"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller, or an anonymous one."""

    kind: Kind
    id: str
    """staff number, device id, ticket id; an anonymous caller's network address."""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    name: str = ""
    actor: str = "anonymous"
    """As the journal names it: `staff:1001`, `device:kiosk-1`, `phone`."""
    owner: str = ""
    """Whose idempotency keys and rate limits these are; unlike `actor` it tells one phone from another."""
    credential: bytes = b""
    """SHA-256 of the token, empty for anonymous callers: what a log-out or a revocation ends."""


def staff(staff_no: str, name: str, roles: frozenset[str], permissions: frozenset[str], credential: bytes) -> Principal:
    actor = f"staff:{staff_no}"
    return Principal(Kind.STAFF, staff_no, roles, permissions, name, actor, actor, credential)


def device(device_id: str, role: str, permissions: frozenset[str], credential: bytes) -> Principal:
    actor = f"device:{device_id}"
    return Principal(Kind.DEVICE, device_id, frozenset({role}), permissions, device_id, actor, actor, credential)


def phone(ticket: str, credential: bytes) -> Principal:
    return Principal(Kind.PHONE, ticket, actor="phone", owner=f"phone:{ticket}", credential=credential)


def anonymous(address: str) -> Principal:
    return Principal(Kind.ANONYMOUS, address, actor="phone", owner=f"address:{address}")


STAFF_PREFIX: Final = "bbs_"
DEVICE_PREFIX: Final = "bbd_"
"""Tokens say what they are, so that one lookup is enough and a leaked one is recognised; others are phones' tokens."""
