"""Which boxes are known: claim codes, enrolment, approval.

A claim code is made by an operator for one branch, spoken or typed into the box once, and expires. It is never sent: the
box proves that it knows it, head office proves the same, so each can believe the other's key. A box that asks again with
the same key gets the same answer; another key for an enrolled branch needs a new claim.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import replace

from sync.headoffice.store import Claim, FleetLedger
from sync.keys import Verify, verify
from sync.protocol import Code, Enrol, Enrolled, Refused, claim_key, claim_proof
from sync.receiver import Enrolment

CLAIM_LIFE_MS = 24 * 3600 * 1000
_CODE_BYTES = 10
SANDBOX_CODE = "sandbox"
"""The claim code of every branch in the sandbox."""


def new_code(entropy: Callable[[int], bytes]) -> str:
    """Eighty bits that a person can type: XXXX-XXXX-XXXX-XXXX."""
    text = base64.b32encode(entropy(_CODE_BYTES)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


class Fleet:
    """Answers enrolments for one head office; each method is called inside a transaction."""

    def __init__(self, public_key: bytes, ho_epoch: bytes, *, sandbox: bool, verify: Verify = verify) -> None:
        self._public_key = public_key
        self._ho_epoch = ho_epoch
        self._sandbox = sandbox
        self._verify = verify

    @staticmethod
    def claim(ledger: FleetLedger, branch: str, name: str, code: str, now_ms: int) -> Claim:
        """Permit one box to enrol as `branch` with `code`; an older claim of the branch ends."""
        claim = Claim(branch, name, claim_key(code), now_ms + CLAIM_LIFE_MS)
        ledger.put_claim(claim)
        return claim

    def enrol(self, ledger: FleetLedger, wish: Enrol, now_ms: int) -> Enrolled:
        """Make the box known. Raises Refused."""
        if not self._verify(wish.public_key, wish.signature, wish.covered()):
            raise Refused(Code.BAD_SIGNATURE, "the box does not hold the key it wants to enrol")
        claim = ledger.claim(wish.branch) or self._sandbox_claim(ledger, wish, now_ms)
        if claim is None or not _proves(wish, claim):
            raise Refused(Code.CLAIM_REFUSED, "no such claim")
        known = ledger.enrolment(wish.branch)
        if claim.used_by == wish.public_key and known is not None:
            return self._answer(wish, claim, approved=known.approved)
        _admit(claim, now_ms)
        ledger.put_claim(replace(claim, used_by=wish.public_key))
        ledger.enrol(Enrolment(wish.branch, claim.name or wish.name, wish.public_key, approved=self._sandbox), now_ms)
        return self._answer(wish, claim, approved=self._sandbox)

    def _sandbox_claim(self, ledger: FleetLedger, wish: Enrol, now_ms: int) -> Claim | None:
        return self.claim(ledger, wish.branch, wish.name, SANDBOX_CODE, now_ms) if self._sandbox else None

    def _answer(self, wish: Enrol, claim: Claim, *, approved: bool) -> Enrolled:
        proof = claim_proof(claim.key, "head-office", wish.branch, self._public_key, wish.nonce, self._ho_epoch)
        return Enrolled(head_office_key=self._public_key, ho_epoch=self._ho_epoch, approved=approved, proof=proof)


def _proves(wish: Enrol, claim: Claim) -> bool:
    return hmac.compare_digest(wish.proof, claim_proof(claim.key, "box", wish.branch, wish.public_key, wish.nonce))


def _admit(claim: Claim, now_ms: int) -> None:
    if claim.used_by:
        raise Refused(Code.KEY_CONFLICT, "the claim was used by another box")
    if now_ms > claim.expires_at_ms:
        raise Refused(Code.CLAIM_REFUSED, "the claim has expired")
