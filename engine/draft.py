"""The state a plan grows in: the issue as the rules so far leave it, and what each of them concluded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from engine.config.types import Track
from engine.model import Fact, Issue, Label, Milestone, Repo, TimelineEvent, Trigger, fold
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Decision,
    Effect,
    Outcome,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.problems import Problem, ProblemError, Where
from engine.view import View

MOST_LABELS = 100
"""GitHub refuses more on one issue: https://github.com/github/docs/issues/161."""

_WORDS_BY_FACT = {
    Fact.TIMELINE: "the issue's timeline",
    Fact.PARENT: "the issue's parent",
    Fact.REPO_LABELS: "the repository's labels",
    Fact.REPO_MILESTONES: "the repository's milestones",
}


class FactMissing(ProblemError):  # noqa: N818 – it asks for something rather than reporting an error
    """A rule needs a fact that was not read; `engine.decide.missing_facts` tells which before deciding."""

    def __init__(self, fact: Fact, rule: str) -> None:
        super().__init__(
            Problem(
                code="fact-not-read",
                what=f"{rule} cannot be decided without {_WORDS_BY_FACT[fact]}",
                why="the look did not read it",
                fix="ask missing_facts() first, and look again with what it names",
                family="ours",
            )
        )
        self.fact = fact


def words(labels: Sequence[str]) -> str:
    """Label names in a sentence."""
    return ", ".join(labels)


