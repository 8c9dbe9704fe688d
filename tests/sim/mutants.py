"""Protocols that look right and are not. The harness must find each of them out, or it proves nothing."""

from functools import partial

from sync.branch import Halt, Lane
from sync.chain import START, Position
from sync.protocol import Code, OpenReply, Refused
from sync.receiver import Examined, Intake, LaneRow, Ledger, Receiver, Taken
from tests.sim.branch import MakeLane
from tests.sim.history import MakeOffice
from tests.sim.office import Office


class CheckpointLane(Lane):
    """Believes its own checkpoint, as many replicators do, instead of head office's cursor."""

    @staticmethod
    def _compare(cursor: Position, own: Position | None) -> Halt | None:
        del cursor, own
        return None

    def _agree(self, reply: OpenReply, now_s: float) -> None:
        super()._agree(reply, now_s)
        self.cursor = self.receipt.position if self.receipt is not None else START


class HigherNumberReceiver(Receiver):
    """Takes whatever ends beyond its last number: neither gaps nor hashes matter to it."""

    def batch(self, ledger: Ledger, examined: Examined, now_ms: int) -> Taken:
        batch, lane = examined.batch, _lane(ledger, examined)
        receipt = self._receipt(batch, batch.after, now_ms)
        if batch.after.seq > lane.cursor.seq:
            ledger.take(Intake(batch, max(lane.cursor.seq, batch.before.seq) + 1, receipt))
        return Taken(self._reply(receipt, lane, now_ms), batch.count)


class ForgetfulReceiver(Receiver):
    """Takes every batch that comes, also one that it has."""

    def batch(self, ledger: Ledger, examined: Examined, now_ms: int) -> Taken:
        batch, lane = examined.batch, _lane(ledger, examined)
        receipt = self._receipt(batch, batch.after, now_ms)
        ledger.take(Intake(batch, batch.before.seq + 1, receipt))
        return Taken(self._reply(receipt, lane, now_ms), batch.count)


def _lane(ledger: Ledger, examined: Examined) -> LaneRow:
    for lane in ledger.lanes(examined.batch.branch):
        return lane
    raise Refused(Code.UNKNOWN_LANE)


MUTANTS: dict[str, tuple[MakeLane, MakeOffice]] = {
    "client-side checkpoint": (CheckpointLane, partial(Office, receiver_type=HigherNumberReceiver)),
    "no duplicate check": (Lane, partial(Office, receiver_type=ForgetfulReceiver)),
}
