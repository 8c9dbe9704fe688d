"""What is due goes in portions; nobody is erased with something under way, and what is said of it names references only."""

import pytest

from edge.customers.events import ConsentWithdrawn
from edge.customers.model import Means, Purpose
from edge.customers.tables import Standing
from edge.kernel.domain import Rejected
from edge.retention.decide import DELETED_AT_ONCE_MAX, ErasureState, apply_retention, erase
from edge.retention.model import ApplyRetention, CustomerErased, EraseCustomer, RetentionApplied
from edge.retention.views import Due
from tests.unit.given import CONTEXT

WISH = EraseCustomer(customer="c-1", channel=Means.LOBBY)
HERE = ErasureState("c-1", Standing.KNOWN, details=1, identities=2)


def applied(due: Due) -> RetentionApplied:
    (fact,) = apply_retention(due, ApplyRetention(), CONTEXT)
    assert isinstance(fact, RetentionApplied)
    return fact


@pytest.mark.parametrize(("due", "gone", "finished"), [(0, 0, True), (50, 50, True), (51, 50, False)])
def test_a_run_deletes_so_many_and_says_whether_that_was_all(due: int, gone: int, finished: bool) -> None:  # noqa: FBT001
    assert due <= DELETED_AT_ONCE_MAX + 1
    fact = applied(Due(finished=False, contacts=tuple(f"contact-{n}" for n in range(due))))
    assert (len(fact.contacts), fact.finished) == (gone, finished)


def test_customers_are_bounded_like_contacts() -> None:
    fact = applied(Due(finished=False, customers=tuple(f"c-{n}" for n in range(DELETED_AT_ONCE_MAX + 1))))
    assert (len(fact.customers), fact.finished) == (DELETED_AT_ONCE_MAX, False)


def test_a_day_that_is_done_is_done() -> None:
    assert apply_retention(Due(finished=True, contacts=("contact-1",)), ApplyRetention(), CONTEXT) == ()


def test_consents_end_before_the_customer_does() -> None:
    state = ErasureState("c-1", Standing.KNOWN, consents=((Purpose.SERVICE, "consent-1"),), contacts=("contact-1",))
    ended, erased = erase(state, WISH, CONTEXT)
    assert ended == ConsentWithdrawn(customer="c-1", purpose=Purpose.SERVICE, consent="consent-1", channel=Means.LOBBY)
    assert erased == CustomerErased(customer="c-1", contacts=("contact-1",), channel=Means.LOBBY)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ErasureState("c-1", Standing.KNOWN, ticket="A001"), "customer_visit_open"),
        (ErasureState("c-1", Standing.KNOWN, appointment="2026-11-23"), "customer_appointment_open"),
        (ErasureState("c-1", Standing.UNKNOWN), "no_such_customer"),
    ],
)
def test_it_is_refused_with_the_reason(state: ErasureState, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        erase(state, WISH, CONTEXT)


def test_whom_the_index_has_lost_can_still_be_erased() -> None:
    assert len(erase(ErasureState("c-1", Standing.UNKNOWN, contacts=("contact-1",)), WISH, CONTEXT)) == 1


def test_erasing_again_makes_no_second_fact() -> None:
    assert erase(ErasureState("c-1", Standing.ERASED), WISH, CONTEXT) == ()
    assert len(erase(HERE, WISH, CONTEXT)) == 1
