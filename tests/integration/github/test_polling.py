"""What changed is found without any webhook, and costs nothing while nothing moves."""

from __future__ import annotations

import pytest

from engine.problems import ProblemError
from tassist.github.polling import Cursor, Polled, poll
from tassist.sandbox import issue_changes, labels, milestones
from tests.integration.github.conftest import Octo


async def first(octo: Octo) -> Cursor:
    octo.box.clock.freeze()
    found = await poll(octo.connection, octo.ref, None)
    assert found.everything
    octo.box.clock.advance(10)
    return found.cursor


async def again(octo: Octo, cursor: Cursor) -> Polled:
    return await poll(octo.connection, octo.ref, cursor)


async def test_while_nothing_moves_nothing_is_billed(octo: Octo) -> None:
    octo.configure('schema_version: "1.0"\n')
    cursor = await first(octo)
    await again(octo, cursor)

    found = await again(octo, cursor)

    assert found == Polled(cursor, (), everything=False, reads=0)


async def test_what_a_person_does_is_seen_once(octo: Octo) -> None:
    cursor = await first(octo)
    octo.opened("the second")
    octo.box.clock.advance(10)
    with octo.box.lock:
        issue_changes.add_labels(octo.box, octo.by, octo.box.issue("octo/app", 1), ["phase-1"])

    found = await again(octo, cursor)

    assert (found.changed, found.everything) == ((2, 1), False)
    assert (await again(octo, found.cursor)).changed == ()


@pytest.mark.parametrize("how", ["comment", "close", "edit", "milestone", "unlabel"])
async def test_every_kind_of_change_is_seen(octo: Octo, how: str) -> None:
    cursor = await first(octo)
    issue = octo.box.issue("octo/app", 1)
    with octo.box.lock:
        if how == "comment":
            issue_changes.add_comment(octo.box, octo.by, issue, "hello")
        elif how == "close":
            issue_changes.set_state(octo.box, octo.by, issue, "closed", "completed")
        elif how == "edit":
            issue_changes.edit_text(octo.box, octo.by, issue, title="another")
        elif how == "milestone":
            issue_changes.set_milestone(octo.box, octo.by, issue, octo.repo.milestones[1])
        else:
            issue_changes.remove_label(octo.box, octo.by, issue, octo.repo.labels["person"])

    found = await again(octo, cursor)

    assert (found.changed, found.everything) == ((1,), False)


async def test_two_changes_in_one_second_are_both_seen(octo: Octo) -> None:
    cursor = await first(octo)
    octo.opened("the second")
    found = await again(octo, cursor)
    octo.opened("the third, in the same second")

    later = await again(octo, found.cursor)

    assert (found.changed, later.changed) == ((2,), (3,))
    assert later.cursor.seen == (2, 3)


@pytest.mark.parametrize("what", ["label", "renamed label", "milestone", "closed milestone", "configuration"])
async def test_what_rules_refer_to_wants_a_look_at_everything(octo: Octo, what: str) -> None:
    cursor = await first(octo)
    if what == "configuration":
        octo.configure('schema_version: "1.0"\n')
    with octo.box.lock:
        if what == "label":
            labels.create_label(octo.box, octo.by, octo.repo, "new", "ffffff", None)
        elif what == "renamed label":
            labels.edit_label(octo.box, octo.by, octo.repo, octo.repo.labels["phase-1"], {"name": "stage-1"})
        elif what == "milestone":
            milestones.put_milestone(octo.box, octo.by, octo.repo, "new")
        elif what == "closed milestone":
            milestones.edit_milestone(octo.box, octo.by, octo.repo, octo.repo.milestones[1], {"state": "closed"})

    found = await again(octo, cursor)

    assert found.everything
    assert not (await again(octo, found.cursor)).everything


async def test_h45_more_than_a_page_of_changes_is_read(octo: Octo) -> None:
    cursor = await first(octo)
    for n in range(230):
        octo.opened(f"issue {n}")
        octo.box.clock.advance(1)

    found = await again(octo, cursor)

    assert found.changed == tuple(range(2, 232))
    assert (await again(octo, found.cursor)).changed == ()


async def test_a_poll_that_failed_is_made_up_by_the_next(octo: Octo) -> None:
    cursor = await first(octo)
    octo.opened("the second")
    octo.box.faults.server_error(500, path="/repos/*/issues", count=4)
    with pytest.raises(ProblemError):
        await again(octo, cursor)

    assert (await again(octo, cursor)).changed == (2,)
