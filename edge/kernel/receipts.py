"""Receipts: what a command was answered, so that asking twice does nothing twice.

A receipt is written in the transaction of the facts it answers for. A refusal has one too: a client that repeats a refused
command gets the same refusal, even when the world has changed since; a new try needs a new command id.
"""

import hashlib
from typing import Final, NamedTuple

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Rejected
from edge.kernel.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "kernel/002-receipts",
        """
        CREATE TABLE receipt(
            command_id TEXT PRIMARY KEY,
            fingerprint BLOB NOT NULL,
            at_ms INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            refusal TEXT,
            answer BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX receipt_by_age ON receipt(at_ms);
        """,
    ),
)

KEPT_MS: Final = 8 * 24 * 3600 * 1000
"""A repeat is recognised for eight days."""
FORGOTTEN_AT_ONCE_MAX: Final = 5000


class Receipt(NamedTuple):
    """What is remembered of one command."""

    fingerprint: bytes
    seq: int
    refusal: str | None
    """The refusal's code, or None where the command was carried out."""
    answer: bytes
    """JSON: the answer, or the refusal's facts."""


def fingerprint(command: Command, actor: str) -> bytes:
    """Two commands with one id must be the same wish of the same person."""
    digest = hashlib.blake2b(msgspec.json.encode(command), digest_size=16)
    digest.update(f"{command.NAME}|{actor}".encode())
    return digest.digest()


def find(connection: Connection, command_id: str) -> Receipt | None:
    row = connection.execute(
        "SELECT fingerprint, seq, refusal, answer FROM receipt WHERE command_id = ?", (command_id,)
    ).fetchone()
    return None if row is None else Receipt(*row)


def keep(connection: Connection, command_id: str, receipt: Receipt, *, at_ms: int) -> None:
    connection.execute(
        "INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?)",
        (command_id, receipt.fingerprint, at_ms, receipt.seq, receipt.refusal, receipt.answer),
    )


def refusal(receipt: Receipt) -> Rejected | None:
    """The refusal to raise again, if it was one."""
    if receipt.refusal is None:
        return None
    return Rejected(receipt.refusal, **msgspec.json.decode(receipt.answer, type=dict[str, str | int | None]))


def forget_old(connection: Connection, *, now_ms: int, at_once_max: int = FORGOTTEN_AT_ONCE_MAX) -> int:
    """Drop receipts past their time, at most `at_once_max`; returns how many."""
    connection.execute(
        "DELETE FROM receipt WHERE command_id IN (SELECT command_id FROM receipt WHERE at_ms < ? LIMIT ?)",
        (now_ms - KEPT_MS, at_once_max),
    )
    return connection.changes()
