"""Where the next page is: read from ``Link``, never built.

Source: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import re

_LINK = re.compile(r"<([^<>]{1,4000})>\s*((?:;[^,<]{0,200})*)")
_NEXT = re.compile(r""";\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)""", re.IGNORECASE)


def next_page(link: str) -> str | None:
    """The address of the next page, or ``None`` on the last."""
    for found in _LINK.finditer(link[:20_000]):
        if _NEXT.search(found.group(2)):
            return found.group(1)
    return None
