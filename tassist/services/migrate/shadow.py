"""Shadow mode: the engine decides about a repository that still has its legacy, records what it would do, and writes nothing.

It is on while the repository carries no configuration of its own: the commit that brings one is the switch, and with it the shadow
ends by itself, so that there is never a moment with two authorities or none. Its token is minted read-only: GitHub itself
would refuse a write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from typing_extensions import override

from engine.config import Config, InvalidConfig, parse
from engine.explain import effect_in_words
from engine.model import Fact, Issue, IssueRef, Trigger, fold
from engine.plan import AddLabels, CreateLabel, Effect, RemoveLabels, SetMilestone
from engine.ports import Clock, ConfigText, Gone, Look, Reader, RunResult
from engine.problems import Problem, ProblemError
from engine.runner import consider
from tassist import private
from tassist.errors import os_problem
from tassist.services.migrate.progress import FOLDER, folder
from tassist.telemetry.around import migration_compared
from tassist.text import noun

FILE = "shadow.json"
RECORD = "shadow.jsonl"
MAX_RECORD_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shadow:
    """One repository in shadow."""

    repo: str
    repo_id: int
    config: str
    started: str
    """ISO, UTC."""
    days: int
    """For so long a person wants to watch before the switch."""

    @classmethod
    def load(cls, place: Path) -> Shadow | None:
        """The shadow of a repository; ``None`` where there is none."""
        try:
            return cls(**json.loads((place / FILE).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ProblemError(
                Problem(
                    "shadow-damaged",
                    f"{place / FILE} cannot be read",
                    str(error),
                    "begin it again: tassist migrate shadow start",
                )
            ) from None

    @property
    def until(self) -> datetime:
        """When it has been watched for long enough."""
        return datetime.fromisoformat(self.started) + timedelta(days=self.days)

    def in_words(self) -> str:
        """One line."""
        return f"since {self.started[:10]}, for {self.days} {noun(self.days, 'day')}, until {self.until:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the engine would have done to one issue at one moment."""

    at: str
    number: int
    agrees: bool
    """It would have written nothing, but for new names of the same labels."""
    would: tuple[str, ...]
    labels: tuple[str, ...]
    """As the engine would have left them."""
    milestone: str | None
    outcome: str = "success"


def start(home: Path, repo: str, repo_id: int, config: str, days: int, now: datetime) -> Shadow:
    """Put a repository into shadow; a running service honours it at its next look.

    Raises:
        ProblemError: the configuration is invalid, or the folder cannot be written.
    """
    parsed = parse(config)
    if isinstance(parsed, InvalidConfig):
        raise ProblemError(parsed.problems)
    place = folder(home, repo)
    made = Shadow(repo, repo_id, config, now.isoformat(), days)
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = place / f".{FILE}.{os.getpid()}"
        private.write(beside, json.dumps(asdict(made), indent=1).encode())
        beside.replace(place / FILE)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="keep the shadow", option="--home")) from error
    return made


def stop(home: Path, repo: str) -> bool:
    """End a shadow; what it recorded stays."""
    try:
        (folder(home, repo) / FILE).unlink()
    except FileNotFoundError:
        return False
    return True


class Shadows:
    """The shadows of a home folder, as a service sees them: read again when their file changed."""

    def __init__(self, home: Path) -> None:
        self._root = home / FOLDER
        self._by_repo: dict[int, tuple[Path, Shadow]] = {}
        self._seen: dict[Path, int] = {}

    def of(self, repo_id: int) -> tuple[Path, Shadow] | None:
        """The shadow of a repository and where it is kept."""
        if not self._root.is_dir():
            return None
        now = {path: path.stat().st_mtime_ns for path in self._root.glob(f"*/*/{FILE}")}
        if now != self._seen:
            self._seen = now
            found = [(path.parent, Shadow.load(path.parent)) for path in sorted(now)]
            self._by_repo = {shadow.repo_id: (place, shadow) for place, shadow in found if shadow is not None}
        return self._by_repo.get(repo_id)

    def all(self) -> list[tuple[Path, Shadow]]:
        """Every shadow."""
        self.of(0)
        return list(self._by_repo.values())


@dataclass(frozen=True, slots=True)
class AsIfConfigured(Reader):
    """GitHub as it will be right after the switch: the shadow's configuration, and labels under their new names.

    Without the new names the engine would hold back wherever a label still has its former one, and agree with everything.
    """

    reader: Reader
    config_text: str

    @override
    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        return ConfigText(self.config_text, f"{ref.repo}:.github/task-assistant.yml@shadow")

    @override
    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        del seen  # it has its new names already
        found = await self.reader.look(ref, facts)
        config = parse(self.config_text)
        if isinstance(found, Gone) or isinstance(config, InvalidConfig):
            return found
        return as_renamed(found, new_names(config))


def new_names(config: Config) -> dict[str, str]:
    """The new name of each label by its former one, folded."""
    same = {fold(alias): spec.label for spec in config.tracks for alias in spec.aliases}
    return same | {fold(alias): spec.name for spec in config.labels for alias in spec.aliases}


