"""Parts that several pages show: what needs a person, rules, the charts of a scope, records behind a figure."""

from __future__ import annotations

from collections.abc import Sequence

from tassist.dashboard.board import Behind, MilestoneAt, Need, RuleAt, Scope, Series, Value
from tassist.dashboard.figures import DECISIONS, FIGURE_BY_ID, WRITTEN, figure_of_decision
from tassist.dashboard.site import charts
from tassist.dashboard.site.page import Cell, Column, Frame, card, count, table, tag
from tassist.dashboard.site.words import anchor, day, esc, href, moment, number, span
from tassist.telemetry.paths import safe_name
from tassist.text import noun

_KINDS = {"failed": "bad", "lost": "bad", "configuration": "bad", "blocked": "bad"}
FIRST_NEEDS = 8


def place_of(repo: str) -> tuple[str, str]:
    """Folders of a repository's pages."""
    owner, _, name = repo.partition("/")
    return safe_name(owner), safe_name(name)


def needs(found: Sequence[Need], frame: Frame, *, up: str = "", with_repo: bool = True) -> str:
    """What needs a person, the most urgent first, or the good news that nothing does."""
    if not found:
        return '<div class="state good">Nothing needs a person.</div>'
    items = [_need(need, frame, up, with_repo=with_repo) for need in found]
    first = f'<ul class="needs">{"".join(items[:FIRST_NEEDS])}</ul>'
    rest = items[FIRST_NEEDS:]
    more = (
        f'<details class="more"><summary>{len(rest)} more</summary><ul class="needs">{"".join(rest)}</ul></details>'
        if rest
        else ""
    )
    thing = noun(len(found), "thing needs", "things need")
    return f"<h2>{number(len(found))} {thing} a person</h2>{card(first + more)}"


def _need(need: Need, frame: Frame, up: str, *, with_repo: bool) -> str:
    where = []
    if need.repo and with_repo:
        where.append(f'<a href="{up}{href(*place_of(need.repo), "index.html")}">{esc(need.repo)}</a>')
    if need.issue:
        where.append(f'<a href="{frame.issue(need.repo, need.issue)}" rel="noreferrer">#{need.issue}</a>')
    place = f" {' '.join(where)}" if where else ""
    return (
        f'<li>{tag(need.kind, _KINDS.get(need.kind, "warn"))}<span class="what">{esc(need.what)}{" ·" if place else ""}{place}</span>'
        f'{moment(need.at) or "<span></span>"}<span class="why">{esc(need.why)}</span></li>'
    )


def scope_charts(scope: Scope) -> str:
    """Open over time, in and out, age, and how long untouched."""
    return (
        '<div class="two">'
        + card(charts.lines(scope.flow, {"open": "Open issues"}, title="Open issues"))
        + card(
            charts.bars(scope.flow, {"opened": "In", "closed": "Out"}, title="In and out", kind="flow", stacked=False)
        )
        + "</div>"
        + '<div class="two">'
        + card(charts.distribution(scope.ages, "Age of open issues"))
        + card(charts.distribution(scope.idle, "Open issues, by when they were last touched"))
        + "</div>"
    )


def run_charts(activity: Series, latency: Series) -> str:
    """Runs by outcome, and how long they took."""
    names = {"success": "Succeeded", "partial": "Partly done", "blocked": "Blocked", "failed": "Failed"}
    lines = {"latency_p50": "Delivery to done, median", "latency_p95": "Delivery to done, 95 %"}
    return (
        '<div class="two">'
        + card(charts.bars(activity, names, title="Runs by outcome", kind="runs"))
        + card(charts.lines(latency, lines, title="From delivery to done", show=span))
        + "</div>"
    )


