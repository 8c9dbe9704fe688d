"""Enrolled devices: kiosks, displays, the lobby tablet. Each has one token, kept as its hash, until it is revoked."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from edge.kernel.clock import Clock
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Rejected
from edge.web import principal
from edge.web.permissions import Permissions
from edge.web.principal import DEVICE_PREFIX, Principal
from edge.web.session import digest_of

DEVICES_MAX = 500
TOKEN_CHARS_MIN = 40


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One enrolled device; its token is not known any more."""

    device: str
    role: str
    enrolled_ms: int
    enrolled_by: str


class Devices:
    """All enrolled devices of the branch."""

    def __init__(self, db: Database, clock: Clock, permissions: Permissions) -> None:
        """`ended` callbacks hear the credential of every token that ends."""
        self.ended: list[Callable[[bytes], None]] = []
        self._db = db
        self._clock = clock
        self._permissions = permissions
        self._known: dict[bytes, Principal] = {}

    async def enrol(self, device: str, role: str, *, by: str, token: str | None = None) -> str:
        """Give `device` a token, which is returned and shown once; an earlier one of that device ends.

        `token` fixes it, for a sandbox whose pages should survive a restart. `role` names the row of the permission table.
        """
        fresh = token or DEVICE_PREFIX + secrets.token_urlsafe(32)
        if not fresh.startswith(DEVICE_PREFIX) or len(fresh) < TOKEN_CHARS_MIN:
            raise ValueError(f"a device token starts with {DEVICE_PREFIX} and has at least {TOKEN_CHARS_MIN} characters")
        digest, row = digest_of(fresh), Enrolment(device, role, self._clock.now_ms(), by)
        old = await self._db.write(lambda connection: _keep(connection, digest, row))
        if old != digest:
            self._forget(old)
        self._known.pop(digest, None)
        return fresh

    async def revoke(self, device: str) -> bool:
        """End the device's token at once. False: it had none."""
        digest = await self._db.write(lambda connection: _drop(connection, device))
        self._forget(digest)
        return digest is not None

    def enrolled(self) -> list[Enrolment]:
        """All of them, by name."""
        with self._db.reader() as connection:
            rows = connection.execute(
                "SELECT device, role, enrolled_ms, enrolled_by FROM device_token ORDER BY device LIMIT ?", (DEVICES_MAX,)
            )
            return [Enrolment(*row) for row in rows]

    def resolve(self, digest: bytes) -> Principal | None:
        """The device behind a token's hash."""
        return self._known.get(digest) or self._load(digest)

    def _load(self, digest: bytes) -> Principal | None:
        with self._db.reader() as connection:
            row = connection.execute("SELECT device, role FROM device_token WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            return None
        device, role = row
        who = principal.device(device, role, self._permissions.of({role}), digest)
        self._known[digest] = who
        return who

    def _forget(self, digest: bytes | None) -> None:
        if digest is None:
            return
        self._known.pop(digest, None)
        for callback in self.ended:
            callback(digest)


# --- on the writer


def _keep(connection: Connection, digest: bytes, row: Enrolment) -> bytes | None:
    """Store the token's hash; returns the hash it replaces. Raises Rejected("too_many_devices")."""
    old = _drop(connection, row.device)
    if connection.execute("SELECT count(*) FROM device_token").get >= DEVICES_MAX:
        raise Rejected("too_many_devices", devices_max=DEVICES_MAX)
    connection.execute(
        "INSERT INTO device_token VALUES (?, ?, ?, ?, ?)",
        (row.device, digest, row.role, row.enrolled_ms, row.enrolled_by),
    )
    return old


def _drop(connection: Connection, device: str) -> bytes | None:
    row = connection.execute("DELETE FROM device_token WHERE device = ? RETURNING digest", (device,)).fetchone()
    return None if row is None else row[0]
