"""The vault: the only place where personal data is kept, and where it can be destroyed.

What is true here:

* Each subject (a customer, a visit) has a random 256-bit key. Its items are AES-256-GCM under that key, bound to
  `subject|name`: a row moved to another subject or name does not open.
* The subject's key is kept only wrapped by the box key (`keys.py`), with the box key's id in front. Whoever has a copy of the
  database has nothing; whoever has the box key has nothing without the wrapped key.
* `shred` destroys the wrapped key. From then on the items are noise, wherever copies of them are: in the journal there never
  was more than a reference, on head office the same.
* What `shred` cannot reach: backups made before it still hold the wrapped key until they age out (seven), and so does
  `quarantine/`. SQLite overwrites deleted rows with zeros (`secure_delete`); the old page stays in the WAL until the next
  checkpoint, which the writer runs within its next idle quarter second. Flash may keep remapped sectors: disk encryption is
  what protects against that.
* The vault's tables are not a fold of the journal, on purpose: a replay must not bring anybody back.
* The index hash recognises a customer without keeping the number. It is keyed, per kind, by the oldest box key.
"""

import os
from collections.abc import Iterator
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.kernel.db import Connection
from edge.kernel.identities import IdentityKind
from edge.kernel.keys import KEY_BYTES, KEY_ID_BYTES, BoxKeys, derive, id_of, keyed_hash
from edge.kernel.migrations import Migration

