"""Who notices mutmut's mutants: the contract first, then the unit tests; one fork a mutant and no collection, so that thousands take minutes.

`make mutate` has mutmut write the mutants and runs this inside its `mutants` folder, once for each share of them:
`python -m tests.support.mutants OUT 0/2 engine.rules engine.view`. OUT takes a line a mutant: its name and who noticed it, `contract`,
`tests` or `nobody`; names are taken that begin with one of those given,
and those that the file NAMES lists where `@NAMES` is given.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

TESTS = ("tests/unit/engine",)
UNREACHED = (
    "engine.backtest.",
    "engine.config.",
    "engine.explain.",
    "engine.prepare.",
    "engine.rollover.",
    "engine.runner.",
)
"""No case of the contract goes through these; the unit tests alone judge them."""
SECONDS = 60
"""A mutant that takes longer is noticed: it loops."""


def names(mutants: Path) -> list[str]:
    """Every mutant mutmut has written, in order."""
    found: list[str] = []
    for meta in sorted((mutants / "engine").rglob("*.meta")):
        found += json.loads(meta.read_text())["exit_code_by_key"]
    return found


def contract_notices() -> bool:
    """Whether any case of the contract is decided in other words; views are built anew, as a rule may prepare there."""
    from engine import view
    from engine.triggers import asked
    from tassist.contract.events import events, verify_event
    from tassist.contract.library import cases
    from tests.support.decisions import by_id, decisions_in_words

    view._VIEWS.clear()
    golden = by_id(Path("tests/golden/decisions.txt").read_text())
    for case in cases():
        if decisions_in_words(case) != golden[case.id]:
            return True
    for event in events().cases:
        if verify_event(event):
            return True
        if event.payload is not None:
            said = str(asked(event.event, event.payload, pull_requests=event.pull_requests))
            if said != golden[event.id]:
                return True
    return False


def configurations_notice() -> bool:
    """Whether anything is said of any configuration in other words, or published about the form they take."""
    from engine.config.patterns import compile_milestone_pattern, compile_pattern, milestone_numbers
    from tests.support import config_reference
    from tests.support.configurations import answers, said_of_all

    for remembered in (compile_pattern, compile_milestone_pattern, milestone_numbers):
        remembered.cache_clear()
    golden = answers(Path("tests/golden/configurations.txt").read_text())
    for (_, said), before in zip(said_of_all(), golden, strict=True):
        if said.rstrip("\n") != before:
            return True
    return config_reference.schema() != Path("docs/reference/task-assistant.schema.json").read_text()


class Judge:
    """A plugin that runs the collected tests once for each mutant instead of once."""

    def __init__(self, mutants: Sequence[str], out: Path, scratch: Path) -> None:
        self.mutants = mutants
        self.out = out
        self.scratch = scratch

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge them all; the run ends at once where something is noticed without a mutant."""

        def tests_notice(mutant: str) -> bool:
            from engine import view

            view._VIEWS.clear()
            for item in _nearest_first(session.items, mutant):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            return False  # a test that fails has ended the process

        assert session.items
        if any(
            self._forked(notices, "")
            for notices in (contract_notices, configurations_notice, partial(tests_notice, ""))
        ):
            raise pytest.UsageError("contract or tests do not hold without a mutant: run make test first")
        with self.out.open("w") as file:
            for name in self.mutants:
                golden = configurations_notice if name.startswith("engine.config.") else contract_notices
                if not name.startswith(UNREACHED) and self._forked(golden, name):
                    by = "contract"
                else:
                    by = "tests" if self._forked(partial(tests_notice, name), name) else "nobody"
                file.write(f"{name} {by}\n")
                file.flush()
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first failure is enough; this runs in a fork only."""
        if report.failed:
            os._exit(1)

    def _forked(self, notices: Callable[[], bool], mutant: str) -> bool:
        child = os.fork()
        if child == 0:
            if mutant:
                os.environ["MUTANT_UNDER_TEST"] = mutant
            signal.alarm(SECONDS)
            try:
                os._exit(1 if notices() else 0)
            except BaseException:  # noqa: BLE001 – whatever it raises, it was noticed
                os._exit(1)
        status = os.waitpid(child, 0)[1]
        for left in self.scratch.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        return os.waitstatus_to_exitcode(status) != 0


def _nearest_first(items: Sequence[pytest.Item], mutant: str) -> list[pytest.Item]:
    """The tests of the mutant's own module first; alone where the contract does not reach it. The configuration has its own tests."""
    module = mutant.split(".x", maxsplit=1)[0].rpartition(".")[2]
    of_config = mutant.startswith("engine.config.")
    near = [item for item in items if (item.path.parent.name == "config") == of_config]
    own = [item for item in near if item.path.stem == f"test_{module}"]
    return own if mutant.startswith(UNREACHED) else own + [item for item in near if item not in own]


def main() -> int:
    """Judge the share; 0 where that was possible, whatever survived."""
    out, share, *wanted = sys.argv[1:]
    part, of = (int(number) for number in share.split("/"))
    listed = [name for file in wanted if file.startswith("@") for name in Path(file[1:]).read_text().split()]
    begun = tuple(start for start in wanted if not start.startswith("@"))
    chosen = [name for name in names(Path()) if name in listed or name.startswith(begun)][part::of]
    with tempfile.TemporaryDirectory() as scratch:
        judge = Judge(chosen, Path(out), Path(scratch))
        alone = ("-p", "no:randomly", "-p", "no:cacheprovider", f"--basetemp={scratch}/t", "-q")
        return pytest.main([*alone, *TESTS], plugins=[judge])


if __name__ == "__main__":
    sys.exit(main())
