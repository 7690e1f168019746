"""The sink of a telemetry repository, through the App client, against GitHub in a box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.github.client import Patience
from tassist.github.limits import Limits
from tassist.sandbox import Box, git_store, repositories, serve
from tassist.sandbox.faults import Fault
from tassist.secrets import GitHubApp
from tassist.services.telemetry_github import AppCalls
from tassist.telemetry.sinks.git_calls import GitCalls, Reply
from tassist.telemetry.sinks.github import GitHubSink, blob_id
from tests.integration.telemetry.conformance import SinkConformance, entries, records
from tests.support import keys
from tests.support.records import line

REPO = "octo/telemetry"
AT_ONCE = Limits(write_spacing_s=0.0, writes_per_hour=100_000, points_burst=1e9)


NO_WAIT = Patience(backoff_s=(0.01,), lag_s=(0.01,), hold_s=0.05)


class Place:
    """A box with an empty telemetry repository and the App installed on it."""

    def __init__(self, box: Box, app: GitHubApp) -> None:
        self.box = box
        self.app = app
        self.sinks: list[GitHubSink] = []

    def sink(self, *, writer: str = "one", repo: str = REPO) -> GitHubSink:
        self.sinks.append(GitHubSink(AppCalls(self.app, repo, limits=AT_ONCE, patience=NO_WAIT), writer=writer))
        return self.sinks[-1]

    def commits(self) -> list[tuple[str, dict[str, bytes]]]:
        """Message and new files of each commit of the branch, oldest first."""
        repo = self.box.repository(REPO)
        found, sha = [], repo.refs.get("refs/heads/telemetry")
        while sha:
            commit = git_store.read_commit(repo, sha)
            parent = commit.parents[0] if commit.parents else None
            before = self._files(git_store.read_commit(repo, parent).tree) if parent else {}
            now = self._files(commit.tree)
            assert {path: now.get(path) for path in before} == before, "no file is changed or removed"
            found.append((commit.message, {path: now[path] for path in now if path not in before}))
            sha = parent
        return found[::-1]

    def stored(self) -> list[bytes]:
        lines = []
        for _, files in self.commits():
            (manifest,) = [json.loads(files[path]) for path in files if path.startswith("v1/batches/")]
            batch = {path: files[path].split(b"\n")[:-1] for path in files if path.endswith(".jsonl")}
            assert manifest["files"] == {path: len(found) for path, found in batch.items()}
            by_id = {json.loads(raw)["event_id"]: raw for found in batch.values() for raw in found}
            lines += [by_id[event_id] for event_id in manifest["event_ids"]]
        return lines

    def _files(self, tree: str, prefix: str = "") -> dict[str, bytes]:
        repo = self.box.repository(REPO)
        found: dict[str, bytes] = {}
        for name, entry in git_store.read_tree(repo, tree).items():
            if entry.mode == git_store.FOLDER:
                found |= self._files(entry.sha, f"{prefix}{name}/")
            else:
                found[prefix + name] = repo.objects[entry.sha].content
        return found


@pytest.fixture
def github() -> Iterator[Place]:
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    with box.lock:
        repositories.create_repository(box, box.by("ann"), box.user("octo"), "telemetry", labels=False)
    made = box.register_app(
        "Task Assistant", owner="ann", pem=keys.pem(), permissions={"contents": "write", "metadata": "read"}
    )
    box.install(made.id, "octo")
    with serve(box) as running:
        place = Place(
            box,
            GitHubApp(
                app_id=made.id,
                private_key=Secret(made.pem),
                client_id=made.client_id,
                slug=made.slug,
                api_url=running.api_url,
                webhook_secret=Secret(made.webhook_secret or ""),
            ),
        )
        yield place
        for sink in place.sinks:
            sink.close()


class TestGitHub(SinkConformance):
    @pytest.fixture(autouse=True)
    def _github(self, github: Place) -> None:
        self.github = github

    @override
    def make(self, place: Path) -> GitHubSink:
        return self.github.sink()

    @override
    def stored(self, place: Path) -> list[bytes]:
        return self.github.stored()

    @override
    @contextmanager
    def breaking(self, place: Path) -> Iterator[None]:
        """The branch moves, and the answer to that is lost each time: the worst moment."""
        fault = self.github.box.faults.add(Fault("lost-answer", method="write", path="/repos/*/git/refs*", count=None))
        yield
        self.github.box.faults.remove(fault)


def test_many_records_are_one_commit_of_new_files(github: Place) -> None:
    sink = github.sink()
    sink.write(entries(records(300)))
    sink.write(entries(records(10, start=301), 301))

    (first, second) = github.commits()

    assert first[0].startswith("Add 300 telemetry records\n\nWriter: one\nManifest: ")
    assert len(first[1]) == 7, "two repositories, three days, one manifest"
    assert all(path.startswith(("v1/repos/acme/", "v1/batches/2026-03-")) for path in first[1])
    assert len(second[1]) == 3


def test_a_commit_costs_three_calls(github: Place) -> None:
    sink = github.sink()
    sink.write(entries(records(1)))
    before = len(github.box.requests)

    sink.write(entries(records(50, start=2), 2))

    asked = [
        f"{request.method} {request.route.rsplit('/git', 1)[-1]}" for request in list(github.box.requests)[before:]
    ]
    assert asked == ["POST /trees", "POST /commits", "PATCH /refs/{ref:path}"]


def test_h21_a_batch_whose_answer_was_lost_is_there_once_also_when_it_comes_again_in_another_cut(github: Place) -> None:
    sink = github.sink()
    fault = github.box.faults.add(Fault("lost-answer", method="write", path="/repos/*/git/refs*", count=None))
    with pytest.raises(ProblemError):
        sink.write(entries(records(20)))
    github.box.faults.remove(fault)

    sink.write(entries(records(30)))

    assert github.stored() == records(30)


def test_writers_that_share_a_branch_never_conflict(github: Place) -> None:
    one, two = github.sink(writer="one"), github.sink(writer="two")
    lines = records(80)
    for start in range(0, 80, 20):
        one.write(entries(lines[start : start + 10], start + 1))
        two.write(entries(lines[start + 10 : start + 20], start + 11))

    again = github.sink(writer="two")
    again.write(entries(lines[70:80], 71))

    assert github.stored() == lines


def test_the_manifests_id_is_git_s_own(github: Place) -> None:
    github.sink().write(entries([line(1)]))

    ((message, files),) = github.commits()
    (manifest,) = [content for path, content in files.items() if path.startswith("v1/batches/")]
    assert f"Manifest: {blob_id(manifest)}" in message
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a", "as git hash-object says"


def test_h78_trouble_of_github_s_is_a_problem_and_nothing_is_lost(github: Place) -> None:
    sink = github.sink()
    fault = github.box.faults.server_error(502, path="/repos/*/git/*", count=None)
    with pytest.raises(ProblemError) as raised:
        sink.write(entries(records(20)))
    github.box.faults.remove(fault)

    sink.write(entries(records(20)))

    assert raised.value.problems[0].family == "world"
    assert github.stored() == records(20)


@pytest.mark.parametrize("repo", ["octo/none", "nobody/here"])
def test_a_repository_that_is_not_there_says_what_to_do(github: Place, repo: str) -> None:
    with pytest.raises(ProblemError) as raised:
        github.sink(repo=repo).write(entries([line(1)]))

    assert raised.value.problems[0].family == "auth"
    assert raised.value.problems[0].fix


def test_a_commit_of_somebody_else_s_in_our_words_does_no_harm(github: Place) -> None:
    github.sink(writer="one").write(entries([line(1)]))
    forged = GitHubSink(AppCalls(github.app, REPO, limits=AT_ONCE, patience=NO_WAIT), writer="one")
    github.sinks.append(forged)
    head = forged._branch.head()
    forged._branch.add(
        head, [("x.txt", "not a manifest")], f"Hello\n\nWriter: one\nManifest: {blob_id(b'not a manifest')}\n"
    )

    github.sink(writer="one").write(entries([line(1), line(2)]))

    assert [len(files) for _, files in github.commits()] == [2, 1, 2]


class Odd:
    """Answers nonsense."""

    def __init__(self, value: object) -> None:
        self.value = value

    def call(self, method: str, path: str, body: object = None) -> Reply:
        return Reply(200, self.value)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("value", [None, [], "x", {}, {"object": {"sha": 1}}, {"object": {"sha": "a"}, "sha": "a"}])
def test_h42_an_answer_that_is_not_git_data_is_a_problem(value: object) -> None:
    odd: GitCalls = Odd(value)

    with pytest.raises(ProblemError) as raised:
        GitHubSink(odd, writer="one").write(entries([line(1)]))

    assert raised.value.problems[0].code == "telemetry-repository"
