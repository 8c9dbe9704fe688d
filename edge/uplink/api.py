"""How the line to head office is."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from edge.org.place import Place
from edge.web.routes import Call, Routes
from sync.uplink import UplinkState

routes: Final = Routes("uplink")


class SyncView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What head office has, and since when nothing was heard of it."""

    head_office: str
    received_seq: int
    head_seq: int
    pending: int
    last_contact_at: datetime | None = None
    age_s: int | None = None
    halted_reason: str | None = None


class Line:
    """The joint between the uplink and those who watch it."""

    def __init__(self) -> None:
        self.state: Callable[[], UplinkState] | None = None
        self.wake: list[Callable[[], None]] = []
        """Told when the line may have changed: head office is asked now instead of at the next time."""

    def view(self, head_seq: int, place: Place) -> SyncView:
        if self.state is None:
            return SyncView(head_office="unconfigured", received_seq=0, head_seq=head_seq, pending=head_seq)
        state = self.state()
        contact_ms = state.last_contact_ms
        return SyncView(
            head_office=state.head_office.value,
            received_seq=state.received_seq,
            head_seq=state.head_seq,
            pending=state.pending,
            last_contact_at=None if contact_ms is None else datetime.fromtimestamp(contact_ms // 1000, place.zone),
            age_s=None if contact_ms is None else max(0, place.clock.now_ms() - contact_ms) // 1000,
            halted_reason=state.halted_reason,
        )


@routes.get(
    "/api/sync",
    audience={"staff", "device"},
    permission="queue.view",
    reply=SyncView,
    summary="How the line to head office is",
)
async def show_sync(call: Call[None]) -> SyncView:
    return call.app[Line].view(call.app.pipeline.journal.head().seq, call.app[Place])
