"""What a person's own configuration promises, line by line, and whether the engine keeps it.

Each promise is read off the configuration alone – this label gives that milestone, of two labels this one stays – and is then tried on
issues made for it. The expectation never asks the engine; only the trial does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from engine.config.types import Config
from engine.problems import Where
from tassist.contract.promised import inheritance, labels, milestones, nothing, staleness
from tassist.contract.promised.trial import Trial

Standing = Literal["kept", "broken", "hidden", "not tried"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of the configuration, tried."""

    rule: str
    says: str
    where: Where | None
    standing: Standing
    """``hidden``: another line of the configuration always comes first. ``not tried``: no issue could be made for it."""
    detail: str = ""
    tried: int = 0
    """On how many issues."""


_MAKERS: tuple[Callable[[Config], Iterator[Trial]], ...] = (
    labels.classify,
    labels.exclusive,
    labels.required,
    milestones.mapped,
    milestones.stays,
    inheritance.inherited,
    staleness.thresholds,
    staleness.exempt,
)


def promises(config: Config) -> tuple[Promise, ...]:
    """Every promise of the configuration, in the order of the rules, tried."""
    makers = _MAKERS if config.enforcement is not None else (nothing.written,)
    return tuple(_tried(trial) for make in makers for trial in make(config))


def _tried(trial: Trial) -> Promise:
    if trial.skipped:
        return Promise(trial.rule, trial.says, trial.where, "not tried", trial.skipped)
    standing: Standing = "kept"
    detail = ""
    tried = 0
    for run in trial.runs:
        tried += 1
        after, complaint = run()
        trouble = "; ".join(filter(None, (complaint, *after.trouble)))
        if trouble:
            hidden = trial.hidden_by(after) if not after.trouble else ""
            standing, detail = ("hidden", hidden) if hidden else ("broken", trouble)
            break
    return Promise(trial.rule, trial.says, trial.where, standing, detail, tried)
