"""One issue at one moment, seen from three sides: what legacy declares, what the record shows, what the engine does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.config.patterns import compile_pattern
from engine.config.types import Config
from engine.decide import effects_of
from engine.draft import FactMissing
from engine.model import Issue, Repo, TimelineEvent, Trigger, fold
from engine.plan import AddLabels, CloseIssue, RemoveLabels, SetMilestone
from engine.view import encodable
from migrations.compare.renames import renames, under_new_names
from migrations.legacy.component import IssueComponent, World
from migrations.legacy.recognise import Legacy
from migrations.legacy.supervisor import Supervisor
from migrations.model import Difference, Verdict

EVERY_ISSUE: Final = "every issue is looked after, not only those that carry a membership label"
NO_MEMBERSHIP: Final = "no membership label is needed"
CLOSED: Final = "a closed issue stays as it is"
NO_SELF_TEST: Final = "the self-test leaves no issue behind; those that are there are closed with consent"
ONE_TRACK: Final = "an issue belongs to one track"
A_TRACK: Final = "an issue without a track gets one"
NOT_FLAGGED: Final = "an issue that only lacks a track is not called stale"
MILESTONE_OF_TRACK: Final = "the milestone follows the track"
A_PERSONS_MILESTONE: Final = "a milestone somebody chose is not overwritten"
IN_PLACE: Final = "the escalated flag takes the place of the stale one"
FLAG_OFF: Final = "a flag that no longer holds is taken off at once"
SAID_BY_RULE: Final = "the configuration asks for it, and legacy never decides it"
PULL_REQUEST: Final = "pull requests are left alone"
IMPROVEMENTS: Final = (
    EVERY_ISSUE,
    NO_MEMBERSHIP,
    CLOSED,
    NO_SELF_TEST,
    ONE_TRACK,
    A_TRACK,
    NOT_FLAGGED,
    MILESTONE_OF_TRACK,
    A_PERSONS_MILESTONE,
    IN_PLACE,
    FLAG_OFF,
    SAID_BY_RULE,
    PULL_REQUEST,
)
"""Everything that may be called an intended improvement; whatever else differs is a regression until somebody explains it."""
_SWEEP: Final = Trigger("sweep")
_MOST_REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """One field on which the three sides are not one."""

    field: str
    control: str
    observed: str
    candidate: str
    verdict: Verdict
    because: str
    rule: str
    component: str = ""

    def of(self, subject: str) -> Difference:
        """As a difference of this subject."""
        return Difference(
            subject,
            self.field,
            self.control,
            self.observed,
            self.candidate,
            self.verdict,
            self.because,
            self.rule or self.component,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found on one issue, and how many fields are the same on all sides."""

    found: tuple[Found, ...]
    same: int
    branches: tuple[tuple[str, str, int], ...]
    """Component, the way through it, and how many writes it repeats although they change nothing."""


