"""Given a version in force, when head office sends a document, then it is applied whole, ignored or refused whole."""

from typing import Any

import msgspec
import pytest

from edge.org import decide
from edge.org.model import BranchConfigured, ConfigureBranch, Counter
from edge.sandbox.branch import CONFIGURE
from tests.unit.given import CONTEXT, refused

SERVICE = CONFIGURE.services[0]
COUNTER = CONFIGURE.counters[0]


def document(**fields: Any) -> ConfigureBranch:
    return msgspec.structs.replace(CONFIGURE, version=5, **fields)


def test_a_newer_document_comes_into_force_whole() -> None:
    (fact,) = decide.configure(4, document(), CONTEXT)
    assert isinstance(fact, BranchConfigured)
    assert (fact.version, fact.branch, fact.services, fact.counters) == (
        5,
        CONFIGURE.branch,
        CONFIGURE.services,
        CONFIGURE.counters,
    )
    assert fact.entity() == CONFIGURE.branch.id


@pytest.mark.parametrize("version", [5, 6])
def test_the_same_or_an_older_document_changes_nothing(version: int) -> None:
    assert decide.configure(version, document(), CONTEXT) == ()


def other(part: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(part, **fields)


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"services": (SERVICE, other(SERVICE, letter="Z"))}, {"what": "service", "value": "personal"}),
        ({"services": (SERVICE, other(SERVICE, id="other"))}, {"what": "letter", "value": "A"}),
        ({"counters": (COUNTER, other(COUNTER, number=9))}, {"what": "counter", "value": "counter-1"}),
        ({"counters": (COUNTER, other(COUNTER, id="c"))}, {"what": "counter_number", "value": "1"}),
        (
            {"counters": (other(COUNTER, services=("fx", "personal", "fx")),)},
            {"what": "service_of_counter", "value": "fx"},
        ),
    ],
)
def test_nothing_stands_twice(fields: dict[str, Any], facts: dict[str, str]) -> None:
    with refused("duplicate_in_configuration") as no:
        decide.configure(0, document(**fields), CONTEXT)
    assert no.facts == facts


def test_a_counter_serves_known_services_only() -> None:
    with refused("unknown_service") as no:
        decide.configure(0, document(counters=(other(COUNTER, services=("moon",)),)), CONTEXT)
    assert no.facts == {"service": "moon", "counter": "counter-1"}


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Asia", "A" * 300, "Asia/\0"])
def test_an_impossible_time_zone_is_refused(name: str) -> None:
    with refused("unknown_timezone"):
        decide.configure(0, document(branch=other(CONFIGURE.branch, timezone=name)), CONTEXT)


@pytest.mark.parametrize(
    "fields",
    [
        {"services": (other(SERVICE, letter="a"),)},
        {"services": (other(SERVICE, id="Has Blanks"),)},
        {"services": (other(SERVICE, name=""),)},
        {"services": (other(SERVICE, usual_s=1),)},
        {"counters": (other(COUNTER, number=0),)},
        {"counters": (other(COUNTER, number=100),)},
        {"branch": other(CONFIGURE.branch, name="很" * 61)},
    ],
)
def test_what_could_not_be_read_again_is_not_journalled(fields: dict[str, Any]) -> None:
    with refused("invalid_configuration"):
        decide.configure(0, document(**fields), CONTEXT)


def test_a_branch_has_limits() -> None:
    many = tuple(Counter(id=f"c{number}", number=1 + number % 99, name="窗口") for number in range(decide.COUNTERS_MAX + 1))
    with refused("branch_too_large") as no:
        decide.configure(0, document(counters=many), CONTEXT)
    assert no.facts == {"services_max": 40, "counters_max": 60}
