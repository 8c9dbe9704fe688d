"""A customer's name in clear: for those who say why, in the books without the name, and not without end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge import registry
from edge.customers import tables as customers
from edge.customers.model import Need, UnmaskCustomer
from edge.customers.tables import Recognised
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.fold import verify
from tests.scenarios.hall import Hall, open_hall

WISH = UnmaskCustomer(customer="c-1", purpose=Need.SERVE)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:

        def known(connection: Connection) -> None:
            customers.put(connection, Recognised("c-1", "gold"), [bytes(16)], now_ms=opened.clock.now_ms())

        await opened.branch.db.write(known)
        yield opened


async def ask(hall: Hall, staff: str) -> bytes:
    """How often this member of staff may ask after it."""
    return (await hall.branch.pipeline.submit(WISH, actor=f"staff:{staff}")).answer


async def test_twenty_a_day_for_each_and_anew_the_next_day(hall: Hall) -> None:
    assert [int(await ask(hall, "1001")) for _ in range(20)] == list(range(19, -1, -1))
    with pytest.raises(Rejected, match="unmask_limit_reached"):
        await ask(hall, "1001")
    assert await ask(hall, "1002") == b"19"
    await hall.at(hall.branch.place.now() + timedelta(days=1))
    assert await ask(hall, "1001") == b"19"
    with hall.branch.db.reader() as connection:
        verdict = verify(connection, registry.rules(), registry.migrations(), ["customer_unmasking"])
    assert verdict.rows == {"customer_unmasking": 22}
    assert not verdict.differences
