"""`stale`: an issue on which nobody works is flagged, escalated, and closed; activity takes the flag off at once."""

from __future__ import annotations

from datetime import timedelta

from engine.activity import Idle, bounds, exact, flagged_since
from engine.config.types import Stale, StaleThresholds, Track
from engine.draft import Draft, words
from engine.model import Fact, fold
from engine.plan import CloseIssue, PostComment
from engine.problems import Where
from engine.rules.rule import Rule, Site
from engine.view import View

ID = "stale"
FRESH, STALE, ESCALATED, CLOSE = range(4)


def _sites(view: View) -> tuple[Site, ...]:
    stale = view.config.stale
    return (Site(ID, stale.where),) if stale else ()


def _absent(view: View) -> tuple[str, ...]:
    return () if _sites(view) else (ID,)


def evaluate(draft: Draft) -> None:
    """Compare how long nothing happened with the days of the issue's track."""
    stale = draft.view.config.stale
    assert stale is not None
    if not stale.enabled:
        draft.decide(ID, "issue", "skipped", "Staleness is switched off.", stale.where)
        return
    flags = [label for label in draft.labels if label in draft.view.flags]
    exempt = _exempt(draft, stale)
    if exempt is not None:
        _unflag(draft, flags, f"The issue is exempt: {exempt}.", stale.where)
        return
    carried = draft.tracks()
    track = carried[0] if len(carried) == 1 else None
    days = draft.view.thresholds(track)
    where = days.where or stale.where
    if days.days_until_close is None and not _flag_days(days):
        _unflag(draft, flags, "No number of days is configured.", where)
        return
    idle = _idle(draft, days, flagged=bool(flags), comment=stale.comment is not None)
    level = _level(idle.least, days)
    if level == FRESH:
        least = min(limit for limit in (*_flag_days(days), days.days_until_close) if limit is not None)
        _unflag(draft, flags, f"Less than {_days(least)} without activity.", where, fresh=True)
    elif level == CLOSE and _may_close(draft, idle, days, flags):
        draft.closing = CloseIssue("not_planned", ID)
        reason = f"No activity for {_for(idle)}; closed after {days.days_until_close}."
        draft.decide(ID, "state", "applied", reason, where, before="open", after="closed")
    else:
        flag = stale.escalated_label if _level(idle.least, days, close=False) == ESCALATED else stale.stale_label
        _flag(draft, stale, track, flag, flags, idle, where)


def _exempt(draft: Draft, stale: Stale) -> str | None:
    label = next((name for name in stale.exempt_labels if fold(name) in draft.labels), None)
    if label is not None:
        return f"it carries {label}"
    return f'it is in "{draft.milestone}"' if draft.milestone in stale.exempt_milestones else None


def _level(idle: int, days: StaleThresholds, *, close: bool = True) -> int:
    if close and days.days_until_close is not None and idle >= days.days_until_close:
        return CLOSE
    if days.days_until_escalated is not None and idle >= days.days_until_escalated:
        return ESCALATED
    return STALE if days.days_until_stale is not None and idle >= days.days_until_stale else FRESH


def _idle(draft: Draft, days: StaleThresholds, *, flagged: bool, comment: bool) -> Idle:
    """How long nothing happened; the timeline is read only where it could change what is decided."""
    known = bounds(draft.issue, draft.now)
    if known.most is not None and _level(known.most, days) == FRESH:
        return known
    if draft.issue.timeline is None:
        level = _level(known.least, days)
        if known.most is not None and _level(known.most, days) == level:
            if level != CLOSE and (flagged or not comment):
                return known
            if level == CLOSE and not flagged and not comment and _notice(days) > 0:
                return known
        if not flagged and level == FRESH and _is_work(draft):
            return known
    return exact(draft.issue, draft.timeline(ID), draft.now, draft.view.flags)


def _is_work(draft: Draft) -> bool:
    """Whether we look because somebody works on the issue; then it need not be flagged before the next sweep."""
    trigger = draft.trigger
    return trigger.kind == "delivery" and not trigger.by_app and trigger.event in {"issues", "issue_comment"}


def _flag_days(days: StaleThresholds) -> list[int]:
    return [limit for limit in (days.days_until_stale, days.days_until_escalated) if limit is not None]


def _notice(days: StaleThresholds) -> int:
    """How many days a flag is carried before closing."""
    assert days.days_until_close is not None
    return days.days_until_close - min(_flag_days(days), default=days.days_until_close)


