"""Whatever stands in a file, it is answered: no exception, bounded problems, every one with a place and words."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.config import Config, InvalidConfig, parse
from engine.config.limits import MAX_PROBLEMS
from engine.config.older import upgrade
from engine.problems import Problem
from tests.support.configs import config_documents

OLDER = [path.read_text() for path in sorted((Path(__file__).parents[1] / "unit/engine/config/older").glob("*.yml"))]
PIECES = (
    "[", "]", "{", "}", ":", ": ", ", ", "- ", "? ", "#", " #", "\n", "\n  ", "\t", "'", '"', "|", ">", "&a ", "*a", "!t ", "%", "---\n",
    "...\n", "<<: ", "~", "0", "010", "1.0", "no", "\u00a0", "\u200b", "\u2028", "\x00", "\ufeff", "é", "😀", "\\", "version: 1", "tracks:",
    "labels: ", "rules:\n  ", "enforcement:\n  ", "label: x", "\r\n", "\r",
)  # fmt: skip


def answered(problems: tuple[Problem, ...]) -> None:
    assert len(problems) <= MAX_PROBLEMS
    for problem in problems:
        assert problem.code.startswith("config-")
        assert problem.what
        assert problem.where is not None
        assert len(str(problem)) < 4_000


def held(source: str | bytes) -> None:
    """Parse and upgrade; hold what comes back against what is promised."""
    found = parse(source)
    assert parse(source) == found
    answered(found.warnings)
    if isinstance(found, InvalidConfig):
        assert found.problems
        answered(found.problems)
    done = upgrade(source)
    answered(done.problems)
    assert bool(done.problems) == isinstance(parse(done.text if done.changes else source), InvalidConfig)
    if not done.problems:
        assert upgrade(done.text).changes == ()
    if isinstance(found, Config):
        assert done.changes == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(source: bytes) -> None:
    held(source)


@given(st.text(max_size=300))
def test_any_text_is_answered(source: str) -> None:
    held(source)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_heap_of_signs_is_answered(source: str) -> None:
    held(source)


@given(st.data())
def test_any_damaged_configuration_is_answered(data: st.DataObject) -> None:
    text = data.draw(st.one_of(config_documents(), st.sampled_from(OLDER)))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))) + text[end:]
    held(text)


@given(st.data())
def test_any_shuffled_configuration_is_answered(data: st.DataObject) -> None:
    lines = data.draw(st.one_of(config_documents(), st.sampled_from(OLDER))).splitlines(keepends=True)
    kept = data.draw(st.lists(st.sampled_from(lines), max_size=len(lines)))
    held("".join(kept))
