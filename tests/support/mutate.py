"""Mutation testing of the engine: `make mutate`; what it found last is told in docs/explanation/mutation-report.md.

In a folder of its own, `.mutation`, which git ignores: mutmut writes the mutants of every function, and `tests.support.mutants` finds who
notices each. A survivor that the report's tables do not explain is a failure, and so is a row of theirs that no survivor needs.
`ARGS="engine/natural.py engine/rules"` takes those; `JOBS=1` leaves the other cores alone. A run that was ended is gone on with; where
something that judges or is judged has changed, what was found before says where to look first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.mutants_before import Before, of_folders

REPORT = Path("docs/explanation/mutation-report.md")
MUTMUT = "mutmut==3.8.1"
WRITER = Path("tests/support/mutants_written.py")
WRITTEN_BY = "written_by.txt"
"""Says what wrote the mutants; missing while they are written, so that half of them are never taken for all."""
JUDGES = (
    "engine",
    "tests/unit/engine",
    "tests/golden/decisions.txt",
    "tests/golden/configurations.txt",
    "tests/fixtures",
    "tests/support",
    "tassist/contract",
    "docs/reference/task-assistant.schema.json",
)
CONFIG = """\
[mutmut]
source_paths=
    engine
"""


@dataclass(frozen=True)
class Kind:
    """A change that cannot matter wherever it is made in what the pattern of functions names."""

    function: str
    was: str
    becomes: str

    def explains(self, function: str, change: dict[str, str]) -> bool:
        """Whether the mutant is this change, made once, and nothing else."""
        if function != self.function and not (self.function == "engine" and function.startswith("engine.")):
            return False
        parts = change["was"].split(self.was)
        return any(
            self.was.join(parts[:at]) + self.becomes + self.was.join(parts[at:]) == change["becomes"]
            for at in range(1, len(parts))
        )


def main() -> int:
    """Judge the modules named, or all; print what was found, and say 1 where a survivor is not explained."""
    wanted = tuple(_prefix(name) for name in sys.argv[1:]) or ("engine.",)
    room = Path(".mutation").resolve()
    work = _copied(room / "work")
    subprocess.run(
        [_installed(room / "venv"), WRITER.resolve()],
        cwd=work,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (work / WRITTEN_BY).write_text(_tool())
    verdicts = _judged(room, work / "mutants", wanted)
    rows, kinds = explained(), kinds_explained()
    needed: set[object] = set()
    left = []
    for verdict in verdicts:
        if verdict["by"] != "nobody":
            continue
        function = _function(verdict["mutant"])
        row = (function, verdict["becomes"])
        why = [row] if row in rows else [kind for kind in kinds if kind.explains(function, verdict)]
        needed.update(why)
        if not why:
            left.append(f"{function}\n  was      {verdict['was']}\n  becomes  {verdict['becomes']}")
    idle = [row for row in (*rows, *kinds) if row not in needed] if wanted == ("engine.",) else []
    counts = Counter(verdict["by"] for verdict in verdicts)
    print(*left, *(f"no survivor needs the row {row}" for row in idle), sep="\n")
    print(
        f"{len(verdicts)} mutants: {counts['contract']} noticed by the contract, {counts['tests']} by unit tests, "
        f"{counts['import']} at import, {counts['nobody'] - len(left)} explained, {len(left)} neither"
    )
    return 1 if left or idle else 0


def explained() -> dict[tuple[str, str], str]:
    """Function and changed lines → why the change cannot matter: the report's table of single survivors."""
    return {(function, becomes): why for function, becomes, why in _rows(3)}


def kinds_explained() -> dict[Kind, str]:
    """The report's table of survivors of one kind → why."""
    return {Kind(function, was, becomes): why for function, was, becomes, why in _rows(4)}


def _rows(cells: int) -> list[list[str]]:
    """The rows of the table that has so many columns, their code without its marks."""
    found = []
    for line in REPORT.read_text().splitlines():
        row = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `engine") and len(row) == cells:
            found.append([*(_code(cell) for cell in row[:-1]), row[-1]])
    return found


def _code(cell: str) -> str:
    return cell.removeprefix("`").removesuffix("`").replace("\\|", "|")


def _prefix(name: str) -> str:
    """`engine/rules/stale.py` and `engine.rules.stale` are the same."""
    return f"{name.removesuffix('.py').replace('/', '.').rstrip('.')}."


def _function(mutant: str) -> str:
    """`engine.view.x_encodable__mutmut_6` → `engine.view.encodable`; a method with its class."""
    module, _, name = mutant.rpartition("__mutmut_")[0].rpartition(".")
    name = name.replace("xǁ", "").replace("ǁ", ".") if name.startswith("xǁ") else name.removeprefix("x_")
    return f"{module}.{name}"


def _copied(work: Path) -> Path:
    """The engine as it is on disk; a file that has not changed keeps its time, so that its mutants are not written again."""
    written_by = work / WRITTEN_BY
    if not written_by.exists() or written_by.read_text() != _tool():
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
    written_by.unlink(missing_ok=True)
    for file in work.rglob("*.py"):
        if not Path(file.relative_to(work / "mutants" if work / "mutants" in file.parents else work)).exists():
            file.unlink()
    for source in Path("engine").rglob("*.py"):
        target = work / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)
            (work / "mutants" / source).unlink(missing_ok=True)
    (work / "setup.cfg").write_text(CONFIG)
    return work


def _tool() -> str:
    """What writes the mutants."""
    return f"{MUTMUT} {WRITER.read_text()}"


def _installed(venv: Path) -> Path:
    """The Python of the tool, in an environment of its own; not part of the project's lock, as nothing else needs it."""
    tool = venv / "bin" / "python"
    if not (venv / "bin" / "mutmut").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([tool, "-m", "pip", "install", "--quiet", MUTMUT], check=True)
    return tool


def _judged(room: Path, mutants: Path, wanted: tuple[str, ...]) -> list[dict[str, str]]:
    """What was found of each mutant wanted; what an earlier run of the same state found is not asked again."""
    out, state = room / "judged.jsonl", room / "state.txt"
    if not state.exists() or state.read_text() != _state():
        Before(room).set_aside()
        state.write_text(_state())
    env = {**os.environ, "PYTHONPATH": str(mutants)}
    workers = int(os.environ.get("JOBS", os.cpu_count() or 1))
    running = []
    for part in range(workers):
        command = [sys.executable, "-P", "-m", "tests.support.mutants", str(out), f"{part}/{workers}", *wanted]
        with (room / f"judge.{part}.log").open("w") as log:
            running.append(subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT))
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"contract or tests do not hold without a mutant: run make test first; see {room}/judge.*.log")
    found = (json.loads(line) for line in out.read_text().splitlines())
    return [verdict for verdict in found if verdict["mutant"].startswith(wanted)]


def _state() -> str:
    """A digest of everything that is judged or judges."""
    return of_folders(Path(), JUDGES)


if __name__ == "__main__":
    sys.exit(main())
