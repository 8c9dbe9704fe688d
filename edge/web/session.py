"""Staff sessions: log in, stay in while working, be logged out.

What is true here:

* A session ends 30 minutes after its last request, 12 hours after it was opened, at log-out, and when the member of staff
  gets another password or is no longer in the directory. While it lives, durations are counted on the steady clock: a step
  of the branch's clock logs nobody out. What survives a restart is the branch's time, exact to `save_s`.
* An attempt to log in is counted before the password is checked, and the count is taken back when it was right. So a
  hundred guesses at once are five guesses.
* An unknown staff number is treated like a known one with a wrong password, in its answer, its delay and its lock-out.
* Verified tokens are remembered in memory, by hash: the hot path runs no SQL.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from edge.kernel.clock import Clock
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Rejected
from edge.web import principal
from edge.web.passwords import Passwords
from edge.web.permissions import Permissions
from edge.web.principal import STAFF_PREFIX, Principal

ATTEMPTS_KEPT_MAX: Final = 10_000
"""Staff numbers with failed attempts that are remembered, so that guessing numbers cannot fill the disk."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Durations in seconds."""

    idle_s: int = 30 * 60
    absolute_s: int = 12 * 3600
    save_s: int = 60
    """How exactly the last request is kept on disk, and how soon a change of roles is noticed."""
    failures_max: int = 5
    lock_s: int = 30
    """After `failures_max` failures; doubled by each further one."""
    lock_s_max: int = 3600
    per_staff_max: int = 8
    """Sessions of one member of staff; the oldest makes room."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff as the directory knows them."""

    staff_no: str
    name: str
    roles: frozenset[str]


class Directory(Protocol):
    """Who works here. Supplied by the capability that owns the staff."""

    def find(self, staff_no: str) -> Staff | None:
        """The member of staff, or None where they do not exist or no longer work here."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A fresh session. The token exists here and in the answer, nowhere else."""

    token: str
    staff: Staff
    expires_ms: int


@dataclass(slots=True)
class _Known:
    principal: Principal
    ends_steady_ms: int
    seen_steady_ms: int
    saved_steady_ms: int


@dataclass(frozen=True, slots=True)
class _Row:
    staff_no: str
    seen_ms: int
    expires_ms: int


