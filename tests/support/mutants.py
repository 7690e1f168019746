"""Who notices mutmut's mutants: each is judged by the cases, configurations and unit tests that call its function, and by no others.

First every one of these runs once, with nothing remembered and the functions it calls written down. What a case does not call, it cannot
notice; so a mutant is put in its function's place, and what calls that function runs, the quickest first and the contract before the tests
(these in a fork), until something is otherwise than without it. What runs while the engine is imported, everything depends on: a mutant of
such a function that nobody has noticed is judged once more in a process that imports the engine under it.
What earlier runs found only says where to look first: `tests.support.mutants_before`.

`make mutate` runs `python -P -m tests.support.mutants OUT 0/2 engine.rules. engine.view.` once for each share of them: OUT takes a line of JSON a mutant, with who noticed
it (`contract`, `tests`, `import` or `nobody`) and by what, and is gone on with where it holds some already.
"""

from __future__ import annotations

import gc
import importlib
import json
import mmap
import os
import pkgutil
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self

import pytest

from tests.support import mutants_active
from tests.support.mutants_before import Before, digest, of_folders, of_test_file

ROOT = Path.cwd()
TESTS = ("tests/unit/engine",)
SKIPPED = ("test_h66_the_longest_body_under_as_many_patterns_as_there_may_be_is_decided_in_bounded_work",)
"""It decides in another process, where no mutant is."""
LEAST_S = 2.0
TIMES = 20
"""A case or test that computes this many times longer than without a mutant has noticed it: it loops."""
MOST_S = 600
MOST_BYTES = 6 << 30


CHECKED_EVERY = 1000
"""After so many mutants everything is looked at without one."""


class Looping(BaseException):
    """A case computes far too long."""


@dataclass(frozen=True)
class Item:
    """A case, a configuration or a test."""

    id: str
    kind: str
    """``contract`` or ``tests``."""
    notices: Callable[[], bool]
    digest: str = ""
    """Of everything it is made of, but for the engine."""


@dataclass
class Traced:
    """What the run without a mutant showed."""

    seconds: dict[str, float] = field(default_factory=dict)
    """Item → processor time."""
    by_function: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    """Function → the items that call it."""


class Calls:
    """The functions with mutants that are called while it listens."""

    def __init__(self) -> None:
        self.codes: set[int] = set()

    def __enter__(self) -> Self:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            self.codes.add(id(frame.f_code))

    def functions(self) -> set[str]:
        """Their names in mutmut's spelling."""
        return {name for code, name in mutants_active.codes().items() if code in self.codes}


def golden() -> list[Item]:
    """Every case, event and configuration that has its words written down; what is published of the configuration's form."""
    from tassist.contract.events import events
    from tassist.contract.library import cases
    from tests.support import config_reference
    from tests.support.configurations import answer, answers, configurations
    from tests.support.decisions import by_id, case_differs, event_differs

    decided = by_id(Path("tests/golden/decisions.txt").read_text())
    said = answers(Path("tests/golden/configurations.txt").read_text())
    schema = Path("docs/reference/task-assistant.schema.json").read_text()
    asking = of_folders(
        ROOT, ("tests/support/decisions.py", "tests/support/configurations.py", "tassist/contract"), (".py",)
    )
    found = [
        Item(
            case.id,
            "contract",
            partial(case_differs, case, decided[case.id]),
            digest((repr(case), decided[case.id], asking)),
        )
        for case in cases()
    ]
    found += [
        Item(
            event.id,
            "contract",
            partial(event_differs, event, decided.get(event.id)),
            digest((repr(event), decided.get(event.id, ""), asking)),
        )
        for event in events().cases
    ]
    for at, (text, before) in enumerate(zip(configurations(), said, strict=True)):
        explain = at % 6 == 0
        notices = partial(_said_otherwise, answer, text, before, explain=explain)
        found.append(Item(f"configurations/{at}", "contract", notices, digest((text, before, asking))))
    found.append(Item("schema", "contract", lambda: config_reference.schema() != schema, digest((schema,))))
    return found


def _said_otherwise(answer: Callable[..., str], text: str, before: str, *, explain: bool) -> bool:
    return answer(text, explain=explain).rstrip("\n") != before


