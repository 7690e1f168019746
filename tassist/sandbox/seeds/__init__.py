"""What a box starts with: our own seed files, and recorded snapshots of a repository."""

from __future__ import annotations

from pathlib import Path

from tassist.sandbox.seeds.planting import plant
from tassist.sandbox.seeds.reading import Seed, read

ACME_DEMO = Path(__file__).with_name("acme-demo.json")
"""The fixture the project owns: the organisation ``acme-demo``."""

__all__ = ["ACME_DEMO", "Seed", "plant", "read"]