class Judge:
    """Compares states, remembering those that are alike."""

    def __init__(self, legacy: Legacy, config: Config, broken: Mapping[str, str]) -> None:
        """Args: the models, the proposed configuration, and why a component never worked, by its path."""
        self.legacy = legacy
        self.config = config
        self.broken = broken
        supervisors = [component for component in legacy.issues if isinstance(component, Supervisor)]
        self.former = renames(
            config,
            stale=supervisors[0].stale_label if supervisors else "",
            escalated=supervisors[0].escalated_label if supervisors else "",
        )
        self.members = {fold(name) for name in legacy.members}
        stale = config.stale
        self.stale = fold(stale.stale_label) if stale and stale.stale_label else ""
        self.escalated = fold(stale.escalated_label) if stale and stale.escalated_label else ""
        self.tracks = {fold(track.label) for track in config.tracks}
        matches = [track.match for track in config.tracks if track.match is not None]
        by_title = any(not [name for name in test.labels if name not in legacy.members] for test in legacy.self_tests)
        # Everything here that looks at an issue's words: issues that it tells nothing apart in are alike, whatever else they say.
        self._by_title = by_title
        self._patterns = tuple(
            (words, compile_pattern(pattern))
            for match in matches
            for words in ("title", "body")
            for pattern in getattr(match, words)
        )
        self._known: dict[object, Judged] = {}

    def judge(self, issue: Issue, repo: Repo, world: World, *, is_recorded: bool) -> Judged:
        """The verdict on every field of the issue.

        Args:
            issue: As it was.
            repo: As `apply` would leave it.
            world: What legacy knows; its ``now`` is the moment.
            is_recorded: Whether it is a state legacy left, so that what it did shows in it.
        """
        key = _key(issue, world, id(repo), is_recorded, self._words(issue))
        known = self._known.get(key)
        if known is None:
            known = self._judge(issue, repo, world, is_recorded=is_recorded)
            if len(self._known) < _MOST_REMEMBERED:
                self._known[key] = known
        return known

    def _words(self, issue: Issue) -> tuple[object, ...]:
        """What anything here makes of the issue's words."""
        if self._by_title:
            return (issue.title, issue.body)
        return tuple(pattern.search(encodable(getattr(issue, words))) is not None for words, pattern in self._patterns)

    def _judge(self, issue: Issue, repo: Repo, world: World, *, is_recorded: bool) -> Judged:
        before = _Fields(
            under_new_names(issue.labels, self.former), issue.milestone.title if issue.milestone else "", issue.state
        )
        control = before.copy()
        decided: dict[str, IssueComponent] = {}
        branches = []
        for component in self.legacy.issues:
            said = component.decide(issue, world)
            branches.append((component.id, said.branch, said.needless))
            for write in said.writes:
                if write.field == "label":
                    name = self.former.get(fold(write.name), write.name)
                    control.label(name, on=write.value == "on")
                    decided[fold(name)] = component
                elif write.field == "milestone":
                    control.milestone = write.value
                    decided["milestone"] = component
                elif write.field == "state":
                    control.state = write.value
                    decided["state"] = component
        renamed = self._renamed(issue)
        try:
            effects = effects_of(_SWEEP, renamed, repo, self.config, world.now)
        except FactMissing as missing:
            why = f"the record does not tell {missing.fact.value.replace('_', ' ')}"
            return Judged((Found("everything", "", "", "cannot be decided", "unknown", why, ""),), 0, tuple(branches))
        candidate, rules = before.copy(), dict[str, str]()
        for effect in effects:
            if isinstance(effect, AddLabels | RemoveLabels):
                for name, rule in zip(effect.names, effect.rules, strict=True):
                    candidate.label(name, on=isinstance(effect, AddLabels))
                    rules[fold(name)] = rule
            elif isinstance(effect, SetMilestone):
                candidate.milestone = effect.title
                rules["milestone"] = effect.rule
            elif isinstance(effect, CloseIssue):
                candidate.state = "closed"
                rules["state"] = effect.rule
        observed = before if is_recorded else None
        found, same = [], 0
        for field in sorted({*control.by_label, *candidate.by_label, *before.by_label, "milestone", "state"}):
            sides = control.value(field), candidate.value(field)
            seen = observed.value(field) if observed is not None else ""
            if sides[0] == sides[1] and (observed is None or seen == sides[0]):
                same += field in decided or field in rules
                continue
            component_of = decided.get(field)
            verdict, because = self._verdict(
                field,
                issue,
                sides,
                seen,
                component_of,
                rules.get(field, ""),
                recorded=observed is not None,
                escalates=self.escalated in candidate.by_label,
            )
            shown = (
                field
                if field in {"milestone", "state"}
                else f"label {control.name(field) or candidate.name(field) or before.name(field)}"
            )
            found.append(
                Found(
                    shown,
                    sides[0],
                    seen,
                    sides[1],
                    verdict,
                    because,
                    rules.get(field, ""),
                    component_of.id if component_of else "",
                )
            )
        return Judged(tuple(found), same, tuple(branches))

    def _verdict(
        self,
        field: str,
        issue: Issue,
        sides: tuple[str, str],
        seen: str,
        component: IssueComponent | None,
        rule: str,
        *,
        recorded: bool,
        escalates: bool,
    ) -> tuple[Verdict, str]:
        control, candidate = sides
        if component is not None and recorded and seen != control:
            why = self.broken.get(component.path) or "the record shows that it was not done"
            return "legacy did nothing", f"{component.id} declares it: {why}"
        if component is not None and not recorded and component.path in self.broken:
            return "legacy did nothing", f"{component.id} declares it: {self.broken[component.path]}"
        if field in self.members:
            return "intended improvement", NO_MEMBERSHIP
        if issue.is_pull_request and not rule:
            return "intended improvement", PULL_REQUEST
        if issue.state == "closed" and not rule:
            return "intended improvement", CLOSED
        if any(test.made(issue, self.legacy.members) for test in self.legacy.self_tests):
            return "intended improvement", NO_SELF_TEST
        if component is None:
            if field == self.stale and candidate == "off" and escalates:
                return "intended improvement", IN_PLACE
            return "intended improvement", self._undecided(field, issue, rule)
        if field == self.stale and not isinstance(component, Supervisor):
            return "intended improvement", NOT_FLAGGED
        if field in {self.stale, self.escalated} and (
            not rule or (candidate == "on" and isinstance(component, Supervisor))
        ):
            return (
                "unknown",
                f"{component.id} puts it {control}; the engine leaves it {candidate}: are the thresholds the same?",
            )
        if field == "milestone":
            count = self._count_tracks(issue)
            if count > 1:
                return "intended improvement", ONE_TRACK
            if count == 1 and issue.milestone is not None and candidate == issue.milestone.title:
                return "intended improvement", A_PERSONS_MILESTONE
            if not count:
                why = f"{component.id} sets {control or 'none'}, and no rule does: is a track missing from the configuration?"
                return "regression", why
        return "regression", f"{component.id} leaves {control or 'none'}, the engine leaves {candidate or 'none'}"

    def _undecided(self, field: str, issue: Issue, rule: str) -> str:
        if field in {self.stale, self.escalated}:
            return (
                FLAG_OFF
                if any(fold(self.former.get(fold(name), name)) == field for name in issue.labels)
                else EVERY_ISSUE
            )
        if field in self.tracks:
            return A_TRACK if rule.startswith("track") else ONE_TRACK
        if field == "milestone":
            return MILESTONE_OF_TRACK
        return SAID_BY_RULE

    def _count_tracks(self, issue: Issue) -> int:
        return len({fold(self.former.get(fold(name), name)) for name in issue.labels} & self.tracks)

    def _renamed(self, issue: Issue) -> Issue:
        """The issue as `apply` leaves it: its labels under their new names, its own history too.

        Where the record tells no history, the last update is taken for the last activity, and the labels for put on then.
        """
        labels = tuple(under_new_names(issue.labels, self.former).values())
        if issue.timeline is None:
            at = issue.updated_at or issue.created_at
            timeline = () if at is None else tuple(TimelineEvent("labeled", at, label=name) for name in labels)
        else:
            timeline = tuple(
                replace(event, label=self.former.get(fold(event.label), event.label)) if event.label else event
                for event in issue.timeline
            )
        return replace(issue, labels=labels, timeline=timeline, parent_read=True)


