"""`track.classify`: an issue without a track gets the one that matches it, or the default."""

from __future__ import annotations

from engine.config.types import Track
from engine.draft import Draft, words
from engine.model import Fact, fold
from engine.rules.rule import Rule, Site
from engine.view import View

ID = "track.classify"


def _sites(view: View) -> tuple[Site, ...]:
    healing = view.config.self_healing
    return (Site(ID, healing.where),) if healing and view.config.tracks else ()


def _absent(view: View) -> tuple[str, ...]:
    return () if _sites(view) else (ID,)


def evaluate(draft: Draft) -> None:
    """Find the issue's track where it has none."""
    healing = draft.view.config.self_healing
    assert healing is not None
    carried = [track for track in draft.tracks() if fold(track.label) not in draft.leaving]
    if carried:
        names = words([draft.labels[fold(track.label)] for track in carried])
        draft.decide(
            ID, "labels", "already", f"The issue carries {names}.", carried[0].where, before=names, after=names
        )
        return
    if not healing.enabled or not healing.fix_missing_track:
        draft.decide(
            ID, "labels", "skipped", "The issue has no track, and mending that is switched off.", healing.where
        )
        return
    former = next((label for label in draft.labels if label in draft.view.track_by_alias), None)
    if former is not None:
        track = draft.view.track_by_alias[former]
        reason = f"The issue carries {draft.labels[former]}, a former name of {track.label}."
        draft.decide(ID, "labels", "skipped", reason, track.where)
        return
    found = _infer(draft)
    if found is None:
        draft.decide(
            ID, "labels", "skipped", "The issue has no track, none matches it, and none is the default.", healing.where
        )
        return
    track, why = found
    refusal = draft.cannot_add(track.label, ID)
    if refusal:
        draft.decide(ID, "labels", "skipped", f"{why} But {refusal}.", track.where, attention=True)
        return
    name = draft.add(track.label, ID)
    draft.decide(ID, "labels", "applied", why, track.where, after=name, touched=(fold(name),))


def _infer(draft: Draft) -> tuple[Track, str] | None:
    """The first track that matches, in the order of the configuration, else the default; and why."""
    labels = (draft.labels.keys() - draft.leaving) | draft.foreseen
    for matcher in draft.view.matchers:
        hit = matcher.hit(labels, draft.issue)
        if hit:
            return matcher.track, f"No track label; {hit} matches track {matcher.track.id}."
    default = draft.view.default_track
    return (default, f"No track label and no match; {default.id} is the default track.") if default else None


RULE = Rule(
    id=ID,
    subject="labels",
    summary="An issue without a track gets the one that matches it, or the default.",
    help="""\
An issue that carries no track's label is matched against `tracks[].match`, track by track in the order of the file: a label in
`labels`, or a pattern in `title` or `body` that occurs anywhere (RE2 syntax, case counts unless the pattern says `(?i)`); one
hit is enough; a label that another rule adds in the same look counts. Without a match the track with `default: true` is taken; without a default the issue is left as it is.

An issue that has a track keeps it, whatever it would match.
""",
    example="""\
schema_version: "1.0"
tracks:
  - {id: bug, label: track/bug, match: {labels: [bug], title: ["(?i)crash"]}}
  - {id: main, label: track/main, default: true}
labels:
  - {name: bug}
milestones: []
enforcement: {}
self_healing: {enabled: true, fix_missing_track: true}
""",
    keys=("tracks", "self_healing.enabled", "self_healing.fix_missing_track"),
    facts=((Fact.REPO_LABELS, "when a track's label is to be added"),),
    outcomes=(
        ("applied", "the track's label is added"),
        ("already", "the issue has a track"),
        ("skipped", "switched off; nothing matches and there is no default; or the label cannot be added"),
        ("warned", "advisory: what would be added"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
