"""Actions without a runner: variables, and workflows to look at, disable and enable.

Source: https://docs.github.com/en/rest/actions/variables and https://docs.github.com/en/rest/actions/workflows
"""

from __future__ import annotations

import re
from typing import Literal

from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import GitHubError, not_found, unprocessable
from tassist.sandbox.model import Variable, Workflow
from tassist.sandbox.paging import page_size, paged

_VARIABLES = "/repos/{owner}/{repo}/actions/variables"
_WORKFLOWS = "/repos/{owner}/{repo}/actions/workflows"
_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
_MAX_VALUE = 48 * 1024
_VARIABLES_PAGE = 10
"""The default page of this list is 10, not 30."""


def _named(call: Call) -> Variable:
    found = call.repo.variables.get(call.params["name"].upper())
    if found is None:
        raise not_found("https://docs.github.com/rest/actions/variables#get-a-repository-variable")
    return found


def _check_name(name: str) -> str:
    name = name.upper()
    if not _NAME.fullmatch(name):
        raise unprocessable(
            "Variable names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces"
            " are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_). Cannot start with GITHUB_."
        )
    return name


def _check_value(value: str) -> str:
    if len(value.encode()) > _MAX_VALUE:
        raise unprocessable("Variable value is too long (maximum is 48 KB).")
    return value


@route("GET", _VARIABLES, needs="actions_variables|variables:read", role="write", sign_in=True)
def _list(call: Call) -> Answer:
    size = min(page_size(call), 30) if "per_page" in call.query else _VARIABLES_PAGE
    call.query = {**call.query, "per_page": str(size)}
    found = sorted(call.repo.variables.values(), key=lambda item: item.name)
    return paged(call, found, render.variable, wrap="variables")


@route("POST", _VARIABLES, needs="actions_variables|variables:write", role="write", content=True)
def _create(call: Call) -> Answer:
    body = call.body()
    name, value = _check_name(body.must("name")), _check_value(body.must("value"))
    if name in call.repo.variables:
        raise GitHubError(409, "Already exists - Variable already exists")
    call.repo.variables[name] = Variable(name, value, call.now, call.now)
    call.world.changes += 1
    return Answer({}, 201)


@route("GET", f"{_VARIABLES}/{{name}}", needs="actions_variables|variables:read", role="write", sign_in=True)
def _get(call: Call) -> Answer:
    return Answer(render.variable(_named(call)))


@route("PATCH", f"{_VARIABLES}/{{name}}", needs="actions_variables|variables:write", role="write")
def _edit(call: Call) -> Answer:
    variable, body = _named(call), call.body()
    name, value = body.text("name"), body.text("value")
    if value is not None:
        _check_value(value)
    before = (variable.name, variable.value)
    if name is not None and _check_name(name) != variable.name:
        if name.upper() in call.repo.variables:
            raise GitHubError(409, "Already exists - Variable already exists")
        del call.repo.variables[variable.name]
        variable.name = name.upper()
        call.repo.variables[variable.name] = variable
    if value is not None:
        variable.value = value
    if (variable.name, variable.value) != before:
        variable.updated_at = call.now
        call.world.changes += 1
    return Answer(status=204)


@route("DELETE", f"{_VARIABLES}/{{name}}", needs="actions_variables|variables:write", role="write")
def _delete(call: Call) -> Answer:
    del call.repo.variables[_named(call).name]
    call.world.changes += 1
    return Answer(status=204)


def _workflow(call: Call) -> Workflow:
    """By id, or by the name of its file."""
    wanted = call.params["workflow"]
    for item in call.repo.workflows.values():
        if wanted in {str(item.id), item.path.rpartition("/")[2]}:
            return item
    raise not_found("https://docs.github.com/rest/actions/workflows#get-a-workflow")


@route("GET", _WORKFLOWS, needs="actions:read")
def _workflows(call: Call) -> Answer:
    found = list(call.repo.workflows.values())
    return paged(call, found, lambda item: render.workflow(call.world, call.repo, item), wrap="workflows")


@route("GET", f"{_WORKFLOWS}/{{workflow}}", needs="actions:read")
def _one_workflow(call: Call) -> Answer:
    return Answer(render.workflow(call.world, call.repo, _workflow(call)))


def _switch(call: Call, state: Literal["active", "disabled_manually"]) -> Answer:
    item = _workflow(call)
    if item.state == state:
        word = "enable" if state == "active" else "disable"
        raise unprocessable(f"Unable to {word} this workflow.")
    item.state, item.updated_at = state, call.now
    call.world.changes += 1
    return Answer(status=204)


@route("PUT", f"{_WORKFLOWS}/{{workflow}}/disable", needs="actions:write", role="write")
def _disable(call: Call) -> Answer:
    return _switch(call, "disabled_manually")


@route("PUT", f"{_WORKFLOWS}/{{workflow}}/enable", needs="actions:write", role="write")
def _enable(call: Call) -> Answer:
    return _switch(call, "active")
