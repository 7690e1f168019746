"""The answers file's JSON Schema, made from the questions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from setup_wizard.answers import VERSION
from setup_wizard.question import Question

REFERENCE = "^(env|file|keyring):.+"


def answers_schema(questions: Iterable[Question]) -> dict[str, Any]:
    """The schema as a document."""
    found = list(questions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answers for tassist setup",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "version": {"const": VERSION, "description": "The version of this form."},
            "ask": {
                "type": "array",
                "items": {"enum": [question.id for question in found]},
                "uniqueItems": True,
                "description": "Questions to ask although they are answered here.",
            },
        }
        | {question.id: _property(question) for question in found},
    }


def _property(question: Question) -> dict[str, Any]:
    described: dict[str, Any] = {"description": f"{question.text} {question.why}"}
    if question.kind == "yes-no":
        return described | {"type": "boolean"}
    if question.kind == "number":
        return described | {"type": "integer", "minimum": 0}
    if question.kind == "many":
        return described | {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    if question.kind == "choice" and question.choices:
        return described | {"enum": [choice.value for choice in question.choices]}
    described["type"] = ["string", "integer"] if question.id.endswith("_id") else "string"
    if question.secret:
        described["pattern"] = REFERENCE
    if question.example and not question.secret:
        described["examples"] = [question.example]
    return described


def schema_text(questions: Iterable[Question]) -> str:
    """The schema as a file."""
    return json.dumps(answers_schema(questions), indent=2, ensure_ascii=False) + "\n"
