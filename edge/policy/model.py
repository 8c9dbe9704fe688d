"""Words of the policy room: documents that come down from head office, and what the outlet may wish itself."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec

from edge.kernel.domain import Command
from edge.policy.keys import Level
from sync.documents import MAX_DOCUMENT_BYTES

POLICY: Final = "policy"
PLACE: Final = "policy_place"
ANSWER: Final = "policy_answer"
"""Kinds of signed documents that this room takes."""

DOCUMENTS_KEPT: Final = 3
"""Of each scope, the newest."""
KEYS_MAX: Final = 500
VALUE_BYTES_MAX: Final = 32 * 1024
REQUESTS_PENDING_MAX: Final = 100
HEAD_OFFICE_SCOPE: Final = "head_office"
REGION_MARK: Final = "region:"

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
Scope = Annotated[str, msgspec.Meta(pattern=r"^(head_office|region:[a-z0-9][a-z0-9-]{0,31})$")]
Region = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Note = Annotated[str, msgspec.Meta(max_length=200)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a document says about one key."""

    value: Any
    lock: bool = False
    """Nobody below may change it."""


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything one level sets, from a moment on: a later version replaces the whole of an earlier one."""

    scope: Scope
    version: Version
    valid_from: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """By the branch's own clock, as its rules by the hour are. None: as soon as it is here, whatever any clock says."""
    note: Note = ""
    values: Annotated[dict[Name, Entry], msgspec.Meta(max_length=KEYS_MAX)]

    @property
    def level(self) -> Level:
        return Level.HEAD_OFFICE if self.scope == HEAD_OFFICE_SCOPE else Level.REGION


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an outlet stands in the bank: whose documents are meant for it."""

    branch: Annotated[str, msgspec.Meta(max_length=32)]
    region: Region
    name: Note
    version: Version


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the upper level says to a request. A later no takes an earlier yes back."""

    branch: Annotated[str, msgspec.Meta(max_length=32)]
    request: Annotated[str, msgspec.Meta(max_length=40)]
    approved: bool
    by: Note = ""
    reason: Note = ""


def region_scope(region: str) -> str:
    return REGION_MARK + region


class ReceiveDocument(Command, frozen=True, kw_only=True):
    """Take a document of head office's, or refuse it."""

    NAME: ClassVar[str] = "policy.receive_document"
    kind: str
    body: Annotated[bytes, msgspec.Meta(max_length=MAX_DOCUMENT_BYTES)]
    signature: bytes
    key: bytes
    """Of the head office this box was enrolled at."""
    branch: str
    """The id under which it was."""


class ApplyDue(Command, frozen=True, kw_only=True):
    """Put in force whatever has become valid."""

    NAME: ClassVar[str] = "policy.apply_due"


class SetValue(Command, frozen=True, kw_only=True):
    """Set a key here; where a higher level holds it, ask that level."""

    NAME: ClassVar[str] = "policy.set_value"
    policy: str
    value: Any
    temporary: bool = False
    """Until the end of the business day."""
    reason: str = ""


class ClearValue(Command, frozen=True, kw_only=True):
    """Follow the upper levels again."""

    NAME: ClassVar[str] = "policy.clear_value"
    policy: str
    temporary: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """What became of a document: `taken`, `known`, or why it was refused."""

    outcome: str


class Wish(msgspec.Struct, frozen=True):
    """What became of a wish: set, or asked of the level that holds the key."""

    held_by: str | None = None
    request: str | None = None
