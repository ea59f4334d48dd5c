"""How hard Hypothesis looks: briefly in `make test`, longer in `make test-all` (--hypothesis-profile=long)."""

from hypothesis import HealthCheck, settings

SLOW_TO_MAKE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("short", max_examples=50, deadline=None, derandomize=True, suppress_health_check=SLOW_TO_MAKE)
settings.register_profile("long", max_examples=300, deadline=None, suppress_health_check=SLOW_TO_MAKE)
settings.load_profile("short")
