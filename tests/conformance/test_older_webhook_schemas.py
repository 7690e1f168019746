"""Deliveries held against the JSON schemas of octokit/webhooks as well, where a copy of them is at hand.

The collection is older than GitHub's own description and no longer grows; nothing of it is part of this project. Point
`OCTOKIT_WEBHOOKS` at a checkout (the folder with `payload-schemas`) to run this file.
Source: https://github.com/octokit/webhooks
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import webhook_table
from tests.conformance.webhook_table import Kind

CHECKOUT = Path(os.environ.get("OCTOKIT_WEBHOOKS", "/nonexistent")) / "payload-schemas" / "api.github.com"
pytestmark = pytest.mark.skipif(
    not CHECKOUT.is_dir(), reason="OCTOKIT_WEBHOOKS does not name a checkout of octokit/webhooks"
)

GAPS: dict[str, str] = {
    r"^there is no older schema": "sub-issues came after the collection was closed",
    r"events: enum: ": "the list of events an App can subscribe to grew",
    r"performed_via_github_app: type: ": "the other half of a union that fails for the App's events",
    r"^requester: type: ": "an installation nobody had to ask for has no requester",
    r"^milestone\.(closed_at: type|state: enum): ": "a milestone can be created closed; the schema knows open ones only",
    r"^pull_request\.milestone: type: ": "a pull request without its milestone has none",
    r"^hook(\.events)?: ": "a ping of an App's hook lists its events; the schema knows the hooks of repositories",
    r"(head|base)\.repo: ": "the repository of a branch has no custom properties in GitHub's description",
    r"changes\.(old|new)_repository: required: 'custom_properties'": "nor has one that an issue comes from or goes to",
}
"""The validator's sentence → why GitHub's newer description is followed."""


@cache
def _registry() -> Any:
    """Every schema by its `$id`: `issues$opened`, `common/issue.schema.json`."""
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT7

    schemas = [_open(json.loads(path.read_text())) for path in sorted(CHECKOUT.rglob("*.schema.json"))]
    found: Any = Registry()
    return found.with_resources(
        (schema["$id"], Resource.from_contents(schema, default_specification=DRAFT7)) for schema in schemas
    )


def _open(schema: Any) -> Any:
    """The schema with room for keys that GitHub has added since; it forbids what it does not know."""
    if isinstance(schema, dict):
        return {key: _open(value) for key, value in schema.items() if (key, value) != ("additionalProperties", False)}
    return [_open(item) for item in schema] if isinstance(schema, list) else schema


def complaints(kind: Kind, payload: dict[str, Any]) -> set[str]:
    """What the older schema of an event and action has against a payload."""
    from jsonschema import Draft7Validator

    event, action = kind
    name = f"{event}${action or 'event'}"
    if name not in _registry():
        return {"there is no older schema"}
    validator = Draft7Validator({"$ref": name}, registry=_registry())
    found = set()
    for error in validator.iter_errors(payload):
        for leaf in _leaves(error):
            place = ".".join(str(part) for part in leaf.absolute_path if not isinstance(part, int))
            found.add(f"{place}: {leaf.validator}: {leaf.message[-120:]}")
    return found


def _leaves(error: Any) -> list[Any]:
    return [leaf for inner in error.context for leaf in _leaves(inner)] if error.context else [error]


def test_deliveries_fit_the_older_schemas_but_for_keys_github_has_added_since() -> None:
    left: dict[str, set[str]] = {}
    with webhook_table.delivered() as (_, delivered):
        for kind, received in delivered.items():
            for item in received:
                for line in complaints(kind, item.payload):
                    left.setdefault(line, set()).add(".".join(filter(None, kind)))

    unexplained = {line: kinds for line, kinds in left.items() if not any(re.search(gap, line) for gap in GAPS)}
    assert unexplained == {}
