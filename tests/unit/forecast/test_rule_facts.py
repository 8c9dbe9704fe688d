"""Facts about rules are found by an index of them alone, however long the journal is."""

import re

from edge import registry
from edge.forecast import regime
from edge.kernel.db import Connection
from edge.kernel.migrations import migrate


def test_the_index_has_every_type_that_speaks_of_rules() -> None:
    connection = Connection(":memory:")
    migrate(connection, registry.migrations(), now_ms=0)
    made = str(connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (regime.INDEX,)).get)
    assert set(re.findall(r"'(.*?)'", made)) == set(regime.TYPES), (
        "a new type needs an index of another name, by a new migration"
    )
    assert regime.facts(connection, until=1) == []
