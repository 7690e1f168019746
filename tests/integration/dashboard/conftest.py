"""Telemetry the dashboard is tried on: months of the simulated year, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import year


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred and thirty busy days of five repositories."""
    folder = tmp_path_factory.mktemp("months")
    year.write(folder, year.year(3, days=130, busy=0.3))
    return folder