class Draft:
    """One look being decided. Labels are kept by folded name, in the order in which they came."""

    __slots__ = (
        "_attention",
        "_by",
        "_comment",
        "_created_labels",
        "_created_milestone",
        "_initial",
        "_limited",
        "_milestone_by",
        "_milestone_number",
        "_silent",
        "_touched",
        "asked",
        "closing",
        "decisions",
        "failed",
        "foreseen",
        "inherited_track",
        "inherits_milestone",
        "issue",
        "labels",
        "leaving",
        "milestone",
        "now",
        "own_tracks",
        "repo",
        "trigger",
        "view",
        "wanted_again",
    )

    def __init__(
        self,
        trigger: Trigger,
        issue: Issue,
        repo: Repo,
        view: View,
        now: datetime,
        *,
        leaving: frozenset[str] = frozenset(),
        foreseen: frozenset[str] = frozenset(),
        silent: bool,
        asked: set[Fact] | None = None,
    ) -> None:
        self.asked = asked
        """What rules ask of the repository is noted here, and answered as if there were nothing; usually it must have been read."""
        self.trigger = trigger
        self.issue = issue
        self.repo = repo
        self.view = view
        self.now = now
        self.labels: dict[str, str] = {fold(name): name for name in issue.labels}
        self.milestone: str | None = issue.milestone.title if issue.milestone else None
        self.closing: CloseIssue | None = None
        self.inherited_track: str | None = None
        """Why the parent's track could not be taken over; ``None`` where nothing stood in the way."""
        self.inherits_milestone: Where | None = None
        """The key that lets the parent's milestone go before any mapping."""
        self.own_tracks: tuple[str, ...] = ()
        """The tracks' labels, folded, before the parent's track took their place."""
        self.decisions: list[Decision] = []
        self._initial = dict(self.labels)
        self.foreseen = foreseen
        """Labels, folded, that later rules add, as is known from deciding once before: they tell the track already."""
        self.leaving = leaving
        """Labels, folded, that later rules take off, as is known from deciding once before: they count as gone already."""
        self.wanted_again: set[str] = set()
        """Of those, what a rule adds as if it were gone."""
        self._silent = silent
        self.failed = False
        """Whether a rule failed, so that nothing is written."""
        self._limited = False
        self._attention: list[str] = []
        self._by: dict[str, str] = {}
        self._touched: dict[int, tuple[str, ...]] = {}
        self._comment: PostComment | None = None
        self._created_labels: dict[str, CreateLabel] = {}
        self._created_milestone: CreateMilestone | None = None
        self._milestone_number: int | None = None
        self._milestone_by: str | None = None

    # --- what a rule may ask --------------------------------------------------------------------------------------

    def tracks(self) -> list[Track]:
        """The tracks whose label is on the issue, in the order of the configuration."""
        by_label = self.view.track_by_label
        return [by_label[label] for label in by_label if label in self.labels]

    def timeline(self, rule: str) -> tuple[TimelineEvent, ...]:
        """The issue's timeline."""
        if self.issue.timeline is None:
            raise FactMissing(Fact.TIMELINE, rule)
        return self.issue.timeline

    def parent(self, rule: str) -> Issue | None:
        """The issue's parent, if it has one."""
        if not self.issue.parent_read:
            raise FactMissing(Fact.PARENT, rule)
        return self.issue.parent

    def repo_label(self, name: str, rule: str) -> Label | None:
        """The repository's label of that name."""
        if self.repo.labels is None:
            self._miss(Fact.REPO_LABELS, rule)
            return None
        return self.repo.label(name)

    def repo_milestones(self, rule: str) -> tuple[Milestone, ...]:
        """The repository's milestones."""
        if self.repo.milestones is None:
            self._miss(Fact.REPO_MILESTONES, rule)
            return ()
        return self.repo.milestones

    def _miss(self, fact: Fact, rule: str) -> None:
        if self.asked is None:
            raise FactMissing(fact, rule)
        self.asked.add(fact)

    def was_there(self, label: str) -> bool:
        """Whether the folded name was on the issue when it was read."""
        return label in self._initial

    def as_read(self, labels: Iterable[str]) -> list[str]:
        """Those of the folded names that were on the issue when it was read, as they were spelled."""
        return [self._initial[label] for label in labels if label in self._initial]

    # --- what a rule may want -------------------------------------------------------------------------------------

    def cannot_add(self, name: str, rule: str, *, instead_of: Collection[str] = ()) -> str | None:
        """Why the label cannot be added, in words; ``None`` where it can.

        Args:
            name: As the configuration spells it.
            rule: Who asks.
            instead_of: The labels, folded, that the rule will remove along with it.
        """
        if self.repo_label(name, rule) is None:
            spec = self.view.declared.get(fold(name))
            if spec is None:
                return f"the repository has no label {name} and the configuration does not declare it"
            former = next((alias for alias in spec.aliases if self.repo.label(alias)), None)
            if former is not None:
                return f"the repository has {name} under its former name {former}, which `tassist apply` renames"
        if len(self.labels) >= MOST_LABELS and len(self.labels.keys() - self.leaving - set(instead_of)) >= MOST_LABELS:
            self._limited = True
            return f"the issue carries {len(self._initial)} labels and GitHub allows {MOST_LABELS}"
        return None

    def add(self, name: str, rule: str) -> str:
        """Want the label, which the issue lacks and `cannot_add` has allowed; the name as the repository spells it."""
        label = fold(name)
        existing = self.repo.label(name)
        if existing is None:
            spec = self.view.declared[label]
            name = spec.name
            self._created_labels[label] = CreateLabel(name, spec.description, spec.color or "ededed", rule)
        else:
            name = existing.name
        if label in self.leaving:
            self.wanted_again.add(label)
        self.labels[label] = name
        self._by[label] = rule
        return name

    def remove(self, labels: Sequence[str], rule: str) -> None:
        """Want these labels, by folded name, off the issue, which carries them."""
        for label in labels:
            del self.labels[label]
            self._by[label] = rule

    def set_milestone(self, title: str, number: int | None, rule: str) -> None:
        """Want another milestone than the issue is in; ``number`` is ``None`` where the plan creates it."""
        self.milestone = title
        self._milestone_number = number
        self._milestone_by = rule

    def create_milestone(self, effect: CreateMilestone) -> None:
        """Want a declared milestone to exist."""
        self._created_milestone = effect

    def comment(self, effect: PostComment) -> None:
        """Want a comment."""
        self._comment = effect

    def decide(
        self,
        rule: str,
        subject: str,
        outcome: Outcome,
        reason: str,
        where: Where | None = None,
        *,
        before: str | None = None,
        after: str | None = None,
        touched: tuple[str, ...] = (),
        attention: bool | None = None,
    ) -> None:
        """Record what a rule concluded.

        Args:
            rule: The rule's id.
            subject: What it is about.
            outcome: What it concluded.
            reason: One sentence, with its full stop.
            where: The configuration key that caused it.
            before: The subject as it was.
            after: The subject as the rule wants it.
            touched: The folded names it wants added or removed, so that a later rule's veto can be told.
            attention: Whether a person has something to do; by default only where the outcome is ``warned``.
        """
        if outcome == "failed":
            self.failed = True
        if self._silent:
            return
        if touched:
            self._touched[len(self.decisions)] = touched
        if attention or (attention is None and outcome == "warned"):
            self._attention.append(f"{rule}: {reason}")
        self.decisions.append(Decision(rule, subject, outcome, reason, where, before, after))

    # --- what comes of it -----------------------------------------------------------------------------------------

    @property
    def attention(self) -> Sequence[str]:
        """What a person has to do, as the rules said it."""
        return self._attention

    def foresight(self) -> tuple[frozenset[str], frozenset[str]]:
        """What the rules would have had to know of one another: the labels that go, and those that come and tell a track.

        Both are empty where the next look has nothing to add to this one.
        """
        gone = self._initial.keys() - self.labels.keys()
        told = self.view.matched_labels & (self.labels.keys() - self._initial.keys())
        lacks_track = (
            bool(told or gone & self.view.track_by_label.keys()) and self.view.heals_tracks and not self.tracks()
        )
        if lacks_track or (gone and (self._limited or self.view.lacks_required(self.labels))):
            return frozenset(gone), told
        return frozenset(), frozenset()

    def settle(self) -> None:
        """Give every applied decision that changes nothing in the end the outcome it has in the end.

        What a later rule took back is skipped; what only kept an earlier rule from changing something is already right.
        """
        for at, touched in self._touched.items():
            decision = self.decisions[at]
            if any((label in self.labels) != self.was_there(label) for label in touched):
                continue
            others = [rule for label in touched if (rule := self._by.get(label)) not in (None, decision.rule)]
            if others:
                # Only what adds a label and replaces none can be taken back, so nothing was there before.
                reason = f"{decision.reason} Taken back by {others[0]}."
                self.decisions[at] = replace(decision, outcome="skipped", reason=reason, after=None)
            else:
                self.decisions[at] = replace(decision, outcome="already", before=decision.after)

    def effects(self) -> tuple[Effect, ...]:
        """The difference between the issue as read and as wanted, creations first."""
        added = [label for label in self.labels if label not in self._initial]
        removed = [label for label in self._initial if label not in self.labels]
        effects: list[Effect] = [self._created_labels[label] for label in added if label in self._created_labels]
        if self._created_milestone is not None:
            effects.append(self._created_milestone)
        if self._comment is not None:
            # Before the flag: killed between the two, the next look finds no flag and comes by here again,
            # and the comment's marker keeps it from being posted twice.
            effects.append(self._comment)
        labels: list[Effect] = []
        if added:
            rules = tuple(self._by[label] for label in added)
            names = tuple(self.labels[label] for label in added)
            labels.append(AddLabels(names, words(list(dict.fromkeys(rules))), rules=rules))
        if removed:
            rules = tuple(self._by[label] for label in removed)
            names = tuple(self._initial[label] for label in removed)
            labels.append(RemoveLabels(names, words(list(dict.fromkeys(rules))), rules=rules))
        if len(self._initial) + len(added) > MOST_LABELS:
            labels.reverse()
        effects += labels
        if self._milestone_by is not None:
            assert self.milestone is not None
            before = self.issue.milestone.title if self.issue.milestone else None
            effects.append(SetMilestone(self.milestone, self._milestone_number, self._milestone_by, before))
        if self.closing is not None:
            effects.append(self.closing)
        return tuple(effects)
