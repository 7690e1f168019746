"""Patterns compile, and stay within what one configuration may cost."""

from __future__ import annotations

from engine.config import limits
from engine.config.checked import Checked
from engine.config.meaning.names import Scope
from engine.config.patterns import compile_pattern, placeholders

_SHARE_OF_ONE_TOO_LARGE = limits.MAX_PATTERN_SIZE // 2


def milestone_pattern(scope: Scope, track: Checked, pattern: str) -> None:
    """Numbers in a title have names of their own and something between them."""
    names = placeholders(pattern)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        scope.out.problem(
            "config-wrong-placeholder",
            track.place("milestone_pattern"),
            f"{{{repeated[0]}}} stands in the pattern more than once",
            "each number needs its own name",
            f"rename one, such as {{{repeated[0]}2}}",
        )
    if "}{" in pattern:
        scope.out.problem(
            "config-wrong-placeholder",
            track.place("milestone_pattern"),
            "two numbers stand side by side",
            "nothing says where one ends and the next begins",
            "put something between them, such as a dot",
        )


def examine_patterns(scope: Scope) -> None:
    """Compile every pattern; together they are bounded, as each of them costs time for every issue."""
    count = size = 0
    for track in scope.tracks:
        match = track.record("match")
        for leaf in (*match.leaves("title"), *match.leaves("body")) if match else ():
            count += 1
            if count > limits.MAX_PATTERNS or size > limits.MAX_PATTERN_SIZE:
                scope.out.problem(
                    "config-too-many-patterns",
                    leaf.where,
                    "the patterns up to here are as many, or as large, as one configuration may have",
                    f"at most {limits.MAX_PATTERNS} patterns, {limits.MAX_PATTERN_SIZE} RE2 instructions in all",
                    "put alternatives into one pattern: (?i)^(feat|feature)",
                )
                return
            try:
                size += compile_pattern(str(leaf.value)).programsize
            except ValueError as error:
                # One that is too large took its share of time before that was known.
                if "too large" in str(error):
                    size += _SHARE_OF_ONE_TOO_LARGE
                scope.out.problem(
                    "config-wrong-pattern",
                    leaf.where,
                    f"the pattern {str(leaf.value)[:60]!r} cannot be used: {error}",
                    "patterns are RE2, which answers in linear time",
                    "see https://github.com/google/re2/wiki/Syntax",
                )
