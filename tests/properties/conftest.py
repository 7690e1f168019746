"""How many examples a property gets: few in `make test`; `TASSIST_EXAMPLES=5000 python -m pytest tests/properties` for more."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "tassist",
    max_examples=int(os.environ.get("TASSIST_EXAMPLES", "60")),
    deadline=None,  # a loaded machine is slow; speed is measured in benchmarks/
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
settings.load_profile("tassist")
