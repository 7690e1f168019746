"""The last stage: what depends on two places at once, such as names that must be declared and days that must be in order."""

from __future__ import annotations

from engine.config.findings import Findings
from engine.config.structure import Checked


def examine(root: Checked, out: Findings) -> None:
    """Report what is wrong between the parts of a configuration."""
    del root, out
