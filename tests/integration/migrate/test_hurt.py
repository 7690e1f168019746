"""A migration that is hurt at every call: nothing half done, the same command goes on, and there is one authority at every moment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.problems import ProblemError
from migrations.plan import Step, Wishes
from tassist.config.settings import Settings
from tassist.github.client import Patience
from tassist.sandbox import repositories
from tassist.sandbox.git_store import commit_file
from tassist.sandbox.requests import Request
from tassist.services.migrate import moving
from tassist.services.migrate.moving import How
from tassist.services.migrate.progress import FOLDER
from tests.integration.migrate.conftest import CONFIG, Shop, authorities
from tests.integration.migrate.test_moving import DIRECT
from tests.support.killing import Point, started

APPLY = ("apply", "lena/shop", "--close-self-tests", *DIRECT)
BACK = ("rollback", "lena/shop", "--direct", "--yes")
EVERY = os.environ.get("TASSIST_TEST_EVERY_KILL", "") not in {"", "0"}
"""Whether to hurt it at every call, as `make kill-migration` does, or three times on each way."""
SOME = (3, 5, 8)
"""At the how manieth call each try is hurt, where not every one is; the fourth try is left alone."""


@contextmanager
def watched(shop: Shop) -> Iterator[list[tuple[bool, bool]]]:
    """Who is in charge after each request, legacy and new."""
    seen = [authorities(shop.repo)]
    add = shop.box.requests.add

    def look(request: Request) -> None:
        add(request)
        seen.append(authorities(shop.repo))

    shop.box.requests.add = look  # type: ignore[method-assign]  # an eye on the box, which is no part of the product
    try:
        yield seen
    finally:
        del shop.box.requests.add


async def test_there_is_one_authority_at_every_moment_there_and_back(shop: Shop) -> None:
    with watched(shop) as seen:
        assert (await shop.migrate(*APPLY)).code == 0
        there = list(seen)
        assert (await shop.migrate(*BACK)).code == 0

    assert set(seen) == {(True, False), (False, True)}, "never two, never none"
    assert there.count((False, True)) > 5
    assert [one for at, one in enumerate(there) if at == 0 or one != there[at - 1]] == [(True, False), (False, True)]


QUICK = How(direct=True, elsewhere=True, patience=Patience(backoff_s=(0.01,), lag_s=(0.01,), hold_s=0.05))


async def carried_out(shop: Shop, loaded: Settings, *, back: bool) -> None:
    """The same call as the command's, in this process: a dead line costs no process."""
    if back:
        await moving.rollback(loaded, "lena/shop", QUICK, lambda _: None)
    else:
        progress = moving.progress_of(loaded, "lena/shop")
        made = progress.plan if progress.under_way else None
        if made is None:
            made = moving.planned(await moving.see("lena/shop", loaded), Wishes(close_self_tests=True))
        await moving.apply(made, loaded, QUICK, lambda _: None)


