"""The OpenAPI document against the real box: whatever is sent, the answer is one that the document describes."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.harness.programs import BranchProcess

EXAMPLES: Final = {"admin": 14, "kiosk": 5, "nobody": 4}
"""For each operation and kind of input; most of what a kiosk or nobody wishes is refused before it is read."""
NOT_HTTP: Final = {"/api/live"}
LAST: Final = ("/api/day/close", "/api/enrolments/{device}", "/api/session", "/sandbox/wan", "/sandbox/clock")
"""What takes the ground from under the others: signing out, closing the day, moving the clock."""
STRICTER: Final = re.compile(
    r'Expected `int.*got `float`|as the name of an entry|RFC3339|`bytes` of length|base64|"detail":"[a-z]'
)
"""What the schema language cannot say: 5.0 is no integer, a mapping's keys are an enumeration, no leap second, base64 is a text
of its own and its bytes come in threes; and what the capabilities' own types refuse, in words that begin small."""
KNOWN: Final = {"counter": "counter-1", "device": "printer-1", "name": "ticket-detail", "action": "paper_in"}
"""Names that exist, beside the generated ones that do not."""


@pytest.fixture(scope="module")
def schema(branch: BranchProcess) -> Any:
    return schemathesis.openapi.from_url(f"{branch.url}/api/openapi.json")


def operations(schema: Any) -> Iterator[Any]:
    """In the order of the document, the destructive ones last."""
    found = [result.ok() for result in schema.get_all_operations()]
    yield from (one for one in found if one.path not in LAST and one.path not in NOT_HTTP)
    yield from (one for one in found if one.path in LAST)


@pytest.mark.parametrize("caller", EXAMPLES)
def test_no_wish_breaks_the_box(schema: Any, tokens: dict[str, str], caller: str) -> None:
    """Well-formed and ill-formed requests: no 5xx, every answer as documented, nothing malformed accepted."""
    token = tokens.get(caller)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    failed: list[str] = []
    for operation in operations(schema):
        for mode in _modes(operation):
            try:
                _wishes(operation, mode, EXAMPLES[caller], headers)
            except (FailureGroup, AssertionError) as error:
                failed.append(f"{operation.label}, {mode.value} input: {_said(error)}")
    assert not failed, "\n\n".join(failed)


def _modes(operation: Any) -> tuple[GenerationMode, ...]:
    """Nothing can be wrong with a request that carries nothing."""
    carries = operation.body or operation.query or operation.headers
    return (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if carries else (GenerationMode.POSITIVE,)


def _said(error: BaseException) -> str:
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n".join([str(error), *(str(part) for part in parts), *getattr(error, "__notes__", ())])


@st.composite
def _generated(draw: st.DrawFn, cases: st.SearchStrategy[Any]) -> Any:
    """Now and then the generator spoils a schema so that nothing can meet it, and says so: that case is no case."""
    try:
        return draw(cases)
    except InvalidSchema:
        reject()


def _wishes(operation: Any, mode: GenerationMode, examples: int, headers: dict[str, str]) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_generated(operation.as_strategy(generation_mode=mode)), known=st.booleans())
    def wish(*, case: Any, known: bool) -> None:
        if known and mode is GenerationMode.POSITIVE:
            for name in set(KNOWN) & set(case.path_parameters):
                case.path_parameters[name] = KNOWN[name]
        answer = case.call_and_validate(headers=headers, timeout=20, excluded_checks=[positive_data_acceptance])
        if mode is GenerationMode.POSITIVE and answer.status_code == 400:
            assert answer.json()["code"] != "invalid_request" or STRICTER.search(answer.text), answer.text

    wish()
