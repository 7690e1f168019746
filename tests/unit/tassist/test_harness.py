"""The page of figures is written by the benchmarks alone, and has a part for each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import ORDER
from benchmarks.harness import PAGE, RESULTS, Result, benchmarks, interleaved, ratio, record, recorded, rendered


def result(name: str, found: str, *, met: bool = True) -> Result:
    made = Result(name, f"About {name}", costs={"cpu_s": 0.5})
    made.add("rate", found, "≥ 2", met=met)
    return made


def test_a_benchmark_replaces_its_own_part_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    for one in (result("b", "1"), result("a", "2"), result("b", "3", met=False)):
        record(one, results=results, page=page)
    text = page.read_text()

    assert text.index("## About a") < text.index("## About b")
    assert "| rate | 2 | ≥ 2 | met |" in text
    assert "| rate | 3 | ≥ 2 | **missed** |" in text
    assert "| rate | 1 |" not in text
    assert "- rate: 3, goal ≥ 2 ([About b](#about-b))" in text
    assert text == rendered(recorded(results))
    assert recorded(results)["a"].costs == {"cpu_s": 0.5}
    assert "MISSED" in capsys.readouterr().out


def test_the_page_is_what_the_benchmarks_wrote_and_nothing_else() -> None:
    assert PAGE.read_text() == rendered(recorded(RESULTS)), "run: make bench, or: python -m benchmarks --page"


def test_every_benchmark_is_run_by_make_bench_and_has_its_part_of_the_page_or_is_said_not_to_have_run() -> None:
    kept = recorded(RESULTS)
    _, _, unrun = PAGE.read_text().partition("\nNot run since the page was last begun anew: ")
    waiting = set(unrun.partition(".\n")[0].split(", ")) if unrun else set()

    assert [name for name, _ in sorted(ORDER)] == benchmarks()
    assert set(kept) | waiting == set(benchmarks())
    assert not set(kept) & waiting


def test_rounds_are_taken_in_turn_and_compared_pair_by_pair() -> None:
    order: list[str] = []
    values = iter([2.0, 1.0, 1.0, 4.0])

    def measure(name: str) -> float:
        order.append(name)
        return next(values)

    found = interleaved({"ours": lambda: measure("ours"), "theirs": lambda: measure("theirs")}, 2)

    assert order == ["ours", "theirs", "theirs", "ours"]
    assert (ratio(found["ours"], found["theirs"]).low, ratio(found["ours"], found["theirs"]).high) == (2.0, 4.0)
