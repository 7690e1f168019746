"""Charts as SVG that needs no script: drawn by pygal, cleaned of everything that is not drawing, coloured by the page's style."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from tassist.dashboard.board import Bar, Series
from tassist.dashboard.site.words import day, esc, number

WIDTH, HEIGHT = 520, 190
_KEPT = {"svg", "g", "path", "rect", "circle", "text"}
_NUMBER = re.compile(r"-?\d+\.\d+")
_CLASSES = {
    "plot": "",
    "overlay": "",
    "reactive": "",
    "tooltip-trigger": "",
    "nofill": "",
    "always_show": "",
    "graph": "",
    "vertical": "",
}


def lines(
    series: Series, names: dict[str, str], *, title: str, kind: str = "", show: Callable[[int], str] = number
) -> str:
    """A line for each name, with its key, tooltips and the numbers as a table."""
    return _figure("Line", series, names, title, kind, show, allow_interruptions=True, dots_size=2.2)


def bars(series: Series, names: dict[str, str], *, title: str, kind: str = "", stacked: bool = True) -> str:
    """Bars for each name, upon each other or side by side."""
    return _figure("StackedBar" if stacked else "Bar", series, names, title, kind, number, spacing=2)


def meter(part: int, whole: int, words: str) -> str:
    """How much of the whole, as a bar."""
    width = 100 * part // whole if whole else 0
    return (
        f'<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{esc(words)}">'
        f'<rect class="back" width="100" height="6"/><rect class="fill" width="{width}" height="6"/></svg>'
    )


def distribution(found: Sequence[Bar], title: str) -> str:
    """Bars with their names and counts."""
    most = max((bar.count for bar in found), default=0)
    rows = "".join(
        f'<dt>{esc(bar.name)}</dt><dd>{meter(bar.count, most, f"{bar.count} {bar.name}")}<span class="n">{number(bar.count)}</span></dd>'
        for bar in found
    )
    return f'<h3>{esc(title)}</h3><dl class="dist">{rows}</dl>'


def get_ready() -> None:
    """Load what draws: it takes as long as ten charts."""
    _form("Line")


@cache
def _form(name: str) -> Any:
    """A form of pygal's that draws the same in half the time."""
    import pygal

    plainly = object.__getattribute__

    def quickly(graph: Any, name: str) -> Any:
        """What a graph knows while it draws stands in its state: looked up once, where pygal does so several times."""
        if not name.startswith("__") and name != "state":
            state = plainly(graph, "__dict__").get("state")
            if state is not None and name in state.__dict__:
                return state.__dict__[name]
        return plainly(graph, name)

    def nothing(*_: object, **__: object) -> None:
        """Descriptions for pygal's own script, a third of all elements: ours reads the table below a chart."""

    # The name is in what it draws.
    return type(name, (getattr(pygal, name),), {"_tooltip_data": nothing, "__getattribute__": quickly})


