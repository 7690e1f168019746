"""Checks of the environment and of drift, each with its state, its reason and its fix."""
