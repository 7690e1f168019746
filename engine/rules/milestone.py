"""`milestone`: the issue's phase, else its track, says which milestone it belongs to."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import timedelta

from engine.config.patterns import milestone_numbers
from engine.draft import Draft, words
from engine.model import Fact, Milestone
from engine.plan import CreateMilestone
from engine.rules.rule import Rule, Site
from engine.view import Target, View

ID = "milestone"


def _sites(view: View) -> tuple[Site, ...]:
    enforcement = view.config.enforcement
    mappings = [*enforcement.phase_milestones, *enforcement.track_milestones] if enforcement else []
    places = [mapping.where for mapping in mappings]
    places += [track.where for track in view.config.tracks if track.milestone or track.milestone_pattern]
    return (Site(ID, places[0]),) if places else ()


def _absent(view: View) -> tuple[str, ...]:
    return () if _sites(view) else (ID,)


def evaluate(draft: Draft) -> None:
    """Find the milestone the labels ask for, and want it where that is allowed."""
    if draft.inherits_milestone:
        draft.decide(ID, "milestone", "skipped", "The parent's milestone goes first.", draft.inherits_milestone)
        return
    phases = _distinct(draft.view.phase_targets, draft.labels)
    tracks = _distinct(draft.view.track_targets, draft.labels)
    targets = phases or tracks
    current = draft.milestone
    if not targets:
        draft.decide(
            ID,
            "milestone",
            "skipped",
            "No phase or track of the issue maps to a milestone.",
            before=current,
            after=current,
        )
        return
    target = targets[0]
    why = target.why
    if len(targets) > 1:
        reason = f"{words([target.why for target in targets])}: the labels disagree, so none is chosen."
        draft.decide(ID, "milestone", "warned", reason, target.where, before=current, after=current)
        return
    conflict = next((other for other in tracks if phases and not _agree(target, other)), None)
    if conflict is not None:
        why = f"{why}, {conflict.why}: phase wins"
    if target.title is not None and target.title == current:
        draft.decide(ID, "milestone", "already", f"{why}.", target.where, before=current, after=current)
    elif current is not None and not draft.view.manages_milestone(current):
        reason = f'{why}. "{current}" is in no mapping, so it was chosen otherwise and stays.'
        draft.decide(ID, "milestone", "skipped", reason, target.where, before=current, after=current)
    elif target.title is not None:
        _by_title(draft, target, target.title, why)
    else:
        _by_pattern(draft, target, why)


def _distinct(targets: Mapping[str, Target], labels: Container[str]) -> list[Target]:
    """What the labels on the issue map to, in the order of the configuration; what is the same counts once."""
    distinct: dict[tuple[str | None, str | None], Target] = {}
    for label, target in targets.items():
        if label in labels:
            distinct.setdefault((target.title, target.pattern), target)
    return list(distinct.values())


def _agree(phase: Target, track: Target) -> bool:
    if track.pattern is not None and phase.title is not None:
        return milestone_numbers(track.pattern, phase.title) is not None
    return phase.title == track.title


def _by_title(draft: Draft, target: Target, title: str, why: str) -> None:
    draft.repo_milestones(ID)
    spec = draft.view.milestones.get(title)
    titles = (title, *(spec.aliases if spec else ()))
    found = next((milestone for name in titles if (milestone := draft.repo.milestone(name)) is not None), None)
    if found is not None:
        if found.title != title:
            why = f'{why}, which the repository has under its former name "{found.title}"'
        _assign(draft, target, found, why)
        return
    current = draft.milestone
    healing = draft.view.config.self_healing
    if spec is None:
        reason = f"{why}. The repository has no such milestone and the configuration does not declare it."
        draft.decide(ID, "milestone", "warned", reason, target.where, before=current, after=current)
    elif healing is None or not healing.enabled or not healing.fix_missing_milestone:
        reason = f"{why}. The repository has no such milestone; `tassist apply` creates it."
        draft.decide(ID, "milestone", "warned", reason, target.where, before=current, after=current)
    else:
        due = spec.due_on
        if due is None and spec.due_offset_days is not None:
            due = (draft.now + timedelta(days=spec.due_offset_days)).date()
        draft.create_milestone(CreateMilestone(title, spec.description, due.isoformat() if due else None, ID))
        draft.set_milestone(title, None, ID)
        reason = f"{why}. The repository had no such milestone, so it is created."
        draft.decide(ID, "milestone", "applied", reason, target.where, before=current, after=title)


def _by_pattern(draft: Draft, target: Target, why: str) -> None:
    assert target.pattern is not None
    matching = [
        (numbers, milestone.number, milestone)
        for milestone in draft.repo_milestones(ID)
        if (numbers := milestone_numbers(target.pattern, milestone.title)) is not None
    ]
    newest = max(
        (entry for entry in matching if entry[2].state == "open"), key=lambda entry: (entry[0], entry[1]), default=None
    )
    if newest is not None:
        found = newest[2]
        _assign(draft, target, found, f'{why}, of which "{found.title}" is the newest open one')
        return
    reason = f"{why}. None of them is open." if matching else f"{why}. The repository has none."
    draft.decide(ID, "milestone", "warned", reason, target.where, before=draft.milestone, after=draft.milestone)


def _assign(draft: Draft, target: Target, found: Milestone, why: str) -> None:
    current = draft.milestone
    if found.title == current:
        draft.decide(ID, "milestone", "already", f"{why}.", target.where, before=current, after=current)
    elif found.state == "closed":
        reason = f"{why}. That milestone is closed, so it is not assigned."
        draft.decide(ID, "milestone", "warned", reason, target.where, before=current, after=current)
    else:
        draft.set_milestone(found.title, found.number, ID)
        draft.decide(ID, "milestone", "applied", f"{why}.", target.where, before=current, after=found.title)


RULE = Rule(
    id=ID,
    subject="milestone",
    summary="The issue's phase, else its track, says which milestone it belongs to.",
    help="""\