def as_renamed(look: Look, names: dict[str, str]) -> Look:
    """What was read, with every former name replaced by the new one, on the issue, in its timeline and in the repository."""

    def new(name: str) -> str:
        return names.get(fold(name), name)

    issue, repo = look.issue, look.repo
    timeline = issue.timeline
    if timeline is not None:
        timeline = tuple(replace(event, label=new(event.label)) if event.label else event for event in timeline)
    labels = repo.labels
    if labels is not None:
        present = {fold(label.name) for label in labels}
        labels = tuple(
            label if fold(new(label.name)) in present else replace(label, name=new(label.name)) for label in labels
        )
    return replace(
        look,
        issue=replace(issue, labels=tuple(dict.fromkeys(new(name) for name in issue.labels)), timeline=timeline),
        repo=replace(repo, labels=labels),
    )


async def run(
    trigger: Trigger, ref: IssueRef, *, place: Path, shadow: Shadow, reader: Reader, clock: Clock
) -> RunResult | None:
    """One look in shadow: decided, recorded, nothing written; ``None`` where the repository has its own configuration by now.

    Args:
        trigger: Why.
        ref: The issue.
        place: Where the shadow is kept.
        shadow: Of the repository.
        reader: One that cannot write.
        clock: The present.
    """
    own = await reader.config(ref)
    if isinstance(own, ConfigText) and own.text is not None:
        return None
    started = clock.now()
    as_if = AsIfConfigured(reader, shadow.config)
    considered = await consider(trigger, ref, reader=as_if, clock=clock)
    issue = considered.look.issue if considered.look else None
    config = considered.config
    if issue is not None and isinstance(config, Config):
        judged = judge(issue, considered.plan.effects, config, considered.plan.outcome, started)
        _append(place, judged)
    return RunResult(
        ref=ref,
        outcome=considered.plan.outcome,
        reason=considered.plan.reason,
        decisions=considered.plan.decisions,
        issue=issue,
        config_digest=config.digest if config else "",
        not_configured=considered.plan.not_configured,
        reads=considered.reads,
        started=started,
        finished=clock.now(),
        problems=considered.plan.problems,
        shadow=True,
    )


def judge(issue: Issue, effects: Sequence[Effect], config: Config, outcome: str, at: datetime) -> Judgement:
    """What the effects would have made of the issue, and whether that is what legacy made of it.

    A label under its new name in place of its former one is the same label; so is the new one added where the former is there.
    """
    same = new_names(config)

    def renamed(names: Sequence[str]) -> frozenset[str]:
        return frozenset(fold(same.get(fold(name), name)) for name in names)

    labels, milestone = list(issue.labels), issue.milestone.title if issue.milestone else None
    other: list[Effect] = []
    for effect in effects:
        match effect:
            case AddLabels(names=names):
                labels += [name for name in names if name not in labels]
            case RemoveLabels(names=names):
                gone = {fold(name) for name in names}
                labels = [name for name in labels if fold(name) not in gone]
            case SetMilestone(title=title):
                milestone = title
                other.append(effect)
            case CreateLabel():
                continue  # comes with the label that is added
            case _:
                other.append(effect)
    agrees = not other and renamed(labels) == renamed(issue.labels)
    return Judgement(
        at.isoformat(), issue.ref.number, agrees, tuple(effect_in_words(effect) for effect in effects),
        tuple(sorted({same.get(fold(name), name) for name in labels})), milestone, outcome,
    )  # fmt: skip


def _append(place: Path, judged: Judgement) -> None:
    """One line, in one write; a shadow whose disk is full goes on deciding."""
    line = json.dumps(asdict(judged), ensure_ascii=False).encode() + b"\n"
    path = place / RECORD
    try:
        if path.exists() and path.stat().st_size > MAX_RECORD_BYTES:
            path.replace(place / f"{RECORD}.old")
        with open(path, "ab", opener=private.opener) as file:
            file.write(line)
    except OSError:
        return


def judgements(place: Path) -> list[Judgement]:
    """Everything recorded, oldest first; a line that was cut off is left out."""
    found: list[Judgement] = []
    try:
        with (place / RECORD).open("rb") as lines:
            for line in lines:
                try:
                    values: dict[str, Any] = json.loads(line)
                    values["would"], values["labels"] = tuple(values["would"]), tuple(values["labels"])
                    found.append(Judgement(**values))
                except (ValueError, TypeError, KeyError):
                    continue
    except FileNotFoundError:
        return []
    return found


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a shadow: the last judgement of each issue that was looked at."""

    day: date
    agree: int
    differ: int
    differing: tuple[Judgement, ...]

    @property
    def share(self) -> float:
        """Agreement from 0 to 1."""
        return self.agree / (self.agree + self.differ) if self.agree + self.differ else 1.0


def days(found: Sequence[Judgement]) -> list[Day]:
    """Agreement day by day, in UTC."""
    by_day: dict[str, dict[int, Judgement]] = {}
    for one in found:
        by_day.setdefault(one.at[:10], {})[one.number] = one
    return [
        Day(
            date.fromisoformat(day),
            sum(one.agrees for one in last.values()),
            sum(not one.agrees for one in last.values()),
            tuple(sorted((one for one in last.values() if not one.agrees), key=lambda one: one.number)),
        )
        for day, last in sorted(by_day.items())
    ]


def daily_record(shadow: Shadow, day: Day, at: datetime) -> bytes:
    """The day's agreement as a record; written again, it is the same record."""
    return migration_compared(
        repo=shadow.repo,
        run_id=f"shadow:{shadow.repo_id}:{day.day.isoformat()}",
        at=at,
        counts={"agree": day.agree, "differ": day.differ},
        reason=f"{day.differ} {noun(day.differ, 'issue differs', 'issues differ')}" if day.differ else None,
    )
