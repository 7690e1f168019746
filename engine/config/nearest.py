"""The nearest allowed spelling of a word somebody mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import islice

_MOST = 200
_LONGEST = 80
_CLOSELY = 5


def nearest(word: str, allowed: Iterable[str], cutoff: float) -> str | None:
    """The allowed word that is close enough to be what was meant; case does not count.

    Bounded: the first 200 allowed words are compared by their letters, the best five of these letter by letter.
    """
    if not word or len(word) > _LONGEST:
        return None
    matcher = SequenceMatcher()
    matcher.set_seq2(word.casefold())
    scored: list[tuple[float, str]] = []
    for candidate in islice(allowed, _MOST):
        matcher.set_seq1(candidate[:_LONGEST].casefold())
        if matcher.real_quick_ratio() >= cutoff:
            score = matcher.quick_ratio()
            if score >= cutoff:
                scored.append((score, candidate))
    scored.sort(key=lambda pair: -pair[0])
    best: tuple[float, str] | None = None
    for _, candidate in scored[:_CLOSELY]:
        matcher.set_seq1(candidate[:_LONGEST].casefold())
        score = matcher.ratio()
        if score >= cutoff and (best is None or score > best[0]):
            best = (score, candidate)
    return best[1] if best else None
