"""Patterns written by users, searched in linear time: RE2 has no input that makes it slow."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def found_in(pattern: str, text: str) -> bool:
    """Whether the pattern occurs anywhere in the text.

    The pattern was accepted by `engine.config.parse`. A lone surrogate, which JSON can carry and UTF-8 cannot, counts
    as a question mark.
    """
    try:
        return _compiled(pattern).search(text) is not None
    except UnicodeEncodeError:
        return _compiled(pattern).search(text.encode("utf-8", "replace").decode()) is not None
