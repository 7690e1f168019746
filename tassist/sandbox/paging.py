"""Pages of a list with GitHub's sizes, and the ``Link`` header that leads through them.

Source: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from tassist.sandbox.calls import Answer, Call

Item = TypeVar("Item")
DEFAULT_PAGE = 30
LARGEST_PAGE = 100


def page_size(call: Call) -> int:
    """``per_page``: 30 by default, 100 at most, whatever is asked for."""
    size = _positive(call.query.get("per_page"), DEFAULT_PAGE)
    return min(size, LARGEST_PAGE)


def _positive(text: str | None, default: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return default
    return int(text) or default


def paged(call: Call, items: Sequence[Item], show: Callable[[Item], Any], *, wrap: str | None = None) -> Answer:
    """The page that was asked for.

    Args:
        call: Carries ``page`` and ``per_page``.
        items: The whole list, in order.
        show: Makes one item's JSON; only called for those on the page.
        wrap: The key under which the list stands beside ``total_count``; without it the list is the answer.
    """
    size, page = page_size(call), _positive(call.query.get("page"), 1)
    last = max((len(items) + size - 1) // size, 1)
    shown = [show(item) for item in items[(page - 1) * size : page * size]]
    links = []
    if page > 1:
        links.append(_link(call, min(page - 1, last), "prev"))
    if page < last:
        links += [_link(call, page + 1, "next"), _link(call, last, "last")]
    if page > 1:
        links.append(_link(call, 1, "first"))
    body: Any = {"total_count": len(items), wrap: shown} if wrap else shown
    return Answer(body, links=", ".join(links))


def _link(call: Call, page: int, relation: str) -> str:
    return link_to(call, {**call.query, "page": str(page)}, relation)


def link_to(call: Call, query: dict[str, str], relation: str) -> str:
    """One entry of ``Link``; repositories are named by their id there, as GitHub does."""
    path = call.path
    if path.startswith("/repos/"):
        rest = path.split("/", 4)[4:]
        path = "/".join([f"/repositories/{call.repo.id}", *rest])
    return f'<{call.world.api_url}{path}?{urlencode(query)}>; rel="{relation}"'
