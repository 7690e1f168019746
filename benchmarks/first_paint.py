"""From the start of a process to its first picture in a terminal: console and wizard, beside a trivial Textual app.

    .venv/bin/python -m benchmarks.first_paint [--rounds 9] [--json]

Each is started in a pseudo-terminal of its own, in turn; the clock stops when its own words have been drawn. The console is
opened on a journal as a service leaves it, the wizard on an empty folder.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness import ROOT, Result, interleaved, ratio, record, spread

TRIVIAL = """
from textual.app import App
from textual.widgets import Static
class Trivial(App):
    def compose(self):
        yield Static("trivial app is here")
Trivial().run()
"""


@dataclass
class Paint:
    """One program, and what each of its starts took."""

    command: Sequence[str]
    marker: bytes
    """Words of its first picture."""
    env: Mapping[str, str]
    first_ms: list[float] = field(default_factory=list)
    """Until anything was on the screen."""
    processor_ms: list[float] = field(default_factory=list)

    def start(self) -> float:
        """Milliseconds until the first picture stood."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *self.command],
            stdin=child,
            stdout=child,
            stderr=child,
            env=self.env,
            start_new_session=True,
        )
        os.close(child)
        seen, first = b"", 0.0
        try:
            while self.marker not in seen:
                ready, _, _ = select.select([parent], [], [], 60)
                if not ready:
                    raise RuntimeError(f"nothing was drawn: {seen[-300:]!r}")
                seen += os.read(parent, 65536)
                first = first or time.perf_counter() - began
            paint = time.perf_counter() - began
        finally:
            process.kill()
            _, process.returncode, used = os.wait4(process.pid, 0)
            os.close(parent)
        self.first_ms.append(first * 1000)
        self.processor_ms.append((used.ru_utime + used.ru_stime) * 1000)
        return paint * 1000


def bare(env: Mapping[str, str]) -> Callable[[], float]:
    """How long Python alone takes to say a word."""
    alone = Paint(["-c", "print('here', flush=True); import time; time.sleep(9)"], b"here", env)
    return alone.start


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        from tests.support.console import typical

        used, empty = Path(name) / "used", Path(name) / "empty"
        for folder in (used, empty):
            folder.mkdir(mode=0o700)
        typical(used)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "TERM": "xterm-256color",
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
        }
        console = Paint(["-m", "tassist"], b"Deliveries", {**env, "TASSIST_HOME": str(used)})
        wizard = Paint(["-m", "tassist", "setup"], b"Deliveries", {**env, "TASSIST_HOME": str(empty)})
        trivial = Paint(["-c", TRIVIAL], b"trivial app is here", env)
        measures = {
            "trivial": trivial.start,
            "console": console.start,
            "wizard": wizard.start,
            "python": bare(env),
        }
        for start in measures.values():
            start()  # with every module compiled and in memory
        for one in (console, wizard, trivial):
            one.first_ms.clear()
            one.processor_ms.clear()
        found = interleaved(measures, asked.rounds)
    result = Result(
        "first_paint",
        "The first picture",
        note=f"{asked.rounds} rounds, whole processes in pseudo-terminals of 80×24, interleaved; a first picture is the bar of"
        " places (of the trivial app: its one line).",
    )
    for name, one in (("console", console), ("wizard", wizard)):
        paint = ratio(found[name], found["trivial"])
        result.add(f"{name} ÷ a trivial Textual app", paint, "≤ 1.3", met=paint.median <= 1.3)
        result.add(f"{name} ÷ a trivial Textual app, processor time", ratio(one.processor_ms, trivial.processor_ms))
    for name in ("console", "wizard", "trivial"):
        result.add(f"{name}, ms", spread(found[name]))
    first = sorted(console.first_ms)[len(console.first_ms) // 2]
    result.add("something on the screen, ms", spread(console.first_ms), "≤ 50", met=first <= 50)
    result.add("Python alone until its first word, ms", spread(found["python"]))
    record(result, as_json=asked.json)


if __name__ == "__main__":
    main()
