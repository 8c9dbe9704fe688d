"""What the forecast has learned, kept in a file that may be dropped at any time: the journal teaches it again.

The file names the incarnation of the journal and how far it was read. A file of another incarnation, of a journal that has not
come so far (a restored backup), of another version or simply damaged is not used, and that is no error.
"""

from pathlib import Path
from typing import Final

import msgspec

from edge.forecast.arrivals import ArrivalsState
from edge.forecast.calibration import Calibration, Outcome
from edge.forecast.hazard import HazardState
from edge.forecast.knowledge import Knowledge, PatienceState
from edge.forecast.service_times import ServiceTimesState
from edge.forecast.turnaround import ReadinessState
from edge.kernel.files import write_durably

VERSION: Final = 3
"""Raised whenever what is learned changes its meaning."""
FILE: Final = "forecast.knowledge"
FILE_BYTES_MAX: Final = 32 * 1024 * 1024


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in the file."""

    version: int
    jid: bytes
    seq: int
    """The last fact that was learned from."""
    service_times: ServiceTimesState
    patience: PatienceState
    turnaround: list[ReadinessState]
    pauses: HazardState
    openings: HazardState
    arrivals: ArrivalsState
    outcomes: list[Outcome]


def kept(knowledge: Knowledge, calibration: Calibration, *, jid: bytes, seq: int) -> Kept:
    """Everything that was learned."""
    return Kept(
        version=VERSION,
        jid=jid,
        seq=seq,
        service_times=knowledge.service_times.state,
        patience=knowledge.patience.state,
        turnaround=knowledge.turnaround.state,
        pauses=knowledge.pauses.state,
        openings=knowledge.openings.state,
        arrivals=knowledge.arrivals.state,
        outcomes=calibration.outcomes,
    )


def recall(kept: Kept, knowledge: Knowledge, calibration: Calibration) -> None:
    """Go on from what was kept. Raises ValueError where it does not fit."""
    knowledge.service_times.restore(kept.service_times)
    knowledge.patience.restore(kept.patience)
    knowledge.turnaround.restore(kept.turnaround)
    knowledge.pauses.restore(kept.pauses)
    knowledge.openings.restore(kept.openings)
    knowledge.arrivals.restore(kept.arrivals)
    calibration.restore(kept.outcomes)


def write(folder: Path, what: Kept) -> None:
    """Replace the file at once."""
    write_durably(folder / FILE, msgspec.msgpack.encode(what))


def read(folder: Path, *, jid: bytes, head_seq: int) -> Kept | None:
    """What was kept of this journal; None where there is nothing that can be used."""
    try:
        with (folder / FILE).open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        found = msgspec.msgpack.decode(content, type=Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return found if (found.version, found.jid) == (VERSION, jid) and found.seq <= head_seq else None
