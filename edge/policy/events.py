"""Facts of the policy room."""

from typing import Any, ClassVar

from edge.kernel.domain import Event
from edge.policy.keys import Level


class DocumentAccepted(Event, frozen=True, kw_only=True):
    """A document of head office's is here, checked; it comes into force at its time."""

    TYPE: ClassVar[str] = "policy.document_accepted.v1"
    scope: str
    version: int
    valid_from_ms: int
    sha256: str
    document: str
    """The canonical text, as it was signed."""
    signature: str
    """Hexadecimal."""

    def entity(self) -> str:
        return self.scope


class DocumentRefused(Event, frozen=True, kw_only=True):
    """A document was not taken; what was in force stays."""

    TYPE: ClassVar[str] = "policy.document_refused.v1"
    kind: str
    sha256: str
    reason: str
    """A stable code."""
    scope: str = ""
    version: int = 0
    detail: str = ""

    def entity(self) -> str:
        return self.scope or self.kind


class DocumentApplied(Event, frozen=True, kw_only=True):
    """Its values are in force, in the place of what its level said before."""

    TYPE: ClassVar[str] = "policy.document_applied.v1"
    scope: str
    version: int
    level: Level
    sha256: str

    def entity(self) -> str:
        return self.scope


class RegionAssigned(Event, frozen=True, kw_only=True):
    """Head office has said to which region this outlet belongs."""

    TYPE: ClassVar[str] = "policy.region_assigned.v1"
    region: str
    name: str
    version: int

    def entity(self) -> str:
        return self.region


class ValueSet(Event, frozen=True, kw_only=True):
    """The outlet has set a key for itself."""

    TYPE: ClassVar[str] = "policy.value_set.v1"
    policy: str
    level: Level
    value: Any
    before: Any
    """What held until then."""
    reason: str = ""

    def entity(self) -> str:
        return self.policy


class ValueCleared(Event, frozen=True, kw_only=True):
    """The outlet follows the upper levels again."""

    TYPE: ClassVar[str] = "policy.value_cleared.v1"
    policy: str
    level: Level

    def entity(self) -> str:
        return self.policy


class OverrideRequested(Event, frozen=True, kw_only=True):
    """The outlet wants what a higher level does not let it set: that level is asked."""

    TYPE: ClassVar[str] = "policy.override_requested.v1"
    request: str
    policy: str
    value: Any
    held_by: Level
    reason: str = ""

    def entity(self) -> str:
        return self.request


class RequestAnswered(Event, frozen=True, kw_only=True):
    """The upper level has said yes or no; a yes is in force at once."""

    TYPE: ClassVar[str] = "policy.request_answered.v1"
    request: str
    approved: bool
    by: str = ""
    reason: str = ""

    def entity(self) -> str:
        return self.request
