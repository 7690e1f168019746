"""A comparison for every reader: lines for a terminal, plain data, Markdown for a pull request, one page of HTML.

All are equal to the byte for equal comparisons. Text from outside is in them as it is; whoever shows a form hands in what makes it safe.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Any

from migrations.model import VERDICTS, Comparison, Difference, Verdict

Clean = Callable[[str], str]
_MOST_LINES = 12
MEANING: dict[Verdict, str] = {
    "regression": "the engine leaves something else than legacy, and no named improvement explains it",
    "unknown": "cannot be decided from what is known",
    "not portable": "Task Assistant does not do it",
    "legacy did nothing": "legacy declares it and never did it",
    "intended improvement": "the engine does better, by name",
    "same": "all sides leave the same",
}


def summary(comparison: Comparison) -> str:
    """One line."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts().items() if count)
    return f"{_many(comparison.states, 'state')} of {_many(comparison.issues, 'issue')} and {_many(comparison.cases, 'generated case')}: {counts or 'nothing to compare'}"


def lines(comparison: Comparison, *, every: bool = False) -> Iterator[str]:
    """For a terminal: rules, then differences by verdict, those that want a person first."""
    yield comparison.repo or "an unnamed repository"
    yield ""
    yield "rule by rule"
    for rule in comparison.rules:
        yield f"  {rule.rule}: {rule.verdict}"
        yield f"      {rule.because}"
    for verdict, because, group in groups(comparison.differences):
        yield ""
        yield f"{verdict} ({len(group)}): {because}"
        for difference in group if every else group[:_MOST_LINES]:
            yield f"  {difference.subject}  {sides(difference)}{accepted(difference)}"
        if len(group) > _MOST_LINES and not every:
            yield f"  … and {len(group) - _MOST_LINES} more; --all shows them"
    yield ""
    yield from (f"noise, left out: {one}" for one in comparison.noise)
    yield from (f"note: {note}" for note in comparison.notes)
    yield from (f"failed: {problem}" for problem in comparison.problems)
    yield summary(comparison)


def groups(differences: Sequence[Difference]) -> Iterator[tuple[Verdict, str, list[Difference]]]:
    """By verdict and reason, those that want a person first."""
    ordered = sorted(differences, key=lambda found: (VERDICTS.index(found.verdict), found.because))
    for (verdict, because), group in groupby(ordered, key=lambda found: (found.verdict, found.because)):
        yield verdict, because, list(group)


def sides(difference: Difference) -> str:
    """The three sides of one field."""
    observed = f", record: {difference.observed or 'none'}" if difference.observed else ""
    return (
        f"{difference.field}: legacy {difference.control or 'none'}{observed}, engine {difference.candidate or 'none'}"
    )


def accepted(difference: Difference) -> str:
    """Why it is accepted; empty where it is not."""
    return f"  [accepted: {difference.accepted}]" if difference.accepted else ""


def data(comparison: Comparison) -> dict[str, Any]:
    """As plain data; keys in a fixed order."""
    return {
        "repo": comparison.repo,
        "states": comparison.states,
        "issues": comparison.issues,
        "cases": comparison.cases,
        "verdicts": dict(comparison.counts()),
        "failed": comparison.failed,
        "problems": list(comparison.problems),
        "rules": [
            {"rule": rule.rule, "verdict": rule.verdict, "because": rule.because, "counts": dict(rule.counts)}
            for rule in comparison.rules
        ],
        "differences": [
            {
                "id": difference.id,
                "subject": difference.subject,
                "field": difference.field,
                "control": difference.control,
                "observed": difference.observed,
                "candidate": difference.candidate,
                "verdict": difference.verdict,
                "because": difference.because,
                "rule": difference.rule,
                "accepted": difference.accepted or None,
            }
            for difference in comparison.differences
        ],
        "noise": list(comparison.noise),
        "notes": list(comparison.notes),
    }


