"""What the server counts, as one table: Prometheus is told from it, and the reference page is written from it.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of `/metrics`."""

    name: str
    """As the code counts it."""
    type: Literal["counter", "gauge", "histogram"]
    help: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    """What its label ``kind`` may say, and what that means; none: it has no label."""

    @property
    def shown(self) -> str:
        """Its name for Prometheus."""
        return f"tassist_{self.name}{'_total' if self.type == 'counter' else ''}"


TABLE: tuple[Metric, ...] = (
    Metric(
        "deliveries",
        "counter",
        "requests to the webhook, by what became of them",
        {
            "stored": "a new delivery, stored and answered with 202",
            "duplicate": "its id is known, done or on its way; answered with 200",
            "reopened": "its id was given up before; it is tried again",
            "quarantined": "signed, and no payload of GitHub's; kept and answered with 400",
            "bad_signature": "no signature, a malformed or a wrong one; 401",
            "bad_headers": "no event, no delivery id, or a header twice; 400",
            "method_not_allowed": "no POST; 405",
            "content_encoding": "compressed; 415",
            "too_large": "more than 25 MiB; 413",
            "busy": "no room for another large body now; 503",
            "not_stored": "the journal refused it; 503",
            "disconnected": "the sender went away before its body was complete",
        },
    ),
    Metric("answer_seconds", "histogram", "from a delivery's head to its answer, where it was accepted"),
    Metric("previous_secret", "counter", "deliveries signed with the webhook secret before the present one"),
    Metric(
        "sorted",
        "counter",
        "deliveries by what was found in them",
        {
            "waiting": "issues are to be looked at",
            "ignored": "recorded, and nothing is to be done",
            "quarantined": "its payload does not fit its event",
        },
    ),
    Metric(
        "runs",
        "counter",
        "looks that came to an end, by their outcome",
        {
            "success": "the issue is as the rules want it",
            "partial": "some effect failed, or something needs a person",
            "blocked": "no effect, because the configuration is invalid",
            "failed": "an error, or a rule that shall fail",
            "dead": "given up after its last attempt; tassist deliveries replay brings it back",
        },
    ),
    Metric("reads", "counter", "requests to GitHub that read, by looks that ended"),
    Metric("writes", "counter", "requests to GitHub that wrote, by looks that ended"),
    Metric(
        "looks_put_off",
        "counter",
        "looks that are tried again later, by whose the trouble is",
        {
            "world": "GitHub, the network or the disk",
            "auth": "a permission or the credentials",
            "yours": "an input that a person gave",
            "ours": "an error nobody foresaw",
            "waiting": "something that somebody else has to do first",
        },
    ),
    Metric("outcomes_not_stored", "counter", "looks whose outcome the journal refused; they are done again"),
    Metric("store_trouble", "counter", "rounds of the dispatcher that the journal's trouble ended"),
    Metric(
        "pruned",
        "counter",
        "rows of the journal that were removed because their time is over",
        {
            "records": "telemetry records that every sink has",
            "bodies": "bodies of deliveries",
            "deliveries": "deliveries that were done or ignored",
            "given_up": "deliveries that were given up or quarantined",
            "runs": "runs",
            "effects": "effects of runs",
            "sweeps": "sweeps",
        },
    ),
    Metric("deliveries_unsorted", "gauge", "deliveries that are stored and not sorted yet"),
    Metric("issues_waiting", "gauge", "issues in line for a look, those that wait for their time included"),
    Metric("looks_under_way", "gauge", "looks this process does now"),
    Metric("connections", "gauge", "open connections"),
    Metric("connections_cut", "counter", "connections that were cut: too slow, idle for too long, or one too many"),
    Metric("journal_bytes", "gauge", "what the journal takes on the disk"),
    Metric("journal_free_bytes", "gauge", "of that, what is free to be used again; 0 in PostgreSQL"),
    Metric("journal_commits", "counter", "transactions this process committed"),
    Metric("journal_writes", "counter", "writes in them: several that come at once share a transaction"),
    Metric("journal_failures", "counter", "transactions that failed, such as on a full disk"),
)
"""Every figure, in the order in which they are shown."""


class Metrics:
    """What happened since the start; only ever added to, each counter by one thread."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._answer_buckets = [0] * (len(_SECONDS) + 1)
        self._answer_total_s = 0.0

    def count(self, name: str, kind: str = "", by: int = 1) -> None:
        """Add to a counter of the table; ``kind`` is one of its few fixed words, never text from outside."""
        self._counts[name, kind] += by

    def value(self, name: str, kind: str = "") -> int:
        """A counter's value."""
        return self._counts[name, kind]

    def answered(self, seconds: float) -> None:
        """Note how long an accepted delivery took from its head to its answer."""
        self._answer_buckets[bisect.bisect_left(_SECONDS, seconds)] += 1
        self._answer_total_s += seconds

    def text(self, levels: Iterable[tuple[str, float]] = ()) -> str:
        """Everything, with the levels given by name: a figure nobody knows here is left out, one that is 0 is not."""
        known = dict(levels)
        lines: list[str] = []
        for metric in TABLE:
            samples = self._answers() if metric.type == "histogram" else self._samples(metric, known)
            if samples:
                lines += [f"# HELP {metric.shown} {metric.help}", f"# TYPE {metric.shown} {metric.type}"]
                lines += [f"{metric.shown}{sample}" for sample in samples]
        return "\n".join(lines) + "\n"

    def _samples(self, metric: Metric, known: Mapping[str, float]) -> list[str]:
        if metric.name in known:
            return [f" {known[metric.name]:.15g}"]
        if metric.type == "gauge":
            return []
        counts = {kind: count for (name, kind), count in self._counts.items() if name == metric.name}
        # From 0 on, so that the first of a kind is seen as a step.
        kinds = dict.fromkeys(metric.kinds or [""], 0) | counts
        return [f'{{kind="{kind}"}} {count}' if kind else f" {count}" for kind, count in kinds.items()]

    def _answers(self) -> list[str]:
        lines, so_far = [], 0
        for bound, amount in zip((*map(str, _SECONDS), "+Inf"), self._answer_buckets, strict=True):
            so_far += amount
            lines.append(f'_bucket{{le="{bound}"}} {so_far}')
        return [*lines, f"_sum {self._answer_total_s:.6f}", f"_count {so_far}"]


def reference() -> str:
    """The reference page, without its note."""
    lines = [
        "# Figures of the server",
        "",
        "`/metrics` tells Prometheus what a `tassist serve` did since its start. Without `TASSIST_METRICS_TOKEN` only this machine is",
        "answered, and nobody through a proxy; with it, whoever sends it as a bearer token. Every counter is there from the start, with",
        "0. A second instance that stands by and `tassist worker` have no such page. No label holds text from outside.",
        "",
        "| name | type | `kind` | what it counts |",
        "|---|---|---|---|",
    ]
    for metric in TABLE:
        lines.append(f"| `{metric.shown}` | {metric.type} | | {metric.help} |")
        lines += [f"| | | `{kind}` | {meaning} |" for kind, meaning in metric.kinds.items()]
    bounds = ", ".join(f"{bound:g}" for bound in _SECONDS)
    lines += ["", f"The histogram's bounds, in seconds: {bounds}."]
    return "\n".join(lines) + "\n"