def forget() -> None:
    """Empty everything the engine and the contract remember, so that each fork begins as a new process would."""
    from engine import runner, view
    from engine.config import patterns
    from tassist.contract import check

    view._VIEWS.clear()
    for remembered in (
        patterns.compile_pattern,
        patterns.compile_milestone_pattern,
        patterns.milestone_numbers,
        runner._parsed,
        check.parsed,
    ):
        remembered.cache_clear()


class Judge:
    """A plugin that judges the mutants by the collected tests instead of running these once."""

    def __init__(self, mutants: Sequence[str], out: Path, scratch: Path, at_import: set[str]) -> None:
        self.mutants = mutants
        self.out = out
        self.before = Before(out.parent)
        state = out.parent / "state.txt"
        self.state = state.read_text()[:16] if state.exists() else ""
        self.scratch = scratch
        self.at_import = at_import
        self._judging = False
        self._now = mmap.mmap(-1, 8)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge them all; the run ends at once where something is noticed without a mutant."""
        with Calls() as calls:
            items = golden()
        self.at_import |= calls.functions()
        items += [
            Item(item.nodeid, "tests", partial(_run, item), of_test_file(ROOT, item.path))
            for item in session.items
            if item.name.partition("[")[0] not in SKIPPED
        ]
        forget()
        gc.collect()
        gc.freeze()
        if at := os.environ.get("MUTANT_AT_IMPORT"):
            self._write({"mutant": at, "by": "import" if self._differs(items) else "nobody", "item": ""})
            return True
        traced = self._traced(items)
        signal.signal(signal.SIGPROF, _looping)
        self._judging = True
        digests = {item.id: item.digest for item in items}
        self.before.keep_items(self.state, digests)
        earlier = self.before.verdicts()
        noticed: dict[str, list[str]] = defaultdict(list)
        done = self._done()
        for count, mutant in enumerate(name for name in self.mutants if name not in done):
            if count % CHECKED_EVERY == 0:
                self._checked(items, traced)
            function = mutants_active.function_of(mutant)
            change = mutants_active.digest_of(mutant)
            known = earlier.get(change, {})
            first = noticed[function]
            callers = sorted(
                traced.by_function[function],
                key=lambda item: (
                    item.id != known.get("item"),
                    item.id not in first,
                    traced.seconds[item.id],
                ),
            )
            if known.get("by") == "nobody":
                had = self.before.items(known["state"])
                callers = [item for item in callers if had.get(item.id) != item.digest]
            by = self._by_all(callers, traced, mutant, known.get("item", ""))
            line = {"mutant": mutant, "change": change, "state": self.state, "by": "nobody", "item": ""}
            if by:
                line |= {"by": by.kind, "item": by.id}
                if by.id not in first:
                    first.insert(0, by.id)
            elif known.get("by") != "nobody" and function in self.at_import and self._noticed_at_import(mutant):
                line["by"] = "import"
            else:
                line |= mutants_active.change(mutant)
            self._write(line)
        self._checked(items, traced)
        return True

    def _by_all(self, callers: Sequence[Item], traced: Traced, mutant: str, known: str) -> Item | None:
        """The first that notices the mutant: whoever did before, else the contract before the tests."""
        cases = [item for item in callers if item.kind == "contract"]
        tests = [item for item in callers if item.kind == "tests"]
        if tests and tests[0].id == known and (by := self._by_tests(tests[:1], traced, mutant)):
            return by
        return self._by_contract(cases, traced, mutant) or self._by_tests(tests, traced, mutant)

    def _checked(self, items: Sequence[Item], traced: Traced) -> None:
        """Nothing that was judged here may have left anything behind."""
        cases = [item for item in items if item.kind == "contract"]
        if left := self._by_contract(cases, traced, ""):
            raise pytest.UsageError(
                f"{left.id} does not hold any more, without a mutant: one has left something behind"
            )

    def _differs(self, items: Sequence[Item]) -> bool:
        try:
            return any(item.notices() for item in items)
        except Exception:  # noqa: BLE001 – whatever it raises, it was noticed
            return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first failure is enough."""
        if report.failed and self._judging:
            os._exit(1)
        if report.failed and os.environ.get("MUTANT_AT_IMPORT"):
            raise ValueError(report.nodeid)
        if report.failed:
            raise pytest.UsageError(f"{report.nodeid} does not hold without a mutant: run make test first")

    def _done(self) -> set[str]:
        if not self.out.exists():
            return set()
        return {json.loads(line)["mutant"] for line in self.out.read_text().splitlines()}

    def _write(self, line: dict[str, str]) -> None:
        with self.out.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _noticed_at_import(self, mutant: str) -> bool:
        """Whether anything at all is otherwise in a process that imports the engine under the mutant."""
        out = self.scratch / "import"
        command = [sys.executable, "-P", "-m", "tests.support.mutants", str(out), "0/1", mutant]
        env = {**os.environ, "MUTANT_AT_IMPORT": mutant}
        with suppress(FileNotFoundError):
            out.unlink()
        subprocess.run(command, env=env, capture_output=True, timeout=MOST_S, check=False)
        # One that cannot even be imported writes nothing.
        return not out.exists() or json.loads(out.read_text())["by"] != "nobody"

    def _traced(self, items: Sequence[Item]) -> Traced:
        """Each item once, as if it came first: with the functions it calls, and how long it computes."""
        traced = Traced()
        for item in items:
            forget()
            begun = time.process_time()
            with Calls() as calls:
                noticed = item.notices()
            if noticed:
                raise pytest.UsageError(f"{item.id} does not hold without a mutant: run make test first")
            traced.seconds[item.id] = time.process_time() - begun
            for function in calls.functions():
                traced.by_function[function].append(item)
        return traced

    def _by_contract(self, items: Sequence[Item], traced: Traced, mutant: str) -> Item | None:
        """The first of the cases that notices the mutant: here, as a case is data and nothing it asks for keeps anything."""
        forget()
        at = items[0] if items else None
        with mutants_active.active(mutant):
            try:
                for at in items:
                    signal.setitimer(signal.ITIMER_PROF, max(LEAST_S, TIMES * traced.seconds[at.id]))
                    if at.notices():
                        return at
            except (Exception, Looping):  # noqa: BLE001 – whatever it raises, it was noticed
                return at
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        return None

    def _by_tests(self, items: Sequence[Item], traced: Traced, mutant: str) -> Item | None:
        """The first of the tests that notices the mutant, in a fork, as a test may leave anything behind."""
        if not items:
            return None
        forget()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            signal.alarm(MOST_S)
            try:
                if mutant:
                    mutants_active.activate(mutant)
                for at, item in enumerate(items):
                    self._now[:] = at.to_bytes(8)
                    signal.setitimer(signal.ITIMER_PROF, max(LEAST_S, TIMES * traced.seconds[item.id]))
                    item.notices()
                os._exit(0)
            except BaseException:  # noqa: BLE001 – whatever it raises, it was noticed
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self._sweep()
        return items[int.from_bytes(self._now[:])] if status else None

    def _sweep(self) -> None:
        for left in (self.scratch / "t").iterdir():
            shutil.rmtree(left, ignore_errors=True)


def _looping(*_: object) -> None:
    raise Looping


def _run(item: pytest.Item) -> bool:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    return False  # a test that fails has ended the process


def main() -> int:
    """Judge; 0 where that was possible, whatever survived."""
    out, share, *wanted = sys.argv[1:]
    part, of = (int(number) for number in share.split("/"))
    mutants_active.install(os.environ.get("MUTANT_AT_IMPORT", ""))
    with Calls() as calls:
        engine = importlib.import_module("engine")
        for module in pkgutil.walk_packages(engine.__path__, "engine."):
            importlib.import_module(module.name)
    at_import = calls.functions()
    with tempfile.TemporaryDirectory() as scratch:
        chosen = [name for name in mutants_active.names() if name.startswith(tuple(wanted))][part::of]
        judge = Judge(chosen, Path(out), Path(scratch), at_import)
        alone = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={scratch}/t", "-q")
        return pytest.main([*alone, *TESTS], plugins=[judge])


if __name__ == "__main__":
    sys.exit(main())
