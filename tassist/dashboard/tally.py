"""Adds daily figures up: over windows, by period, and to percentiles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from tassist.dashboard.board import Bar, RuleAt, Series, Value
from tassist.dashboard.facts import Counted, RuleDay
from tassist.dashboard.figures import DECISIONS, FIGURES, OUTCOMES, WRITTEN
from tassist.dashboard.periods import Periods, periods, windows
from tassist.telemetry.counted import LIMITS_MS

MORE_MS = LIMITS_MS[-1] + 1
"""Stands for longer than the last bucket."""


class Tally:
    """Daily figures by name."""

    def __init__(self, counted: Iterable[Counted], rule_days: Iterable[RuleDay], last: date) -> None:
        self._days: dict[str, Counter[date]] = defaultdict(Counter)
        self._last = last
        for item in counted:
            self._days[item.name][item.day] += item.count
        for rule_day in rule_days:
            for what in WRITTEN:
                self._days[f"{what}.{rule_day.rule}"][rule_day.day] += getattr(rule_day, what)

    def first(self) -> date | None:
        """The first day of any run."""
        return min(self._days.get("run", ()), default=None)

    def value(self, name: str) -> Value:
        """A figure over the windows."""
        total, recent, before = windows(self._days[name].items() if name in self._days else (), self._last)
        return Value(all=total, recent=recent, before=before)

    def names(self, start: str) -> list[str]:
        """Names that begin so, sorted."""
        return sorted(name for name in self._days if name.startswith(start))

    def bars(self, start: str) -> list[Bar]:
        """The sums of names that begin so, the greatest first."""
        found = [Bar(name.removeprefix(start), sum(self._days[name].values())) for name in self.names(start)]
        return sorted(found, key=lambda bar: (-bar.count, bar.name))

    def summed(self) -> dict[str, Value]:
        """Every figure that is a sum, and the percentiles."""
        found = {figure.id: self.value(figure.name) for figure in FIGURES if figure.name and figure.of == "runs"}
        for name in ("latency", "duration"):
            for share in (50, 95):
                found[f"{name}_p{share}"] = self._percentiles(f"{name}_ms.", share)
        return found

    def _percentiles(self, start: str, share: int) -> Value:
        window: dict[str, tuple[int, int, int]] = {
            name.removeprefix(start): windows(self._days[name].items(), self._last) for name in self.names(start)
        }
        values = [percentile({bucket: counts[place] for bucket, counts in window.items()}, share) for place in range(3)]
        return Value(all=values[0], recent=values[1], before=values[2])

    def activity(self) -> Series:
        """Runs by outcome."""
        at = periods(self.first(), self._last)
        return _series(at, {outcome: self._by_period(f"run.{outcome}", at) for outcome in OUTCOMES})

    def latency(self) -> Series:
        """Median and 95 % of latency and duration."""
        at = periods(self.first(), self._last)
        lines: dict[str, list[int | None]] = {}
        for name in ("latency", "duration"):
            buckets = {
                bucket.removeprefix(f"{name}_ms."): self._by_period(bucket, at) for bucket in self.names(f"{name}_ms.")
            }
            for share in (50, 95):
                lines[f"{name}_p{share}"] = [
                    percentile({bucket: line[place] for bucket, line in buckets.items()}, share)
                    for place in range(len(at.starts))
                ]
        return _series(at, lines)

    def _by_period(self, name: str, at: Periods) -> list[int]:
        line = [0] * len(at.starts)
        for day, count in self._days[name].items() if name in self._days else ():
            index = at.index(day)
            if index is not None:
                line[index] += count
        return line

    def rules(self) -> list[RuleAt]:
        """Every rule, by its name."""
        names = {name.split(".", 1)[1].rsplit(".", 1)[0] for name in self.names("rule.")}
        names |= {name.removeprefix("written.") for name in self.names("written.")}
        return [
            RuleAt(
                rule=rule,
                **{outcome: self.value(f"rule.{rule}.{outcome}") for outcome in DECISIONS},
                written=self.value(f"written.{rule}"),
                reverted=self.value(f"reverted.{rule}"),
                flapped=self.value(f"flapped.{rule}"),
            )
            for rule in sorted(names)
        ]


def percentile(buckets: dict[str, int], share: int) -> int | None:
    """The least upper bound that at least ``share`` of a hundred do not exceed, in milliseconds."""
    count = sum(buckets.values())
    if not count:
        return None
    reached = 0
    for limit in LIMITS_MS:
        reached += buckets.get(f"le_{limit}", 0)
        if reached * 100 >= share * count:
            return limit
    return MORE_MS


def _series(at: Periods, lines: Mapping[str, Sequence[int | None]]) -> Series:
    return Series(
        starts=[day.isoformat() for day in at.starts],
        ends=[day.isoformat() for day in at.ends],
        lines={name: list(line) for name, line in lines.items()},
    )
