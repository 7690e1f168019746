"""Attempts at files, git's own objects, branches, variables and workflows."""

from __future__ import annotations

import base64
from typing import Any

from tassist.sandbox.model import Workflow
from tests.conformance.attempts import MAKERS, Attempt
from tests.conformance.stage import OWNER, REPO, Stage

REPOSITORY = "/repos/{owner}/{repo}"
CONTENTS = f"{REPOSITORY}/contents/{{path:path}}"
GIT = f"{REPOSITORY}/git"
PULLS = f"{REPOSITORY}/pulls"


def encoded(text: str) -> str:
    """Text as the contents API takes it."""
    return base64.b64encode(text.encode()).decode()


def file(stage: Stage) -> str:
    """The path of a new file in a folder, on the default branch."""
    path = f"folder/file-{stage.next()}.txt"
    stage.want("PUT", f"{stage.root}/contents/{path}", json={"message": "Add", "content": encoded("hello\n")})
    return path


def head(stage: Stage) -> str:
    """The commit at the head of the default branch."""
    file(stage)
    sha: str = stage.want("GET", f"{stage.root}/git/ref/heads/main")["object"]["sha"]
    return sha


def tree(stage: Stage) -> str:
    """The tree of that commit."""
    sha: str = stage.want("GET", f"{stage.root}/git/commits/{head(stage)}")["tree"]["sha"]
    return sha


def blob(stage: Stage) -> str:
    """A new blob."""
    sha: str = stage.want("POST", f"{stage.root}/git/blobs", json={"content": f"blob {stage.next()}"})["sha"]
    return sha


def commit(stage: Stage) -> str:
    """A new commit on top of the default branch, on no branch itself."""
    parent = head(stage)
    fields = {
        "message": f"Commit {stage.next()}",
        "tree": stage.want("GET", f"{stage.root}/git/commits/{parent}")["tree"]["sha"],
        "parents": [parent],
    }
    sha: str = stage.want("POST", f"{stage.root}/git/commits", json=fields)["sha"]
    return sha


def branch(stage: Stage) -> str:
    """A new branch's name."""
    name = f"branch/{stage.next()}"
    stage.want("POST", f"{stage.root}/git/refs", json={"ref": f"refs/heads/{name}", "sha": head(stage)})
    return name


def ahead(stage: Stage) -> str:
    """A new branch with a commit of its own."""
    name = f"ahead-{stage.next()}"
    stage.want("POST", f"{stage.root}/git/refs", json={"ref": f"refs/heads/{name}", "sha": commit(stage)})
    return name


def pull(stage: Stage) -> int:
    """A new pull request's number."""
    sent = {"title": "Pull", "head": ahead(stage), "base": "main", "body": "why"}
    number: int = stage.want("POST", f"{stage.root}/pulls", json=sent)["number"]
    return number


def variable(stage: Stage) -> str:
    """A new variable's name."""
    name = f"NAME_{stage.next()}"
    stage.want("POST", f"{stage.root}/actions/variables", json={"name": name, "value": "x"})
    return name


def workflow(stage: Stage) -> int:
    """The id of a new active workflow; only a seed can bring one."""
    number = 900_000 + stage.next()
    now = stage.box.clock.now()
    with stage.box.lock:
        repo = stage.box.repository(f"{OWNER}/{REPO}")
        repo.workflows[number] = Workflow(number, "Check", f".github/workflows/check-{number}.yml", now, now)
    return number


def disabled_workflow(stage: Stage) -> int:
    """One that is switched off."""
    number = workflow(stage)
    stage.want("PUT", f"{stage.root}/actions/workflows/{number}/disable")
    return number


def _sha_of_file(stage: Stage, path: str) -> str:
    sha: str = stage.want("GET", f"{stage.root}/contents/{path}")["sha"]
    return sha


