"""Reads `.github/task-assistant.yml` into types, with every problem at its line and column."""
