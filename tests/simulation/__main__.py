"""`python -m tests.simulation`: simulate by hand, reproduce a failure, or hunt every planted bug."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from tests.simulation.bugs import BUGS
from tests.simulation.faults import KINDS
from tests.simulation.invariants import INVARIANTS
from tests.simulation.run import Report, simulate

CHUNK = 2_500
"""Deliveries of one seed where there are many: a seed that fails is known soon, and little is lost where a run is broken off."""
_LINE = msgspec.json.Decoder(tuple[int, Report])


def main() -> int:
    """Run what the arguments say; 1 where a promise was broken, a fault never came, or a bug was not caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--steps", type=int, default=2000, help="deliveries sent by one seed")
    parser.add_argument("--deliveries", type=int, default=0, help="over many seeds, so many deliveries in all")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once")
    parser.add_argument("--bug", default="", choices=["", *BUGS], metavar="NAME", help="plant this bug")
    parser.add_argument("--bugs", action="store_true", help="plant each bug in turn, and print what catches it")
    parser.add_argument("--seeds", type=int, default=16, help="seeds a bug is given")
    parser.add_argument("--without", default="", help="kinds of faults to leave out, separated by commas")
    parser.add_argument(
        "--ledger", type=Path, help="a file with each finished seed, a line each; those in it are not run again"
    )
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    options = parser.parse_args()
    if options.bugs:
        return hunt(options.seed, options.steps, options.seeds, options.jobs)
    without = frozenset(filter(None, options.without.split(",")))
    if options.deliveries:
        count = -(-options.deliveries // CHUNK)
        seeds = range(options.seed, options.seed + count)
        steps = -(-options.deliveries // count)
        run = partial(simulate, deliveries=steps, bug=options.bug, without=without)
        reports = (
            finished(run, seeds, options.jobs, steps, options.ledger)
            if options.ledger
            else _map(run, seeds, options.jobs)
        )
        return summary(reports, steps, options.bug, without)
    report = simulate(options.seed, options.steps, bug=options.bug, without=without, traced=options.trace)
    sys.stdout.writelines(report.lines)
    return summary([report], options.steps, options.bug, without)


def _map(run: partial[Report], seeds: Iterable[int], jobs: int) -> Iterable[Report]:
    if jobs < 2:
        yield from map(run, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run, seeds)


def finished(run: partial[Report], seeds: Iterable[int], jobs: int, steps: int, ledger: Path) -> Iterable[Report]:
    """The reports in the ledger, then those of the other seeds, each written into it as soon as it is there."""
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    before = {report.seed: report for asked, report in map(_LINE.decode, lines) if asked == steps}
    left = []
    for seed in seeds:
        if seed in before and before[seed].violation is None:
            yield before[seed]
        else:
            left.append(seed)
    with ledger.open("a") as file:
        for report in _map(run, left, jobs):
            file.write(msgspec.json.encode((steps, report)).decode() + "\n")
            file.flush()
            yield report


def summary(reports: Iterable[Report], steps: int, bug: str, without: frozenset[str]) -> int:
    """Print what came of it."""
    fired: Counter[str] = Counter()
    checked: Counter[str] = Counter()
    deliveries = lives = bad = caught_up = 0
    virtual_s = real_s = 0.0
    for report in reports:
        fired.update(report.fired)
        checked.update(report.checked)
        deliveries += report.deliveries
        lives += report.lives
        virtual_s += report.virtual_s
        real_s += report.real_s
        caught_up += report.caught_up
        print(
            f"seed {report.seed}: {report.deliveries} deliveries, {report.lives} lives, {report.real_s:.0f} s,"
            f" digest {report.digest[:16]}",
            flush=True,
        )
        if report.violation is not None:
            bad += 1
            print(f"BROKEN {report.violation}")
            planted = f" --bug {bug}" if bug else ""
            print(f"  again: python -m tests.simulation --seed {report.seed} --steps {steps}{planted}")
            break
    print("\nfaults fired:")
    for kind, sentence in KINDS.items():
        if kind not in without:
            print(f"  {fired[kind]:>9}  {kind:<24}{sentence}")
    print("\ninvariants checked:")
    for invariant, sentence in INVARIANTS.items():
        print(f"  {checked[invariant]:>9}  {invariant:<28}{sentence}")
    never = [kind for kind in KINDS if kind not in without and not fired[kind]]
    unchecked = [name for name in INVARIANTS if not checked[name]] if not bad else []
    print(
        f"\n{deliveries} deliveries, {caught_up} of them caught up from the log, {lives} lives, {sum(fired.values())} faults,"
        f" {sum(checked.values())} checks, {virtual_s / 86400:.0f} days in {real_s:.0f} s"
    )
    if never and not bad:
        print(f"never fired: {', '.join(never)}")
    if unchecked:
        print(f"never checked: {', '.join(unchecked)}")
    return 1 if bad or never else 0


def caught(name: str, seed: int, steps: int, seeds: int) -> tuple[str, Report | None]:
    """The first report in which the bug was noticed."""
    for number in range(seed, seed + seeds):
        report = simulate(number, steps, bug=name)
        if report.violation is not None:
            return name, report
    return name, None


def hunt(seed: int, steps: int, seeds: int, jobs: int) -> int:
    """Plant each bug; print which promise it broke, and when."""
    missed = 0
    find = partial(caught, seed=seed, steps=steps, seeds=seeds)
    with ProcessPoolExecutor(max(1, jobs)) as pool:
        for name, report in pool.map(find, BUGS):
            violation = report.violation if report else None
            if report is None or violation is None:
                missed += 1
                print(f"{name:<32} NOT CAUGHT in {seeds} seeds of {steps} deliveries", flush=True)
            else:
                print(
                    f"{name:<32} {violation.invariant:<28} seed {report.seed}, delivery {violation.delivery}",
                    flush=True,
                )
    print(f"\n{len(BUGS) - missed} of {len(BUGS)} planted bugs caught")
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    sys.exit(main())
