"""The hash chain that a branch's journal is, and that head office checks.

Both ends share this file, so there is one definition of "the same history":

    hash(n) = SHA-256( hash(n-1) | at_ms | len(type) type | len(entity) entity | len(actor) actor | len(body) body )

* `body` is the stored bytes, never a re-encoding of them: what was hashed is what is kept and sent.
* The sequence number is implied by the position in the chain. The journal's incarnation id is left out on purpose: an
  unsent tail can be re-labelled to a new incarnation after a fork without touching a single hash.
* Hashes are recomputed by the receiver and never sent per record, only at the two ends of a batch.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import NamedTuple

GENESIS = bytes(32)
HASH_BYTES = 32

_FRAME = struct.Struct(">qI")
_LENGTH = struct.Struct(">I")


class Record(NamedTuple):
    """One journalled fact, as stored and as sent."""

    seq: int
    """Position in the journal, from 1, without gaps."""
    at_ms: int
    """When it happened by the branch's clock: Unix time in milliseconds."""
    type: str
    """`capability.fact.vN`, for example `queue.ticket_called.v1`."""
    entity: str
    """What it is about: a ticket id, a counter id."""
    actor: str
    """Who did it: `staff:1001`, `device:kiosk-1`, `phone`, `system`."""
    body: bytes
    """Canonical JSON of the event's fields."""


class Position(NamedTuple):
    """A point in a journal: everything up to and including `seq`, proven by `hash`."""

    seq: int
    hash: bytes


START = Position(0, GENESIS)


def link(previous: bytes, record: Record) -> bytes:
    """The hash of `record` standing behind `previous`."""
    kind, entity, actor, body = record.type.encode(), record.entity.encode(), record.actor.encode(), record.body
    return hashlib.sha256(
        b"".join(
            (
                previous,
                _FRAME.pack(record.at_ms, len(kind)),
                kind,
                _LENGTH.pack(len(entity)),
                entity,
                _LENGTH.pack(len(actor)),
                actor,
                _LENGTH.pack(len(body)),
                body,
            )
        )
    ).digest()


def follow(start: Position, records: Iterable[Record]) -> Position:
    """The position after `records`, which must continue `start` without a gap.

    Raises ValueError where they do not.
    """
    seq, tip = start
    for record in records:
        seq += 1
        if record.seq != seq:
            raise ValueError(f"record {record.seq} does not follow {seq - 1}")
        tip = link(tip, record)
    return Position(seq, tip)
