"""`tassist config simulate`: what a changed configuration would have done over recorded history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.backtest import Backtest, Report
from engine.config import parse
from engine.config.types import Config, InvalidConfig
from engine.model import Fact
from engine.problems import ProblemError
from tassist.services.config import read_source
from tassist.services.simulate.history import Form, History
from tassist.services.simulate.reading import read_history
from tassist.text import noun

_UNTOLD = {
    Fact.TIMELINE: "an issue's timeline, which says which label was put on last",
    Fact.PARENT: "an issue's parent",
    Fact.REPO_LABELS: "the repository's labels",
    Fact.REPO_MILESTONES: "the repository's milestones",
}

_GUESS = {Fact.TIMELINE: "; --guess goes by its last update"}


@dataclass(frozen=True, slots=True)
class Simulated:
    """What would differ, and what the history says about changes that were made."""

    report: Report
    forms: dict[Form, int]
    recorded_changes: int
    reverted_changes: int
    notes: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether anything would differ."""
        return bool(self.report.differences)


def simulate(
    config: Path, over: Path, *, base: Path | None = None, app: str = "", repo: str = "", guess: bool = False
) -> Simulated:
    """Look at every recorded state with the new configuration, and with the old one where it is given.

    Args:
        config: The changed configuration.
        over: A recorded snapshot, telemetry, a timeline export, or a folder of them.
        base: The configuration to compare with; without it, the recorded states themselves are.
        app: The slug of the App whose writes count as this App's; empty: any App's.
        repo: ``owner/name``, for exports that do not name their repository.
        guess: Take a state's last update as its last activity, and the order of its labels as that of putting them on,
            where its history tells no timeline.

    Raises:
        ProblemError: where a configuration is not valid, or the history cannot be read; every problem at once.
    """
    configs = [_read(path) for path in (config, base) if path is not None]
    problems = [problem for found in configs if isinstance(found, InvalidConfig) for problem in found.problems]
    if problems:
        raise ProblemError(problems)
    valid = [found for found in configs if isinstance(found, Config)]
    history = read_history(over, app=app, repo=repo)
    report = Backtest(valid[0], valid[1] if base is not None else None).over(history.seen(*valid, guess=guess))
    return Simulated(
        report,
        history.forms,
        len(history.written),
        sum(written.reverted for written in history.written),
        (*history.notes, *_untold(report)),
    )


def _untold(report: Report) -> list[str]:
    return [
        f"{count} of {report.states} {noun(report.states, 'state')} cannot be decided: the history does not tell {_UNTOLD[fact]}{_GUESS.get(fact, '')}"
        for fact, count in sorted(report.undecided.items())
    ]


def _read(path: Path) -> Config | InvalidConfig:
    return parse(read_source(str(path)), file=str(path))


__all__ = ["History", "Simulated", "simulate"]
