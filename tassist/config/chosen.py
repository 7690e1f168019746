"""Which repositories the service looks after, of those the App is installed on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.problems import Problem, ProblemError
from tassist.text import safe_text

ALL = "all"
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,100}")
_REPO = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Names as GitHub spells them now, folded; ``None`` chooses whatever the App is installed on, also later."""

    names: frozenset[str] | None = None
    """``owner/name`` of a repository, or ``owner`` for all of an account's."""

    def takes(self, repo: str) -> bool:
        """Whether a repository, ``owner/name``, is looked after."""
        if self.names is None:
            return True
        name = repo.casefold()
        return name in self.names or name.partition("/")[0] in self.names


EVERYWHERE = Chosen()


def read_chosen(text: str) -> Chosen:
    """The setting ``repositories``.

    Raises:
        ProblemError: with every name that is none.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or ALL in (part.casefold() for part in parts):
        return EVERYWHERE
    wrong = [part for part in parts if not (_REPO.fullmatch(part) or _ACCOUNT.fullmatch(part))]
    if wrong:
        raise ProblemError(
            Problem(
                "setting-wrong",
                f"repositories names {safe_text(part, max_chars=100)!r}",
                "it takes OWNER/NAME for one repository, OWNER for all of an account's, or all",
                "set TASSIST_REPOSITORIES, such as acme/app,acme/api; tassist setup --redo repositories chooses from a list",
            )
            for part in wrong
        )
    return Chosen(frozenset(part.casefold() for part in parts))