class Sessions:
    """All sessions of the branch's staff."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        directory: Directory,
        permissions: Permissions,
        *,
        limits: SessionLimits | None = None,
    ) -> None:
        """`ended` callbacks hear the credential of every session that ends by act of somebody."""
        self.limits = limits or SessionLimits()
        self.ended: list[Callable[[bytes], None]] = []
        self._db = db
        self._clock = clock
        self._directory = directory
        self._permissions = permissions
        self._passwords = Passwords()
        self._known: dict[bytes, _Known] = {}

    # --- coming in and going out

    async def log_in(self, staff_no: str, password: str) -> Opened:
        """Raise Rejected("bad_credentials"), Rejected("locked_out", retry_s=…) or Overloaded."""
        now_ms = self._clock.now_ms()
        retry_s = await self._db.write(lambda connection: _count_attempt(connection, staff_no, now_ms, self.limits))
        if retry_s:
            raise Rejected("locked_out", retry_s=retry_s)
        staff = self._directory.find(staff_no)
        right = await self._passwords.matches(self._secret_of(staff_no), password)
        if staff is None or not right:
            raise Rejected("bad_credentials")
        token = STAFF_PREFIX + secrets.token_urlsafe(32)
        expires_ms = now_ms + self.limits.absolute_s * 1000
        row = _Row(staff_no, now_ms, expires_ms)
        dropped = await self._db.write(lambda connection: _open(connection, digest_of(token), row, self.limits.per_staff_max))
        for digest in [*dropped, *self._run_out()]:
            self._forget(digest)
        self._remember(digest_of(token), staff, row, now_ms)
        return Opened(token, staff, expires_ms)

    async def log_out(self, credential: bytes) -> None:
        """End the session whose token has this hash. Ending an ended one is no error."""
        await self._db.write(lambda connection: _close(connection, credential))
        self._forget(credential)

    def has_password(self, staff_no: str) -> bool:
        """Whether somebody can log in under this number."""
        return self._secret_of(staff_no) is not None

    async def set_password(self, staff_no: str, password: str) -> None:
        """Give a member of staff a password; their sessions end and their lock-out is lifted."""
        argon2, now_ms = await self._passwords.hash(password), self._clock.now_ms()
        for digest in await self._db.write(lambda connection: _keep_secret(connection, staff_no, argon2, now_ms)):
            self._forget(digest)

    async def end_all(self, staff_no: str) -> None:
        """End every session of a member of staff, for example because they left."""
        for digest in await self._db.write(lambda connection: _close_all(connection, staff_no)):
            self._forget(digest)

    def refresh(self, staff_no: str) -> None:
        """Notice a change of name or roles now, instead of within `save_s`."""
        for digest in [digest for digest, known in self._known.items() if known.principal.id == staff_no]:
            del self._known[digest]

    def close(self) -> None:
        self._passwords.close()

    # --- on every request

    async def resolve(self, digest: bytes) -> Principal | None:
        """The member of staff behind a token's hash, whose session this prolongs; None where there is no such session."""
        steady_ms = self._clock.steady_ms()
        known = self._known.get(digest) or self._load(digest)
        if known is None:
            return None
        if self._over(known, steady_ms):
            await self.log_out(digest)
            return None
        known.seen_steady_ms = steady_ms
        if steady_ms - known.saved_steady_ms >= self.limits.save_s * 1000:
            return await self._save(digest, known, steady_ms)
        return known.principal

    def alive(self, digest: bytes) -> bool:
        """Whether the session still holds; looking does not prolong it."""
        steady_ms = self._clock.steady_ms()
        known = self._known.get(digest) or self._load(digest)
        return known is not None and not self._over(known, steady_ms)

    def expires_ms(self, credential: bytes) -> int:
        """When the session ends at the latest, in the branch's time."""
        known = self._known.get(credential)
        return self._clock.now_ms() + (known.ends_steady_ms - self._clock.steady_ms() if known else 0)

    def _run_out(self) -> list[bytes]:
        steady_ms = self._clock.steady_ms()
        return [digest for digest, known in self._known.items() if self._over(known, steady_ms)]

    def _over(self, known: _Known, steady_ms: int) -> bool:
        idle_ms = steady_ms - known.seen_steady_ms
        return idle_ms >= self.limits.idle_s * 1000 or steady_ms >= known.ends_steady_ms

    def _load(self, digest: bytes) -> _Known | None:
        with self._db.reader() as connection:
            row = _find(connection, digest)
        staff = None if row is None else self._directory.find(row.staff_no)
        if row is None or staff is None:
            return None
        return self._remember(digest, staff, row, self._clock.now_ms())

    def _remember(self, digest: bytes, staff: Staff, row: _Row, now_ms: int) -> _Known:
        """From the branch's time, which is on disk, to the steady clock."""
        steady_ms = self._clock.steady_ms()
        seen_steady_ms = steady_ms - max(0, now_ms - row.seen_ms)
        who = self._principal(staff, digest)
        known = _Known(who, steady_ms + row.expires_ms - now_ms, seen_steady_ms, seen_steady_ms)
        self._known[digest] = known
        return known

    async def _save(self, digest: bytes, known: _Known, steady_ms: int) -> Principal | None:
        """Once in a while: keep the time of the last request, and look at the directory again."""
        known.saved_steady_ms = steady_ms
        staff = self._directory.find(known.principal.id)
        if staff is None:
            await self.log_out(digest)
            return None
        known.principal = self._principal(staff, digest)
        now_ms = self._clock.now_ms()
        await self._db.write(lambda connection: _touch(connection, digest, now_ms))
        return known.principal

    def _principal(self, staff: Staff, digest: bytes) -> Principal:
        return principal.staff(staff.staff_no, staff.name, staff.roles, self._permissions.of(staff.roles), digest)

    def _secret_of(self, staff_no: str) -> str | None:
        with self._db.reader() as connection:
            found: str | None = connection.execute("SELECT argon2 FROM staff_secret WHERE staff_no = ?", (staff_no,)).get
            return found

    def _forget(self, digest: bytes) -> None:
        self._known.pop(digest, None)
        for callback in self.ended:
            callback(digest)


