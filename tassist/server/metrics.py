"""Counters of the server, in the text form Prometheus reads.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """What happened since the start; only ever added to, each counter by one thread."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._answer_buckets = [0] * (len(_SECONDS) + 1)
        self._answer_total_s = 0.0

    def count(self, name: str, kind: str = "", by: int = 1) -> None:
        """Add to a counter; ``kind`` is one of a few fixed words, never text from outside."""
        self._counts[name, kind] += by

    def value(self, name: str, kind: str = "") -> int:
        """A counter's value."""
        return self._counts[name, kind]

    def answered(self, seconds: float) -> None:
        """Note how long an accepted delivery took from its head to its answer."""
        self._answer_buckets[bisect.bisect_left(_SECONDS, seconds)] += 1
        self._answer_total_s += seconds

    def text(self, gauges: Iterable[tuple[str, str, float]] = ()) -> str:
        """Everything, with the gauges given: name, state, value."""
        lines: list[str] = []
        for name in sorted({name for name, _ in self._counts}):
            lines.append(f"# TYPE tassist_{name}_total counter")
            for (found, kind), value in sorted(self._counts.items()):
                if found == name:
                    label = f'{{kind="{kind}"}}' if kind else ""
                    lines.append(f"tassist_{name}_total{label} {value}")
        lines.append("# TYPE tassist_answer_seconds histogram")
        so_far = 0
        for bound, amount in zip((*map(str, _SECONDS), "+Inf"), self._answer_buckets, strict=True):
            so_far += amount
            lines.append(f'tassist_answer_seconds_bucket{{le="{bound}"}} {so_far}')
        lines += [f"tassist_answer_seconds_sum {self._answer_total_s:.6f}", f"tassist_answer_seconds_count {so_far}"]
        typed: set[str] = set()
        for name, state, level in gauges:
            if name not in typed:
                typed.add(name)
                lines.append(f"# TYPE tassist_{name} gauge")
            label = f'{{state="{state}"}}' if state else ""
            lines.append(f"tassist_{name}{label} {level:g}")
        return "\n".join(lines) + "\n"
