"""The pages of one repository: overview, tracks, issues with their history, records behind the figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from tassist.dashboard.board import IssueAt, Need, RepoBoard, Scope, Value
from tassist.dashboard.figures import FIGURE_BY_ID, FIGURES
from tassist.dashboard.site import charts
from tassist.dashboard.site.page import Cell, Column, Frame, card, count, outcome, table, tag, tile, tiles
from tassist.dashboard.site.parts import (
    behind,
    milestones_table,
    needs,
    place_of,
    rule_trails,
    rules_table,
    run_charts,
    scope_charts,
)
from tassist.dashboard.site.words import anchor, esc, href, moment, number, shown
from tassist.telemetry.paths import safe_name
from tassist.telemetry.table import formula_safe
from tassist.text import noun

MAX_ISSUES = 2000
"""Issues in the table of one page; all of them are in the CSV beside it."""
_ISSUE_TILES = ("open", "opened", "closed", "stale", "median_age", "untracked", "unplanned", "overdue")
_RUN_TILES = ("runs", "failed", "blocked", "partial", "deliveries", "writes", "latency_p95", "stuck")
_WINDOWED = {"opened", "closed", "runs", "failed", "blocked", "partial", "deliveries", "reads", "writes", "latency_p95"}


def pages(repo: RepoBoard, all_needs: Iterable[Need], frame: Frame) -> dict[str, bytes]:
    """Every page of the repository, by address from the site's root."""
    folder = "/".join(place_of(repo.repo))
    crumb = [("index.html", "Overview")]
    inner = [*crumb, (href(*place_of(repo.repo), "index.html"), repo.repo)]
    mine = [need for need in all_needs if need.repo == repo.repo]
    found = {
        f"{folder}/index.html": frame.page(
            at=f"{folder}/index.html", title=repo.repo, body=_overview(repo, mine, frame), crumb=crumb
        ),
        f"{folder}/issues.html": frame.page(
            at=f"{folder}/issues.html",
            title=f"Issues of {repo.repo}",
            body=_issues(repo, frame),
            crumb=inner,
            lead=f"{number(len(repo.issues))} {noun(len(repo.issues), 'issue as it was', 'issues as they were')} seen last; each opens to what was written to it",
        ),
        f"{folder}/records.html": frame.page(
            at=f"{folder}/records.html",
            title=f"Records behind the figures of {repo.repo}",
            body=_records(repo, frame),
            crumb=inner,
            lead="The newest records of each kind, and the command that prints them all",
        ),
        f"{folder}/issues.csv": _csv(repo),
    }
    for track in repo.tracks:
        at = f"{folder}/{_track_file(track)}"
        found[at] = frame.page(
            at=at,
            title=f"{track.name} in {repo.repo}",
            body=tiles(
                _tiles(track, ("open", "opened", "closed", "stale", "median_age", "oldest", "unplanned", "overdue"))
            )
            + f"<h2>Issues</h2>{scope_charts(track)}",
            crumb=inner,
        )
    return found


def _track_file(track: Scope) -> str:
    return f"track-{safe_name(track.name)}.html"


def trail(figure_id: str) -> str:
    """The page of a repository on which a figure can be followed."""
    return "issues.html" if FIGURE_BY_ID[figure_id].of == "issues" else "records.html"


def trail_anchor(figure_id: str) -> str:
    """Its place on that page; none on that of the issues, which lists them all."""
    return "" if FIGURE_BY_ID[figure_id].of == "issues" else anchor(figure_id)


def _trail(figure_id: str) -> str:
    return href(trail(figure_id), anchor=trail_anchor(figure_id))


def _tiles(scope: Scope, names: tuple[str, ...]) -> list[str]:
    made = []
    for name in names:
        recent = name in _WINDOWED
        title = FIGURE_BY_ID[name].title
        made.append(
            tile(
                name,
                scope.figures.get(name, Value(all=None)),
                _trail(name),
                recent=recent,
                label=f"{title}, 28 days" if recent else title,
            )
        )
    return made


def _overview(repo: RepoBoard, mine: list[Need], frame: Frame) -> str:
    up = "../../"
    left = [issue for issue in repo.issues if issue.open][:8]
    parts = [
        tiles(_tiles(repo.scope, _ISSUE_TILES)),
        needs(mine, frame, up=up, with_repo=False),
        f"<h2>Issues</h2>{scope_charts(repo.scope)}",
        f"<h2>Tracks</h2>{card(_tracks(repo))}" if repo.tracks else "",
        f"<h2>Milestones</h2>{card(milestones_table(repo.milestones))}",
        f"<h2>Left longest</h2>{card(_issue_table(left, frame, repo.repo, 'Issues left longest') + '<p><a href=issues.html>All issues</a></p>')}"
        if left
        else "",
        f"<h2>Runs</h2>{tiles(_tiles(repo.scope, _RUN_TILES))}{run_charts(repo.activity, repo.latency)}",
        f"<h2>Rules</h2>{card(rules_table(repo.rules, 'records.html', name='Rules'))}",
        _prepared(repo),
        '<h2>What it was about</h2><div class="two">'
        + card(charts.distribution(repo.causes[:8], "Why there was a look"))
        + card(charts.distribution(repo.changes[:8], "Values written"))
        + "</div>",
    ]
    return "\n".join(parts)


