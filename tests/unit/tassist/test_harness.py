"""The page of figures is the benchmarks' own, part by part."""

from __future__ import annotations

from benchmarks.harness import HEAD, Result, interleaved, ratio, replaced


def result(name: str, found: str) -> Result:
    made = Result(name, f"About {name}")
    made.add("rate", found, "≥ 2", met=True)
    return made


def test_a_benchmark_replaces_its_own_part_and_no_other() -> None:
    page = replaced(replaced(HEAD, result("b", "1"), "here"), result("a", "2"), "here")
    again = replaced(page, result("b", "3"), "there")

    assert again.index("About a") < again.index("About b")
    assert "| rate | 2 | ≥ 2 | met |" in again
    assert "| rate | 3 | ≥ 2 | met |" in again
    assert "| rate | 1 |" not in again
    assert replaced(again, result("b", "3"), "there") == again


def test_rounds_are_taken_in_turn_and_compared_pair_by_pair() -> None:
    order: list[str] = []
    values = iter([2.0, 1.0, 1.0, 4.0])

    def measure(name: str) -> float:
        order.append(name)
        return next(values)

    found = interleaved({"ours": lambda: measure("ours"), "theirs": lambda: measure("theirs")}, 2)

    assert order == ["ours", "theirs", "theirs", "ours"]
    assert (ratio(found["ours"], found["theirs"]).low, ratio(found["ours"], found["theirs"]).high) == (2.0, 4.0)