SCHEMA: Final = """
CREATE TABLE vault_subject(
    subject TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL,
    born_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE vault_item(
    subject TEXT NOT NULL REFERENCES vault_subject(subject),
    name TEXT NOT NULL,
    cipher BLOB NOT NULL,
    born_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, name)
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS: Final = (Migration("kernel/004-vault", SCHEMA),)

FORMAT: Final = b"\x01"
"""AES-256-GCM, 96-bit nonce, 128-bit tag. Another algorithm is another first byte."""
NONCE_BYTES: Final = 12
INDEX_BYTES: Final = 16
PLAIN_BYTES_MAX: Final = 256 * 1024
"""Bigger things (scans, recordings) are sealed into a blob; the vault holds text."""
NAME_CHARS_MAX: Final = 64
SUBJECT_CHARS_MAX: Final = 64
REWRAPPED_AT_ONCE_MAX: Final = 500


class VaultDamaged(Exception):
    """What is stored is not what was put: tampered with, moved, or rotten. Says where, never what."""


class VaultLocked(Exception):
    """The box key that wraps this subject is not on this box: it was not brought along, or it was retired."""


class Vault:
    """Put, get and shred inside a writer job; get also on a reading connection."""

    def __init__(self, keys: BoxKeys) -> None:
        self._keys = keys
        self._wrappers = {id_of(key): AESGCM(derive(key, "vault/wrap")) for key in keys.keys}
        self._current = id_of(keys.current)
        self._index_keys = {kind: derive(keys.root, f"index/{kind}") for kind in IdentityKind}

    # --- on the writer, inside its transaction

    def put(self, connection: Connection, subject: str, name: str, plain: bytes, *, now_ms: int) -> None:
        """Keep `plain` as `subject`'s `name`, replacing what was there. The subject comes into being with its first item.

        Raises ValueError where a limit is passed or a name holds the separator.
        """
        _check_names(subject, name)
        if len(plain) > PLAIN_BYTES_MAX:
            raise ValueError(f"an item of {len(plain)} bytes does not belong in the vault (at most {PLAIN_BYTES_MAX})")
        key = self._key(connection, subject)
        if key is None:
            key = os.urandom(KEY_BYTES)
            connection.execute("INSERT INTO vault_subject VALUES (?, ?, ?)", (subject, self._wrap(subject, key), now_ms))
        nonce = os.urandom(NONCE_BYTES)
        cipher = FORMAT + nonce + AESGCM(key).encrypt(nonce, plain, _bound(subject, name))
        connection.execute(
            "INSERT INTO vault_item VALUES (?, ?, ?, ?) ON CONFLICT (subject, name)"
            " DO UPDATE SET cipher = excluded.cipher, born_ms = excluded.born_ms",
            (subject, name, cipher, now_ms),
        )

    def forget(self, connection: Connection, subject: str, name: str) -> bool:
        """Delete one item; the subject and its key stay. Whether there was one."""
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        connection.execute("DELETE FROM vault_item WHERE subject = ? AND name = ?", (subject, name))
        return connection.changes() > 0

    @staticmethod
    def shred(connection: Connection, subject: str) -> bool:
        """Destroy the subject's key and rows for good; needs no key, so the `apply` of a fact can do it again after a restore.

        Whether there was such a subject.
        """
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        connection.execute("DELETE FROM vault_item WHERE subject = ?", (subject,))
        connection.execute("DELETE FROM vault_subject WHERE subject = ?", (subject,))
        return connection.changes() > 0

    def rewrap(self, connection: Connection, *, limit: int = REWRAPPED_AT_ONCE_MAX) -> int:
        """After a rotation: wrap up to `limit` subject keys by the current box key; returns how many it did.

        Raises VaultLocked or VaultDamaged at a subject that cannot be opened; then no old box key may be retired.
        """
        rows: list[Any] = connection.execute(
            "SELECT subject, wrapped FROM vault_subject WHERE substr(wrapped, 2, ?) <> ? LIMIT ?",
            (KEY_ID_BYTES, self._current, limit),
        ).fetchall()
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        for subject, wrapped in rows:
            fresh = self._wrap(subject, self._unwrap(subject, wrapped))
            connection.execute("UPDATE vault_subject SET wrapped = ? WHERE subject = ?", (fresh, subject))
        return len(rows)

    # --- on any connection

    def get(self, connection: Connection, subject: str, name: str) -> bytes | None:
        """The item; None where there is none or the subject was shredded. Raises VaultDamaged, VaultLocked."""
        cipher: bytes | None = connection.execute(
            "SELECT cipher FROM vault_item WHERE subject = ? AND name = ?", (subject, name)
        ).get
        if cipher is None:
            return None
        key = self._key(connection, subject)
        if key is None:
            raise VaultDamaged(f"subject {subject} has items and no key")
        return _open(AESGCM(key), cipher, 1, _bound(subject, name), f"{subject}|{name}")

    @staticmethod
    def born_before(connection: Connection, prefix: str, before_ms: int) -> Iterator[str]:
        """Subjects whose names begin with `prefix` and which are older than `before_ms`, in the order of their names."""
        rows = connection.execute(
            "SELECT subject FROM vault_subject WHERE subject >= ? AND subject < ? AND born_ms < ? ORDER BY subject",
            (prefix, prefix + "\U0010ffff", before_ms),
        )
        return (str(subject) for (subject,) in rows)

    @staticmethod
    def names(connection: Connection, subject: str) -> list[str]:
        """What is kept of `subject`, in order; the names, not the content."""
        rows = connection.execute("SELECT name FROM vault_item WHERE subject = ? ORDER BY name", (subject,))
        return [str(name) for (name,) in rows]

    # --- without a connection

    def index_hash(self, kind: IdentityKind, normalised: str) -> bytes:
        """By which a customer is found again: HMAC-SHA256 under the kind's key, 16 bytes. `normalised` by `identities`."""
        return keyed_hash(self._index_keys[kind], normalised.encode(), INDEX_BYTES)

    # --- keys

    def _key(self, connection: Connection, subject: str) -> bytes | None:
        wrapped: bytes | None = connection.execute("SELECT wrapped FROM vault_subject WHERE subject = ?", (subject,)).get
        return None if wrapped is None else self._unwrap(subject, wrapped)

    def _wrap(self, subject: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + self._current + nonce + self._wrappers[self._current].encrypt(nonce, key, subject.encode())

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        key_id = wrapped[1 : 1 + KEY_ID_BYTES]
        wrapper = self._wrappers.get(key_id)
        if wrapper is None:
            raise VaultLocked(f"subject {subject} is wrapped by box key {key_id.hex()}, which is not here")
        return _open(wrapper, wrapped, 1 + KEY_ID_BYTES, subject.encode(), subject)


def _open(cipher: AESGCM, stored: bytes, at: int, bound: bytes, where: str) -> bytes:
    """Decrypt what stands behind the first `at` bytes of `stored`: nonce, ciphertext, tag."""
    if stored[:1] != FORMAT:
        raise VaultDamaged(f"{where}: unknown format")
    try:
        return cipher.decrypt(stored[at : at + NONCE_BYTES], stored[at + NONCE_BYTES :], bound)
    except (InvalidTag, ValueError) as error:
        raise VaultDamaged(f"{where}: does not open") from error


def _bound(subject: str, name: str) -> bytes:
    return f"{subject}|{name}".encode()


def _check_names(subject: str, name: str) -> None:
    """One `|` in a name would let two pairs share one binding."""
    if not 0 < len(subject) <= SUBJECT_CHARS_MAX or not 0 < len(name) <= NAME_CHARS_MAX or "|" in subject + name:
        raise ValueError("a subject and an item's name have 1 to 64 characters and no |")
