"""Every binding of the app and its screens, for the keymap file and for docs/reference/keys.md."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

import tassist.tui.screens
import tassist.tui.widgets


@dataclass(frozen=True, slots=True, order=True)
class KeyRow:
    """One binding as documented."""

    scope: str
    id: str
    key: str
    description: str
    tooltip: str


def all_bindings() -> list[KeyRow]:
    """Every binding with an id that is ours, by scope."""
    from tassist.tui.app import TassistApp

    rows: dict[tuple[str, str], KeyRow] = {}
    owners: list[type[Any]] = [TassistApp, *_ours()]
    for owner in owners:
        scope = "everywhere" if issubclass(owner, App) else _scope(owner)
        for binding in owner.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                rows[scope, binding.id] = KeyRow(scope, binding.id, binding.key, binding.description, binding.tooltip)
    return sorted(rows.values(), key=lambda row: (row.scope != "everywhere", row.scope, row.id))


def page() -> str:
    """docs/reference/keys.md."""
    parts = [
        "# Keys\n",
        "Each can be given another key: a file `keys.toml` in the home folder (or the one the setting `keymap` names)",
        'with lines of `binding-id = "key"`. What is wrong in it is said in the list of problems (`ctrl+t`).\n',
        "```toml",
        'next-theme = "f6"',
        'leave = "ctrl+x"',
        "```",
    ]
    scope = ""
    for row in all_bindings():
        if row.scope != scope:
            scope = row.scope
            parts += [f"\n## {scope[0].upper()}{scope[1:]}\n", "| key | binding | what it does |", "|---|---|---|"]
        keys = " ".join(f"`{_shown(key)}`" for key in row.key.split(","))
        parts.append(f"| {keys} | `{row.id}` | {row.description}: {row.tooltip} |")
    return "\n".join(parts) + "\n"


def _ours() -> Iterator[type[Any]]:
    """Every screen and widget class of ours."""
    for package in (tassist.tui.screens, tassist.tui.widgets):
        for found in sorted(pkgutil.iter_modules(package.__path__, f"{package.__name__}."), key=lambda one: one.name):
            module = importlib.import_module(found.name)
            for _, owner in sorted(inspect.getmembers(module, inspect.isclass)):
                if owner.__module__ == found.name and issubclass(owner, DOMNode):
                    yield owner


def _scope(owner: type[Any]) -> str:
    name = owner.__name__.removesuffix("Screen").removesuffix("Modal")
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def _shown(key: str) -> str:
    return {"question_mark": "?", "slash": "/", "full_stop": ".", "comma": ",", "plus": "+", "minus": "-"}.get(key, key)