def rules_table(rules: Sequence[RuleAt], trail: str, *, name: str) -> str:
    """One row for each rule; ``trail`` is the address of the records behind, without an anchor."""
    columns = [Column("Rule")]
    for outcome in DECISIONS:
        figure = FIGURE_BY_ID[figure_of_decision(outcome)]
        columns.append(Column(figure.title, numeric=True, about=figure.meaning))
    columns += [Column(FIGURE_BY_ID[what].title, numeric=True, about=FIGURE_BY_ID[what].meaning) for what in WRITTEN]
    rows: list[list[Cell | str]] = []
    for rule in rules:
        row: list[Cell | str] = [
            f'<span class="mono">{esc(rule.rule)}</span>',
            *(
                count(getattr(rule, outcome).all, f"{trail}#{anchor(f'rule.{rule.rule}.{outcome}')}")
                for outcome in DECISIONS
            ),
        ]
        written, reverted, flapped = rule.written.all or 0, rule.reverted.all or 0, rule.flapped.all or 0
        shares = (number(written), _share(reverted, written, "warn", 10), _share(flapped, written, "bad", 0))
        for what, value, shown in zip(WRITTEN, (written, reverted, flapped), shares, strict=True):
            link = f'<a href="{trail}#{anchor(f"{what}.{rule.rule}")}">{shown}</a>' if value else shown
            row.append(Cell(link, value, numeric=True))
        rows.append(row)
    return table(name, columns, rows, empty="No run recorded a decision yet.")


def rule_trails(rule: RuleAt) -> list[tuple[str, str, Value]]:
    """Of each figure of a rule that is not nothing: what its records are asked for by, its title, its value."""
    names = [(f"rule.{rule.rule}.{outcome}", figure_of_decision(outcome), outcome) for outcome in DECISIONS]
    names += [(f"{what}.{rule.rule}", what, what) for what in WRITTEN]
    return [
        (name, f"{rule.rule}: {FIGURE_BY_ID[figure].title.lower()}", value)
        for name, figure, field in names
        if (value := getattr(rule, field)).all
    ]


def _share(part: int, whole: int, kind: str, above_percent: int) -> str:
    text = number(part)
    percent = 100 * part // whole if whole else 0
    if part and percent >= above_percent:
        return f"{tag(f'{text} ({percent} %)', kind)}"
    return text


def milestones_table(found: Sequence[MilestoneAt]) -> str:
    """Progress of milestones."""
    columns = [
        Column("Milestone"),
        Column("Done"),
        Column("Open", numeric=True),
        Column("Closed", numeric=True),
        Column("Due"),
    ]
    rows: list[list[Cell | str]] = []
    for milestone in found:
        whole = milestone.open + milestone.closed
        due = day(milestone.due) if milestone.due else "–"
        if milestone.overdue_days:
            late = f"{milestone.overdue_days} {noun(milestone.overdue_days, 'day')} late"
            due += f" {tag(late, 'bad')}"
        percent = 100 * milestone.closed // whole if whole else 0
        done = charts.meter(milestone.closed, whole, f"{percent} % done")
        rows.append(
            [
                esc(milestone.title),
                Cell(f"{done}<span class=note>{percent} %</span>", percent, numeric=True),
                count(milestone.open),
                count(milestone.closed),
                due,
            ]
        )
    return table("Milestones", columns, rows, empty="No issue has a milestone.")


def behind(
    name: str, title: str, found: Sequence[Behind], total: str, frame: Frame, repo: str, *, anchor_of: str = ""
) -> str:
    """The newest records behind a figure, and the command that prints them all."""
    told = any(record.reason for record in found)  # a column that says nothing is left out
    columns = [Column("When"), Column("Issue"), *([Column("Why")] if told else []), Column("Record")]
    rows: list[list[Cell | str]] = [
        [
            moment(record.at),
            " ".join(filter(None, (esc(record.repo), _issue(frame, record.repo or repo, record.issue)))) or "–",
            *([esc(record.reason) or "–"] if told else []),
            f"<code>{esc(record.event_id, 80)}</code>",
        ]
        for record in found
    ]
    shown = table(f"{title}, the newest", columns, rows) if rows else ""
    return (
        f'<section id="{anchor_of or anchor(name)}"><h2>{esc(title)}: {total}</h2>{card(shown) if shown else ""}'
        f"<pre>tassist dashboard records {esc(_quoted(name))}{f' --repo {esc(_quoted(repo))}' if repo != '-/-' else ''}</pre></section>"
    )


def _issue(frame: Frame, repo: str, issue: int) -> str:
    return f'<a href="{frame.issue(repo, issue)}" rel="noreferrer">#{issue}</a>' if issue else ""


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
