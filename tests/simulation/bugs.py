"""Bugs that somebody could make, each behind its name; none of them is in the product, all of them must be noticed."""

from __future__ import annotations

from tests.simulation import bugs_at_rest, bugs_github, bugs_looking
from tests.simulation.planting import BUGS, planted

__all__ = ["BUGS", "bugs_at_rest", "bugs_github", "bugs_looking", "planted"]