def _rewrite(stage: Stage) -> dict[str, Any]:
    """A change of README.md, which is there afterwards."""
    answer = stage.ask("GET", f"{stage.root}/contents/README.md")
    sent = {"message": "Say more", "content": encoded(f"# Shop {stage.next()}\n")}
    return sent | ({"sha": answer.json()["sha"]} if answer.status_code == 200 else {})


def readme(stage: Stage) -> None:
    """There is a README.md."""
    stage.want("PUT", f"{stage.root}/contents/README.md", json=_rewrite(stage))


def _remove(stage: Stage) -> dict[str, Any]:
    return {"message": "Remove", "sha": _sha_of_file(stage, "folder/doomed.txt")}


def _doomed(stage: Stage) -> None:
    stage.want(
        "PUT",
        f"{stage.root}/contents/folder/doomed.txt",
        json={"message": "Add", "content": encoded(f"{stage.next()}")},
    )


MAKERS |= {
    "path": file,
    "branch": branch,
    "ref": lambda stage: f"heads/{branch(stage)}",
    "workflow": workflow,
    f"{PULLS}/{{number}} number": pull,
    f"{PULLS}/{{number}}/merge number": pull,
    f"{GIT}/blobs/{{sha}} sha": blob,
    f"{GIT}/commits/{{sha}} sha": head,
    f"{GIT}/trees/{{sha:path}} sha": tree,
    f"{REPOSITORY}/actions/variables/{{name}} name": variable,
}

NO_SHA = "0" * 40
VARIABLES = f"{REPOSITORY}/actions/variables"
WORKFLOWS = f"{REPOSITORY}/actions/workflows"

