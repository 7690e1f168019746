"""The whole site from the dashboard's data: addresses and bytes, the same for the same data on any machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tassist.dashboard.board import Bar, Board, Parity, RepoBoard, StepAt, Value
from tassist.dashboard.figures import FIGURE_BY_ID, FIGURES, Figure
from tassist.dashboard.site import beside, charts, repo_pages
from tassist.dashboard.site.page import Cell, Column, Frame, card, count, outcome, table, tag, tile, tiles
from tassist.dashboard.site.parts import behind, needs, place_of, rule_trails, rules_table, run_charts, scope_charts
from tassist.dashboard.site.words import anchor, day, esc, href, moment, number, shown
from tassist.text import inert_json, noun

_DOCUMENT = "dashboard.json"
_PART_BYTES = 1 << 14
_PLACES = (
    ("index.html", "Overview"),
    ("rules.html", "Rules"),
    ("service.html", "Service"),
    ("migration.html", "Migration"),
    ("data.html", "Data"),
    ("figures.html", "Figures"),
)


def site(board: Board, *, web_url: str = "https://github.com") -> dict[str, bytes]:
    """Every file of the site by its address from the root."""
    frame = _frame(board, web_url)
    found = dict(_general(board, frame)) | {_DOCUMENT: b"".join(document(board))}
    for repo in board.repos:
        found |= repo_pages.pages(repo, board.needs, frame)
    return found


def lay(board: Board, folder: Path, *, web_url: str = "https://github.com", hands: Sequence[beside.Other] = ()) -> None:
    """Write every file of the site below a folder, each as soon as it is made; the others help.

    Raises:
        OSError: A file cannot be written.
    """
    frame = _frame(board, web_url)
    task = beside.Task(board.needs, frame, str(folder))

    def general() -> None:
        beside.put(folder, _general(board, frame))
        with (folder / _DOCUMENT).open("wb") as file:
            file.writelines(document(board))

    beside.lay(board.repos, task, hands, meanwhile=general)


def _frame(board: Board, web_url: str) -> Frame:
    return Frame(board.as_of, web_url.rstrip("/"), _PLACES)


def _general(board: Board, frame: Frame) -> Iterator[tuple[str, bytes]]:
    """What belongs to no repository."""

    def page(
        at: str, title: str, body: str, lead: str = "", crumb: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, bytes]:
        return at, frame.page(at=at, title=title, body=body, crumb=crumb, lead=lead)

    yield ".nojekyll", b""
    yield page("index.html", "Overview", _overview(board, frame), _lead(board))
    yield page("rules.html", "Rules", _rules(board), "How often each rule acted, and what became of it afterwards")
    yield page("service.html", "Service", _service(board, frame))
    yield page("migration.html", "Migration", _migration(board))
    lead = "Where every figure comes from, and what is missing"
    yield page("data.html", "What was read", _data(board), lead)
    yield page("figures.html", "What each figure means", _figures(), "Declared once, shown everywhere")
    lead = "What each repository adds, and the command that prints every record"
    title = "Records behind the figures of all repositories"
    yield page("records.html", title, _records(board), lead, [("index.html", "Overview")])


def document(board: Board) -> Iterator[bytes]:
    """`dashboard.json`, some of it at a time: what acts on a terminal or a page is written as an escape."""
    written = msgspec.json.encode(board)
    begun = 0
    while begun < len(written):
        end = written.find(b'"', begun + _PART_BYTES)  # where no character is cut
        part = written[begun : end if end >= 0 else len(written)]
        begun += len(part)
        for code in b"<>&\x7f":
            part = part.replace(b"%c" % code, b"\\u%04x" % code)
        # To look at every character of plain English would take longer than to write it.
        yield part if part.isascii() else inert_json(part.decode()).encode()
    yield b"\n"


def _lead(board: Board) -> str:
    if not board.source.records:
        return f"As of {day(board.as_of)}: there are no records" if board.as_of else "There are no records yet"
    repos = f"{len(board.repos)} {noun(len(board.repos), 'repository', 'repositories')}"
    records = f"{number(board.source.records)} {noun(board.source.records, 'record')}"
    return f"{repos}, {records}, as of {day(board.as_of)}"


def _overview(board: Board, frame: Frame) -> str:
    if not board.source.records:
        return "".join(f'<div class="state warn">{esc(gap.what)}: {esc(gap.why)}.</div>' for gap in board.source.gaps)
    figures = board.total.figures
    top = [
        tile("open", figures["open"], _trail("open")),
        tile("opened", figures["opened"], _trail("opened"), recent=True, label="In, 28 days"),
        tile("closed", figures["closed"], _trail("closed"), recent=True, label="Out, 28 days"),
        tile("stale", figures["stale"], _trail("stale")),
        tile("runs", figures["runs"], _trail("runs"), recent=True, label="Runs, 28 days"),
        tile("failed", figures["failed"], _trail("failed"), recent=True, label="Failed, 28 days"),
        tile("latency_p95", figures["latency_p95"], _trail("latency_p95"), recent=True, label="Latency, 95 %, 28 days"),
        tile("lost", board.service["lost"], f"service.html#{anchor('lost')}"),
    ]
    gaps = (
        f'<p class="note"><a href="data.html">{len(board.source.gaps)} {noun(len(board.source.gaps), "thing is", "things are")} missing</a> from what was read.</p>'
        if board.source.gaps
        else ""
    )
    return "\n".join(
        [
            needs(board.needs, frame),
            tiles(top),
            gaps,
            f'<h2 id="repositories">Repositories</h2>{card(_repos(board.repos))}',
            f"<h2>Issues</h2>{scope_charts(board.total)}",
            f"<h2>Runs</h2>{run_charts(board.activity, board.latency)}",
        ]
    )


def _trail(figure_id: str) -> str:
    return f"records.html#{anchor(figure_id)}"


def _records(board: Board) -> str:
    """For each figure of all repositories: what each of them adds, linked to its own trail, and the command."""
    parts = []
    for name, value in board.total.figures.items():
        figure = FIGURE_BY_ID[name]
        added = [
            (repo.repo, repo_pages.trail(name), repo_pages.trail_anchor(name), repo.scope.figures[name])
            for repo in board.repos
            if name in repo.scope.figures
        ]
        parts.append(_adding(figure, name, figure.title, value, added))
    of_repos = [(repo.repo, {rule.rule: rule for rule in repo.rules}) for repo in board.repos]
    for rule in board.rules:
        for name, title, value in rule_trails(rule):
            added = [
                (repo, "records.html", anchor(name), found)
                for repo, rules in of_repos
                if rule.rule in rules
                for other, _, found in rule_trails(rules[rule.rule])
                if other == name
            ]
            parts.append(_adding(FIGURE_BY_ID["applied"], name, title, value, added))
    return "\n".join(parts)


def _adding(figure: Figure, name: str, title: str, value: Value, added: list[tuple[str, str, str, Value]]) -> str:
    """One figure: repository, page, place on the page and value of each that adds something."""
    rows: list[list[Cell | str]] = [
        [
            f'<a href="{href(*place_of(repo), page, anchor=place)}">{esc(repo)}</a>',
            Cell(shown(figure, found.all), found.all, numeric=True),
            Cell(shown(figure, found.recent), found.recent, numeric=True),
        ]
        for repo, page, place, found in added
        if found.all
    ]
    columns = [Column("Repository"), Column(title, numeric=True), Column("28 days", numeric=True)]
    return (
        f'<section id="{anchor(name)}"><h2>{esc(title)}: {shown(figure, value.all)}</h2>'
        f"{card(table(f'{title} by repository', columns, rows)) if rows else ''}"
        f"<pre>tassist dashboard records {esc(shlex.quote(name))}</pre></section>"
    )


def _repos(repos: list[RepoBoard]) -> str:
    columns = [
        Column("Repository"),
        Column("Open", numeric=True),
        Column("28 days ago", numeric=True),
        Column("In", numeric=True, about="Opened or reopened in 28 days"),
        Column("Out", numeric=True, about="Closed in 28 days"),
        Column("Untouched", numeric=True, about="Open, and untouched for 30 days or more"),
        Column("Late", numeric=True, about="Open in a milestone whose date is over"),
        Column("Runs", numeric=True, about="In 28 days"),
        Column("Failed", numeric=True, about="In 28 days"),
        Column("Not settled", numeric=True, about="Issues whose newest run did not succeed"),
    ]
    rows: list[list[Cell | str]] = []
    for repo in repos:
        figures, place = repo.scope.figures, place_of(repo.repo)
        issues = href(*place, "issues.html")
        rows.append(
            [
                f'<a href="{href(*place, "index.html")}">{esc(repo.repo)}</a>',
                count(figures["open"].all, issues),
                count(figures["open"].before),
                count(figures["opened"].recent, issues),
                count(figures["closed"].recent, issues),
                count(figures["stale"].all, issues),
                count(figures["overdue"].all, issues),
                count(figures["runs"].recent, href(*place, "records.html", anchor=anchor("runs"))),
                count(figures["failed"].recent, href(*place, "records.html", anchor=anchor("failed"))),
                count(figures["stuck"].all, href(*place, "records.html", anchor=anchor("stuck"))),
            ]
        )
    return table("Repositories", columns, rows)


def _rules(board: Board) -> str:
    parts = [
        f"<h2>All repositories</h2>{card(rules_table(board.rules, 'records.html', name='Rules of all repositories'))}"
    ]
    for repo in board.repos:
        if repo.rules:
            trail = href(*place_of(repo.repo), "records.html")
            parts.append(
                f"<h2>{esc(repo.repo)}</h2>{card(rules_table(repo.rules, trail, name=f'Rules of {repo.repo}'))}"
            )
    return "\n".join(parts)


def _service(board: Board, frame: Frame) -> str:
    made = [
        tile(figure.id, board.service[figure.id], f"#{anchor(figure.id)}")
        for figure in FIGURES
        if figure.of == "service"
    ]
    rows: list[list[Cell | str]] = [
        [
            esc(sink.name),
            count(sink.outages.all),
            count(sink.outages.recent),
            count(sink.lost.all),
            moment(sink.last) or "–",
            esc(sink.reason) or "–",
        ]
        for sink in board.sinks
    ]
    columns = [
        Column("Sink"),
        Column("Outages", numeric=True),
        Column("In 28 days", numeric=True),
        Column("Records lost", numeric=True),
        Column("Last outage"),
        Column("Why"),
    ]
    sections = [
        behind(
            figure.id,
            figure.title,
            board.service_behind.get(figure.id, []),
            shown(figure, board.service[figure.id].all),
            frame,
            "-/-",
        )
        for figure in FIGURES
        if figure.of == "service"
    ]
    return "\n".join(
        [
            tiles(made),
            f"<h2>Sinks</h2>{card(table('Sinks', columns, rows, empty='No sink had an outage.'))}",
            f"<h2>Setup</h2>{card(_steps(board.setup, 'Steps of the setup'))}" if board.setup else "",
            *sections,
        ]
    )


def _steps(steps: list[StepAt], name: str) -> str:
    columns = [Column("Step"), Column("When"), Column("Outcome"), Column("Why")]
    rows: list[list[Cell | str]] = [
        [esc(step.step), moment(step.at), outcome(step.outcome), esc(step.reason) or "–"] for step in steps
    ]
    return table(name, columns, rows)


def _migration(board: Board) -> str:
    if not board.migrations:
        return '<div class="card"><p>No repository has moved here from legacy automation, as far as these records say.</p></div>'
    return "\n".join(_parity(parity) for parity in board.migrations)


def _parity(parity: Parity) -> str:
    verdicts = sorted(parity.verdicts.items(), key=lambda item: (-item[1], item[0]))
    bars = [Bar(name, value) for name, value in verdicts]
    compared = (
        f"<p>{outcome(parity.outcome)} compared {moment(parity.at)}"
        f"{f', the newest of {parity.comparisons}' if parity.comparisons > 1 else ''}. {esc(parity.reason)}</p>"
        + charts.distribution(bars, "Cases by verdict")
        if parity.at
        else "<p>Legacy and engine were not compared yet.</p>"
    )
    steps = f"<h3>Steps</h3>{_steps(parity.steps, f'Steps of {parity.repo}')}" if parity.steps else ""
    imported = charts.distribution(parity.imported, "Imported records, by origin") if parity.imported else ""
    return (
        f"<h2>{esc(parity.repo)}</h2>{card(compared)}{card(steps) if steps else ''}{card(imported) if imported else ''}"
    )


def _data(board: Board) -> str:
    source = board.source
    facts = [
        ("Files", number(source.files)),
        ("Records that count", number(source.records)),
        ("Folded by prune", number(source.folded)),
        ("Repetitions left out", number(source.duplicates)),
        ("Lines that are no records", number(source.faulty)),
        ("First record", day(source.first) if source.first else "–"),
        ("Newest record", day(source.last) if source.last else "–"),
    ]
    made = "".join(
        f'<div class="tile"><dt>{name}</dt><dd><span class="v">{value}</span></dd></div>' for name, value in facts
    )
    gaps = "".join(
        f"<li>{tag('missing', 'warn')}<span class=what>{esc(gap.what)}</span><span></span><span class=why>{esc(gap.why)}</span></li>"
        for gap in source.gaps
    )
    rows: list[list[Cell | str]] = [
        [f"<span class=mono>{esc(fault.file)}</span>", count(fault.line), esc(fault.why)] for fault in source.faults
    ]
    faults = table("Lines that are no records", [Column("File"), Column("Line", numeric=True), Column("Why")], rows)
    more = (
        f'<p class="note">{number(source.faulty - len(rows))} more; tassist telemetry verify names them all.</p>'
        if source.faulty > len(rows)
        else ""
    )
    return (
        f'<dl class="tiles">{made}</dl>'
        + (
            f"<h2>What is missing</h2>{card(f'<ul class=needs>{gaps}</ul>')}"
            if gaps
            else '<div class="state good">Nothing is missing.</div>'
        )
        + (f"<h2>Lines that are no records</h2>{card(faults)}{more}" if rows else "")
    )


def _figures() -> str:
    titles = {"issues": "Issues", "runs": "Runs", "rules": "Rules", "service": "The service"}
    parts = []
    for of, title in titles.items():
        items = "".join(
            f'<section id="{anchor(figure.id)}"><h3>{esc(figure.title)} <code>{figure.id}</code></h3><p>{esc(figure.meaning)}</p></section>'
            for figure in FIGURES
            if figure.of == of
        )
        parts.append(f"<h2>{title}</h2>{card(items)}")
    return "\n".join(parts)
