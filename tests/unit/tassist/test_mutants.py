"""What `make mutate` takes for explained, and how it knows a mutant again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mutants_before import Before, of_test_file
from tests.support.mutate import Kind, explained, kinds_explained

STRICT = Kind("engine.backtest._left", "strict=True", "strict=None")


@pytest.mark.parametrize(
    ("function", "was", "becomes", "is_explained"),
    [
        ("engine.backtest._left", "zip(a, b, strict=True)", "zip(a, b, strict=None)", True),
        ("engine.backtest._left", "zip(a, strict=True) + zip(b, strict=True)", "zip(a, strict=True) + zip(b, strict=None)", True),
        ("engine.backtest._left", "zip(a, strict=True) + zip(b, strict=True)", "zip(a, strict=None) + zip(b, strict=None)", False),
        ("engine.backtest._left", "zip(a, b, strict=True)", "zip(a, None, strict=None)", False),
        ("engine.backtest._left", "zip(a, b, strict=True)", "zip(a, b, strict=False)", False),
        ("engine.backtest._left", "zip(a, b)", "zip(a, b)", False),
        ("engine.backtest._lefts", "zip(a, b, strict=True)", "zip(a, b, strict=None)", False),
    ],
)  # fmt: skip
def test_a_kind_is_one_change_made_once_in_one_function(
    function: str, was: str, becomes: str, is_explained: bool
) -> None:
    assert STRICT.explains(function, {"was": was, "becomes": becomes}) is is_explained


def test_a_kind_of_the_whole_engine_is_one_of_every_function_of_it() -> None:
    kind = Kind("engine", "strict=True", "strict=None")
    change = {"was": "zip(a, b, strict=True)", "becomes": "zip(a, b, strict=None)"}

    assert kind.explains("engine.rules.stale.evaluate", change)
    assert not kind.explains("engines.rules", change)


def test_the_reports_tables_are_read_and_every_row_has_its_reason(project_root: Path) -> None:
    rows, kinds = explained(), kinds_explained()

    assert all(rows.values())
    assert all(kinds.values())
    report = (project_root / "docs/explanation/mutation-report.md").read_text()
    assert len(rows) + len(kinds) == report.count("\n| `engine")


def test_what_an_earlier_run_found_is_kept_when_what_judges_has_changed(tmp_path: Path) -> None:
    before = Before(tmp_path)
    for by in ("nobody", "tests"):
        (tmp_path / "judged.jsonl").write_text(f'{{"change": "c1", "by": "{by}", "item": ""}}\n')
        before.set_aside()

    assert not (tmp_path / "judged.jsonl").exists()
    assert before.verdicts()["c1"]["by"] == "tests"
    before.keep_items("state", {"item": "digest"})
    assert before.items("state") == {"item": "digest"}
    assert before.items("another") == {}


def test_a_test_is_another_one_when_what_it_imports_has_changed(tmp_path: Path) -> None:
    support, test = tmp_path / "tests/support/help.py", tmp_path / "tests/test_it.py"
    support.parent.mkdir(parents=True)
    support.write_text("A = 1\n")
    test.write_text("from tests.support.help import A\n")
    first = of_test_file(tmp_path, test)
    of_test_file.cache_clear()

    assert of_test_file(tmp_path, test) == first
    of_test_file.cache_clear()
    support.write_text("A = 2\n")
    assert of_test_file(tmp_path, test) != first
