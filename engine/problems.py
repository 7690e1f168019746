"""A problem is a value before it is an exception: what happened, why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine.overriding import override

Family = Literal["yours", "world", "ours", "auth", "waiting"]


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file; lines and columns count from 1."""

    file: str = ""
    line: int | None = None
    column: int | None = None
    path: str = ""
    """The key's path, such as ``enforcement.exclusivity.track.mode``."""

    @override
    def __str__(self) -> str:
        """``file:line:column (path)``, leaving out what is not known."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part not in ("", None))
        if self.path:
            return f"{place} ({self.path})" if place else self.path
        return place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in words a person can act on."""

    code: str
    """A stable slug such as ``config-unknown-label``; documented under this name."""
    what: str
    why: str = ""
    fix: str = ""
    where: Where | None = None
    family: Family = "yours"
    """Whose it is: the user's input, the world's (network, disk, GitHub), ours (a bug), or a matter of permission."""

    @override
    def __str__(self) -> str:
        """The three-line form used by every face of the product."""
        head = f"{self.where}: {self.what}" if self.where and str(self.where) else self.what
        lines = [head]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class ProblemError(Exception):
    """Carries problems across a boundary; at least one."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if not self.problems:
            raise ValueError("a ProblemError carries at least one problem")
        super().__init__("\n".join(str(problem) for problem in self.problems))