@dataclass(slots=True)
class _Fields:
    by_label: dict[str, str]
    milestone: str
    state: str

    def copy(self) -> _Fields:
        return _Fields(dict(self.by_label), self.milestone, self.state)

    def label(self, name: str, *, on: bool) -> None:
        if on:
            self.by_label.setdefault(fold(name), name)
        else:
            self.by_label.pop(fold(name), None)

    def value(self, field: str) -> str:
        if field == "milestone":
            return self.milestone
        if field == "state":
            return self.state
        return "on" if field in self.by_label else "off"

    def name(self, field: str) -> str:
        return self.by_label.get(field, "")


def _key(issue: Issue, world: World, repo: int, recorded: bool, words: object) -> object:  # noqa: FBT001 – private, named by its caller
    """Equal for states that nothing here tells apart; without a history only whole days count."""
    ages = ((world.now - (issue.updated_at or world.now)).days, (world.now - (issue.created_at or world.now)).days)
    whole: datetime | None = world.now if issue.timeline is not None else None
    milestone = issue.milestone.title if issue.milestone else ""
    flags = (issue.state, issue.is_pull_request, issue.locked, recorded)
    return (
        issue.labels,
        milestone,
        flags,
        words,
        ages,
        whole,
        issue.timeline,
        id(world.titles),
        id(world.numbers),
        repo,
    )