def _prepared(repo: RepoBoard) -> str:
    if repo.prepared is None:
        return ""
    why = f": {esc(repo.prepared.reason)}" if repo.prepared.reason else ""
    said = f"<p>{outcome(repo.prepared.outcome)} {moment(repo.prepared.at)}{why}</p>"
    return f"<h2>Labels and milestones made ready</h2>{card(said)}"


def _tracks(repo: RepoBoard) -> str:
    columns = [
        Column("Track"),
        Column("Open", numeric=True),
        Column("28 days ago", numeric=True),
        Column("In, 28 days", numeric=True, about=FIGURE_BY_ID["opened"].meaning),
        Column("Out, 28 days", numeric=True, about=FIGURE_BY_ID["closed"].meaning),
        Column("Untouched", numeric=True, about=FIGURE_BY_ID["stale"].meaning),
        Column("Median age, days", numeric=True),
        Column("Late", numeric=True, about=FIGURE_BY_ID["overdue"].meaning),
    ]
    rows: list[list[Cell | str]] = []
    for track in repo.tracks:
        figures = track.figures
        rows.append(
            [
                f'<a href="{href(_track_file(track))}">{esc(track.name)}</a>',
                count(figures["open"].all),
                count(figures["open"].before),
                count(figures["opened"].recent),
                count(figures["closed"].recent),
                count(figures["stale"].all),
                count(figures["median_age"].all),
                count(figures["overdue"].all),
            ]
        )
    return table("Tracks", columns, rows)


def _issues(repo: RepoBoard, frame: Frame) -> str:
    listed = repo.issues[:MAX_ISSUES]
    note = (
        f'<p class="note">The table holds {number(MAX_ISSUES)} of {number(len(repo.issues))} issues; the CSV holds all.</p>'
        if len(repo.issues) > MAX_ISSUES
        else ""
    )
    return (
        '<p><a href="issues.csv" download>All as CSV</a></p>'
        + note
        + card(_issue_table(listed, frame, repo.repo, "Issues", history=True))
    )


def _issue_table(issues: list[IssueAt], frame: Frame, repo: str, name: str, *, history: bool = False) -> str:
    columns = [
        Column("Issue", numeric=True),
        Column("State"),
        Column("Track"),
        Column("Milestone"),
        Column("Age, days", numeric=True),
        Column("Untouched, days", numeric=True),
        *([Column("What was written to it")] if history else []),
    ]
    rows: list[list[Cell | str]] = []
    for issue in issues:
        title = f" {esc(issue.title, 120)}" if issue.title else ""
        rows.append(
            [
                Cell(
                    f'<a href="{frame.issue(repo, issue.number)}" rel="noreferrer">#{issue.number}</a>{title}',
                    issue.number,
                    numeric=True,
                ),
                tag("open" if issue.open else "closed", "good" if issue.open else ""),
                esc(issue.track) or "–",
                esc(issue.milestone) or "–",
                count(issue.age_days),
                count(issue.idle_days),
                *([_history(issue)] if history else []),
            ]
        )
    return table(name, columns, rows, ids=[f"i{issue.number}" for issue in issues] if history else ())


def _history(issue: IssueAt) -> str:
    labels = (
        f'<p class="note">Labels: {", ".join(esc(label, 80) for label in issue.labels)}</p>' if issue.labels else ""
    )
    if not issue.history:
        return f"nothing{labels}"
    items = []
    for item in reversed(issue.history):
        marks = (
            (tag("undone by a person", "warn") if item.kind == "undone" else "")
            + (tag("taken back", "warn") if item.reverted else "")
            + (tag("flapping", "bad") if item.flapped else "")
        )
        what = f"{esc(item.field, 60)}: {esc(item.before, 120) or 'none'} → {esc(item.after, 120) or 'none'}"
        items.append(f"<li>{moment(item.at)} {what} <span class=note>{esc(item.rule, 60)}</span> {marks}</li>")
    words = f"{len(items)} {noun(len(items), 'value')}"
    return f"<details><summary>{words}</summary><ul>{''.join(items)}</ul>{labels}</details>"


def _records(repo: RepoBoard, frame: Frame) -> str:
    parts = []
    for figure in FIGURES:
        if figure.of in {"issues", "runs"} and figure.id in repo.scope.figures:
            found = repo.behind.get(figure.name, [])
            value = shown(figure, repo.scope.figures[figure.id].all)
            parts.append(behind(figure.id, figure.title, found, value, frame, repo.repo))
    for rule in repo.rules:
        parts += [
            behind(name, title, repo.behind.get(name, []), number(value.all or 0), frame, repo.repo)
            for name, title, value in rule_trails(rule)
        ]
    return "\n".join(parts) or '<p class="note">No run was recorded yet.</p>'


def _csv(repo: RepoBoard) -> bytes:
    """All issues for a spreadsheet; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(
        [
            "repo",
            "issue",
            "title",
            "state",
            "track",
            "milestone",
            "labels",
            "opened",
            "closed",
            "age_days",
            "untouched_days",
            "seen",
        ]
    )
    for issue in repo.issues:
        writer.writerow(
            formula_safe(cell)
            for cell in (
                repo.repo,
                issue.number,
                issue.title,
                "open" if issue.open else "closed",
                issue.track,
                issue.milestone,
                ", ".join(issue.labels),
                issue.created,
                issue.closed,
                issue.age_days,
                issue.idle_days,
                issue.seen,
            )
        )
    return out.getvalue().encode("utf-8")
