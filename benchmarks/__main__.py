"""Runs every benchmark, the short ones first, and writes the page: `make bench`.

    python -m benchmarks [NAME …] [--sizes 1000,10000,100000] [--page]

With names, only those. With `--page`, nothing is measured: the page is written again from what is kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.harness import PAGE, ROOT, recorded, rendered

ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("decisions", ("--record",)),
    ("backtest", ()),
    ("config_parse", ()),
    ("startup", ()),
    ("github_client", ()),
    ("sandbox", ()),
    ("telemetry", ()),
    ("first_paint", ()),
    ("console_pages", ("--deliveries", "200000")),
    ("postgres", ("--rounds", "2")),
    ("end_to_end", ("--issues", "100", "--rounds", "2")),
    ("steady", ()),
    ("ack", ("--record", "--rounds", "5")),
    ("migrate_diff", ()),
    ("dashboard", ()),
    ("queue", ("--record",)),
)
"""Every benchmark with its arguments."""


def main() -> int:
    """Run them one after the other; one that fails stops no other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *(name for name, _ in ORDER)], default=[])
    parser.add_argument(
        "--sizes", default="1000,10000,100000", help="of the backlog that is drained; 1000000 takes long"
    )
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    failed = []
    for name, arguments in ORDER if not asked.page else ():
        if asked.names and name not in asked.names:
            continue
        print(f"--- {name}", flush=True)
        more = ("--sizes", asked.sizes) if name == "queue" else ()
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments, *more], cwd=ROOT, check=False)
        if done.returncode:
            failed.append(name)
    PAGE.write_text(rendered(recorded()), "utf-8")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
