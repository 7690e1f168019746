"""GitHub's own description of its answers and webhooks, as a judge: what in this body is not as described?

The description is read through githubkit, whose models and client methods are generated from GitHub's OpenAPI file for
API version 2022-11-28. Its models are lenient on purpose (an optional property may be null, unknown keys are dropped),
so `problems` adds what they leave out: no unknown key, no null where the description has none, no coerced type.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import json
import pkgutil
import re
import types
import typing
import warnings
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

SCHEMAS = "githubkit_schemas.v2022_11_28"
API_VERSION = "2022-11-28"
_DOC_LINE = re.compile(r"^\s*(GET|POST|PUT|PATCH|DELETE) (/\S*)\s*$", re.MULTILINE)
_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Operation:
    """One endpoint of GitHub's description."""

    method: str
    path: str
    """As GitHub spells it: `/repos/{owner}/{repo}/issues`."""
    name: str
    """GitHub's operation id: `issues/create`."""
    answer: Any
    """The type of a successful body, or None when there is none (204 and the like)."""
    errors: Mapping[str, Any] = field(default_factory=dict)
    """Status → type of the error's body, for the statuses the description names."""


class _Recorder:
    """Stands where githubkit's client would send a request and keeps what it was asked for."""

    def __init__(self) -> None:
        self.config = types.SimpleNamespace(rest_api_validate_body=False)
        self.asked: dict[str, Any] = {}

    def request(self, method: str, url: str, **asked: Any) -> None:
        self.asked = {"method": method, "url": url, **asked}


def shape(path: str) -> str:
    """A path with its parameters' names removed, since GitHub and others name them differently."""
    return _PARAMETER.sub("{}", path).rstrip("/") or "/"


@cache
def _methods() -> dict[tuple[str, str], tuple[type, str, str]]:
    """(method, shape) → (githubkit's class, name of its method, path), for each of GitHub's endpoints."""
    found: dict[tuple[str, str], tuple[type, str, str]] = {}
    rest = importlib.import_module(f"{SCHEMAS}.rest")
    for module in pkgutil.iter_modules(rest.__path__):
        loaded = importlib.import_module(f"{SCHEMAS}.rest.{module.name}")
        for client in (kind for name, kind in vars(loaded).items() if name.endswith("Client")):
            for name, method in vars(client).items():
                line = _DOC_LINE.search(getattr(method, "__doc__", None) or "")
                if line and not name.startswith(("async_", "_")):
                    found.setdefault((line[1], shape(line[2])), (client, name, line[2]))
    return found


@cache
def operation(method: str, path: str) -> Operation | None:
    """The description's endpoint for a method and a path template, or None where it has none."""
    found = _methods().get((method, shape(path)))
    if found is None:
        return None
    client, name, spelled = found
    recorder = _Recorder()
    call = getattr(client(recorder), name)
    arguments = {
        parameter.name: "{" + parameter.name + "}"
        for parameter in inspect.signature(call).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.default is parameter.empty
    }
    # Deprecated endpoints warn, and so do models with a field named like a method of pydantic's.
    with warnings.catch_warnings(action="ignore"):
        call(**arguments)
    asked = recorder.asked
    assert (asked["method"], shape(asked["url"])) == (method, shape(path)), asked["url"]
    named = re.match(r"\s*(\S+/\S+)", call.__doc__ or "")
    return Operation(
        method=method,
        path=spelled,
        name=named[1] if named else name,
        answer=asked.get("response_model"),
        errors=asked.get("error_models") or {},
    )


def answer_problems(found: Operation, status: int, body: bytes) -> list[str]:
    """What in an answer's body contradicts the description of that endpoint; empty when nothing does.

    A status the description does not name for the endpoint (401 for most) is held against GitHub's general error, a 422
    with `errors` against its validation error.
    """
    if status == 304:
        return [] if body == b"" else ["304 with a body"]
    if status < 300:
        if found.answer is None:
            return [] if body == b"" else [f"{status}: a body where the description has none"]
        return problems(found.answer, body)
    models = importlib.import_module(f"{SCHEMAS}.models")
    usual = models.ValidationError if status == 422 and b'"errors"' in body else models.BasicError
    described = found.errors.get(str(status), found.errors.get(f"{str(status)[0]}XX", usual))
    # Every error of GitHub's says its status in the body; the description has that only in its general error.
    return [line for line in problems(described, body) if not line.startswith("status: not in the description of")]


