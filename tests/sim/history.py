"""One seed, one history: facts are made while everything fails, then the weather clears and the books are compared."""

import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass

from sync.branch import Lane, Phase
from sync.keys import Sign, SigningKey, Verify, verify
from sync.receiver import Enrolment
from tests.sim.branch import Branch, MakeLane
from tests.sim.office import MemoryLedger, Office
from tests.sim.world import CLEAR, STORM, Clock, Network
from tests.sync.box import MemoryJournal

STORM_S = 6 * 3600.0
CALM_S = 2 * 3600.0
"""More than the longest backoff and a few rounds."""
MISFORTUNES = 14
REAL_KEYS_EVERY = 10
"""Every so many seeds the signatures are Ed25519; the others use a keyed hash, which is as strict and far cheaper."""

MakeOffice = Callable[..., Office]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one history came to."""

    seed: int
    made: int
    acked: int
    lost: int
    """Facts that head office had signed for and does not have in the end."""
    missing: int
    """Facts that head office does not have in the end."""
    doubled: int
    invented: int
    """Records at head office that the branch never made, or made otherwise."""
    rounds: int
    """Requests after the weather had cleared, until nothing was left to send."""
    requests: int
    setbacks: int
    converged: bool

    @property
    def sound(self) -> bool:
        return self.converged and not (self.lost or self.missing or self.doubled or self.invented)


class History:
    """Builds the world of a seed and lets it happen."""

    def __init__(self, seed: int, *, make_lane: MakeLane = Lane, make_office: MakeOffice = Office) -> None:
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311 -- repeatable on purpose
        self._clock = Clock()
        self._journal = MemoryJournal(seed=seed)
        sign, check, public = _keys(self._chance, real=seed % REAL_KEYS_EVERY == 0)
        office_sign, _, office_public = _keys(self._chance, real=seed % REAL_KEYS_EVERY == 0)
        known = Enrolment(self._journal.branch, "示范支行", public, approved=True)
        self._office = make_office(MemoryLedger(known), office_sign, check, self._chance)
        self._network = Network(
            self._clock, self._chance, lambda request: self._office.answer(request, int(self._clock.now_s * 1000))
        )
        self._branch = Branch(
            self._journal,
            self._network,
            self._clock,
            self._chance,
            keys=(sign, check, office_public),
            make_lane=make_lane,
        )

    def run(self) -> Outcome:
        self._storm()
        self._network.weather = CLEAR
        self._office.crash_chance = 0.0
        stormy_requests = self._network.requests
        rounds = self._calm(stormy_requests)
        return self._compare(rounds)

    def _storm(self) -> None:
        self._network.weather = STORM
        self._office.crash_chance = 0.02
        for _ in range(self._chance.randrange(20, 60)):
            self._clock.after(self._chance.uniform(0, STORM_S), self._make_facts)
        misfortunes = (
            self._branch_crashes, self._office_crashes, self._office.back_up, self._office_is_set_back,
        )  # fmt: skip
        for _ in range(MISFORTUNES):
            self._clock.after(self._chance.uniform(0, STORM_S), self._chance.choice(misfortunes))
        self._clock.run(STORM_S)

    def _calm(self, requests_before: int) -> int:
        """Let the two sides settle; how many requests that took."""
        end_s = self._clock.now_s + CALM_S
        while self._clock.now_s < end_s and not self._settled():
            self._clock.run(self._clock.now_s + 1.0)
        return self._network.requests - requests_before

    def _settled(self) -> bool:
        lane = self._branch.lane
        return (
            self._branch.up and lane.phase is Phase.READY and lane.cursor == self._journal.head() == self._office.ledger.cursor
        )

    def _make_facts(self) -> None:
        count = self._chance.choice((1, 1, 2, 5, 80))
        at_ms = int(self._clock.now_s * 1000)
        for _ in range(count):
            number = len(self._journal.records) + 1
            body = b'{"n":%d,"x":%d}' % (number, self._chance.getrandbits(32))
            self._journal.append((at_ms, "queue.ticket_issued.v1", f"t{number}", "device:kiosk-1", body))
        self._branch.grew()

    def _branch_crashes(self) -> None:
        if self._branch.up:
            self._branch.crash()
            self._clock.after(self._chance.uniform(1, 600), self._branch.start)

    def _office_crashes(self) -> None:
        self._office.up = False
        self._clock.after(self._chance.uniform(1, 900), self._office_returns)

    def _office_returns(self) -> None:
        self._office.up = True

    def _office_is_set_back(self) -> None:
        self._office.set_back(declared=self._chance.random() < 0.7)

    def _compare(self, rounds: int) -> Outcome:
        made, held = self._journal.records, self._office.ledger.records
        numbers = [record.seq for record in held]
        true = set(made)
        acked = max((receipt.position.seq for receipt in self._branch.receipts), default=0)
        have = {record.seq for record in held if record in true}
        return Outcome(
            seed=self._seed,
            made=len(made),
            acked=acked,
            lost=sum(seq not in have for seq in range(1, acked + 1)),
            missing=sum(record.seq not in have for record in made),
            doubled=len(numbers) - len(set(numbers)),
            invented=sum(record not in true for record in held),
            rounds=rounds,
            requests=self._network.requests,
            setbacks=self._branch.lane.setbacks,
            converged=self._settled() and held == made,
        )


def _keys(chance: random.Random, *, real: bool) -> tuple[Sign, Verify, bytes]:
    secret = chance.randbytes(32)
    if real:
        key = SigningKey(secret)
        return key.sign, verify, key.public
    return (
        lambda data: _keyed(secret, data),
        lambda public, signature, data: hmac.compare_digest(signature, _keyed(public, data)),
        secret,
    )


def _keyed(secret: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, key=secret, digest_size=64).digest()
