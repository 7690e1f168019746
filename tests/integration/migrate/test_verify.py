"""After a migration everything is checked against its plan, and whatever is not as planned is named, each by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tassist.sandbox.git_store import commit_file
from tassist.services.migrate.imported import FILE
from tassist.telemetry.paths import KEPT
from tassist.telemetry.prune import prune
from tests.integration.migrate.conftest import CONFIG, Shop
from tests.integration.migrate.test_moving import DIRECT

BUILD = ".github/workflows/build.yml"
SYNC = ".github/workflows/shop-sync.yml"


async def verified(shop: Shop) -> tuple[int, dict[str, str]]:
    """The exit code, and why what does not hold does not."""
    done = await shop.migrate("verify", "lena/shop", "--json")
    return done.code, {one["what"]: one["why"] for one in done.json["checks"] if not one["holds"]}


async def test_each_check_fails_by_itself_when_what_it_guards_is_broken(lean: Shop) -> None:
    applied = await lean.migrate("apply", "lena/shop", "--close-self-tests", *DIRECT)
    assert applied.code == 0, applied.err
    assert await verified(lean) == (0, {})
    (records,) = [file for file in (lean.home / "telemetry").rglob("*.jsonl") if file.stat().st_size][:1]
    whole = records.read_bytes()

    def breaks() -> dict[str, str]:
        """Break one thing after another; what the check of each says."""
        repo, by = lean.repo, lean.box.user("lena")
        repo.labels["track/main"].name = "track/other"
        old = repo.labels["codex-trackdashboard"]
        repo.issues[4].labels.append(old)
        repo.issues[8].state = "open"
        next(one for one in repo.workflows.values() if one.path == SYNC).state = "active"
        commit_file(repo, BUILD, b"on: push\n", "edit", by, lean.box.clock.now())
        commit_file(repo, CONFIG, b"tracks: []\n", "edit", by, lean.box.clock.now())
        records.write_bytes(whole.replace(b'"legacy:codex"', b'"legacy:other"', 1))
        return {
            "rename label codex-trackmain": "there is no label track/main",
            "merge label codex-trackdashboard": "1 issue still carries it",
            "close": "1 are open",
            "disable workflow shop-sync.yml": "it is on again",
            f"{BUILD} is untouched": "it changed",
            "in one commit": f"{CONFIG} was changed since",
            "import legacy telemetry": "1 of 3 records was changed",
        }

    with lean.box.lock:
        wanted = breaks()
    code, wrong = await verified(lean)

    assert code == 3
    assert len(wrong) == len(wanted), wrong
    for what, why in wanted.items():
        assert [said for check, said in wrong.items() if check.startswith(what) and why in said], (what, wrong)

    records.write_bytes(b"".join(whole.splitlines(keepends=True)[1:]))
    with lean.box.lock:
        commit_file(lean.repo, SYNC, b"on: push\n", "back", lean.box.user("lena"), lean.box.clock.now())
    _, wrong = await verified(lean)
    assert next(why for what, why in wrong.items() if what.startswith("import")).startswith("1 of ")
    assert next(why for what, why in wrong.items() if what.startswith("in one commit")) == f"legacy is back: {SYNC}"


async def test_what_could_not_be_looked_at_is_said_and_not_called_right(lean: Shop) -> None:
    await lean.migrate("apply", "lena/shop", *DIRECT)
    next(Path(lean.home).rglob(FILE)).unlink()

    done = await lean.migrate("verify", "lena/shop", TASSIST_MIGRATE_TOKEN="")

    assert done.code == 0, done.out
    assert "?     disable workflow shop-sync.yml" in done.out
    assert "lend a token as for apply" in done.out
    assert "?     import legacy telemetry" in done.out
    assert done.out.splitlines()[-1] == "Everything is as planned; 3 could not be looked at."


async def test_records_that_were_pruned_are_not_called_missing_and_others_are(lean: Shop) -> None:
    await lean.migrate("apply", "lena/shop", *DIRECT)
    folder = lean.home / "telemetry"
    pruned = prune(folder, keep_days=30, now=lean.box.clock.now() + timedelta(days=400))
    assert pruned.files > 0

    done = await lean.migrate("verify", "lena/shop", "--json")

    assert done.code == 0, done.out
    ((what, why),) = [(one["what"], one["why"]) for one in done.json["unchecked"]]
    assert what.startswith("import legacy telemetry")
    assert (
        why
        == f"{pruned.records} of {pruned.records} records were past their time and pruned; what their days add up to is kept"
    )

    for kept in folder.rglob(KEPT):
        kept.unlink()
    code, wrong = await verified(lean)
    assert code == 3
    assert [why.partition(" records are not in")[0] for why in wrong.values()] == [
        f"{pruned.records} of {pruned.records}"
    ]
