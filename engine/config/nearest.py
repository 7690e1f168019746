"""The nearest allowed spelling of a word somebody mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 200
_LONGEST = 80


def nearest(word: str, allowed: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The allowed word that is close enough to be what was meant; case does not count.

    Bounded: of very many or very long words only the first ones are compared.
    """
    spelled: dict[str, str] = {}
    for candidate in allowed:
        spelled.setdefault(candidate[:_LONGEST].casefold(), candidate)
        if len(spelled) >= _MOST:
            break
    if len(word) > _LONGEST:
        return None
    found = get_close_matches(word.casefold(), spelled, n=1, cutoff=cutoff)
    return spelled[found[0]] if found else None


def did_you_mean(word: str, allowed: Iterable[str], *, cutoff: float = 0.6) -> str:
    """``did you mean X?``, or nothing."""
    found = nearest(word, allowed, cutoff=cutoff)
    return f"did you mean {found}?" if found else ""
