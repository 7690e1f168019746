"""mutmut's part of `make mutate`: writes the mutants of a copy of the engine, in `mutants/`, those of unchanged files not again.

Run in that copy with the environment mutmut is installed in, so it imports nothing of ours. What `cast` says to the type checker is left as it
is: nothing happens there when the engine runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORKERS = 2


def main() -> None:
    """The mutants of every file that setup.cfg selects."""
    from mutmut.__main__ import create_mutants  # type: ignore[import-not-found]
    from mutmut.utils.file_utils import copy_src_dir  # type: ignore[import-not-found]

    leave_casts()
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    create_mutants(WORKERS)


def leave_casts() -> None:
    """Have only the value of a `cast` mutated, in this process and those forked from it."""
    import libcst  # type: ignore[import-not-found]
    from mutmut.mutation.file_mutation import MutationVisitor  # type: ignore[import-not-found]

    visit = MutationVisitor.on_visit

    def on_visit(self: Any, node: Any) -> Any:
        if isinstance(node, libcst.Call) and isinstance(node.func, libcst.Name) and node.func.value == "cast":
            node.args[1].visit(self)
            return False
        return visit(self, node)

    MutationVisitor.on_visit = on_visit


if __name__ == "__main__":
    main()
