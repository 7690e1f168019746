"""What a migration does, in order, each step with its inverse: worked out from a snapshot and its audit, and never carried out here."""

from __future__ import annotations

from migrations.plan.config import Generated, generate
from migrations.plan.model import Kind, Plan, Step, drift, from_data, to_data
from migrations.plan.steps import Wishes, plan
from migrations.plan.words import lines, markdown

__all__ = [
    "Generated",
    "Kind",
    "Plan",
    "Step",
    "Wishes",
    "drift",
    "from_data",
    "generate",
    "lines",
    "markdown",
    "plan",
    "to_data",
]
