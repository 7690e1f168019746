"""How long `tassist --help` takes beside the smallest click program, and `serve` until it takes deliveries.

python -m benchmarks.startup [--rounds 9] [--json]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import ROOT, Result, interleaved, ratio, record, spread

MINIMAL = "import click; click.command()(lambda: None)(['--help'])"


def seconds(*command: str) -> float:
    """How long a program takes from start to end."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    return time.perf_counter() - began


def serve_s(folder: Path) -> float:
    """From the start of a service with an empty journal until it says its address."""
    from tests.support import keys

    env = {
        **os.environ,
        "GITHUB_APP_ID": "1",
        "GITHUB_PRIVATE_KEY": keys.pem(),
        "GITHUB_WEBHOOK_SECRET": "benchmark",
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "TASSIST_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "tassist", "serve", "--headless", "--json", "--home", str(folder), "--port", "0"]
    began = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        spent = time.perf_counter() - began
        process.terminate()
    return spent


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = interleaved(
            {
                "tassist": lambda: seconds("-m", "tassist", "--help"),
                "click": lambda: seconds("-c", MINIMAL),
                "serve": lambda: serve_s(Path(name)),
            },
            asked.rounds,
        )
    help_ratio = ratio(found["tassist"], found["click"])
    result = Result("startup", "Start-up", note=f"{asked.rounds} rounds, whole processes, interleaved.")
    result.add("`tassist --help` ÷ the smallest click program's", help_ratio, "≤ 1.3", met=help_ratio.median <= 1.3)
    result.add("`tassist --help`, ms", spread([one * 1000 for one in found["tassist"]]))
    result.add(
        "`tassist serve` until it takes deliveries, empty journal, ms", spread([one * 1000 for one in found["serve"]])
    )
    record(result, as_json=asked.json)


if __name__ == "__main__":
    main()
