"""What YAML can do beyond plain data is refused with a place and a fix, in bounded work; nothing ever raises."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.config import Config, InvalidConfig, parse
from engine.config.findings import Findings
from engine.config.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_PROBLEMS
from engine.config.reading import read
from engine.problems import Problem, Where

HEAD = 'schema_version: "1.0"\ntracks: []\nmilestones: []\n'
SMALL = HEAD + "labels: []\n"


def refused(source: str | bytes) -> InvalidConfig:
    found = parse(source, file="c.yml")
    assert isinstance(found, InvalidConfig), found
    assert found.problems
    for problem in found.problems:
        assert problem.where is not None
        assert problem.what
    return found


def codes(source: str | bytes) -> list[tuple[str, int | None, int | None]]:
    """Code, line and column of every problem."""
    return [(p.code, p.where.line, p.where.column) for p in refused(source).problems if p.where]


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return SMALL + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("source", "line", "column", "what"),
    [
        (b"\xff", 1, 1, "the byte 0xff is no UTF-8"),
        (b"\n\xff", 2, 1, "the byte 0xff is no UTF-8"),
        ("a: é\r\nbé".encode() + b"\xe4\n", 2, 3, "the byte 0xe4 is no UTF-8"),
        (b"a\nb\n\nc: \xc3", 4, 4, "the byte 0xc3 is no UTF-8"),
        ("a: b\n".encode("utf-16-le"), None, None, ""),
        (b"\xff\xfe" + "a: b\n".encode("utf-16-le"), 1, 1, "the file is UTF-16"),
        (b"\xfe\xff" + "a: b\n".encode("utf-16-be"), 1, 1, "the file is UTF-16"),
    ],
)
def test_bytes_that_are_no_utf8_are_named_at_their_place(
    source: bytes, line: int | None, column: int | None, what: str
) -> None:
    found = refused(source).problems

    if what:
        words = ("GitHub and every reader of YAML expect UTF-8", "save the file as UTF-8")
        assert found == (Problem("config-not-utf8", what, *words, Where("c.yml", line, column)),)
    else:  # without its mark UTF-16 is UTF-8 with zeros between the letters
        assert found[0].code == "config-control-character"


def test_half_a_character_in_a_text_is_refused_like_any_other_that_cannot_be_written() -> None:
    assert codes("a: \ud800\n") == [("config-control-character", 1, 4)]


def test_h63_an_alias_bomb_is_refused_and_never_expanded() -> None:
    found = codes(bomb(6))

    assert {code for code, _, _ in found} == {"config-alias"}
    assert len(found) == 6 + 5 * 9  # each anchor and each alias once: nothing was multiplied


def test_h63_an_alias_within_itself_is_refused() -> None:
    assert codes(SMALL + "a: &a [*a]\n") == [("config-alias", 5, 4), ("config-alias", 5, 8)]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_h63_five_thousand_levels_are_refused_at_the_limit(opening: str) -> None:
    found = refused(opening * 5000)

    assert found.problems[-1].code == "config-too-deep"
    assert str(MAX_DEPTH) in found.problems[-1].what


def test_h63_nesting_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 1

    assert isinstance(parse(SMALL + "later: " + "[" * depth + "]" * depth), Config)
    assert codes(SMALL + "later: " + "[" * (depth + 1) + "]" * (depth + 1))[0][0] == "config-too-deep"


def test_h63_more_nodes_than_the_limit_are_refused_where_it_is_reached() -> None:
    found = refused("a: b\n" * MAX_NODES)

    assert "config-too-many-nodes" in {problem.code for problem in found.problems}
    assert len(found.problems) == MAX_PROBLEMS


def test_h63_a_file_over_the_size_limit_is_not_read_at_all() -> None:
    assert codes(b"#" * (MAX_BYTES + 1)) == [("config-too-large", None, None)]
    assert codes("é" * (MAX_BYTES // 2 + 1)) == [("config-too-large", None, None)]
    assert codes("#" * (MAX_BYTES + 1)) == [("config-too-large", None, None)]
    assert refused("é" * (MAX_BYTES // 2 + 1)).problems == (
        Problem(
            "config-too-large",
            f"the file has {MAX_BYTES + 2} bytes",
            f"at most {MAX_BYTES} are read",
            "leave out what is not needed",
            Where("c.yml"),
        ),
    )


def test_a_file_of_exactly_the_limit_is_read() -> None:
    whole = SMALL + "#" * (MAX_BYTES - len(SMALL))

    assert isinstance(parse(whole), Config)
    assert isinstance(parse(whole.encode()), Config)


def test_as_many_nodes_as_there_may_be_are_read_and_one_more_is_refused() -> None:
    text, out = "a: [b, c, d]\n", Findings("c.yml")  # a mapping, a key, a list and three entries

    assert read(text, out, max_nodes=6) is not None
    assert read(text, out, max_nodes=5) is None
    assert out.problems() == (
        Problem(
            "config-too-many-nodes",
            "the file holds more than 5 keys, values and entries; reading stopped here",
            "a file of any size must be answered at once",
            "leave out what is not needed",
            Where("c.yml", 1, 11),
        ),
    )


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [id]",
        "!!python/name:os.system",
        "!custom {a: b}",
        "!!binary aGk=",
        "!!str 010",
        "! plain",
        "!<tag:example.org,2026:x> y",
    ],
)
def test_h64_a_tag_is_refused_and_builds_nothing(value: str) -> None:
    assert codes(f"{SMALL}later: {value}\n") == [("config-tag", 5, 8)]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(?=feat)", "lookahead and lookbehind"),
        (r"(?!feat)", "lookahead and lookbehind"),
        (r"(?<=feat)x", "lookahead and lookbehind"),
        (r"(a)\1", "earlier group"),
        (r"(?P<n>a)(?P=n)", "earlier group"),
        (r"(a{1000}){1000}", "smaller repeats"),
        (r"(?i)(\pL{900}){1}", "smaller repeats"),
        (r"(unclosed", "missing"),
        (r"[z-a]", "range"),
        (r"*", "repetition"),
    ],
)
def test_h65_a_pattern_that_is_not_linear_is_refused_in_words(pattern: str, why: str) -> None:
    text = f"{SMALL.replace('tracks: []', '')}tracks: [{{id: a, label: a, match: {{body: ['{pattern}']}}}}]\n"

    (problem,) = refused(text).problems

    assert problem.code == "config-wrong-pattern"
    assert why in problem.what
    assert problem.where is not None
    assert problem.where.path == "tracks[0].match.body[0]"


def test_h65_a_pattern_that_explodes_elsewhere_is_welcome() -> None:
    found = parse(f"{SMALL.replace('tracks: []', '')}tracks: [{{id: a, label: a, match: {{title: ['(a+)+$']}}}}]\n")

    assert isinstance(found, Config)


def test_h65_patterns_are_bounded_in_number_and_in_size_together() -> None:
    def text(patterns: list[str]) -> str:
        listed = ", ".join(f"'{pattern}'" for pattern in patterns)
        tracks = f"- {{id: a, label: a, match: {{title: [{listed}]}}}}\n- {{id: b, label: b, match: {{title: [x]}}}}\n"
        return f"{SMALL.replace('tracks: []', '')}tracks:\n{tracks}"

    assert isinstance(parse(text(["x"] * 99)), Config)
    assert [code for code, _, _ in codes(text(["x"] * 100))] == ["config-too-many-patterns"]
    assert [code for code, _, _ in codes(text(["[a-z]{999}"] * 30))] == ["config-too-many-patterns"]


_LOOKS = """
import resource, sys
from datetime import UTC, datetime
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from engine.decide import decide
from engine.config import Config, parse
from engine.model import Issue, IssueRef, Label, Repo, Trigger
config = parse(sys.stdin.read())
assert isinstance(config, Config), config
repo = Repo("o/r", labels=(Label("a"), Label("b")))
body = "a" * 65_535 + "!"
for number in range(10):
    issue = Issue(IssueRef("o/r", number), body=body, parent_read=True)
    plan = decide(Trigger("sweep"), issue, repo, config, datetime(2026, 3, 1, tzinfo=UTC))
    assert [decision.outcome for decision in plan.decisions if decision.rule == "track.classify"] == ["skipped"]
