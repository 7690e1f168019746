"""Our two themes; the terminal's own colours are Textual's ``ansi-dark`` and ``ansi-light``."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="tassist-dark",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#e0af68",
    foreground="#d5d9e8",
    background="#14161f",
    surface="#1b1e2a",
    panel="#242838",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    dark=True,
    variables={"footer-key-foreground": "#7aa2f7", "block-cursor-text-style": "bold"},
)
LIGHT = Theme(
    name="tassist-light",
    primary="#1f4fa3",
    secondary="#2f6b1e",
    accent="#8a5a00",
    foreground="#1d2130",
    background="#fafafc",
    surface="#f1f2f6",
    panel="#e4e6ee",
    success="#2f6b1e",
    warning="#8a5a00",
    error="#b3123a",
    dark=False,
    variables={"footer-key-foreground": "#1f4fa3", "block-cursor-text-style": "bold"},
)
THEMES = (DARK, LIGHT)
NAMES = {"dark": DARK.name, "light": LIGHT.name, "ansi-dark": "ansi-dark", "ansi-light": "ansi-light"}
"""By the value of the setting ``theme``."""
