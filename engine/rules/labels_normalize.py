"""`labels.normalize`: a label under a former name is replaced by the declared one."""

from __future__ import annotations

from engine.draft import Draft, words
from engine.model import Fact, fold
from engine.rules.rule import Rule, Site
from engine.view import View

ID = "labels.normalize"


def _sites(view: View) -> tuple[Site, ...]:
    healing = view.config.self_healing
    return (Site(ID, healing.where),) if healing and view.alias_of else ()


def _absent(view: View) -> tuple[str, ...]:
    return () if _sites(view) else (ID,)


def evaluate(draft: Draft) -> None:
    """Replace every former name on the issue."""
    healing = draft.view.config.self_healing
    assert healing is not None
    aliases = draft.view.alias_of
    former = [label for label in draft.labels if label in aliases]
    if not healing.enabled or not healing.normalize_labels:
        draft.decide(ID, "labels", "skipped", "Label normalisation is switched off.", healing.where)
        return
    if not former:
        draft.decide(ID, "labels", "already", "No label of the issue is a former name.", healing.where)
        return
    for label in former:
        _replace(draft, label, aliases[label])


def _replace(draft: Draft, label: str, name: str) -> None:
    spec = draft.view.declared[fold(name)]
    was = draft.labels[label]
    adds = fold(name) not in draft.labels
    refusal = draft.cannot_add(name, ID, instead_of=[label]) if adds else None
    if refusal:
        draft.decide(
            ID, "labels", "skipped", f"{was} stays: {refusal}.", spec.where, before=was, after=was, attention=True
        )
        return
    if adds:
        name = draft.add(name, ID)
    draft.remove([label], ID)
    draft.decide(
        ID,
        "labels",
        "applied",
        f"{was} is a former name of {name}.",
        spec.where,
        before=was if adds else words([was, name]),
        after=name,
    )


RULE = Rule(
    id=ID,
    subject="labels",
    summary="A label under a former name is replaced by the declared one.",
    help="""\
A track, and a label under `labels`, may list former names as `aliases`. `tassist apply` renames the repository's label, so that
history stays; where both names exist in the repository, this rule moves each issue from the former name to the declared one.

Names that differ only in case are one label to GitHub and to every rule; nothing is written for them. Names that merely look
alike (`phase 1`, `phase-1`) are different labels: only a listed former name is ever replaced.

Where the repository has only the former name, the issue keeps it and the decision says so: renaming is `tassist apply`'s, and
a new label beside the old one would lose history.
""",
    example="""\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main, aliases: [codex-trackmain]}
labels: []
milestones: []
enforcement: {}
self_healing: {enabled: true, normalize_labels: true}
""",
    keys=("self_healing.normalize_labels", "tracks[].aliases", "labels[].aliases"),
    facts=((Fact.REPO_LABELS, "when the issue carries a former name and not the declared one"),),
    outcomes=(
        ("applied", "the former name is replaced"),
        ("already", "no label of the issue is a former name"),
        ("skipped", "switched off; or the declared label cannot be added, and a person has to look"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