def markdown(comparison: Comparison, clean: Clean) -> str:
    """For the body of a pull request; bounded, as GitHub takes 65,536 characters."""
    out = ["# What changes with Task Assistant", "", _md(summary(comparison), clean), "", "## Rule by rule", ""]
    out += ["| rule | verdict | why |", "|---|---|---|"]
    out += [f"| {_md(rule.rule, clean)} | {rule.verdict} | {_md(rule.because, clean)} |" for rule in comparison.rules]
    for verdict, because, group in groups(comparison.differences):
        out += [
            "",
            f"## {verdict}: {_md(because, clean)} ({len(group)})",
            "",
            "| where | field | legacy | record | engine |",
            "|---|---|---|---|---|",
        ]
        for found in group[:_MOST_LINES]:
            cells = (
                found.subject,
                found.field,
                found.control or "none",
                found.observed or "–",
                found.candidate or "none",
            )
            out.append("| " + " | ".join(_md(cell, clean) for cell in cells) + " |")
        if len(group) > _MOST_LINES:
            out += ["", f"and {len(group) - _MOST_LINES} more, all of them in the full report"]
    if comparison.problems or comparison.notes:
        out += ["", "## Notes", ""]
        out += [f"- {_md(note, clean)}" for note in (*comparison.problems, *comparison.notes)]
    text = "\n".join(out) + "\n"
    return (
        text
        if len(text) < 60_000
        else text[:59_000].rpartition("\n")[0] + "\n\nCut here; the full report has the rest.\n"
    )


def _md(text: str, clean: Clean) -> str:
    """Text that is no Markdown: no link, no picture, no mention, no table cell of its own."""
    plain = clean(text).replace("\n", " ")[:300]
    for sign in "\\`*_{}[]<>()#+!|@:":
        plain = plain.replace(sign, f"&#{ord(sign)};") if sign in "<>|@[]`!" else plain
    return plain


_STYLE = """
:root{color-scheme:light dark;--ink:#1c2128;--soft:#57606a;--paper:#fff;--line:#d0d7de;--bad:#b42318;--good:#1a7f37}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--paper:#0d1117;--line:#3d444d;--bad:#ff8577;--good:#56d364}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:break-word}td:first-child{min-width:9rem}
th{color:var(--soft);font-weight:600}summary{cursor:pointer;padding:.4rem 0}summary b.regression,summary b.unknown{color:var(--bad)}
summary b.same{color:var(--good)}.soft{color:var(--soft)}.counts{display:flex;flex-wrap:wrap;gap:1rem;padding:0;list-style:none}
.counts li{border:1px solid var(--line);border-radius:.4rem;padding:.4rem .8rem}.counts b{display:block;font-size:1.4rem}
.scroll{overflow-x:auto}
"""


def page(comparison: Comparison, clean: Clean) -> str:
    """One self-contained page: no script, no request to anywhere, and a policy that forbids both."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

    def text(value: str) -> str:
        return escape(clean(value), quote=True)

    out = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">',
        f"<title>{text(comparison.repo)}: what changes with Task Assistant</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{text(comparison.repo)}: what changes with Task Assistant</h1>",
        f"<p>{text(summary(comparison))}</p>",
        '<ul class="counts">',
        *(
            f'<li><b>{count}</b>{verdict}<br><span class="soft">{MEANING[verdict]}</span></li>'
            for verdict, count in comparison.counts().items()
        ),
        "</ul>",
        '<h2>Rule by rule</h2>\n<div class="scroll"><table>\n<tr><th>rule</th><th>verdict</th><th>why</th></tr>',
        *(
            f"<tr><td>{text(rule.rule)}</td><td>{rule.verdict}</td><td>{text(rule.because)}</td></tr>"
            for rule in comparison.rules
        ),
        "</table></div>\n<h2>Differences</h2>",
    ]
    for verdict, because, group in groups(comparison.differences):
        opened = " open" if verdict in {"regression", "unknown"} else ""
        kind = verdict if verdict in {"regression", "unknown"} else "plain"
        out.append(
            f'<details{opened}><summary><b class="{kind}">{verdict}</b>: {text(because)} ({len(group)})</summary>'
        )
        out.append(
            '<div class="scroll"><table>\n<tr><th>where</th><th>field</th><th>legacy declares</th><th>record shows</th><th>engine does</th><th>accepted</th></tr>'
        )
        for found in group:
            cells = (
                found.subject,
                found.field,
                found.control or "none",
                found.observed or "–",
                found.candidate or "none",
                found.accepted,
            )
            out.append("<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>")
        out.append("</table></div></details>")
    if not comparison.differences:
        out.append("<p>None.</p>")
    said = (*comparison.problems, *(f"noise, left out: {one}" for one in comparison.noise), *comparison.notes)
    if said:
        out += ["<h2>Notes</h2>\n<ul>", *(f"<li>{text(note)}</li>" for note in said), "</ul>"]
    out.append("</body>\n</html>\n")
    return "\n".join(out)


def _many(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