ATTEMPTS = [
    # files
    Attempt(f"GET {REPOSITORY}/contents", 200, "the root folder", before=file),
    Attempt(f"GET {CONTENTS}", 200, "a file"),
    Attempt(f"GET {CONTENTS}", 200, "a folder", before=file, at={"path": "folder"}),
    Attempt(f"GET {CONTENTS}", 200, "on a branch", at={"path": "README.md"}, before=readme, query="ref=main"),
    Attempt(f"GET {CONTENTS}", 404, "no such file", before=file, at={"path": "nowhere.txt"}),
    Attempt(f"GET {CONTENTS}", 404, "no such branch", query="ref=nowhere"),
    Attempt(
        f"PUT {CONTENTS}",
        201,
        "a new file",
        body={"message": "Add", "content": encoded("new")},
        at={"path": lambda stage: f"new/{stage.next()}.txt"},
    ),
    Attempt(f"PUT {CONTENTS}", 200, "another content", before=readme, body=_rewrite, at={"path": "README.md"}),
    Attempt(f"PUT {CONTENTS}", 409, "another sha", body={"message": "x", "content": encoded("x"), "sha": NO_SHA}),
    Attempt(f"PUT {CONTENTS}", 422, "no sha for a file that is there", body={"message": "x", "content": encoded("x")}),
    Attempt(f"PUT {CONTENTS}", 422, "no message", body={"content": encoded("x")}),
    Attempt(f"PUT {CONTENTS}", 422, "no Base64", body={"message": "x", "content": "@@@"}),
    Attempt(f"DELETE {CONTENTS}", 200, "a file", before=_doomed, body=_remove, at={"path": "folder/doomed.txt"}),
    Attempt(f"DELETE {CONTENTS}", 409, "another sha", body={"message": "x", "sha": NO_SHA}),
    Attempt(
        f"DELETE {CONTENTS}", 404, "no such file", body={"message": "x", "sha": NO_SHA}, at={"path": "nowhere.txt"}
    ),
    Attempt(f"DELETE {CONTENTS}", 422, "no sha", body={"message": "x"}),
    Attempt(f"GET {REPOSITORY}/readme", 200, "one", before=readme),
    # git
    Attempt(f"GET {GIT}/blobs/{{sha}}", 200, "one"),
    Attempt(f"GET {GIT}/blobs/{{sha}}", 404, "unknown", at={"sha": NO_SHA}),
    Attempt(f"POST {GIT}/blobs", 201, "text", body={"content": "hello", "encoding": "utf-8"}),
    Attempt(f"POST {GIT}/blobs", 201, "Base64", body={"content": encoded("hello"), "encoding": "base64"}),
    Attempt(f"POST {GIT}/blobs", 422, "no content", body={"encoding": "utf-8"}),
    Attempt(f"GET {GIT}/trees/{{sha:path}}", 200, "one"),
    Attempt(
        f"GET {GIT}/trees/{{sha:path}}",
        200,
        "a branch with all below",
        before=file,
        at={"sha": "main"},
        query="recursive=1",
    ),
    Attempt(f"GET {GIT}/trees/{{sha:path}}", 404, "unknown", at={"sha": NO_SHA}),
    Attempt(
        f"POST {GIT}/trees",
        201,
        "on a base",
        body=lambda stage: {
            "base_tree": tree(stage),
            "tree": [
                {"path": "a/b.txt", "mode": "100644", "type": "blob", "sha": blob(stage)},
                {"path": "c.txt", "mode": "100644", "type": "blob", "content": "c"},
            ],
        },
    ),
    Attempt(
        f"POST {GIT}/trees",
        422,
        "an unknown blob",
        body={"tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": NO_SHA}]},
    ),
    Attempt(f"POST {GIT}/trees", 422, "no mode", body={"tree": [{"path": "a"}]}),
    Attempt(f"GET {GIT}/commits/{{sha}}", 200, "one"),
    Attempt(f"GET {GIT}/commits/{{sha}}", 404, "unknown", at={"sha": NO_SHA}),
    Attempt(
        f"POST {GIT}/commits",
        201,
        "with an author",
        body=lambda stage: {
            "message": "Commit",
            "tree": tree(stage),
            "parents": [head(stage)],
            "author": {"name": "A", "email": "a@example.com", "date": "2025-01-01T00:00:00Z"},
        },
    ),
    Attempt(f"POST {GIT}/commits", 422, "an unknown tree", body={"message": "x", "tree": NO_SHA}),
    Attempt(f"GET {GIT}/ref/{{ref:path}}", 200, "a branch"),
    Attempt(f"GET {GIT}/ref/{{ref:path}}", 404, "unknown", at={"ref": "heads/nowhere"}),
    Attempt(f"GET {GIT}/matching-refs/{{ref:path}}", 200, "by a prefix", before=branch, at={"ref": "heads/branch"}),
    Attempt(f"GET {GIT}/matching-refs/{{ref:path}}", 200, "none", at={"ref": "tags/none"}),
    Attempt(
        f"POST {GIT}/refs",
        201,
        "a branch",
        body=lambda stage: {"ref": f"refs/heads/fresh-{stage.next()}", "sha": head(stage)},
    ),
    Attempt(f"POST {GIT}/refs", 422, "taken", body=lambda stage: {"ref": "refs/heads/main", "sha": head(stage)}),
    Attempt(f"POST {GIT}/refs", 422, "an unknown commit", body={"ref": "refs/heads/x", "sha": NO_SHA}),
    Attempt(f"PATCH {GIT}/refs/{{ref:path}}", 200, "forward", body=lambda stage: {"sha": commit(stage)}),
    Attempt(f"PATCH {GIT}/refs/{{ref:path}}", 422, "an unknown commit", body={"sha": NO_SHA}),
    Attempt(f"PATCH {GIT}/refs/{{ref:path}}", 404, "unknown", body={"sha": NO_SHA}, at={"ref": "heads/nowhere"}),
    Attempt(f"DELETE {GIT}/refs/{{ref:path}}", 204, "a branch"),
    Attempt(f"DELETE {GIT}/refs/{{ref:path}}", 404, "unknown", at={"ref": "heads/nowhere"}),
    Attempt(f"GET {REPOSITORY}/branches/{{branch:path}}", 200, "one"),
    Attempt(f"GET {REPOSITORY}/branches/{{branch:path}}", 404, "unknown", at={"branch": "nowhere"}),
    # pull requests
    Attempt(f"GET {PULLS}", 200, "a page", before=pull, query="per_page=1"),
    Attempt(f"GET {PULLS}/{{number}}", 200, "one"),
    Attempt(f"GET {PULLS}/{{number}}", 404, "unknown", at={"number": 1_000_000}),
    Attempt(f"POST {PULLS}", 201, "one", body=lambda stage: {"title": "Pull", "head": ahead(stage), "base": "main"}),
    Attempt(f"POST {PULLS}", 422, "no such branch", body={"title": "x", "head": "nowhere", "base": "main"}),
    Attempt(f"POST {PULLS}", 422, "nothing to merge", body={"title": "x", "head": "main", "base": "main"}),
    Attempt(f"PATCH {PULLS}/{{number}}", 200, "closed", body={"state": "closed"}),
    Attempt(f"PATCH {PULLS}/{{number}}", 404, "unknown", body={"state": "closed"}, at={"number": 1_000_000}),
    Attempt(f"PUT {PULLS}/{{number}}/merge", 200, "one", body={}),
    Attempt(f"PUT {PULLS}/{{number}}/merge", 409, "another head", body={"sha": NO_SHA}),
    Attempt(f"PUT {PULLS}/{{number}}/merge", 404, "unknown", body={}, at={"number": 1_000_000}),
    # variables
    Attempt(f"GET {VARIABLES}", 200, "a page", before=variable, query="per_page=1"),
    Attempt(f"POST {VARIABLES}", 201, "one", body=lambda stage: {"name": f"FRESH_{stage.next()}", "value": "x"}),
    Attempt(f"POST {VARIABLES}", 409, "taken", body=lambda stage: {"name": variable(stage).lower(), "value": "x"}),
    Attempt(f"POST {VARIABLES}", 422, "a name that is none", body={"name": "1 2", "value": "x"}),
    Attempt(f"GET {VARIABLES}/{{name}}", 200, "one"),
    Attempt(f"GET {VARIABLES}/{{name}}", 404, "unknown", at={"name": "NOWHERE"}),
    Attempt(f"PATCH {VARIABLES}/{{name}}", 204, "another value", body={"value": "y"}),
    Attempt(f"PATCH {VARIABLES}/{{name}}", 404, "unknown", body={"value": "y"}, at={"name": "NOWHERE"}),
    Attempt(f"DELETE {VARIABLES}/{{name}}", 204, "one"),
    Attempt(f"DELETE {VARIABLES}/{{name}}", 404, "unknown", at={"name": "NOWHERE"}),
    # workflows
    Attempt(f"GET {WORKFLOWS}", 200, "a page", before=workflow, query="per_page=1"),
    Attempt(f"GET {WORKFLOWS}/{{workflow}}", 200, "by id"),
    Attempt(
        f"GET {WORKFLOWS}/{{workflow}}", 200, "by file", at={"workflow": lambda stage: f"check-{workflow(stage)}.yml"}
    ),
    Attempt(f"GET {WORKFLOWS}/{{workflow}}", 404, "unknown", at={"workflow": 1}),
    Attempt(f"PUT {WORKFLOWS}/{{workflow}}/disable", 204, "an active one"),
    Attempt(f"PUT {WORKFLOWS}/{{workflow}}/disable", 404, "unknown", at={"workflow": 1}),
    Attempt(f"PUT {WORKFLOWS}/{{workflow}}/enable", 204, "a disabled one", at={"workflow": disabled_workflow}),
    Attempt(f"PUT {WORKFLOWS}/{{workflow}}/enable", 404, "unknown", at={"workflow": 1}),
]
