"""Any bytes, to every family's emulator, greeting and work: see `drivers.fuzzing`. `make fuzz` looks further."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers import fuzzing, registry

PROFILES = registry.load_profiles()
MODELS = [(name, model) for name, family in registry.FAMILIES.items() for model in family.bench.PROFILES]


@pytest.mark.parametrize(("name", "model"), MODELS, ids=str)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=600))
def test_any_bytes(name: str, model: str, data: bytes) -> None:
    fuzzing.try_all(registry.family(name), PROFILES[model], data)