def digest_of(token: str) -> bytes:
    """What is kept of a token. Whatever bytes a client sends have a digest."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


# --- on the writer


def _count_attempt(connection: Connection, staff_no: str, now_ms: int, limits: SessionLimits) -> int:
    """Count an attempt as failed. Returns for how many seconds the number is locked, 0 where the attempt may go on."""
    row = connection.execute("SELECT failures, locked_until_ms FROM login_attempt WHERE staff_no = ?", (staff_no,)).fetchone()
    failures, locked_until_ms = row or (0, 0)
    if now_ms < locked_until_ms:
        return -(-(locked_until_ms - now_ms) // 1000)
    failures += 1
    excess = failures - limits.failures_max
    lock_s = min(limits.lock_s_max, limits.lock_s * 2 ** min(excess, 16)) if excess >= 0 else 0
    connection.execute(
        "INSERT OR REPLACE INTO login_attempt VALUES (?, ?, ?, ?)", (staff_no, failures, now_ms + lock_s * 1000, now_ms)
    )
    connection.execute(
        "DELETE FROM login_attempt WHERE staff_no IN"
        " (SELECT staff_no FROM login_attempt ORDER BY last_ms DESC LIMIT 10 OFFSET ?)",
        (ATTEMPTS_KEPT_MAX,),
    )
    return 0


def _open(connection: Connection, digest: bytes, row: _Row, per_staff_max: int) -> list[bytes]:
    """Open a session, lift the lock-out; returns the sessions that had to make room."""
    connection.execute("DELETE FROM login_attempt WHERE staff_no = ?", (row.staff_no,))
    connection.execute("DELETE FROM staff_session WHERE expires_ms <= ?", (row.seen_ms,))
    older = connection.execute(
        "SELECT digest FROM staff_session WHERE staff_no = ? ORDER BY opened_ms DESC LIMIT -1 OFFSET ?",
        (row.staff_no, per_staff_max - 1),
    )
    dropped: list[bytes] = [digest for (digest,) in older]
    for old in dropped:
        _close(connection, old)
    connection.execute(
        "INSERT INTO staff_session VALUES (?, ?, ?, ?, ?)",
        (digest, row.staff_no, row.seen_ms, row.seen_ms, row.expires_ms),
    )
    return dropped


def _close(connection: Connection, digest: bytes) -> None:
    connection.execute("DELETE FROM staff_session WHERE digest = ?", (digest,))


def _close_all(connection: Connection, staff_no: str) -> list[bytes]:
    rows = connection.execute("DELETE FROM staff_session WHERE staff_no = ? RETURNING digest", (staff_no,))
    return [digest for (digest,) in rows]


def _keep_secret(connection: Connection, staff_no: str, argon2: str, now_ms: int) -> list[bytes]:
    connection.execute("INSERT OR REPLACE INTO staff_secret VALUES (?, ?, ?)", (staff_no, argon2, now_ms))
    connection.execute("DELETE FROM login_attempt WHERE staff_no = ?", (staff_no,))
    return _close_all(connection, staff_no)


def _touch(connection: Connection, digest: bytes, now_ms: int) -> None:
    connection.execute("UPDATE staff_session SET seen_ms = ? WHERE digest = ?", (now_ms, digest))


def _find(connection: Connection, digest: bytes) -> _Row | None:
    row = connection.execute("SELECT staff_no, seen_ms, expires_ms FROM staff_session WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else _Row(*row)
