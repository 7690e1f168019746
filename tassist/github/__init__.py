"""Talks to GitHub as an App: tokens, limits, reading and writing."""
