"""Which of mutmut's mutants the contract alone notices: one fork a mutant, no test collection, so that thousands take minutes.

`make mutate` lets mutmut write the mutants, runs this, and hands the survivors to mutmut with all the engine's tests.
Run inside mutmut's `mutants` folder: python -m tests.support.mutants LIST 0/2 engine.rules; LIST takes the names of the survivors
among the first of two shares of the mutants whose names begin so.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

UNREACHED = ("engine.backtest.",)
"""No case goes through these; the tests alone judge them."""
SECONDS = 60
"""A mutant that takes longer is noticed: it loops."""


def names(mutants: Path, *, reached: bool = True) -> list[str]:
    """Every mutant mutmut has written in what the contract reaches, or in the rest, in order."""
    found: list[str] = []
    for meta in sorted((mutants / "engine").rglob("*.meta")):
        found += json.loads(meta.read_text())["exit_code_by_key"]
    return [name for name in found if name.startswith(UNREACHED) != reached]


def noticed() -> bool:
    """Whether any case of the contract is decided in other words, or raises; views are built anew, as a rule may prepare there."""
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


def survivors(mutants: list[str]) -> Iterator[str]:
    """Those that the contract does not notice, in order."""
    assert not noticed(), "the contract does not hold without a mutant"
    for name in mutants:
        child = os.fork()
        if child == 0:
            os.environ["MUTANT_UNDER_TEST"] = name
            signal.alarm(SECONDS)
            try:
                os._exit(1 if noticed() else 0)
            except BaseException:  # noqa: BLE001 – whatever it raises, it was noticed
                os._exit(1)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            yield name


def main() -> None:
    """Write the survivors, a line each; say how many there were."""
    out, share, wanted = sys.argv[1:]
    part, of = (int(number) for number in share.split("/"))
    mutants = [name for name in names(Path()) if name.startswith(wanted)][part::of]
    left = 0
    with Path(out).open("w") as file:
        for name in survivors(mutants):
            left += 1
            file.write(f"{name}\n")
            file.flush()
    print(f"{len(mutants)} mutants, {len(mutants) - left} noticed by the contract alone, {left} left for the tests")


if __name__ == "__main__":
    main()
