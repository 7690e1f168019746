"""What `tassist config init` writes is a configuration in order."""

from __future__ import annotations

from engine.config import Config, parse
from engine.config.starter import STARTER


def test_the_starter_is_valid_without_a_warning() -> None:
    config = parse(STARTER)

    assert isinstance(config, Config)
    assert config.warnings == ()
    assert config.tracks
    assert config.enforcement is not None
    assert all(group.mode in {"enforce", "warn"} for group in config.enforcement.exclusivity)
