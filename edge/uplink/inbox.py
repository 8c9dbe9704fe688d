"""Where head office's documents arrive: each kind becomes the command of the room that carries it out."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from edge.kernel.db import Database
from edge.kernel.domain import Command
from edge.kernel.pipeline import Pipeline
from edge.uplink import tables
from edge.uplink.source import Enrolment
from sync.downlink import Cursor
from sync.keys import SigningKey
from sync.protocol import Item

ACTOR: Final = "head_office"


class Parcel(NamedTuple):
    """A document, and by whom it has to be signed."""

    kind: str
    body: bytes
    signature: bytes
    key: bytes
    """Of the head office this box was enrolled at."""
    branch: str
    """The id under which it was."""


Carry = Callable[[Parcel], Command]
"""Makes the command that takes a document, or refuses it with a fact."""


class BranchInbox:
    """`sync.downlink.Inbox` over our pipeline. A command's id is the item's place, so a repeat does nothing."""

    def __init__(
        self, pipeline: Pipeline, key: SigningKey, enrolment: Enrolment, carriers: Mapping[str, Carry], unknown: Carry
    ) -> None:
        """`unknown` refuses what no room knows: it is reported, and holds nothing up."""
        self.branch = enrolment.branch
        self._pipeline = pipeline
        self._db: Database = pipeline.db
        self._key = key
        self._enrolment = enrolment
        self._carriers = carriers
        self._unknown = unknown

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def cursor(self) -> Cursor:
        with self._db.reader() as connection:
            return tables.cursor(connection)

    async def take(self, item: Item, at: Cursor) -> None:
        parcel = Parcel(item.kind, item.body, item.signature, self._enrolment.key, self._enrolment.branch)
        command = self._carriers.get(item.kind, self._unknown)(parcel)
        command_id = f"document:{at.ho_epoch.hex()}:{at.stream}:{at.n}"
        await self._pipeline.submit(command, actor=ACTOR, command_id=command_id)

    async def move(self, to: Cursor) -> None:
        await self._db.write(lambda connection: tables.move(connection, to))
