"""How often somebody may see a customer's data in clear, without a database."""

from edge.customers.decide import UnmaskState, unmask
from edge.customers.events import CustomerUnmasked
from edge.customers.model import Need, UnmaskCustomer
from edge.customers.tables import Standing
from tests.unit.given import CONTEXT, refused

WISH = UnmaskCustomer(customer="c-1", purpose=Need.CONTACT)


def test_the_last_time_of_the_day_is_allowed_and_the_next_is_not() -> None:
    (fact,) = unmask(UnmaskState(standing=Standing.KNOWN, seen=19, allowed=20), WISH, CONTEXT)
    assert fact == CustomerUnmasked(customer="c-1", purpose=Need.CONTACT, day="2026-11-23")
    with refused("unmask_limit_reached"):
        unmask(UnmaskState(standing=Standing.KNOWN, seen=20, allowed=20), WISH, CONTEXT)


def test_a_policy_of_none_lets_nobody_see() -> None:
    with refused("unmask_limit_reached"):
        unmask(UnmaskState(standing=Standing.KNOWN, seen=0, allowed=0), WISH, CONTEXT)


def test_a_stranger_has_nothing_to_see() -> None:
    with refused("no_such_customer"):
        unmask(UnmaskState(standing=Standing.UNKNOWN, seen=0, allowed=20), WISH, CONTEXT)
