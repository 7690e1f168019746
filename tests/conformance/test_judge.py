"""The judge itself: each way a body can contradict GitHub's description is seen, and a right body passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import conformance

LABEL: dict[str, Any] = {
    "id": 1,
    "node_id": "LA_1",
    "url": "http://127.0.0.1/labels/bug",
    "name": "bug",
    "description": None,
    "color": "d73a4a",
    "default": True,
    "archived_at": None,
    "archived_by": None,
}


def found(body: Any, method: str = "GET", path: str = "/repos/{owner}/{repo}/labels/{name}") -> list[str]:
    operation = conformance.operation(method, path)
    assert operation is not None
    return conformance.answer_problems(operation, 200, json.dumps(body).encode())


def test_a_right_body_has_no_problem() -> None:
    assert found(LABEL) == []


@pytest.mark.parametrize("key", sorted(LABEL))
def test_a_missing_required_key_is_seen(key: str) -> None:
    assert found({name: value for name, value in LABEL.items() if name != key}) == [f"{key}: Field required"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("id", "1"), ("id", 1.5), ("id", True), ("name", 7), ("default", "yes"), ("default", 1), ("color", ["d73a4a"])],
)
def test_a_wrong_type_is_seen_and_never_coerced(key: str, value: Any) -> None:
    assert [line for line in found({**LABEL, key: value}) if line.startswith(key)]


def test_a_key_the_description_does_not_know_is_seen() -> None:
    assert found({**LABEL, "colour": "d73a4a"}) == ["colour: not in the description of Label"]


def test_null_is_seen_where_the_description_has_none_even_for_an_optional_key() -> None:
    """Githubkit itself lets every optional property be null."""
    where = "/repos/{owner}/{repo}/installation"
    operation = conformance.operation("GET", where)
    assert operation is not None
    nullable = conformance._nullable(operation.answer)
    fields = operation.answer.model_fields
    assert "contact_email" in nullable
    assert "client_id" in fields
    assert "client_id" not in nullable


def test_a_body_of_another_shape_is_seen() -> None:
    assert found([LABEL])
    assert found(LABEL, path="/repos/{owner}/{repo}/labels")
    assert found([LABEL], path="/repos/{owner}/{repo}/labels") == []
    assert found([{**LABEL, "id": None}], path="/repos/{owner}/{repo}/labels")


def test_a_body_where_none_belongs_is_seen() -> None:
    operation = conformance.operation("DELETE", "/repos/{owner}/{repo}/labels/{name}")
    assert operation is not None
    assert operation.answer is None
    assert conformance.answer_problems(operation, 204, b"") == []
    assert conformance.answer_problems(operation, 204, b"{}") == ["204: a body where the description has none"]


def test_errors_are_held_against_the_model_of_their_own_status() -> None:
    operation = conformance.operation("POST", "/repos/{owner}/{repo}/issues")
    assert operation is not None
    right = {
        "message": "Validation Failed",
        "documentation_url": "https://docs.github.com/rest",
        "errors": [{"resource": "Issue", "code": "missing_field", "field": "title"}],
    }
    assert conformance.answer_problems(operation, 422, json.dumps({**right, "status": "422"}).encode()) == []
    wrong = {**right, "errors": [{"resource": "Issue", "field": "title"}]}
    assert conformance.answer_problems(operation, 422, json.dumps(wrong).encode()) == [
        "errors.list[ValidationErrorPropErrorsItems].0.code: Field required"
    ]
    assert conformance.answer_problems(operation, 401, json.dumps(right).encode()) == [
        "errors: not in the description of BasicError"
    ]


def test_every_endpoint_of_the_description_can_be_asked_for() -> None:
    """Over a thousand; an endpoint githubkit would not give up here would look undescribed."""
    known = conformance._methods()

    assert len(known) > 1000
    for method, path in known:
        operation = conformance.operation(method, path)
        assert operation is not None
        assert operation.method == method


def test_an_endpoint_github_does_not_describe_has_no_operation() -> None:
    assert conformance.operation("GET", "/repositories/{id}") is None
    assert conformance.operation("TRACE", "/repos/{owner}/{repo}") is None


def test_webhook_types_are_told_apart_by_event_and_action() -> None:
    opened = conformance.webhook_type("issues", "opened")
    assert opened is not None
    assert opened is not conformance.webhook_type("issues", "closed")
    assert conformance.webhook_type("issues", "exploded") is None
    assert conformance.webhook_type("nonsense", None) is None
    assert conformance.webhook_type("push", None) is not None
    assert "labeled" in conformance.described_actions("issues")
    assert conformance.described_actions("push") == frozenset()
