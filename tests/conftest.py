"""How Hypothesis works here: no verdict hangs on how fast the machine is today."""

from hypothesis import HealthCheck, settings

settings.register_profile("branchbox", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("branchbox")