def _figure(
    form: str, series: Series, names: dict[str, str], title: str, kind: str, show: Callable[[int], str], **options: Any
) -> str:
    values = {name: series.lines.get(name, []) for name in names}
    known = [value for line in values.values() for value in line if value is not None]
    keys = "".join(
        f'<span class="key k{place}"><span>{esc(label)}</span></span>' for place, label in enumerate(names.values())
    )
    head = f"<figcaption><strong>{esc(title)}</strong>{keys if len(names) > 1 else ''}</figcaption>"
    if not known or not any(known):
        return f'<figure class="chart {kind}">{head}<p class="note">Nothing was recorded for this yet.</p></figure>'
    stacked = form == "StackedBar"
    heights = (
        [sum(value or 0 for value in column) for column in zip(*values.values(), strict=True)] if stacked else known
    )
    ticks = _ticks(max(heights))
    chart = _form(form)(
        js=[],
        css=[],
        show_legend=False,
        width=WIDTH,
        height=HEIGHT,
        margin=2,
        margin_top=8,
        explicit_size=False,
        truncate_label=-1,
        show_minor_x_labels=False,
        range=(0, ticks[-1]),
        **options,
    )
    labels = [_period(start, end) for start, end in zip(series.starts, series.ends, strict=True)]
    every = max(1, -(-len(labels) // 5))
    chart.x_labels = [day(start) for start in series.starts]
    chart.x_labels_major_every = every
    chart.y_labels = [{"value": tick, "label": show(tick)} for tick in ticks]
    for name, line in values.items():
        chart.add(name, line)
    drawn = _Drawing(values).svg(chart.render_tree())
    said = f"{title}. {_said(values, names, labels, show)}"
    return (
        f'<figure class="chart {kind}">{head}<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" aria-label="{esc(said)}">{drawn}</svg>'
        f"{_numbers(labels, values, names, title, show)}</figure>"
    )


def _said(
    values: dict[str, list[int | None]], names: dict[str, str], labels: list[str], show: Callable[[int], str]
) -> str:
    """The chart in one sentence for who does not see it."""
    parts = []
    for name, label in names.items():
        known = [value for value in values[name] if value is not None]
        if known:
            parts.append(f"{label}: {show(known[-1])} at the end, between {show(min(known))} and {show(max(known))}")
    return f"{'; '.join(parts)}. {labels[0]} to {labels[-1]}."


def _numbers(
    labels: list[str],
    values: dict[str, list[int | None]],
    names: dict[str, str],
    title: str,
    show: Callable[[int], str],
) -> str:
    head = "".join(f'<th scope="col" class="n">{esc(label)}</th>' for label in names.values())
    rows = []
    for index in reversed(range(len(labels))):
        cells = "".join(f"<td>{_cell(line[index], show)}" for line in values.values())
        rows.append(f"<tr><td>{labels[index]}{cells}")  # HTML leaves these ends to the reader, and a year has many
    return (
        f'<details><summary>The numbers</summary><table><caption class="sr">{esc(title)}</caption>'
        f'<thead><tr><th scope="col">Period</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></details>'
    )


def _cell(value: int | None, show: Callable[[int], str]) -> str:
    return "–" if value is None else show(value)


def _period(start: str, end: str) -> str:
    begun = day(start)
    if start[:4] == end[:4]:
        begun = begun.rpartition(" ")[0]
    return day(start) if start == end else f"{begun} – {day(end)}"


def _ticks(most: int) -> list[int]:
    """Three to five round steps from nothing to at least the most."""
    if most <= 0:
        return [0, 1]
    step = 1
    while True:
        for factor in (1, 2, 5):
            if most <= 4 * step * factor:
                size = step * factor
                return [size * place for place in range(-(-most // size) + 1)]
        step *= 10


class _Drawing:
    """Writes pygal's tree anew: shapes and text only, coordinates short, every point with the place of its number."""

    def __init__(self, values: dict[str, list[int | None]]) -> None:
        # pygal draws points in order and leaves out those that are unknown.
        self._order = [[index for index, value in enumerate(line) if value is not None] for line in values.values()]
        self._drawn = [0] * len(values)

    def svg(self, tree: Any) -> str:
        """Everything inside of the outermost element."""
        return "".join(self._element(child, None) for child in tree)

    def _element(self, element: Any, series: int | None) -> str:
        tag = element.tag
        if not isinstance(tag, str) or tag.rpartition("}")[2] not in _KEPT:
            return ""
        tag = tag.rpartition("}")[2]
        classes = [name for name in (element.get("class") or "").split() if _CLASSES.get(name, name)]
        if "tooltip-overlay" in classes or "background" in classes:
            return ""
        found = re.search(r"serie-(\d+)", element.get("class") or "")
        series = int(found[1]) if found else series
        point = None
        if series is not None and ("dots" in classes or "bar" in classes):
            place, self._drawn[series] = self._drawn[series], self._drawn[series] + 1
            order = self._order[series]
            if place < len(order):
                point = order[place]
        inside = "".join(self._element(child, series) for child in element)
        if tag == "text":
            inside = esc(element.text or "")
        if tag == "g" and not inside:
            return ""
        attributes = {
            name: _NUMBER.sub(_short, value)
            for name, value in element.attrib.items()
            if name in {"d", "x", "y", "width", "height", "cx", "cy", "r", "transform"}
        }
        kept = [name for name in classes if not name.startswith(("color-", "left", "top", "right", "rect", "bar"))]
        if kept:
            attributes["class"] = " ".join(kept)
        if point is not None:
            found = re.search(r' height="0(\.0)?"', inside)
            return "" if found else re.sub(r"^<(\w+)", rf'<\1 data-i="{point}.{series}"', inside)
        written = "".join(f' {name}="{esc(value, 100_000)}"' for name, value in attributes.items())
        return f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>"


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")
