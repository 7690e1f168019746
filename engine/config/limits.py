"""How much of a configuration is read: every bound in one place, each with the reason it has that size.

Together they keep the answer for any file of up to 1 MiB under 100 ms (`benchmarks/config_parse.py` measures it).
"""

from __future__ import annotations

MAX_BYTES = 1024 * 1024
"""Of the file. The largest configuration seen in public is 5 kB."""
MAX_NODES = 8_000
"""Keys, values and list entries together; enough for about 1,100 labels with description and colour."""
MAX_DEPTH = 32
"""Of nesting; schema 1.0 itself needs 6."""
MAX_PROBLEMS = 100
"""Reported at once; the last one says how many more there are. Warnings are bounded alike."""
MAX_COMPARISONS = 3_000
"""Words compared to find the nearest spelling; after that problems come without one."""

MAX_LABEL_NAME = 50
"""Characters. GitHub: 422 "name is too long". Source: https://docs.github.com/en/rest/issues/labels"""
MAX_LABEL_DESCRIPTION = 100
"""Characters. Source: https://docs.github.com/en/rest/issues/labels#create-a-label"""
MAX_LABELS_ON_AN_ISSUE = 100
"""Source: https://docs.github.com/en/rest/issues/labels#add-labels-to-an-issue"""
MAX_MILESTONE_TITLE = 255
MAX_DESCRIPTION = 2_000
"""Of a track or a milestone."""
MAX_COMMENT = 10_000
"""Of the comment left on a stale issue; GitHub's own bound is 65,536."""
MAX_DAYS = 3_650

MAX_PATTERNS = 100
"""Regular expressions in the whole file, as each costs time for every issue."""
MAX_PATTERN_CHARS = 500
MAX_PATTERN_MEMORY = 1 << 18
"""Bytes RE2 may use for one pattern; what needs more is refused."""
MAX_PATTERN_SIZE = 20_000
"""Instructions of all patterns together."""
