"""What the consent ledger decides, without a database."""

from edge.customers.consents import Consent
from edge.customers.decide import ConsentState, give, withdraw
from edge.customers.events import ConsentGiven, ConsentWithdrawn
from edge.customers.model import GiveConsent, Means, Purpose, WithdrawConsent
from edge.customers.tables import Standing
from tests.unit.given import CONTEXT, refused

EVIDENCE = "ab" * 32
GIVE = GiveConsent(customer="c-1", purpose=Purpose.MARKETING, version=2, channel=Means.LOBBY, evidence=EVIDENCE)
WITHDRAW = WithdrawConsent(customer="c-1", purpose=Purpose.MARKETING, channel=Means.COUNTER)
STRANGER = ConsentState("c-1", standing=Standing.UNKNOWN)
NEW = ConsentState("c-1", standing=Standing.KNOWN)


def holding(version: int, *, here: Standing = Standing.KNOWN) -> ConsentState:
    return ConsentState("c-1", standing=here, in_force=Consent("consent-1", version))


def test_the_fact_says_what_was_agreed_to_and_by_what_proof() -> None:
    (fact,) = give(NEW, GIVE, CONTEXT)
    assert isinstance(fact, ConsentGiven)
    assert (fact.customer, fact.purpose, fact.version, fact.evidence) == ("c-1", Purpose.MARKETING, 2, EVIDENCE)
    assert fact.entity() == "c-1"


def test_the_same_version_again_is_nothing_and_a_newer_one_replaces_it() -> None:
    assert give(holding(2), GIVE, CONTEXT) == ()
    assert len(give(holding(1), GIVE, CONTEXT)) == 1


def test_an_older_text_is_not_agreed_to_any_more() -> None:
    with refused("consent_text_outdated"):
        give(holding(3), GIVE, CONTEXT)


def test_nobody_agrees_for_somebody_the_branch_does_not_know() -> None:
    with refused("no_such_customer"):
        give(STRANGER, GIVE, CONTEXT)
    with refused("no_such_customer"):
        withdraw(STRANGER, WITHDRAW, CONTEXT)


def test_what_is_in_force_is_withdrawn_also_when_the_index_has_lost_the_customer() -> None:
    (fact,) = withdraw(holding(2, here=Standing.UNKNOWN), WITHDRAW, CONTEXT)
    assert isinstance(fact, ConsentWithdrawn)
    assert fact.consent == "consent-1"


def test_withdrawing_what_is_not_in_force_is_nothing() -> None:
    assert withdraw(NEW, WITHDRAW, CONTEXT) == ()
