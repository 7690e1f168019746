"""The published JSON Schema of the record and its reference page, both generated from the structs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from tassist.telemetry.events import MEANINGS
from tassist.telemetry.shape import SCHEMA_VERSION, Record

SCHEMA_ID = f"urn:tassist:telemetry:record:{SCHEMA_VERSION}"


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one record; unknown fields are allowed everywhere, as readers ignore them."""
    (_, definitions) = msgspec.json.schema_components([Record], ref_template="#/$defs/{name}")
    record = definitions.pop("Record")
    event_type = record["properties"]["event_type"]
    event_type.pop("enum")
    event_type["oneOf"] = [{"const": meaning.type, "description": meaning.meaning} for meaning in MEANINGS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": f"tassist telemetry record {SCHEMA_VERSION}",
        "description": "One JSON object a line, append-only, never rewritten. Readers ignore unknown fields.",
        **{key: value for key, value in record.items() if key not in {"title", "description"}},
        "if": {"properties": {"outcome": {"const": "success"}}},
        "then": {"properties": {"reason": {"type": "null"}}},
        "else": {"properties": {"reason": {"type": "string", "minLength": 1}}},
        "allOf": [
            {
                "if": {"properties": {"event_type": {"const": "run"}}},
                "then": {"properties": {"issue_number": {"type": "integer"}}, "required": ["trigger"]},
            }
        ],
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it is published, byte for byte."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema_digest() -> str:
    """SHA-256 of the published schema, in hex; a test pins it, so that the contract does not change by accident."""
    return hashlib.sha256(schema_text().encode()).hexdigest()


def reference() -> str:
    """docs/reference/telemetry.md: fields and event types, without the note that it is generated."""
    document = schema()
    required = document["required"]
    lines = [
        f"# Telemetry records, schema {SCHEMA_VERSION}",
        "",
        "One JSON object a line, append-only, never rewritten. The schema is [telemetry.schema.json](telemetry.schema.json).",
        "What it promises and why is told in [the explanation](../explanation/telemetry.md).",
        "",
        "## Fields of every record",
        "",
        *_fields({name: document["properties"][name] for name in required}),
        "",
        "## Fields where they apply",
        "",
        *_fields({name: shape for name, shape in document["properties"].items() if name not in required}),
    ]
    for name, definition in document["$defs"].items():
        lines += ["", f"### {name}", "", definition["description"], "", *_fields(definition["properties"])]
    lines += ["", "## Event types", "", "The list is closed for 1.x.", ""]
    lines += ["| type | one record for each | meaning |", "|---|---|---|"]
    lines += [f"| `{meaning.type}` | {meaning.per} | {meaning.meaning} |" for meaning in MEANINGS]
    lines += [
        "",
        "## Aggregation, duplicates, retention",
        "",
        "Records with the same `event_id` are one record: count it once, whichever copy is read first. The id is made from the key.",
        "Retention is the default of every sink that `prune` can reach; a day's records that go leave a `day_aggregate`.",
        "",
        "| type | counts as | how | key of `event_id` | kept |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{meaning.type}` | {meaning.aggregation} | {meaning.note} | {meaning.key} | "
        f"{f'{meaning.keep_days} days' if meaning.keep_days else 'for ever'} |"
        for meaning in MEANINGS
    ]
    return "\n".join(lines) + "\n"


def _fields(properties: dict[str, Any]) -> list[str]:
    rows = [f"| `{name}` | {_kind(shape)} | {shape.get('description', '')} |" for name, shape in properties.items()]
    return ["| field | type | what it is |", "|---|---|---|", *rows]


def _kind(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        return f"[{shape['$ref'].rsplit('/', 1)[1]}](#{shape['$ref'].rsplit('/', 1)[1].lower()})"
    if "anyOf" in shape:
        return " or ".join(_kind(option) for option in shape["anyOf"])
    if "oneOf" in shape:
        return "one of the [event types](#event-types)"
    if "enum" in shape:
        return ", ".join("null" if value is None else f"`{value}`" for value in sorted(shape["enum"], key=str))
    if shape.get("type") == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    if shape.get("type") == "object":
        return f"object of {_kind(shape.get('additionalProperties') or {})}"
    return {"date-time": "time", "date": "date"}.get(shape.get("format", ""), str(shape.get("type", "any")))
