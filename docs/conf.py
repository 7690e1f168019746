"""How Sphinx builds the documentation: `make site` writes it to build/site, and every warning is an error."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

project = "tassist"
author = "the tassist authors"
copyright = author  # noqa: A001 - Sphinx reads this name
release = re.search(r'__version__ = "([^"]+)"', (ROOT / "tassist" / "__init__.py").read_text()).group(1)  # type: ignore[union-attr]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["sample-site/**"]
nitpicky = True
language = "en"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "tassist"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
