"""Trials of an advisory configuration: whatever an issue carries, nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations

from engine.config.types import Config
from engine.problems import Where
from tassist.contract.probe import After, look, prepared
from tassist.contract.promised.trial import Run, Trial, declared, said

_MOST = 12


def written(config: Config) -> Iterator[Trial]:
    """Nothing is written: no label alone, no two labels together, no age."""
    where = Where(config.file, path="enforcement")
    known = declared(config)
    looks = [(), *((name,) for name in known), *combinations(known[:_MOST], 2)]
    runs = tuple(_nothing(config, labels) for labels in looks)
    yield Trial("enforcement", "without an enforcement section nothing is written", where, runs)


def _nothing(config: Config, labels: tuple[str, ...]) -> Run:
    def run() -> tuple[After, str]:
        after = look(config, prepared(config), labels, age=timedelta(days=1000), kind="sweep")
        effects = ", ".join(effect.field for effect in after.plan.effects)
        return said(after, f"with {', '.join(labels) or 'no label'} it writes {effects}", unless=not after.plan.effects)

    return run
