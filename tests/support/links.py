"""`make links`: every link to another site, in the pages and in the sources, is asked once whether it still leads somewhere."""

from __future__ import annotations

import argparse
import ast
import asyncio
import io
import ipaddress
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]
AGENT = "tassist-links/1 (checks the links of its own documentation; https://github.com/automated-assistant-systems/task-assistant)"
AT_ONCE = 4
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\|{}\[\]…]+")
_AFTER = ".,;:!?*_"
_CODE = re.compile(r"^( *)```.*?^\1```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_EXAMPLES = re.compile(
    r"(?:^|\.)(?:example|invalid|test|localhost|example\.(?:com|net|org))$|^your-|^abc\.", re.IGNORECASE
)
_NONE = ("https://github.com/automated-assistant-systems/", "https://github.com/apps/slug")
"""Ourselves, which may be anywhere, and what only shows a form."""
_SOURCES = ("tassist", "engine", "setup_wizard", "migrations")
_KEPT = frozenset({401, 403, 407, 429, 503})
"""Somebody is there and does not tell us: not dead, and not seen either."""


@dataclass(frozen=True)
class Asked:
    """What came of an address: nothing where it leads somewhere."""

    dead: str = ""
    unsure: str = ""
    cut_off: bool = False
    """Nothing of the network answered."""


def addresses(text: str) -> Iterator[tuple[int, str]]:
    """The line and the address of each link of a text."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _ADDRESS.findall(line):
            link = found.rstrip(_AFTER)
            while link.endswith(")") and link.count("(") < link.count(")"):
                link = link[:-1].rstrip(_AFTER)
            yield number, link


def prose(page: str) -> str:
    """A page without its code, which holds what is typed and no links; its lines keep their numbers."""
    return _CODE.sub(lambda code: "\n" * code[0].count("\n"), page)


def remarks(source: str) -> str:
    """The comments and docstrings of a module, on their own lines."""
    lines = [""] * (source.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] += token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for number, line in enumerate(source.splitlines()[node.lineno - 1 : node.end_lineno], node.lineno):
                lines[number - 1] = line
    return "\n".join(lines)


def elsewhere(address: str, *, local: bool) -> bool:
    """Whether it is a link to another site: no example, no machine of one's own."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host in {"127.0.0.1", "localhost"}:
        return local
    try:
        ipaddress.ip_address(host)
    except ValueError:
        upper = urlsplit(address).netloc.isupper()
        return "." in host and not upper and not _EXAMPLES.search(host)
    return False


def collected(root: Path, *, local: bool = False) -> dict[str, list[str]]:
    """Each address → where it stands, as `page:line`."""
    texts: list[tuple[Path, str]] = [(page, prose(page.read_text())) for page in sorted(root.glob("*.md"))]
    texts += [(page, prose(page.read_text())) for page in sorted((root / "docs").rglob("*.md"))]
    texts += [(path, path.read_text()) for path in sorted(root.glob("tassist/problems.json"))]
    for room in _SOURCES:
        texts += [(path, remarks(path.read_text())) for path in sorted((root / room).rglob("*.py"))]
    found: dict[str, list[str]] = {}
    for path, text in texts:
        for number, address in addresses(text):
            if elsewhere(address, local=local) and not address.startswith(_NONE):
                found.setdefault(urldefrag(address).url, []).append(f"{path.relative_to(root)}:{number}")
    return found


async def ask(client: httpx.AsyncClient, address: str) -> Asked:
    """Ask for its head, and where that is refused for the page itself, of which nothing is read."""
    last = Asked()
    for method in ("HEAD", "GET"):
        try:
            async with client.stream(method, address) as answer:
                status = answer.status_code
        except (httpx.ConnectError, httpx.ProxyError) as error:
            return Asked(dead=f"nobody answers: {error}", cut_off=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            last = Asked(dead=f"{type(error).__name__}: {error}".removesuffix(": "))
            continue
        if status < 400:
            return Asked()
        last = Asked(unsure=f"it answers {status}") if status in _KEPT else Asked(dead=f"it answers {status}")
    return last


async def ask_all(found: Sequence[str], *, timeout_s: float) -> dict[str, Asked]:
    """Every address once, a few at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(headers={"User-Agent": AGENT}, follow_redirects=True, timeout=timeout_s) as client:

        async def one(address: str) -> tuple[str, Asked]:
            async with turn:
                return address, await ask(client, address)

        return dict(await asyncio.gather(*(one(address) for address in found)))


def report(found: Mapping[str, list[str]], told: Mapping[str, Asked]) -> int:
    """Say all that is dead, with every place it stands at."""
    if told and all(one.cut_off for one in told.values()):
        print(
            f"links: none of {len(told)} could be asked: there is no network here that leads to them", file=sys.stderr
        )
        return 2
    dead = {address: one for address, one in told.items() if one.dead}
    for address, one in sorted(dead.items()):
        print(f"dead: {address}: {one.dead}")
        for place in found[address]:
            print(f"  {place}")
    unsure = {address: one for address, one in told.items() if one.unsure}
    for address, one in sorted(unsure.items()):
        print(f"not seen: {address}: {one.unsure}")
    hosts = sorted({urlsplit(address).netloc for address, one in told.items() if not one.cut_off})
    print(f"links: {len(told)} asked, {len(dead)} dead, {len(unsure)} not seen; who answered: {', '.join(hosts)}")
    return 1 if dead else 0


def main(args: Sequence[str] | None = None) -> int:
    """Ask, and say what came of it; 1 where a link is dead, 2 where there is no network."""
    parser = argparse.ArgumentParser(prog="links", description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="the checkout to read")
    parser.add_argument("--timeout", type=float, default=20, metavar="SECONDS", help="for each request")
    parser.add_argument("--local", action="store_true", help="ask addresses of this machine, too")
    parser.add_argument(
        "--list", action="store_true", help="ask nothing: list what would be asked, and where it stands"
    )
    said = parser.parse_args(args)
    found = collected(said.root, local=said.local)
    if said.list:
        for address, places in sorted(found.items()):
            print(address, *places)
        return 0
    return report(found, asyncio.run(ask_all(list(found), timeout_s=said.timeout)))


if __name__ == "__main__":
    sys.exit(main())