"""


def test_h66_the_longest_body_under_as_many_patterns_as_there_may_be_is_decided_in_bounded_work() -> None:
    """Each pattern would take years in an engine that tries every way; the operating system ends what takes minutes."""
    pattern = "'^(a+)+$'"
    listed = ", ".join([pattern] * 50)
    text = (
        f"{SMALL.replace('tracks: []', '')}tracks:\n- {{id: a, label: a, match: {{body: [{listed}]}}}}\n"
        f"- {{id: b, label: b, match: {{body: [{listed}]}}}}\nself_healing: {{enabled: true}}\nenforcement: {{}}\n"
    )

    done = subprocess.run([sys.executable, "-c", _LOOKS], input=text, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a: b\n---\nc: d\n", [("config-several-documents", 2, 1)]),
        ("a: b\n...\n---\nc: d\n", [("config-several-documents", 3, 1)]),
        ("%YAML 1.1\n---\na: b\n", [("config-yaml-directive", 1, 1)]),
        ("%TAG ! tag:x\n" * 1000, [("config-yaml-directive", 1, 1)]),
        ("a: b\n...\n%TAG ! tag:x\n---\n", [("config-yaml-directive", 3, 1)]),
        ("a:\n\tb: c\n", [("config-tab", 2, 1)]),
        ("a: 'x\n", [("config-yaml-syntax", 2, 1)]),
        ("a: b: c\n", [("config-yaml-syntax", 1, 5)]),
        ("a: [1, 2\n", [("config-yaml-syntax", 2, 1)]),
        ("a: @x\n", [("config-yaml-syntax", 1, 4)]),
        ("- a\n", [("config-not-a-mapping", 1, 1)]),
        ("just words\n", [("config-not-a-mapping", 1, 1)]),
        ("12\n", [("config-not-a-mapping", 1, 1)]),
        ("", [("config-empty", None, None)]),
        ("# only a comment\n", [("config-empty", None, None)]),
        ("---\n", [("config-empty", None, None)]),
        ("~\n", [("config-empty", None, None)]),
        ("a: b\x00c\n", [("config-control-character", 1, 5)]),
        ("é: \x1b[2J\n", [("config-control-character", 1, 4)]),
        ("a: b\u2028c\n", [("config-control-character", 1, 5)]),
        ("a: b\x85c\n", [("config-control-character", 1, 5)]),
        ("a: \ud800\n", [("config-control-character", 1, 4)]),
        ("a\r\nb: \ufeff\r\n", [("config-control-character", 2, 4)]),
        (b"a: b\nc\xc3: \xe4\n", [("config-not-utf8", 2, 2)]),
        (b"\xff\xfea\x00:\x00", [("config-not-utf8", 1, 1)]),
        (b"\xef\xbb\xbf\xef\xbb\xbfa: b", [("config-control-character", 1, 1)]),
    ],
)
def test_what_is_no_plain_yaml_is_refused_at_its_place(
    source: str | bytes, expected: list[tuple[str, int | None, int | None]]
) -> None:
    assert codes(source) == expected


def test_a_byte_order_mark_at_the_beginning_is_read_over() -> None:
    for source in ("\ufeff" + SMALL, b"\xef\xbb\xbf" + SMALL.encode()):
        assert isinstance(parse(source), Config)
    assert codes("\ufeffa: b: c\n") == [("config-yaml-syntax", 1, 5)]


def test_line_ends_of_windows_are_read() -> None:
    found = parse(SMALL.replace("\n", "\r\n") + "stale:\r\n  days_until_stale: 0\r\n", file="c.yml")

    assert isinstance(found, InvalidConfig)
    assert str(found.problems[0].where) == "c.yml:6:21 (stale.days_until_stale)"


def test_problems_are_bounded_and_the_last_one_says_so() -> None:
    found = refused(HEAD + "labels:\n" + "".join(f"  - {{name: x{n}, colour: red}}\n" for n in range(150)))

    assert len(found.problems) == MAX_PROBLEMS
    assert found.problems[-1].code == "config-more-problems"
    assert found.problems[-1].what == "51 more problems are not shown"


MANY = range(150)


@pytest.mark.parametrize(
    "text",
    [
        "labels: [" + ", ".join("{name: 1}" for _ in MANY) + "]",
        "labels: [" + ", ".join(f"{{name: ' {n}'}}" for n in MANY) + "]",
        "labels: [" + ", ".join("{name: same}" for _ in MANY) + "]",
        "labels: [" + ", ".join(f"&a{n} x" for n in MANY) + "]",
        "labels: [" + ", ".join("!x y" for _ in MANY) + "]",
        "labels: []\n" + "labels: []\n" * 150,
        "labels: []\nstale: {" + ", ".join(f"k{n}: 1" for n in MANY) + "}",
        "labels: []\ninheritance: {copy: [x]}\nenforcement: {exclusivity: {"
        + ", ".join(f"g{n}: {{mode: x}}" for n in MANY)
        + "}}",
        "labels: []\nenforcement: {phase_milestones: {" + ", ".join(f"l{n}: m{n}" for n in MANY) + "}}",
        "labels: []\nenforcement: {phase_milestones: {" + ", ".join(f"l{n}: 1" for n in MANY) + "}}",
        "labels: []\nstale: {days_until_stale: 1, tracks: {" + ", ".join(f"t{n}: {{}}" for n in MANY) + "}}",
        "labels: [{name: a, aliases: [" + ", ".join("b" for _ in MANY) + "]}]",
    ],
)
def test_problems_of_every_kind_are_bounded(text: str) -> None:
    found = refused(HEAD + text + "\n")

    assert len(found.problems) == MAX_PROBLEMS
    assert found.problems[-1].code == "config-more-problems"


@pytest.mark.parametrize(
    "text",
    [
        "stale: {days_until_stale: 1, exempt_labels: [" + ", ".join(f"l{n}" for n in MANY) + "]}",
        "stale: {days_until_stale: 1, exempt_milestones: [" + ", ".join(f"l{n}" for n in MANY) + "]}",
        "inheritance: {}\n" + "".join(f"key{n}: 1\n" for n in MANY),
        "stale: {days_until_stale: 1, comment: '" + " ".join(f"{{p{n}}}" for n in MANY) + "'}",
    ],
)
def test_warnings_of_every_kind_are_bounded(text: str) -> None:
    found = parse(SMALL + text + "\n")

    assert isinstance(found, Config)
    assert len(found.warnings) == MAX_PROBLEMS


def test_of_very_many_control_characters_some_are_named() -> None:
    assert len(refused("\x00" * 1000).problems) == 10


@pytest.mark.parametrize("number", ["9" * 41, "9" * 5000, "9" * 50 + ".5", "9" * 50 + "x"])
def test_a_very_long_number_is_no_number_of_days(number: str) -> None:
    assert next(code for code, _, _ in codes(f"{SMALL}stale: {{days_until_stale: {number}}}\n")).startswith(
        "config-wrong"
    )


def test_what_was_refused_is_nothing_to_a_schema() -> None:
    from engine.config.findings import Findings
    from engine.config.nodes import to_json
    from engine.config.reading import read

    node = read("a: [&b c, 1, {d: e}]", Findings(""))
    assert node is not None
    assert to_json(node) == {"a": [None, 1, {"d": "e"}]}


def test_warnings_are_bounded_too() -> None:
    found = parse(SMALL + "".join(f"key{n}: 1\n" for n in range(101)))

    assert isinstance(found, Config)
    assert len(found.warnings) == MAX_PROBLEMS
    assert found.warnings[-1].what == "2 more warnings are not shown"


def test_a_duplicate_key_is_named_with_its_first_place() -> None:
    (problem,) = refused(SMALL + "labels: []\n").problems

    assert problem.code == "config-duplicate-key"
    assert problem.what == "the key 'labels' stands here again, first on line 4"
    assert str(problem.where) == "c.yml:5:1"


@pytest.mark.parametrize("key", ["<<", "? [a, b]\n", "? {a: b}\n", "*a ", "&a b"])
def test_a_key_is_a_plain_word(key: str) -> None:
    found = codes(f"{SMALL}{key}: {{}}\n")

    assert {code for code, _, _ in found} <= {"config-merge-key", "config-key-not-text", "config-alias"}


def test_problems_of_all_stages_come_together_in_the_order_of_the_file() -> None:
    found = codes(
        'schema_version: "1.0"\n'
        "tracks: [{id: a, label: a}, {id: A, label: b}]\n"  # meaning
        "labels: [{name: &x y}]\n"  # reading
        "milestones: [{titel: x}]\n"  # structure
        "stale: {days_until_stale: 9, days_until_close: 3}\n"
    )

    assert found == [
        ("config-duplicate-track", 2, 34),
        ("config-alias", 3, 17),
        ("config-missing-key", 4, 14),
        ("config-unknown-key", 4, 15),
        ("config-days-out-of-order", 5, 48),
    ]
