"""A repository on GitHub is read through the App, with tokens that cannot write."""

from __future__ import annotations

from dataclasses import replace

from tassist.sandbox.git_store import commit_file
from tassist.sandbox.model import Variable
from tassist.services.migrate.remote import read_remote
from tests.integration.github.conftest import Octo, connect, octo
from tests.support import family

__all__ = ["connect", "octo"]


async def test_a_remote_repository_is_read_with_its_workflows_issues_and_record(octo: Octo) -> None:
    with octo.box.lock:
        ann, now = octo.box.user("ann"), octo.box.clock.now()
        for name, text in {**family.FILES, "../../README.md": "guide"}.items():
            path = "README.md" if name.startswith("..") else f".github/workflows/{name}"
            commit_file(octo.repo, path, text.encode(), "x", ann, now)
        octo.repo.variables["TEAM_APP_MILESTONE"] = Variable("TEAM_APP_MILESTONE", "1", now, now)
    octo.opened("another")

    found = await read_remote(octo.connection, "octo/app")

    assert [file.path.rpartition("/")[2] for file in found.workflows] == sorted(family.FILES)
    assert [file.text for file in found.guides if file.path == "README.md"] == ["guide"]
    assert [issue.ref.number for issue in found.issues or ()] == [2, 1]
    assert {milestone.title for milestone in found.milestones or ()} == {"Phase 0", "Phase 1", "Phase 2"}
    assert found.secrets is None
    assert octo.box.writes == []
    told = " ".join(found.notes)
    if found.variables is None:
        assert "the variables could not be read; the App needs actions_variables: read" in told
    else:
        assert found.variables == {"TEAM_APP_MILESTONE": "1"}
    assert "a checkout" in told
    asked = [request.body for request in octo.box.requests if request.path.endswith("/access_tokens")]
    assert asked
    assert all(b"write" not in body for body in asked)
    assert replace(found, notes=()) is not None


async def test_an_archived_and_an_unknown_repository_are_said_to_be(octo: Octo) -> None:
    from tassist.sandbox import repositories

    with octo.box.lock:
        repositories.set_archived(octo.box, octo.by, octo.repo, archived=True)

    assert "archived" in " ".join((await read_remote(octo.connection, "octo/app")).notes)
    done = await octo.tassist("migrate", "audit", "octo/nothing")
    assert done.code == 4
    assert "not installed" in done.err