@pytest.mark.parametrize("how", ["reset", "lose_answer"])
async def test_a_connection_lost_at_every_write_leaves_one_authority_and_the_next_try_completes(
    shop: Shop, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = shop.loaded(monkeypatch)
    before = shop.state()
    tries = []
    families = set()
    applied = before
    with watched(shop) as seen:
        for back in (False, True):
            for count in range(60):
                # A few writes pass, so that each try comes further (the commit takes three); then the line is dead until the next.
                if EVERY or count < len(SOME):
                    skip = count % 4 if EVERY else SOME[count]
                    getattr(shop.box.faults, how)(method="write", path="/repo*", count=None, skip=skip)
                try:
                    await carried_out(shop, loaded, back=back)
                except ProblemError as error:
                    families.add(error.problems[0].family)
                else:
                    tries.append(count)
                    break
                finally:
                    shop.box.faults.clear()
            if not back:
                applied = shop.state()

    assert len(tries) == 2
    assert families == {"world"}
    assert min(tries) >= (5 if EVERY else 2)
    assert set(seen) == {(True, False), (False, True)}
    assert applied["issues"][5][2] == ["track/dashboard"]
    assert shop.state() == before


HOWS: dict[str, tuple[Point, int]] = {
    "before a write is sent": ("write", 2),
    "when a write is answered": ("answer", 1),
    "after each line of the journal": ("line", 1),
    "in a line of the journal": ("line", 1),
}
"""Where each try is killed, and at the how manieth of its kind."""


@pytest.mark.parametrize("how", HOWS)
async def test_a_process_killed_at_every_step_goes_on_where_it_was_with_one_authority_at_every_moment(
    lean: Shop, how: str
) -> None:
    """There and back, and each try gets a little further than the one before: to its next write, or its next line in the journal."""
    before = lean.state()
    env = {"TASSIST_HOME": str(lean.home), "TASSIST_API_LIMITS": "off", "TASSIST_MIGRATE_TOKEN": lean.token}
    journal = lean.home / FOLDER / "lena" / "shop" / "journal.jsonl"
    killed_in: set[tuple[str, str]] = set()
    steps: tuple[Step, ...] = ()
    with watched(lean) as seen:
        for args in (APPLY, BACK):
            last, stuck = ("", ""), 0
            for turn in range(60):
                # The switch makes its commit anew each time, and back drops branches again: each time it gets one write further.
                at_switch = last[0].startswith("cut-over") and (args is BACK or not authorities(lean.repo)[1])
                at, nth = HOWS[how]
                if not EVERY:
                    nth = SOME[turn] if turn < len(SOME) else 0
                elif at == "line":
                    nth += turn % 2 if args is BACK else 0
                else:
                    nth = 1 + stuck if at_switch else min(nth, turn + 1)
                process = started(("migrate", *args), env, at, nth)
                await asyncio.to_thread(process.join, 60)
                if process.exitcode == 0:
                    break
                assert process.exitcode == -signal.SIGKILL, "it was killed, and did not give up by itself"
                before_that, last = last, last_step(journal)
                stuck = stuck + 1 if last == before_that else 0
                killed_in.add(last)
                if how.startswith("in a line") and turn % 2:
                    with journal.open("ab") as file:
                        file.write(b'{"step": "rename-la')
            else:
                pytest.fail(f"it never got further than {last}")
            went = moving.progress_of(lean.settings(), "lena/shop")
            assert went.plan is not None
            steps = went.plan.steps
            assert {went.state(step.id) for step in steps} == {"done" if args is APPLY else "undone"}
            if args is APPLY:
                verified = await lean.migrate("verify", "lena/shop")
                assert verified.code == 0, verified.out

    wanted = {(step.id, state) for step in steps for state in ("intended", "undoing")}
    assert len(killed_in) > 2
    assert not EVERY or wanted - killed_in == {
        one for one in wanted if "write" in how and one[0].startswith("import-telemetry")
    }
    assert set(seen) == {(True, False), (False, True)}, "never two, never none"
    assert lean.state() == before


def last_step(journal: Path) -> tuple[str, str]:
    """The step that was begun last, and how far it was."""
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    steps = [line for line in map(json.loads, lines) if "step" in line]
    return (steps[-1]["step"], steps[-1]["state"]) if steps else ("", "")


async def test_a_plan_takes_no_telemetry_in_where_that_is_typed(shop: Shop) -> None:
    whole = await shop.migrate("plan", "lena/shop", "--close-self-tests", "--json")
    without = await shop.migrate("plan", "lena/shop", "--close-self-tests", "--no-telemetry", "--json")

    assert "import" in whole.out
    assert "import" not in without.out
    assert (await shop.migrate(*APPLY, "--no-telemetry", "--yes")).code == 0
    assert not (shop.home / "telemetry").exists()


async def test_what_somebody_changed_since_the_plan_is_named_and_nothing_is_done(shop: Shop) -> None:
    plan = shop.home / "plan.json"
    assert (await shop.migrate("plan", "lena/shop", "--out", str(plan))).code == 2
    with shop.box.lock:
        path = ".github/workflows/shop-sync.yml"
        commit_file(
            shop.repo, path, b"name: Shop sync\non: push\n", "edit", shop.box.user("lena"), shop.box.clock.now()
        )
        shop.box.issue("lena/shop", 3).labels.pop()
        shop.repo.variables["CODEX_MAIN_STALE_DAYS"].value = "6"
    before = shop.state()

    done = await shop.migrate("apply", "lena/shop", "--plan", str(plan), *DIRECT)

    assert done.code == 2
    assert "merge label codex-trackdashboard" in done.err
    assert "the configuration would be generated differently now" in done.err
    assert "plan-drift" not in done.out
    assert shop.state() == before


async def test_a_kept_plan_is_applied_exactly(shop: Shop) -> None:
    plan = shop.home / "plan.json"
    await shop.migrate("plan", "lena/shop", "--close-self-tests", "--out", str(plan))

    done = await shop.migrate("apply", "lena/shop", "--plan", str(plan), *DIRECT)

    assert done.code == 0, done.err
    assert shop.state()["issues"][9][1] == "closed"


async def test_a_workflow_edited_half_way_is_not_overwritten(shop: Shop) -> None:
    shop.box.faults.reset(method="write", path="/repos*/git/*", count=None)
    assert (await shop.migrate(*APPLY)).code == 5
    shop.box.faults.clear()
    with shop.box.lock:
        path = ".github/workflows/shop-sync.yml"
        commit_file(shop.repo, path, b"mine now\n", "edit", shop.box.user("lena"), shop.box.clock.now())

    done = await shop.migrate(*APPLY)

    assert done.code == 2
    assert "shop-sync.yml" in done.err
    assert "world-moved" not in done.out
    assert authorities(shop.repo) == (True, False)


async def test_as_a_pull_request_whose_merge_is_the_switch(shop: Shop) -> None:
    shop.repo.protected_branches.add("main")
    before = shop.state()
    refused = await shop.migrate(*APPLY)
    with watched(shop) as seen:
        opened = await shop.migrate("apply", "lena/shop", "--close-self-tests", "--yes", "--service-elsewhere")
        again = await shop.migrate("apply", "lena/shop", "--yes", "--service-elsewhere")
        pulls = [one for one in shop.repo.issues.values() if one.head]
        assert authorities(shop.repo) == (True, False)
        finished = await shop.migrate("apply", "lena/shop", "--merge", "--yes", "--service-elsewhere")
        back = await shop.migrate("rollback", "lena/shop", "--merge", "--yes")

    assert refused.code in {1, 2, 4}, refused.err
    assert "pull request" in refused.err
    assert (opened.code, again.code) == (8, 8)
    assert len(pulls) == 1
    assert "| step | back |" in (pulls[0].body or "")
    assert "to be merged: http" in opened.err
    assert finished.code == 0, finished.err
    assert back.code == 0, back.err
    assert set(seen) == {(True, False), (False, True)}
    assert shop.state() == before


async def test_a_pull_request_nobody_merged_is_closed_by_rolling_back(shop: Shop) -> None:
    before = shop.state()
    assert (await shop.migrate("apply", "lena/shop", "--yes", "--service-elsewhere")).code == 8

    back = await shop.migrate("rollback", "lena/shop", "--yes")

    assert back.code == 0, back.err
    assert shop.state() == before
    assert [one.state for one in shop.repo.issues.values() if one.head] == ["closed"]


async def test_without_a_lent_token_everything_that_is_missing_is_named(shop: Shop) -> None:
    before = shop.state()

    done = await shop.tassist("migrate", *APPLY)

    assert done.code == 4
    assert all(name in done.err for name in ("contents: write", "workflows: write", "actions: write"))
    assert "TASSIST_MIGRATE_TOKEN" in done.err
    assert shop.state() == before


async def test_h62_an_archived_repository_half_way_is_said_and_goes_on_afterwards(shop: Shop) -> None:
    shop.box.faults.reset(method="write", path="/repos*/git/*", count=None)
    await shop.migrate(*APPLY)
    shop.box.faults.clear()
    with shop.box.lock:
        repositories.set_archived(shop.box, shop.by, shop.repo, archived=True)
    archived = await shop.migrate(*APPLY)
    with shop.box.lock:
        repositories.set_archived(shop.box, shop.by, shop.repo, archived=False)

    done = await shop.migrate(*APPLY)

    assert archived.code == 2
    assert "archived" in archived.err
    assert done.code == 0, done.err


async def test_h62_a_repository_renamed_half_way_is_followed(shop: Shop) -> None:
    shop.box.faults.reset(method="write", path="/repos*/git/*", count=None)
    await shop.migrate(*APPLY)
    shop.box.faults.clear()
    with shop.box.lock:
        repositories.rename_repository(shop.box, shop.by, shop.repo, "store")

    done = await shop.migrate(*APPLY)

    assert done.code == 0, done.err
    assert authorities(shop.repo) == (False, True)


async def test_an_app_that_is_not_installed_and_a_service_that_is_not_there_are_said(shop: Shop) -> None:
    nowhere = await shop.migrate("plan", "lena/nowhere")
    none = await shop.migrate("apply", "lena/shop", "--direct", "--yes")

    assert nowhere.code == 1
    assert "not installed" in nowhere.err
    assert none.code == 2
    assert "nobody would look after the issues" in none.err
    assert authorities(shop.repo) == (True, False)
    assert CONFIG not in shop.files()


async def test_h58_what_a_person_does_meanwhile_survives(shop: Shop) -> None:
    shop.box.faults.reset(method="write", path="/repos*/git/*", count=None)
    await shop.migrate(*APPLY)
    shop.box.faults.clear()
    with shop.box.lock:
        issue = shop.box.issue("lena/shop", 1)
        issue.labels.append(shop.repo.labels["bug"])

    await shop.migrate(*APPLY)
    await shop.migrate(*BACK)

    assert "bug" in {label.name for label in issue.labels}
    assert "codex-trackmain" in {label.name for label in issue.labels}
