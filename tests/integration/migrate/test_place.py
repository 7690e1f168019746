"""The console's place Migration on a repository that is really asked: plan, comparison and audit from one look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from tassist.sandbox.labels import put_label
from tassist.tui.screens.migration import REPORT, MigrationScreen
from tests.integration.migrate.conftest import CONFIG, Shop
from tests.integration.migrate.test_moving import DIRECT
from tests.support.console import console, settled

ENV = {"TASSIST_API_LIMITS": "off"}


def shown(screen: MigrationScreen, start: str) -> str:
    """The text beside the entry whose title starts so, as it is drawn."""
    found = [at for at, entry in enumerate(screen.entries) if entry.title.startswith(start)]
    assert len(found) == 1, f"{start!r} in {[entry.title for entry in screen.entries]}"
    return screen.entries[found[0]].text


def said(screen: MigrationScreen) -> str:
    return str(screen.query_one("#migration-says", Static).render())


async def test_a_repository_is_looked_at_once_and_shows_the_plan_and_the_comparison_under_its_configuration(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = shop.state()
    plain = await shop.migrate("plan", shop.repo.full_name)
    app = console(shop.home, "migration", **ENV, TASSIST_MIGRATE_TOKEN=shop.token)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = shop.repo.full_name
        await pilot.press("enter")
        await settled(app)

        titles = [entry.title for entry in screen.entries]
        assert titles[0] == "where it stands"
        assert shown(screen, "the plan").splitlines() == [line.rstrip() for line in plain.out.splitlines()]
        assert "declares" in shown(screen, "legacy did nothing")
        legacy = [
            title for title in titles if title.startswith(("issue automation", "board", "telemetry", "dashboard"))
        ]
        assert len(legacy) == 7
        assert titles[-1] == "not ours, left alone (2)", "what stays is not among the legacy"
        assert "build.yml" in shown(screen, "not ours")
        assert not any("build.yml" in title for title in titles)

        says = screen.query_one("#migration-says", Static)
        assert "regression" in said(screen)
        assert said(screen).endswith("revisions read")
        assert len(said(screen)) > 78
        assert says.size.height * says.size.width >= len(said(screen)), "it is not cut at 80 columns"

        await pilot.press("down")
        assert "rename label codex-trackmain" in str(screen.query_one("#migration-text", Static).render())
        await pilot.press("w")
        await settled(app)
        assert (tmp_path / REPORT).read_text().startswith("<!DOCTYPE html>")
    assert shop.state() == before


async def test_a_configuration_of_ones_own_is_reached_by_its_key_and_compared(shop: Shop, tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text('schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n')
    app = console(shop.home, "migration", **ENV)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = shop.repo.full_name
        await pilot.press("enter")
        await settled(app)
        assert screen.query_one("#migration-found", OptionList).has_focus

        await pilot.press("e")
        assert screen.query_one("#migration-config", Input).has_focus
        await pilot.press(*str(own), "enter")
        await settled(app)

        assert "the configuration is your own" in shown(screen, "the plan")
        assert shown(screen, "rule by rule")


async def test_what_is_under_way_is_shown_and_not_planned_anew(shop: Shop) -> None:
    assert (await shop.migrate("apply", shop.repo.full_name, *DIRECT)).code == 0
    assert CONFIG in shop.files()
    app = console(shop.home, "migration", **ENV)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = shop.repo.full_name
        await pilot.press("enter")
        await settled(app)

        kept = json.loads((shop.home / "migrations" / "lena" / "shop" / "plan.json").read_text())
        assert f"the plan ({len(kept['steps'])} steps)" in [entry.title for entry in screen.entries]
        assert f"{len(kept['steps'])} of {len(kept['steps'])} steps done" in shown(screen, "where it stands")


async def test_where_no_plan_can_be_made_the_audit_is_there_all_the_same_and_says_why(shop: Shop) -> None:
    put_label(shop.box, shop.repo, "codex-trackghp_" + "a1b2" * 8)
    app = console(shop.home, "migration", **ENV)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = shop.repo.full_name
        await pilot.press("enter")
        await settled(app)

        assert "looks like a credential" in shown(screen, "no plan can be made")
        assert shown(screen, "issue automation: shop-sync.yml")
        assert "a1b2a1b2" not in app.export_screenshot()


async def test_a_configuration_that_is_wrong_is_said(shop: Shop, tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text("schema_version: 7\n")
    app = console(shop.home, "migration", **ENV)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = shop.repo.full_name
        screen.query_one("#migration-config", Input).value = str(own)
        await pilot.press("enter")
        await settled(app)

        assert "schema_version" in shown(screen, "what went wrong")
