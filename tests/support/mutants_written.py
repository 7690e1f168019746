"""mutmut's part of `make mutate`: writes the mutants of a copy of the engine, in `mutants/`, those of unchanged files not again.

Run in that copy with the environment mutmut is installed in, so it imports nothing of ours.
"""

from __future__ import annotations

from pathlib import Path

WORKERS = 2


def main() -> None:
    """The mutants of every file that setup.cfg selects."""
    from mutmut.__main__ import create_mutants  # type: ignore[import-not-found]
    from mutmut.utils.file_utils import copy_src_dir  # type: ignore[import-not-found]

    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    create_mutants(WORKERS)


if __name__ == "__main__":
    main()