def _may_close(draft: Draft, idle: Idle, days: StaleThresholds, flags: list[str]) -> bool:
    """Whether the issue has carried a flag for as long as there are days between flagging and closing."""
    notice = _notice(days)
    if notice <= 0:
        return True
    if not flags or idle.since is None:
        return False
    since = flagged_since(draft.timeline(ID), draft.view.flags, flags)
    return since is None or draft.now - since >= timedelta(days=notice)


def _unflag(draft: Draft, flags: list[str], reason: str, where: Where, *, fresh: bool = False) -> None:
    if not flags:
        draft.decide(ID, "labels", "already" if fresh else "skipped", reason, where)
        return
    names = words([draft.labels[label] for label in flags])
    draft.remove(flags, ID)
    draft.decide(ID, "labels", "applied", reason, where, before=names, touched=tuple(flags))


def _flag(
    draft: Draft, stale: Stale, track: Track | None, flag: str, flags: list[str], idle: Idle, where: Where
) -> None:
    reason = f"No activity for {_for(idle)}."
    wanted = fold(flag)
    others = [label for label in flags if label != wanted]
    before = words([draft.labels[label] for label in flags]) or None
    if wanted in flags and not others:
        draft.decide(ID, "labels", "already", reason, where, before=before, after=before)
        return
    if wanted not in flags:
        refusal = draft.cannot_add(flag, ID, instead_of=others)
        if refusal:
            reason = f"{reason} But {refusal}."
            draft.decide(ID, "labels", "skipped", reason, where, before=before, after=before, attention=True)
            return
        flag = draft.add(flag, ID)
    draft.remove(others, ID)
    if stale.comment is not None and not flags and idle.since is not None:
        if draft.issue.locked:
            reason = f"{reason} The issue is locked, so no comment is posted."
        else:
            draft.comment(_comment(stale.comment, idle, track, flag, idle.since.isoformat()))
    draft.decide(ID, "labels", "applied", reason, where, before=before, after=flag, touched=(wanted, *others))


def _comment(text: str, idle: Idle, track: Track | None, flag: str, since: str) -> PostComment:
    """The comment of this idle time; its marker names when the time began, so that a later one gets its own."""
    for name, value in (("days", str(idle.least)), ("track", track.id if track else ""), ("label", flag)):
        text = text.replace(f"{{{name}}}", value)
    marker = f"<!-- tassist:stale:{since} -->"
    return PostComment(f"{text}\n\n{marker}", marker, ID)


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _for(idle: Idle) -> str:
    return _days(idle.least) if idle.since is not None else f"at least {_days(idle.least)}"


RULE = Rule(
    id=ID,
    subject="labels",
    summary="An issue nobody works on is flagged, escalated and closed.",
    help="""\
The rule counts whole days since the last real activity: anything on the issue's timeline that the App itself did not do. Subscriptions
and mentions are no activity, and neither is putting the flag on by hand, nor what the same actor says about it in that minute. An edit
of the body leaves nothing on the timeline and does not count; a comment does.

- From `days_until_stale` the issue carries `stale_label`, from `days_until_escalated` `escalated_label` in its place.
- From `days_until_close` it is closed as not planned, but only after it has carried a flag for the days between flagging and closing:
  an issue that is found already too old, as on the day of installation, is flagged first. A flag that was taken off and put on again
  begins anew; one exchanged for the other goes on. Where flagging is not configured, the issue is closed without.
- With less than the first of these days the flags are removed, at the next look, whatever caused it.
- `tracks` overrides the days by track id, key by key, for an issue on exactly one track.
- An issue with one of `exempt_labels` or in one of `exempt_milestones` is never flagged; a flag it carries is removed.
- `comment` is posted once for each idle time, when the first flag is put on, never on a locked issue; `{days}`, `{track}` and
  `{label}` are filled in.

A flag's label is created only where `labels` declares it; else it has to exist. A flag that cannot be added is said, and then
nothing is commented or closed. The flags belong to no exclusivity group.
""",
    example="""\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main}
labels:
  - {name: state/stale}
  - {name: state/escalated}
milestones: []
enforcement: {}
stale:
  enabled: true
  days_until_stale: 14
  days_until_escalated: 21
  days_until_close: 30
  comment: "No activity for {days} days."
""",
    keys=("stale",),
    facts=(
        (Fact.TIMELINE, "when `created_at` and `updated_at` alone do not decide it"),
        (Fact.REPO_LABELS, "when a flag is to be added"),
    ),
    outcomes=(
        ("applied", "a flag is put on, exchanged or removed, or the issue is closed"),
        ("already", "the flags are as they should be"),
        ("skipped", "switched off, exempt, no days configured, or the flag cannot be added"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
