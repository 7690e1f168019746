"""The JSON Schema of a configuration (draft 7, which editors read), made from the declaration the parser uses.

It accepts exactly what the structural stage accepts. What no schema can say (a name must be declared elsewhere, days
must be in order, a pattern must compile) is found by `tassist config validate` only.
"""

from __future__ import annotations

from engine.config.declaration import CONFIG
from engine.config.nodes import Json
from engine.config.spec import Choice, Field, Flag, ListOf, MapOf, Record, Spec, Text, Whole

_Schema = dict[str, Json]


def json_schema() -> _Schema:
    """The schema, as plain data; keys in the order of the declaration."""
    definitions: _Schema = {}
    root = _record(CONFIG, definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Task Assistant configuration, schema 1.0",
        **root,
        "definitions": definitions,
    }


def _record(record: Record, definitions: _Schema) -> _Schema:
    properties: _Schema = {field.name: _field(field, definitions) for field in record.fields}
    schema: _Schema = {"description": record.help, "type": "object", "properties": properties}
    required: list[Json] = [field.name for field in record.fields if field.required]
    if required:
        schema["required"] = required
    if not record.open:
        schema["additionalProperties"] = False
    rules: list[Json] = [{"not": {"required": list(pair)}} for pair in record.not_both]
    if record.exactly_one:
        rules.append({"oneOf": [{"required": [name]} for name in record.exactly_one]})
    if rules:
        schema["allOf"] = rules
    return schema


def _field(field: Field, definitions: _Schema) -> _Schema:
    schema = _spec(field.spec, definitions)
    help_ = field.help + (f" Default: {field.default}." if field.default else "")
    if field.required:
        return {**schema, "description": help_}
    # A key with nothing behind it counts as left out.
    return {"description": help_, "anyOf": [schema, {"type": "null"}]}


def _spec(spec: Spec, definitions: _Schema) -> _Schema:
    if isinstance(spec, Text):
        return _text(spec)
    if isinstance(spec, Whole):
        return {"type": "integer", "minimum": spec.low, "maximum": spec.high}
    if isinstance(spec, Flag):
        return {"type": "boolean"}
    if isinstance(spec, Choice):
        return {"enum": list(spec.names)}
    if isinstance(spec, ListOf):
        schema: _Schema = {"type": "array", "items": _spec(spec.item, definitions), "maxItems": spec.max_items}
        if spec.min_items:
            schema["minItems"] = spec.min_items
        return schema
    if isinstance(spec, MapOf):
        names = _text(spec.key)
        if spec.refused:
            names = {"allOf": [names, {"not": {"enum": [name for name, _ in spec.refused]}}]}
        return {"type": "object", "propertyNames": names, "additionalProperties": _spec(spec.value, definitions)}
    name = spec.name.replace(" ", "_")
    definitions[name] = {}  # keeps the place, so that definitions stand in the order of their use
    definitions[name] = _record(spec, definitions)
    return {"$ref": f"#/definitions/{name}"}


def _text(spec: Text) -> _Schema:
    schema: _Schema = {"type": "string", "maxLength": spec.max_chars}
    if spec.min_chars:
        schema["minLength"] = spec.min_chars
    if spec.pattern:
        schema["pattern"] = spec.pattern
    if spec.date:
        schema["format"] = "date"
    return schema
