"""Valid configurations become types, with the place of every node and natural defaults."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.config import Config, InvalidConfig, parse

ROOT = Path(__file__).resolve().parents[4]
SMALL = 'schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n'


def valid(text: str) -> Config:
    config = parse(text, file="c.yml")
    assert isinstance(config, Config), [str(problem) for problem in config.problems]
    return config


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.yml")), ids=lambda path: path.name)
def test_an_example_is_valid_without_a_warning(example: Path) -> None:
    assert valid(example.read_text()).warnings == ()


def test_the_smallest_configuration_is_advisory() -> None:
    config = valid(SMALL)

    assert (config.enforcement, config.self_healing, config.stale, config.inheritance) == (None, None, None, None)
    assert config.pull_requests is False
    assert config.digest.startswith("sha256:")


def test_every_part_keeps_its_place() -> None:
    config = valid((ROOT / "examples" / "full.yml").read_text())

    assert str(config.tracks[1].where) == "c.yml:11:5 (tracks[1])"
    assert config.milestones[0].due_on == date(2026, 12, 31)
    assert config.labels[0].color == "1d76db"
    assert config.enforcement is not None
    assert [group.name for group in config.enforcement.exclusivity] == ["track", "phase", "priority", "state", "area"]
    assert [group.strategy for group in config.enforcement.exclusivity][1:4] == ["highest", "highest", "newest"]
    assert config.enforcement.phase_milestones[1].where.path == "enforcement.phase_milestones.phase-2"


def test_a_broken_file_names_every_place_at_once() -> None:
    config = parse('schema_version: "2.0"\ntracks: {}\nlabels: [{nam: x}]\nmilestones: []\n', file="c.yml")

    assert isinstance(config, InvalidConfig)
    assert [(p.code, p.where.line if p.where else None) for p in config.problems] == [
        ("config-wrong-text", 1),
        ("config-older-form", 2),
        ("config-missing-key", 3),
        ("config-unknown-key", 3),
    ]


def test_a_file_keeps_its_name_valid_or_not() -> None:
    found = parse('schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n', file="mine.yml")

    assert isinstance(found, Config)
    assert found.file == "mine.yml"
    assert parse("", file="mine.yml").file == "mine.yml"
