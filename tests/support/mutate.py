"""Mutation testing of the engine's core: `make mutate`; what it found last is told in docs/explanation/mutation-report.md.

In a folder of its own, `.mutation`, which git ignores: mutmut writes the mutants, the contract judges each in a fork of its own, and those
it does not notice are judged once more by the engine's unit tests. A survivor that the report's table does not explain is a failure.
About two hours on two cores; `ARGS="engine/natural.py engine/rules/stale.py"` takes those modules, `ARGS=engine/config` a whole room.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

REPORT = Path("docs/explanation/mutation-report.md")
MUTMUT = "mutmut==3.8.1"
WORKERS = 2
SOURCES = (
    "activity",
    "backtest",
    "decide",
    "draft",
    "explain",
    "model",
    "natural",
    "plan",
    "prepare",
    "rollover",
    "runner",
    "triggers",
    "view",
    "config/*",
    "config/meaning/*",
    "config/older/*",
    "rules/*",
)
CONFIG = """\
[mutmut]
source_paths=
    engine
only_mutate=
{only}
also_copy=
    tassist
    setup_wizard
    migrations
    examples
    docs
    tests
    benchmarks
    pyproject.toml
    Makefile
    README.md
    AGENTS.md
"""


def main() -> int:
    """Judge the modules named, or all; print what was found, and say 1 where a survivor is not explained."""
    wanted = [_prefix(name) for name in sys.argv[1:]] or ["engine."]
    room = Path(".mutation").resolve()
    work = _copied(room / "work", wanted)
    python = _installed(room / "venv")
    writer = [str(python), "tests/support/mutants_written.py"]
    subprocess.run([*writer, "write"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    verdicts = _judged(work / "mutants", python, wanted)
    alive = [name for name, by in verdicts.items() if by == "nobody"]
    told = subprocess.run(
        [*writer, "tell"], cwd=work, check=True, capture_output=True, text=True, input="\n".join(alive)
    ).stdout
    known = explained()
    left = []
    for name, change in json.loads(told).items():
        if (_function(name), change["becomes"]) not in known:
            left.append(f"{_function(name)}\n  was      {change['was']}\n  becomes  {change['becomes']}")
    counts = Counter(verdicts.values())
    print(*left, sep="\n")
    print(
        f"{len(verdicts)} mutants: {counts['contract']} noticed by the contract, {counts['tests']} by unit tests, "
        f"{len(alive) - len(left)} explained, {len(left)} neither"
    )
    return 1 if left else 0


def explained() -> dict[tuple[str, str], str]:
    """Function and changed lines → why the change cannot matter: the table of the report."""
    rows = (line.split(" | ") for line in REPORT.read_text().splitlines() if line.startswith("| `engine."))
    return {(row[0].strip("| `"), _code(row[1])): row[2].strip(" |") for row in rows if len(row) == 3}


def _code(cell: str) -> str:
    return cell.strip().strip("`").strip().replace("\\|", "|")


def _prefix(name: str) -> str:
    """`engine/rules/stale.py` and `engine.rules.stale` are the same."""
    return f"{name.removesuffix('.py').replace('/', '.').rstrip('.')}."


def _globs(name: str) -> list[str]:
    """A module's file, or those of a room and of the rooms in it."""
    if not Path(name).is_dir():
        return [f"{name}.py"]
    return [
        f"{folder}/*.py" for folder in (name, *(str(below) for below in Path(name).rglob("[!_]*") if below.is_dir()))
    ]


def _function(mutant: str) -> str:
    """`engine.view.x_encodable__mutmut_6` → `engine.view.encodable`; a method with its class."""
    module, _, name = mutant.rpartition("__mutmut_")[0].rpartition(".")
    name = name.replace("xǁ", "").replace("ǁ", ".") if name.startswith("xǁ") else name.removeprefix("x_")
    return f"{module}.{name}"


def _copied(work: Path, wanted: list[str]) -> Path:
    """The tracked files, as they are on disk, in a folder made anew."""
    shutil.rmtree(work, ignore_errors=True)
    tracked = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(name).is_file():
            shutil.copyfile(name, target)
    chosen = [found for name in wanted if name != "engine." for found in _globs(name.rstrip(".").replace(".", "/"))]
    only = "\n".join(f"    {name}" for name in chosen or [f"engine/{name}.py" for name in SOURCES])
    (work / "setup.cfg").write_text(CONFIG.format(only=only))
    return work


def _installed(venv: Path) -> Path:
    """The Python of the tool, in an environment of its own; not part of the project's lock, as nothing else needs it."""
    tool = venv / "bin" / "python"
    if not (venv / "bin" / "mutmut").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([tool, "-m", "pip", "install", "--quiet", MUTMUT], check=True)
    return tool


def _judged(mutants: Path, python: Path, wanted: list[str]) -> dict[str, str]:
    """Mutant → who noticed it: `contract`, `tests` or `nobody`."""
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    path = os.pathsep.join((str(mutants), sysconfig.get_paths()["purelib"], own))
    env = {**os.environ, "PYTHONPATH": path, "MUTANT_UNDER_TEST": ""}
    parts = [mutants / f"judged.{part}" for part in range(WORKERS)]
    running = []
    for part, file in enumerate(parts):
        command = [sys.executable, "-m", "tests.support.mutants", str(file), f"{part}/{WORKERS}", *wanted]
        with file.with_suffix(f".{part}.log").open("w") as log:
            running.append(subprocess.Popen(command, cwd=mutants, env=env, stdout=log, stderr=subprocess.STDOUT))
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"contract or tests do not hold on the copy: run make test first; see {mutants}/judged.*.log")
    return dict(line.split() for file in parts for line in file.read_text().splitlines())


if __name__ == "__main__":
    sys.exit(main())
