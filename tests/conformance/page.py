"""docs/reference/sandbox-conformance.md: both tables, from real requests and real deliveries."""

from __future__ import annotations

from pathlib import Path

from tests.conformance import table, webhook_table

PATH = "docs/reference/sandbox-conformance.md"
TEXT = Path(__file__).resolve().parents[2] / PATH

_HEAD = """# GitHub in a box: what is held against GitHub's description

Every endpoint of [the box](sandbox.md) was asked over a real socket, for successes and for the refusals GitHub documents;
status, headers and body were held against GitHub's own description (OpenAPI, API version 2022-11-28) through the models
that githubkit generates from it: nothing missing, no other type, no key the description does not know, no null it does
not allow. A route that nobody tries fails the tests.

"Answered" lists the statuses that were seen and judged. "Yes, with more" means that the box shows what GitHub shows and its
description forgets; the reasons stand below the table.

## Endpoints

"""
_WEBHOOKS = """
## Deliveries

Every event and action the box can send was made to happen, received by a real hook, verified and held against the
description in the same way. githubkit's own verification and parser take them all.

"""
_FOOT = """
## The older collection of examples

octokit/webhooks collects schemas and examples of deliveries, and is older than the description. Of its 273 examples for
github.com, today's models refuse 80, because they lack what GitHub has added since: the state reason of a discussion, who
archived a label, whether a release is immutable. Its schemas in turn forbid every key they do not know. So the description
decides here; `tests/conformance/test_older_webhook_schemas.py` holds the box's deliveries against the older schemas as
well, where a checkout of them is named, and gives the reason for each difference.
"""


def page(rows: list[table.Row], verdicts: list[webhook_table.Verdict]) -> str:
    """The page's text."""
    return _HEAD + table.markdown(rows) + _WEBHOOKS + webhook_table.markdown(verdicts) + _FOOT


def fresh_page() -> str:
    """The page from requests and deliveries made now; takes some seconds."""
    return page(table.table(), webhook_table.table())
