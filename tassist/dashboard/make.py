"""Makes the dashboard's data from what was counted: the same facts give the same board."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tassist.dashboard.board import (
    FORM,
    Bar,
    Behind,
    Board,
    Fault,
    Gap,
    Need,
    Parity,
    RepoBoard,
    SinkAt,
    Source,
    StepAt,
    Value,
)
from tassist.dashboard.facts import NEVER, Counted, Facts, Latest, News, RuleDay
from tassist.dashboard.figures import FIGURES
from tassist.dashboard.flow import Flow, flows
from tassist.dashboard.queries import BEHIND
from tassist.dashboard.scopes import idle_days, issues_at, milestones, scope
from tassist.dashboard.tally import Tally
from tassist.text import noun

SERVICE = "-/-"


def make(facts: Facts, *, asked: Sequence[str] = ()) -> Board:
    """The whole dashboard.

    Args:
        facts: What was counted.
        asked: The repositories and accounts that were asked for, where not all were: one without a record is named.
    """
    flow = flows(facts.turns)
    counted = _by_repo(facts.counted)
    rule_days = _by_repo(facts.rule_days)
    issues = {
        repo: [issue for issue in found if not issue.is_pull_request] for repo, found in _by_repo(facts.latest).items()
    }
    everything = Tally(facts.counted, facts.rule_days, facts.as_of)
    repos = [_repo(facts, repo, issues.get(repo, []), counted, rule_days, flow) for repo in facts.repos]
    total = scope("", [issue for found in issues.values() for issue in found], _together(flow), facts.as_of)
    total.figures.update(everything.summed() | {"stuck": Value(all=len(facts.stuck))})
    service = {figure.id: everything.value(figure.name) for figure in FIGURES if figure.of == "service"}
    sinks = _sinks(facts, everything)
    return Board(
        form=FORM,
        as_of="" if facts.as_of == NEVER else facts.as_of.isoformat(),
        now="" if facts.as_of == NEVER else facts.now,
        source=_source(facts, asked),
        needs=_needs(facts, repos, issues, sinks),
        total=total,
        activity=everything.activity(),
        latency=everything.latency(),
        rules=everything.rules(),
        repos=repos,
        sinks=sinks,
        service=service,
        service_behind=_service_behind(facts),
        migrations=_migrations(facts),
        setup=_steps(news for news in facts.news if news.type == "setup_step"),
    )


def _repo(
    facts: Facts,
    repo: str,
    issues: list[Latest],
    counted: dict[str, list[Counted]],
    rule_days: dict[str, list[RuleDay]],
    flow: dict[tuple[str, str | None], Flow],
) -> RepoBoard:
    tally = Tally(counted.get(repo, []), rule_days.get(repo, []), facts.as_of)
    whole = scope(repo, issues, flow.get((repo, None), Flow()), facts.as_of)
    stuck = sum(item.repo == repo for item in facts.stuck)
    whole.figures.update(tally.summed() | {"stuck": Value(all=stuck)})
    tracks = sorted({track for name, track in flow if name == repo and track})
    return RepoBoard(
        repo=repo,
        scope=whole,
        tracks=[
            scope(track, [issue for issue in issues if issue.track == track], flow[repo, track], facts.as_of)
            for track in tracks
        ],
        milestones=milestones(issues, facts.as_of),
        activity=tally.activity(),
        latency=tally.latency(),
        rules=tally.rules(),
        prepared=_prepared(facts, repo),
        causes=tally.bars("trigger."),
        changes=tally.bars("change."),
        issues=issues_at(issues, facts.histories, facts.as_of),
        behind=_behind(facts, repo),
    )


def _prepared(facts: Facts, repo: str) -> StepAt | None:
    """Of the newest preparations, by outcome, the newest."""
    found = [seen for seen in facts.seen if seen.repo == repo and seen.name.startswith("repo_prepared.")]
    if not found:
        return None
    newest = max(found, key=lambda seen: (seen.at, seen.event_id))
    return StepAt(step="prepared", at=newest.at, outcome=newest.name.rpartition(".")[2], reason=newest.reason)


def _by_repo(rows: Iterable[object]) -> dict[str, list]:  # type: ignore[type-arg]  # whatever the rows are
    found: dict[str, list[object]] = defaultdict(list)
    for row in rows:
        found[row.repo].append(row)  # type: ignore[attr-defined]  # every kind of row has a repository
    return found


def _together(flow: dict[tuple[str, str | None], Flow]) -> Flow:
    """All repositories as one."""
    total = Flow()
    for (_, track), found in flow.items():
        if track is None:
            total.came.update(found.came)
            total.went.update(found.went)
    return total


def _behind(facts: Facts, repo: str) -> dict[str, list[Behind]]:
    found: dict[str, list[Behind]] = defaultdict(list)
    for seen in facts.seen:
        if seen.repo == repo:
            found[seen.name].append(Behind(seen.at, seen.issue, seen.reason, seen.event_id))
    return dict(found)


def _service_behind(facts: Facts) -> dict[str, list[Behind]]:
    """By figure of the service: its newest records, of whatever repository."""
    found: dict[str, list[Behind]] = {}
    for figure in FIGURES:
        # Of what catching up found the records say sums, and many say none: those that do are printed by a command.
        name = figure.name.removeprefix("sum.").removesuffix(".lost")
        if figure.of != "service" or name.startswith("catch_up_finished"):
            continue
        seen = [one for one in facts.seen if one.name == name or one.name.startswith(f"{name}.")]
        newest = sorted(seen, key=lambda one: (one.at, one.event_id), reverse=True)[:BEHIND]
        found[figure.id] = [
            Behind(one.at, one.issue, one.reason, one.event_id, "" if one.repo == SERVICE else one.repo)
            for one in newest
        ]
    return found


def _sinks(facts: Facts, everything: Tally) -> list[SinkAt]:
    lost: Counter[str] = Counter()
    last: dict[str, News] = {}
    for news in facts.news:
        if news.type == "records_lost":
            lost[news.subject] += news.counts.get("lost", 0)
        elif news.type == "sink_failure":
            last[news.subject] = news
    names = {name.removeprefix("sink.").removesuffix(".sink_failure") for name in everything.names("sink.")}
    return [
        SinkAt(
            name=name,
            outages=everything.value(f"sink.{name}.sink_failure"),
            lost=Value(all=lost[name]),
            last=last[name].at if name in last else "",
            reason=last[name].reason if name in last else "",
        )
        for name in sorted(names | set(lost))
    ]


def _steps(news: Iterable[News]) -> list[StepAt]:
    newest = {item.subject: item for item in news}
    steps = [StepAt(step=name, at=item.at, outcome=item.outcome, reason=item.reason) for name, item in newest.items()]
    return sorted(steps, key=lambda step: (step.at, step.step))


def _migrations(facts: Facts) -> list[Parity]:
    imported: dict[str, list[Bar]] = defaultdict(list)
    for repo, origin, count in facts.imported:
        imported[repo].append(Bar(origin, count))
    compared: dict[str, list[News]] = defaultdict(list)
    steps: dict[str, list[News]] = defaultdict(list)
    for news in facts.news:
        if news.type == "migration_compared":
            compared[news.repo].append(news)
        elif news.type == "migration_step":
            steps[news.repo].append(news)
    return [
        Parity(
            repo=repo,
            at=compared[repo][-1].at if repo in compared else "",
            verdicts=compared[repo][-1].counts if repo in compared else {},
            outcome=compared[repo][-1].outcome if repo in compared else "",
            reason=compared[repo][-1].reason if repo in compared else "",
            steps=_steps(steps.get(repo, ())),
            comparisons=len(compared.get(repo, ())),
            imported=imported.get(repo, []),
        )
        for repo in sorted({*imported, *compared, *steps})
    ]


def _needs(facts: Facts, repos: list[RepoBoard], issues: dict[str, list[Latest]], sinks: list[SinkAt]) -> list[Need]:
    """What needs a person, the most urgent first."""
    found = [
        Need(
            kind="lost",
            repo="",
            issue=0,
            what=f"{sink.name} lost {sink.lost.all} {noun(sink.lost.all, 'record')}",
            why=sink.reason,
            at=sink.last,
        )
        for sink in sinks
        if sink.lost.all
    ]
    found += [
        Need(
            kind="configuration",
            repo=news.repo,
            issue=0,
            what="The configuration is wrong, so nothing is done here",
            why=news.reason,
            at=news.at,
        )
        for news in facts.news
        if news.type == "config_validated" and news.outcome != "success"
    ]
    found += [
        Need(
            kind="preparation",
            repo=board.repo,
            issue=0,
            what="Labels or milestones that are declared could not all be made",
            why=board.prepared.reason,
            at=board.prepared.at,
        )
        for board in repos
        if board.prepared and board.prepared.outcome != "success"
    ]
    order = {"failed": 0, "blocked": 1, "partial": 2}
    for item in sorted(facts.stuck, key=lambda item: order.get(item.outcome, 3)):  # within an outcome the newest first
        found.append(
            Need(
                kind=item.outcome,
                repo=item.repo,
                issue=item.issue,
                what=f"The newest run: {item.outcome}",
                why=item.reason,
                at=item.at,
            )
        )
    for board in repos:
        found += [
            Need(
                kind="flapping",
                repo=board.repo,
                issue=0,
                what=f"{rule.rule} changed {rule.flapped.recent} {noun(rule.flapped.recent, 'value')} to and fro",
                why="two rules, or a rule and itself, disagree",
                at="",
            )
            for rule in board.rules
            if rule.flapped.recent
        ]
        found += [
            Need(
                kind="late",
                repo=board.repo,
                issue=0,
                what=f"{milestone.title}: {milestone.open} open, {milestone.overdue_days} {noun(milestone.overdue_days, 'day')} late",
                why=f"it was due on {milestone.due}",
                at="",
            )
            for milestone in board.milestones
            if milestone.overdue_days
        ]
    for repo, members in sorted(issues.items()):
        idle = [days for issue in members if issue.open and (days := idle_days(issue, facts.as_of)) is not None]
        left = sum(days >= 90 for days in idle)
        if left:
            found.append(
                Need(
                    kind="forgotten",
                    repo=repo,
                    issue=0,
                    what=f"{left} open {noun(left, 'issue')} untouched for 90 days or more",
                    why=f"the longest for {max(idle)} {noun(max(idle), 'day')}",
                    at="",
                )
            )
    return found


def _source(facts: Facts, asked: Sequence[str]) -> Source:
    return Source(
        files=facts.files,
        records=facts.records,
        folded=facts.folded,
        duplicates=facts.duplicates,
        faulty=facts.flaw_count,
        faults=[Fault(flaw.file, flaw.line, flaw.why) for flaw in facts.flaws],
        first=facts.first,
        last=facts.last,
        gaps=[*_unknown(facts, asked), *_gaps(facts)],
    )


def _unknown(facts: Facts, asked: Sequence[str]) -> Iterator[Gap]:
    """What was asked for and is nowhere."""
    there = {repo.casefold() for repo in facts.repos}
    there |= {repo.partition("/")[0] for repo in there}
    for name in dict.fromkeys(asked):
        if name.casefold() not in there:
            yield Gap(f"There are no records of {name}", "nothing is known of it; check how it is spelled")


def _gaps(facts: Facts) -> list[Gap]:
    """What the telemetry does not say."""
    found = []
    if not facts.records:
        if facts.as_of == NEVER:
            return [
                Gap("There are no records", "so there is nothing to show; start the service, or name another folder")
            ]
        why = "so there is nothing to show; choose a later day, start the service, or name another folder"
        return [Gap(f"There are no records up to {facts.as_of}", why)]
    if facts.flaw_count:
        found.append(
            Gap(
                f"{facts.flaw_count} {noun(facts.flaw_count, 'line is no record', 'lines are no records')}",
                "what is no record counts nowhere and is listed below",
            )
        )
    if not facts.latest:
        found.append(Gap("No record says how an issue is", "open issues, flow, age and milestones are unknown"))
    for repo in facts.repos:
        members = [issue for issue in facts.latest if issue.repo == repo and not issue.is_pull_request]
        unknown = sum(not issue.created for issue in members)
        if unknown:
            found.append(
                Gap(
                    f"{repo}: of {unknown} {noun(unknown, 'issue')} nobody recorded when they were opened",
                    "they count from the day they were seen first; their age is at least what is shown",
                )
            )
        if not members and facts.latest:
            found.append(Gap(f"{repo}: no record says how an issue is", "its open issues, flow and age are unknown"))
    days = sorted({item.day for item in facts.counted if item.name == "records"})
    longest = (
        max(((after - before).days - 1, before) for before, after in pairwise(days)) if len(days) > 1 else (0, None)
    )
    if longest[0] >= 7 and longest[1] is not None:
        found.append(
            Gap(
                f"{longest[0]} {noun(longest[0], 'day')} in a row without any record, after {longest[1]}",
                "the service was away, or these records are elsewhere; lines go on as if nothing had changed",
            )
        )
    return found