@cache
def _adapter(kind: Hashable) -> Any:
    return importlib.import_module("pydantic").TypeAdapter(kind)


def problems(kind: Any, body: bytes) -> list[str]:
    """Where a JSON body does not fit a githubkit type: wrong or missing, unknown key, null without leave."""
    invalid = importlib.import_module("pydantic").ValidationError
    try:
        parsed = _adapter(kind).validate_json(body, strict=True)
    except invalid as error:
        lines = [f"{_place(found['loc'])}: {found['msg']}" for found in error.errors(include_url=False)]
        # An optional property is a union with "unset" in githubkit; that branch always fails too and says nothing.
        return [line for line in lines if "<UNSET>" not in line] or lines
    return list(_unlike(parsed, json.loads(body), ""))


def _place(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location) or "(the whole)"


def _unlike(parsed: Any, raw: Any, place: str) -> Iterator[str]:
    """What pydantic let through because githubkit's models are lenient."""
    if isinstance(raw, list) and isinstance(parsed, (list, tuple)):
        for index, (one, other) in enumerate(zip(parsed, raw, strict=True)):
            yield from _unlike(one, other, f"{place}[{index}]")
    elif isinstance(raw, dict) and hasattr(parsed, "model_fields_set"):
        model: Any = parsed.__class__
        fields = {found.alias or name: name for name, found in model.model_fields.items()}
        nullable = _nullable(model)
        keeps_extra = model.model_config.get("extra") == "allow"
        for key, value in raw.items():
            here = f"{place}.{key}" if place else key
            if key not in fields:
                if not keeps_extra:
                    yield f"{here}: not in the description of {model.__name__}"
            elif value is None and fields[key] not in nullable:
                yield f"{here}: null where the description has none"
            else:
                yield from _unlike(getattr(parsed, fields[key]), value, here)
    elif isinstance(raw, dict) and isinstance(parsed, dict):
        for key, value in raw.items():
            yield from _unlike(parsed[key], value, f"{place}.{key}" if place else key)


@cache
def _nullable(model: Any) -> frozenset[str]:
    """The fields of a model that the description lets be null.

    githubkit spells an optional property `Missing[X]`, which admits null for any X; only the spelled annotation tells.
    """
    found = set()
    for name, annotation in inspect.get_annotations(model).items():
        tree = ast.parse(annotation, mode="eval").body if isinstance(annotation, str) else None
        if tree is None or _admits_null(tree):
            found.add(name)
    return frozenset(found)


def _admits_null(tree: ast.expr) -> bool:
    if isinstance(tree, ast.Constant):
        return tree.value is None
    if isinstance(tree, ast.Name):
        # An alias of a type or a class; only Any (an empty schema) admits null.
        return tree.id == "Any"
    if isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Name):
        inner = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        if tree.value.id in {"Missing", "Annotated"}:
            return _admits_null(inner[0])
        if tree.value.id == "Union":
            return any(_admits_null(part) for part in inner)
        if tree.value.id == "Literal":
            return any(isinstance(part, ast.Constant) and part.value is None for part in inner)
    return False


def literals(kind: Any, field_name: str) -> frozenset[str]:
    """Every word that the models of a union admit for a field."""
    if hasattr(kind, "model_fields"):
        found = kind.model_fields.get(field_name)
        return frozenset(typing.get_args(found.annotation)) if found is not None else frozenset()
    return frozenset().union(*(literals(part, field_name) for part in typing.get_args(kind)))


def webhook_type(event: str, action: str | None) -> Any:
    """The type GitHub's description gives an event and action, or None where it has none."""
    try:
        module = importlib.import_module(f"{SCHEMAS}.webhooks.{event}")
    except ModuleNotFoundError:
        return None
    kinds = getattr(module, "action_types", None)
    if isinstance(kinds, dict):
        return kinds.get(action)
    return module.Event if action is None else None


def described_actions(event: str) -> frozenset[str]:
    """Every action the description knows for an event; empty for an event without actions or an unknown one."""
    with contextlib.suppress(ModuleNotFoundError):
        kinds = getattr(importlib.import_module(f"{SCHEMAS}.webhooks.{event}"), "action_types", None)
        if isinstance(kinds, dict):
            return frozenset(kinds)
    return frozenset()
