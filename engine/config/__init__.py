"""Reads `.github/task-assistant.yml` into types, with every problem at its line and column."""

from engine.config.dump import dump
from engine.config.parsing import DEFAULT_FILE, parse
from engine.config.patterns import compile_pattern, milestone_numbers
from engine.config.types import Config, InvalidConfig

__all__ = ["DEFAULT_FILE", "Config", "InvalidConfig", "compile_pattern", "dump", "milestone_numbers", "parse"]
