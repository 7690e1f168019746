"""Mutation testing of the engine's core: `make mutate`; what it found last is told in docs/explanation/mutation-report.md.

In a folder of its own, `.mutation`, which git ignores: mutmut writes the mutants, the contract alone judges each in a fork of its own,
and those it does not notice are judged once more by the engine's tests. An hour on two cores; `ARGS=engine.rules.stale` takes
the mutants whose names begin so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.mutants import names

MUTMUT = "mutmut==3.8.1"
WORKERS = 2
SOURCES = (
    "activity",
    "backtest",
    "decide",
    "draft",
    "model",
    "natural",
    "patterns",
    "plan",
    "triggers",
    "view",
    "rules/*",
)
TESTS = (
    "tests/contract/test_words.py",
    "tests/contract/test_events.py",
    "tests/contract/test_cases.py",
    "tests/unit/engine",
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
    Makefile
    README.md
    AGENTS.md
pytest_add_cli_args=
    -p
    no:randomly
    -p
    no:cacheprovider
    -q
pytest_add_cli_args_test_selection=
{tests}
timeout_constant=10
"""


def main() -> int:
    """Print the survivors, a line each, and how many there were; 1 where there is one."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "engine."
    room = Path(".mutation").resolve()
    work = _copied(room / "work")
    mutmut = _installed(room / "venv")
    packages = sysconfig.get_paths()["purelib"]
    env = {**os.environ, "PYTHONPATH": packages}
    # A run of the smallest module writes the mutants of all of them.
    subprocess.run([mutmut, "run", "--max-children", str(WORKERS), "engine.natural.*"], cwd=work, env=env, check=True)

    left = _by_the_contract(work / "mutants", mutmut, packages, wanted)
    if left:
        subprocess.run([mutmut, "run", "--max-children", str(WORKERS), *left], cwd=work, env=env, check=True)
    told = subprocess.run([mutmut, "results"], cwd=work, env=env, check=True, capture_output=True, text=True).stdout
    alive = [
        line.split(":")[0].strip() for line in told.splitlines() if line.strip().endswith(("survived", "no tests"))
    ]
    alive = [name for name in alive if name in set(left)]
    print(*alive, f"{len(alive)} survivors; {mutmut} show NAME shows one", sep="\n")
    return 1 if alive else 0


def _copied(work: Path) -> Path:
    """The tracked files, as they are on disk, in a folder made anew."""
    shutil.rmtree(work, ignore_errors=True)
    tracked = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(name).is_file():
            shutil.copyfile(name, target)
    only = "\n".join(f"    engine/{name}.py" for name in SOURCES)
    (work / "setup.cfg").write_text(CONFIG.format(only=only, tests="\n".join(f"    {name}" for name in TESTS)))
    return work


def _installed(venv: Path) -> str:
    """The tool, in an environment of its own; not part of the project's lock, as nothing else needs it."""
    tool = venv / "bin" / "mutmut"
    if not tool.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "--quiet", MUTMUT], check=True)
    return str(tool)


def _by_the_contract(mutants: Path, mutmut: str, packages: str, wanted: str) -> list[str]:
    """The names the contract does not notice, and those it does not reach."""
    python = Path(mutmut).with_name("python")
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    env = {**os.environ, "PYTHONPATH": f"{mutants}:{packages}:{own}"}
    lists = [mutants / f"survivors.{part}" for part in range(WORKERS)]
    running = [
        subprocess.Popen(
            [python, "-m", "tests.support.mutants", file, f"{part}/{WORKERS}", wanted], cwd=mutants, env=env
        )
        for part, file in enumerate(lists)
    ]
    if any(process.wait() for process in running):
        raise SystemExit("the contract does not hold on the copy: run make test first")
    left = [name for file in lists for name in file.read_text().split()]
    everything = names(mutants, reached=False)
    return left + [name for name in everything if name.startswith(wanted)]


if __name__ == "__main__":
    sys.exit(main())
