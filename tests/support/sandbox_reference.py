"""The reference page of the box, made from what it does: endpoints, events, settings, faults."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields

from tassist.sandbox import faults, world
from tassist.sandbox.api import Api  # noqa: F401 - brings the routes in
from tassist.sandbox.calls import ROUTES, Route
from tassist.sandbox.events import ALWAYS, SENT

HEAD = """# GitHub in a box: reference

What it is for and how to use it: [GitHub in a box](../explanation/github-in-a-box.md).
"""


def _asks(route: Route) -> str:
    if route.by_app:
        return "the App's JSON web token"
    if route.needs:
        role = f"; role {route.role}" if route.role != "read" else ""
        return f"`{route.needs.replace('|', '` or `')}`{role}"
    return "a token" if route.sign_in else "–"


def _endpoints() -> str:
    routes = sorted(ROUTES, key=lambda route: (route.pattern, route.method))
    rows = "\n".join(f"| {route.method} | `{route.pattern}` | {_asks(route)} |" for route in routes)
    intro = "All below `/api/v3`; `/repositories/{id}/…` works wherever `/repos/{owner}/{repo}/…` does."
    return f"## Endpoints\n\n{intro}\n\n| method | path | asks for |\n|---|---|---|\n{rows}\n"


def _events() -> str:
    rows = "\n".join(
        f"| `{event}` | {', '.join(actions) or '–'} | {'always' if event in ALWAYS else 'on subscription'} |"
        for event, actions in SENT.items()
    )
    return f"## Deliveries\n\n| event | actions | heard |\n|---|---|---|\n{rows}\n"


def _settings() -> str:
    """Names, defaults and the strings under the fields."""
    tree = ast.parse(inspect.getsource(world.Settings)).body[0]
    assert isinstance(tree, ast.ClassDef)
    said: dict[str, str] = {}
    name = ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said[name] = " ".join(str(node.value.value).split())
    default = world.Settings()
    rows = "\n".join(
        f"| `{field.name}` | `{getattr(default, field.name)!r}` | {said.get(field.name, '')} |"
        for field in fields(world.Settings)
    )
    return f"## Settings: `box.settings`\n\n| name | default | what it is |\n|---|---|---|\n{rows}\n"


def _faults() -> str:
    made = [
        (name, method)
        for name, method in vars(faults.Faults).items()
        if not name.startswith("_") and inspect.isfunction(method) and name not in {"strike", "add"}
    ]
    rows = "\n".join(f"| `{name}` | {(inspect.getdoc(method) or '').splitlines()[0]} |" for name, method in made)
    intro = (
        "Each takes `method` (`GET` …, `read`, `write`, `*`), `path` (with `*`), `count` (1 unless given, `None`: until\n"
        "removed), `probability` and `skip`."
    )
    return f"## Faults: `box.faults`\n\n{intro}\n\n| call | what happens |\n|---|---|\n{rows}\n"


def page() -> str:
    """The page's text."""
    return f"{HEAD}\n{_endpoints()}\n{_events()}\n{_settings()}\n{_faults()}".replace("``", "`")
