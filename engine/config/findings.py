"""Collects problems and warnings, a bounded number of each, and says how many more there were."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.config.limits import MAX_COMPARISONS, MAX_PROBLEMS
from engine.config.nearest import nearest
from engine.problems import Problem, Where


class Findings:
    """What was found in one file, in the order of the file."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._more_problems = 0
        self._more_warnings = 0
        self._comparisons = 0

    @property
    def failed(self) -> bool:
        """Whether there is any problem."""
        return bool(self._problems)

    @property
    def wants_problem(self) -> bool:
        """Whether one more problem would be kept; where not, it is only counted and its words need not be made."""
        if len(self._problems) < MAX_PROBLEMS - 1:
            return True
        self._more_problems += 1
        return False

    @property
    def wants_warning(self) -> bool:
        """The same for a warning."""
        if len(self._warnings) < MAX_PROBLEMS - 1:
            return True
        self._more_warnings += 1
        return False

    def problem(self, code: str, where: Where, what: str, why: str, fix: str) -> None:
        """Keep a problem, where there is room."""
        if self.wants_problem:
            self._problems.append(Problem(code, what, why, fix, where))

    def fatal(self, code: str, where: Where, what: str, why: str, fix: str) -> None:
        """Keep a problem that ended the reading, even where it takes another one's room."""
        if not self.wants_problem:
            self._problems.pop()
        self._problems.append(Problem(code, what, why, fix, where))

    def warning(self, code: str, where: Where, what: str, why: str, fix: str) -> None:
        """Keep a warning, where there is room."""
        if self.wants_warning:
            self._warnings.append(Problem(code, what, why, fix, where))

    def nearest(self, word: str, allowed: Collection[str], cutoff: float) -> str | None:
        """The nearest allowed spelling; ``None`` too where this file has used up its comparisons."""
        self._comparisons += min(len(allowed), 200)
        return nearest(word, allowed, cutoff) if self._comparisons <= MAX_COMPARISONS else None

    def did_you_mean(self, word: str, allowed: Collection[str], *, cutoff: float = 0.6) -> str:
        """``did you mean X?``, or nothing."""
        found = self.nearest(word, allowed, cutoff)
        return f"did you mean {found}?" if found else ""

    def broken(self, *sections: str) -> bool:
        """Whether something is, or may be, wrong in one of the top-level keys; a name missing from such a one says nothing."""
        paths = [problem.where.path for problem in self._problems if problem.where]
        return bool(self._more_problems) or any(not path or re.split(r"[.\[]", path)[0] in sections for path in paths)

    def problems(self) -> tuple[Problem, ...]:
        """By line and column; the last one names those left out."""
        return self._ordered(self._problems, self._more_problems, "problem")

    def warnings(self) -> tuple[Problem, ...]:
        """By line and column; the last one names those left out."""
        return self._ordered(self._warnings, self._more_warnings, "warning")

    def _ordered(self, found: list[Problem], more: int, noun: str) -> tuple[Problem, ...]:
        ordered = sorted(found, key=_place)
        if more:
            ordered.append(
                Problem(
                    code=f"config-more-{noun}s",
                    what=f"{more} more {noun}{'s are' if more > 1 else ' is'} not shown",
                    why=f"at most {MAX_PROBLEMS - 1} are listed at once",
                    fix="mend these first, then validate again",
                    where=Where(self.file),
                )
            )
        return tuple(ordered)


def _place(problem: Problem) -> tuple[int, int, str]:
    where = problem.where or Where()
    return (where.line or 0, where.column or 0, problem.code)
