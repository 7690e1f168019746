"""Telemetry the dashboard is tried on: months of the simulated year, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import year


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred and thirty busy days of five repositories."""
    folder = tmp_path_factory.mktemp("months")
    year.write(folder, year.year(3, days=130, busy=0.3))
    return folder


@pytest.fixture(scope="session")
def weeks(months: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seven weeks of them, for what reads everything again and again."""
    folder = tmp_path_factory.mktemp("weeks")
    for file in months.rglob("*.jsonl"):
        if file.name[:10] <= "2025-05-20":
            target = folder / file.relative_to(months)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return folder
