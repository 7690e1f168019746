"""A credential that stands in a legacy repository is written nowhere else by its migration."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tassist.sandbox.git_store import commit_file
from tassist.sandbox.labels import find_label, put_label
from tassist.services.migrate.progress import FOLDER
from tests.integration.github.conftest import Done
from tests.integration.migrate.conftest import Shop
from tests.integration.migrate.test_moving import DIRECT

TOKENS = ("ghp_" + "a1" * 18, "ghs_" + "b2" * 18, "github_pat_" + "c3" * 20)
APP = "lena/shop"


def plant(shop: Shop) -> None:
    """Leave a token in a legacy workflow, in the description of a label that becomes a track, and in a variable."""
    path = ".github/workflows/shop-sync.yml"
    text = shop.files()[path].decode().replace("jobs:", f"env: {{GH_TOKEN: {TOKENS[0]}}}\njobs:", 1)
    commit_file(shop.repo, path, text.encode(), "leak", shop.repo.owner, shop.box.clock.now())
    label = find_label(shop.repo, "codex-trackmain")
    assert label is not None
    label.description = f"the shop, with {TOKENS[1]}"
    variable = shop.repo.variables["CODEX_MAIN_STALE_DAYS"]
    shop.repo.variables["CODEX_MAIN_STALE_DAYS"] = dataclasses.replace(variable, value=TOKENS[2])


def found_in(text: str) -> list[str]:
    return [token for token in TOKENS if token[12:] in text]


async def test_nothing_that_a_migration_says_or_writes_repeats_a_token(shop: Shop, tmp_path: Path) -> None:
    plant(shop)
    kept, evidence = tmp_path / "plan.json", tmp_path / "evidence.md"
    evidence.write_text(f"# Evidence\n\nby hand: {TOKENS[0]}\n")
    done: list[Done] = []

    async def migrate(*args: str, code: int = 0) -> str:
        one = await shop.migrate(args[0], APP, *args[1:]) if args[0] != "shadow" else await shop.migrate(*args)
        assert one.code == code, one.err
        done.append(one)
        return one.out

    shown = await migrate("plan", "--out", str(kept), code=2)
    assert 'description: "the shop, with ***"' in shown
    assert "variable CODEX_MAIN_STALE_DAYS holds what looks like a credential, and is not used" in shown
    await migrate("plan", "--json", code=2)
    await migrate("shadow", "start", APP, "--plan", str(kept), "--days", "2")
    await migrate("shadow", "status", APP)
    await migrate("shadow", "stop", APP)
    await migrate("apply", "--plan", str(kept), "--evidence", str(evidence), "--yes", "--service-elsewhere", code=8)
    (pull,) = [one for one in shop.repo.issues.values() if one.head]
    assert "by hand: ***" in (pull.body or "")
    evidence.unlink()  # nothing else may hold it: the guard against secrets looks
    await migrate("apply", "--merge", "--yes", "--service-elsewhere")
    config = shop.files()[".github/task-assistant.yml"].decode()
    await migrate("verify", "--json")
    await migrate("rollback", "--direct", "--yes", "--json")

    told = [one.out + one.err for one in done]
    told += [kept.read_text(), pull.body or "", pull.title, config]
    told += [file.read_text() for file in (shop.home / FOLDER).rglob("*") if file.is_file()]
    told += [file.read_text() for file in (shop.home / "telemetry").rglob("*.jsonl")]
    assert [(text[:60], found_in(text)) for text in told if found_in(text)] == []
    assert TOKENS[0] in shop.files()[".github/workflows/shop-sync.yml"].decode(), "what was there is back to the byte"
    assert found_in(json.dumps(sorted(one.description or "" for one in shop.repo.labels.values()))) == [TOKENS[1]]


async def test_a_name_that_would_have_to_be_repeated_stops_the_plan_and_is_not_shown(shop: Shop) -> None:
    put_label(shop.box, shop.repo, f"codex-track{TOKENS[0][:36]}")
    before = shop.state()

    done = await shop.migrate("plan", APP)

    assert done.code == 1
    assert "looks like a credential" in done.err
    assert "revoke it" in done.err
    assert found_in(done.out + done.err) == []
    assert shop.state() == before


@pytest.mark.parametrize("how", ["config", "plan"])
async def test_a_credential_in_a_file_of_ones_own_is_refused(shop: Shop, tmp_path: Path, how: str) -> None:
    own = tmp_path / "own"
    text = f'schema_version: "1.0"\n# {TOKENS[0]}\ntracks: []\nlabels: []\nmilestones: []\n'
    if how == "plan":
        assert (await shop.migrate("plan", APP, "--out", str(own))).code == 2
        data = json.loads(own.read_text())
        own.write_text(json.dumps({**data, "config": data["config"] + f"# {TOKENS[0]}\n"}))
    else:
        own.write_text(text)
    before = shop.state()

    done = await shop.migrate("apply", APP, f"--{how}", str(own), *DIRECT)
    own.unlink()  # nothing else may hold it: the guard against secrets looks

    assert done.code != 0
    assert "# ***" in done.err
    assert found_in(done.out + done.err) == []
    assert shop.state() == before
