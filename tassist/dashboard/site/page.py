"""The frame of a page and the parts all pages are made of."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tassist.dashboard.board import Value
from tassist.dashboard.figures import FIGURE_BY_ID
from tassist.dashboard.site.words import change, day, esc, shown

_HERE = Path(__file__).parent


@cache
def _asset(name: str) -> str:
    text = (_HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")
    if name.endswith(".js"):
        text = re.sub(r"\n\s+", "\n", text)
    return text.strip() + "\n"


@cache
def _policy() -> str:
    """Nothing is loaded from anywhere; our one style and one script are known by their digests.

    Source: https://www.w3.org/TR/CSP3/#framework-directive-source-list
    """

    def digest(name: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {digest('style.css')}; script-src {digest('script.js')}; "
        "base-uri 'none'; form-action 'none'"
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its own."""

    as_of: str
    web_url: str
    places: tuple[tuple[str, str], ...]
    """Address from the site's root and words, for the main navigation."""

    def page(self, *, at: str, title: str, body: str, crumb: Sequence[tuple[str, str]] = (), lead: str = "") -> bytes:
        """A whole page.

        Args:
            at: Its address from the site's root.
            title: Plain text.
            body: HTML.
            crumb: Address and words of the pages above it.
            lead: HTML below the heading.
        """
        up = "../" * at.count("/")
        made = f"as of {day(self.as_of)}, in UTC" if self.as_of else "of which there is none yet"
        nav = "".join(
            f'<a href="{up}{address}"{" aria-current=page" if address == at else ""}>{words}</a>'
            for address, words in self.places
        )
        above = " / ".join(f'<a href="{up}{address}">{esc(words)}</a>' for address, words in crumb)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
            f'<meta name="generator" content="tassist dashboard"><title>{esc(title)} · Task Assistant</title>'
            f"<style>{_asset('style.css')}</style><script>{_asset('script.js')}</script></head>\n<body>"
            '<a class="skip" href="#main">To the content</a>'
            f'<header><div><a class="brand" href="{up}index.html">Task Assistant</a><nav aria-label="Main">{nav}</nav></div></header>\n'
            f'<main id="main">{f"<p class=crumb>{above}</p>" if above else ""}<h1>{esc(title)}</h1>'
            f'<p class="lead">{lead or self._as_of()}</p>\n{body}</main>\n'
            f"<footer>Made by tassist from telemetry alone, {made}. "
            f'<a href="{up}data.html">What was read</a> · <a href="{up}figures.html">What each figure means</a> · '
            f'<a href="{up}dashboard.json">dashboard.json</a></footer></body></html>\n'
        ).encode()

    def _as_of(self) -> str:
        return f"As of {day(self.as_of)}" if self.as_of else "There are no records yet"

    def issue(self, repo: str, number: int) -> str:
        """Where GitHub shows an issue."""
        from tassist.dashboard.site.words import href

        owner, _, name = repo.partition("/")
        return f"{esc(self.web_url, 300)}/{href(owner, name, 'issues', str(number))}"


def tile(figure_id: str, value: Value, trail: str, *, recent: bool = False, label: str = "") -> str:
    """One figure, linked to what is behind it."""
    figure = FIGURE_BY_ID[figure_id]
    number = value.recent if recent else value.all
    below = change(figure, value)
    return (
        f'<div class="tile"><dt><a href="{trail}" title="{esc(figure.meaning)}">{esc(label or figure.title)}</a></dt>'
        f'<dd><span class="v">{shown(figure, number)}</span><span class="d">{below}</span></dd></div>'
    )


def tiles(made: Iterable[str]) -> str:
    """Figures side by side."""
    return f'<dl class="tiles">{"".join(made)}</dl>'


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    numeric: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: HTML, and what it is sorted by where that is a number."""

    html: str
    value: int | None = None
    numeric: bool = False


def count(value: int | None, link: str = "") -> Cell:
    """A number, linked to what is behind it where it is not zero."""
    from tassist.dashboard.site.words import number

    text = "–" if value is None else number(value)
    return Cell(f'<a href="{link}">{text}</a>' if link and value else text, value, numeric=True)


def table(
    name: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell | str]],
    *,
    ids: Sequence[str] = (),
    empty: str = "",
) -> str:
    """A table that sorts, filters and pages where there is a script, and is all there where there is none."""
    body = []
    for place, row in enumerate(rows):
        cells = []
        for column, given in zip(columns, row, strict=True):
            cell = given if isinstance(given, Cell) else Cell(given)
            sort = f' data-v="{"" if cell.value is None else cell.value}"' if cell.numeric else ""
            cells.append(f"<td{' class=n' if column.numeric else ''}{sort}>{cell.html}</td>")
        body.append(f"<tr{f' id={ids[place]}' if ids else ''}>{''.join(cells)}</tr>")
    if not body:
        return f'<p class="note">{esc(empty or "Nothing was recorded for this yet.")}</p>'
    head = "".join(
        f'<th scope="col"{" class=n" if column.numeric else ""}{f""" title="{esc(column.about)}" """ if column.about else ""}>{esc(column.title)}</th>'
        for column in columns
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(name)}"><table data-table="{esc(name)}">'
        f'<caption class="sr">{esc(name)}</caption><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def card(inside: str) -> str:
    """Something in a box."""
    return f'<div class="card">{inside}</div>'


def tag(words: str, kind: str = "") -> str:
    """A short word that stands for a state; its colour only repeats it."""
    return f'<span class="tag {kind}">{esc(words, 60)}</span>'


def outcome(name: str) -> str:
    """An outcome as a tag."""
    return tag(name, {"success": "good", "failed": "bad", "blocked": "bad", "partial": "warn"}.get(name, ""))
