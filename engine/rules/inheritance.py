"""`inheritance`: a sub-issue takes track and milestone from its parent."""

from __future__ import annotations

from engine.draft import Draft, words
from engine.model import Fact, Issue, fold
from engine.problems import Where
from engine.rules.rule import Rule, Site
from engine.view import View

ID = "inheritance"


def _sites(view: View) -> tuple[Site, ...]:
    inheritance = view.config.inheritance
    return (Site(ID, inheritance.where),) if inheritance else ()


def _absent(view: View) -> tuple[str, ...]:
    return () if _sites(view) else (ID,)


def adopt(draft: Draft) -> None:
    """With `hard`: take the parent's track over before the groups and the milestone are looked at.

    They work on the track the issue will have; the decision itself comes in the rule's own place.
    """
    inheritance = draft.view.config.inheritance
    if inheritance is None or inheritance.mode != "hard" or not inheritance.copy:
        return
    parent = draft.parent(ID)
    if parent is None:
        return
    if "milestone" in inheritance.copy and parent.milestone is not None:
        draft.inherits_milestone = inheritance.where
    tracks = _tracks(draft, parent)
    if "track" not in inheritance.copy or len(tracks) != 1:
        return
    own = draft.tracks()
    draft.own_tracks = tuple(fold(track.label) for track in own)
    label = fold(tracks[0])
    others = [fold(track.label) for track in own if fold(track.label) != label]
    if label not in draft.labels:
        draft.inherited_track = draft.cannot_add(tracks[0], ID, instead_of=others)
        if draft.inherited_track is not None:
            return
        draft.add(tracks[0], ID)
    draft.remove(others, ID)


def evaluate(draft: Draft) -> None:
    """Say what was taken over, and take over the milestone."""
    inheritance = draft.view.config.inheritance
    assert inheritance is not None
    where = inheritance.where
    if inheritance.mode == "none":
        draft.decide(ID, "issue", "skipped", "Inheritance is switched off: its mode is none.", where)
        return
    if not inheritance.copy:
        draft.decide(ID, "issue", "skipped", "Inheritance copies nothing: its copy is empty.", where)
        return
    parent = draft.parent(ID)
    if parent is None:
        draft.decide(ID, "issue", "skipped", "The issue has no parent.", where)
        return
    hard = inheritance.mode == "hard"
    for what in inheritance.copy:
        if what == "track":
            _track(draft, parent, where, hard=hard)
        else:
            _milestone(draft, parent, where, hard=hard)


def _tracks(draft: Draft, issue: Issue) -> list[str]:
    labels = {fold(name) for name in issue.labels}
    return [track.label for label, track in draft.view.track_by_label.items() if label in labels]


def _track(draft: Draft, parent: Issue, where: Where, *, hard: bool) -> None:
    found = _tracks(draft, parent)
    if len(found) != 1:
        carries = f"carries {words(found)}" if found else "carries no track"
        draft.decide(ID, "labels", "skipped", f"The parent {parent.ref} {carries}: there is none to take over.", where)
        return
    track = found[0]
    reason = f"The parent {parent.ref} is on {track}."
    own = draft.own_tracks if hard else tuple(fold(track.label) for track in draft.tracks())
    before = words(draft.as_read(own)) or None
    if own == (fold(track),):
        before = before or track
        draft.decide(ID, "labels", "already", reason, where, before=before, after=before)
    elif not hard:
        reason = f"{reason} Recorded only: the mode is soft."
        draft.decide(ID, "labels", "skipped", reason, where, before=before, after=before)
    elif draft.inherited_track is not None:
        reason = f"{reason} But {draft.inherited_track}."
        draft.decide(ID, "labels", "skipped", reason, where, before=before, after=before, attention=True)
    else:
        touched = tuple(dict.fromkeys([fold(track), *own]))
        draft.decide(ID, "labels", "applied", reason, where, before=before, after=track, touched=touched)


def _milestone(draft: Draft, parent: Issue, where: Where, *, hard: bool) -> None:
    current = draft.milestone
    if parent.milestone is None:
        reason = f"The parent {parent.ref} is in no milestone: there is none to take over."
        draft.decide(ID, "milestone", "skipped", reason, where, before=current, after=current)
        return
    title = parent.milestone.title
    reason = f'The parent {parent.ref} is in "{title}".'
    if title == current:
        draft.decide(ID, "milestone", "already", reason, where, before=current, after=current)
    elif not hard:
        reason = f"{reason} Recorded only: the mode is soft."
        draft.decide(ID, "milestone", "skipped", reason, where, before=current, after=current)
    elif current is not None and not draft.view.manages_milestone(current):
        reason = f'{reason} "{current}" is in no mapping, so it was chosen otherwise and stays.'
        draft.decide(ID, "milestone", "skipped", reason, where, before=current, after=current)
    else:
        _take_over(draft, title, reason, where)


def _take_over(draft: Draft, title: str, reason: str, where: Where) -> None:
    current = draft.milestone
    draft.repo_milestones(ID)
    found = draft.repo.milestone(title)
    if found is None:
        reason = f"{reason} This repository has no such milestone."
        draft.decide(ID, "milestone", "warned", reason, where, before=current, after=current)
    elif found.state == "closed":
        reason = f"{reason} That milestone is closed, so it is not assigned."
        draft.decide(ID, "milestone", "warned", reason, where, before=current, after=current)
    else:
        draft.set_milestone(title, found.number, ID)
        draft.decide(ID, "milestone", "applied", reason, where, before=current, after=title)


RULE = Rule(
    id=ID,
    subject="issue",
    summary="A sub-issue takes track and milestone from its parent.",
    help="""\
With `mode: hard` a sub-issue is on its parent's track and in its parent's milestone, whatever it had: the parent's track replaces its
own, before groups and milestone are looked at, and the parent's milestone goes before any mapping. `copy` says which of the two.
With `mode: soft` the difference is recorded and nothing is changed. Each of the two leaves its own decision.

The parent is read one level deep. A parent with no track, or with more than one, gives none. A milestone is taken over by title,
never a closed one, and never over one that no mapping names. A change of the parent reaches its sub-issues with their next event or
the next sweep.
""",
    example="""\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main}
labels: []
milestones: []
enforcement: {}
inheritance: {mode: hard, copy: [track, milestone]}
""",
    keys=("inheritance.mode", "inheritance.copy"),
    facts=(
        (Fact.PARENT, "with `soft` and `hard`"),
        (Fact.REPO_LABELS, "when the parent's track is to be added"),
        (Fact.REPO_MILESTONES, "when the parent's milestone is to be set"),
    ),
    outcomes=(
        ("applied", "taken over"),
        ("already", "the same as the parent's"),
        ("skipped", "no parent, nothing to take over or to copy, `soft`, or a milestone that no mapping names stays"),
        ("warned", "the parent's milestone is closed, or this repository has none of that title"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