The milestone is that of the issue's phase label in `enforcement.phase_milestones`; else that of its track's label in
`enforcement.track_milestones`; else the track's own `milestone`; else the newest open milestone that matches the track's
`milestone_pattern`, where each `{name}` stands for a number and numbers compare as numbers: `Sprint 10` is newer than `Sprint 9`.

- Where phase and track disagree, the phase wins and the reason says so. Where two phases (or two tracks) on one issue disagree, none
  is chosen and the decision warns.
- Only a milestone that some mapping, track or pattern names is ever replaced. Any other was chosen by somebody and stays.
- A closed milestone is never assigned; the decision warns. An issue that is already in it stays there.
- A milestone that does not exist is created where `milestones` declares it and `self_healing.fix_missing_milestone` is on; else the
  decision warns, and `tassist apply` creates it. Titles are compared exactly, as GitHub does. A declared milestone that the
  repository has only under a name in `aliases` is used under that name.
- A label without a mapping changes nothing: the issue keeps the milestone it has.
""",
    example="""\
schema_version: "1.0"
tracks:
  - {id: sprint, label: track/sprint, milestone_pattern: "Sprint {number}"}
labels:
  - {name: phase-1}
milestones:
  - {title: Phase 1}
enforcement:
  phase_milestones: {phase-1: Phase 1}
self_healing: {enabled: true, fix_missing_milestone: true}
""",
    keys=(
        "enforcement.phase_milestones",
        "enforcement.track_milestones",
        "tracks[].milestone",
        "tracks[].milestone_pattern",
        "self_healing.fix_missing_milestone",
    ),
    facts=((Fact.REPO_MILESTONES, "when the issue is not in the wanted milestone, and always for a pattern"),),
    outcomes=(
        ("applied", "the milestone is set, and created before that where it is missing"),
        ("already", "the issue is in it"),
        ("skipped", "nothing maps to a milestone, or the issue is in one that no mapping names"),
        ("warned", "it is closed or missing, or the labels disagree"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
