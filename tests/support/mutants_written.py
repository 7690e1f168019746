"""mutmut's part of `make mutate`: writes the mutants of a copy of the project, and says what each named one changed.

Run in that copy with the environment mutmut is installed in, so it imports nothing of ours:
`python mutants_written.py write`, or `python mutants_written.py tell` with names on stdin.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WORKERS = 2


def write() -> None:
    """The mutants of every file that setup.cfg selects, in `mutants/`."""
    from mutmut.__main__ import create_mutants  # type: ignore[import-not-found]
    from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir  # type: ignore[import-not-found]

    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(WORKERS)


def tell(names: list[str]) -> dict[str, dict[str, str]]:
    """For each name, the lines it took away and those it put there, each as one line without indentation."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # type: ignore[import-not-found]

    told = {}
    for name in names:
        lines = get_diff_for_mutant(name).splitlines()[2:]
        told[name] = {
            "was": " ".join(line[1:].strip() for line in lines if line.startswith("-")),
            "becomes": " ".join(line[1:].strip() for line in lines if line.startswith("+")),
        }
    return told


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write()
    else:
        print(json.dumps(tell(sys.stdin.read().split())))
