"""`tassist why` as a person runs it, against GitHub in a box."""

from __future__ import annotations

import pytest

from tassist.sandbox import issue_changes
from tests.integration.github.conftest import Octo

CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main}
  - {id: sprint, label: track/sprint, milestone: Phase 1}
labels: []
milestones: [{title: Phase 1}]
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
"""


@pytest.fixture
def two_tracks(octo: Octo) -> Octo:
    """An issue with two tracks."""
    octo.configure(CONFIG)
    with octo.box.lock:
        issue_changes.add_labels(octo.box, octo.by, octo.box.issue("octo/app", 1), ["track/sprint"])
    return octo


async def test_every_rule_says_what_it_would_do_and_nothing_is_done(two_tracks: Octo) -> None:
    done = await two_tracks.tassist("why", "octo/app#1")

    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "octo/app#1  the first"
    assert "  labels: track/main, person, track/sprint" in lines
    assert any("remove label track/main" in line for line in lines)
    assert any("exclusivity.track" in line and "task-assistant.yml:9" in line for line in lines)
    assert two_tracks.box.writes == []
    asked = [request.body for request in two_tracks.box.requests if request.path.endswith("/access_tokens")]
    assert all(b"write" not in body for body in asked)


async def test_the_same_as_json_and_by_the_pages_address(two_tracks: Octo) -> None:
    done = await two_tracks.tassist("why", f"{two_tracks.running.url}/octo/app/issues/1", "--json")

    assert done.code == 0, done.err
    document = done.json
    assert (document["repo"], document["number"]) == ("octo/app", 1)
    assert document["issue"]["labels"] == ["track/main", "person", "track/sprint"]
    assert [effect["effect"] for effect in document["plan"]["effects"]] == ["remove-labels", "set-milestone"]
    assert {decision["rule"] for decision in document["plan"]["decisions"]} >= {
        "config",
        "exclusivity.track",
        "milestone",
    }


async def test_an_invalid_configuration_is_what_explains_it(two_tracks: Octo) -> None:
    two_tracks.configure("schema_version: 7\n")

    done = await two_tracks.tassist("why", "octo/app#1")

    assert done.code == 3
    assert "blocked" in done.out


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("octo/app", 2),
        ("octo/app#", 2),
        ("octo/app#-1", 2),
        ("octo/app#0", 2),
        ("#1", 2),
        ("octo/app#99", 2),
        ("x/y#1", 4),
    ],
)
async def test_what_is_no_issue_is_named(two_tracks: Octo, name: str, code: int) -> None:
    done = await two_tracks.tassist("why", name)

    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error:")
