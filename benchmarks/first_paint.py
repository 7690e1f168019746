"""From the start of the process to the first picture in a terminal: the console, beside a trivial Textual app.

    .venv/bin/python -m benchmarks.first_paint [--times 9] [--json]

Each is started in a pseudo-terminal of its own, in turn; the clock stops when its own words have been drawn. The console is
opened on a journal as a service leaves it. Read the ratio of the medians: the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRIVIAL = """
from textual.app import App
from textual.widgets import Static
class Trivial(App):
    def compose(self):
        yield Static("trivial app is here")
Trivial().run()
"""


def timed(command: list[str], marker: bytes, env: dict[str, str]) -> tuple[float, float]:
    """Milliseconds to the first byte, and to the marker."""
    parent, child = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=env, start_new_session=True)
    os.close(child)
    seen, first = b"", 0.0
    try:
        while marker not in seen:
            ready, _, _ = select.select([parent], [], [], 60)
            if not ready:
                raise RuntimeError(f"nothing was drawn: {seen[-300:]!r}")
            seen += os.read(parent, 65536)
            first = first or time.perf_counter() - began
        return first * 1000, (time.perf_counter() - began) * 1000
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        from tests.support.console import typical

        home = Path(folder)
        typical(home)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "TERM": "xterm-256color", "TASSIST_HOME": folder,
               "COLUMNS": "80", "LINES": "24", "PYTHONPATH": str(root), "LC_ALL": "C.UTF-8"}  # fmt: skip
        commands = {
            "trivial": ([sys.executable, "-c", TRIVIAL], b"trivial app is here"),
            "console": ([sys.executable, "-m", "tassist"], b"Deliveries"),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.times):
            for name, (command, marker) in commands.items():
                found[name].append(timed(command, marker, env))
    paint = {name: statistics.median(one for _, one in times) for name, times in found.items()}
    result = {
        "something_on_screen_ms": statistics.median(one for one, _ in found["console"]),
        "console_first_paint_ms": paint["console"],
        "trivial_first_paint_ms": paint["trivial"],
        "ratio": paint["console"] / paint["trivial"],
        "ratio_of_the_fastest": min(one for _, one in found["console"]) / min(one for _, one in found["trivial"]),
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:<26} {value:8.2f}")


if __name__ == "__main__":
    main()
