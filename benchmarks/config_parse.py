"""How long `engine.config.parse` takes to answer files of up to 1 MiB, whatever is in them.

Prints one line a shape: bytes, processor time of the first and of the best round in milliseconds, the answer. The goal
is under 100 ms for every shape; `--strict` makes the exit code say so. The first round pays for compiling patterns,
which are kept; processor time is used, as other programs on the machine take the clock's.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Iterator

import yaml

from benchmarks.harness import Result, ratio, record, spread
from engine.config import Config, parse

MIB = 1024 * 1024
HEAD = 'schema_version: "1.0"\ntracks: []\nmilestones: []\nlabels: []\n'
LABELS = 'schema_version: "1.0"\ntracks: []\nmilestones: []\nlabels:\n'
TITLES = 'schema_version: "1.0"\nmilestones: []\nlabels: []\ntracks:\n- {id: a, label: a, match: {title: ['


def fill(unit: str, *, head: str = "", tail: str = "") -> str:
    """Repeat a unit up to 1 MiB."""
    room = MIB - len((head + tail).encode())
    return head + unit * (room // len(unit.encode())) + tail


def counted(form: str, *, head: str = "", count: int = 200_000) -> str:
    """Numbered lines up to 1 MiB."""
    parts, size = [head], len(head.encode())
    for number in range(count):
        line = form.format(n=number)
        size += len(line.encode())
        if size > MIB:
            break
        parts.append(line)
    return "".join(parts)


def patterns(several: list[str]) -> str:
    """A track with these patterns."""
    return TITLES + ", ".join(f"'{pattern}'" for pattern in several) + "]}}\n"


def large_shapes() -> Iterator[tuple[str, str | bytes]]:
    """Files somebody could mean."""
    yield "small and valid", HEAD
    yield (
        "1,100 labels",
        counted('  - {{name: "label {n}", description: "d", color: "1D76DB"}}\n', head=LABELS, count=1_100),
    )
    yield (
        "1,100 long labels",
        counted(
            '  - {{name: "' + "l" * 40 + '{n}", description: "' + "x" * 100 + '", color: "1D76DB"}}\n',
            head=LABELS,
            count=1_100,
        ),
    )
    yield "1 MiB of comments", fill("# a comment of an ordinary length, as people write them\n", head=HEAD)
    yield "100 patterns", patterns([f"(?i)^(feat|fix|docs)[(]?.{{0,{n}}}[)]?:" for n in range(100)])
    yield "labels without end", counted("  - name: l{n}\n    color: ededed\n", head=LABELS)
    yield "wrong colours", counted("  - {{name: l{n}, color: red}}\n", head=LABELS, count=1_500)
    yield "numbers for names", counted("  - {{name: {n}}}\n", head=LABELS, count=2_600)
    yield (
        "near misses",
        HEAD.replace("labels: []\n", "labels:\n")
        + "".join(f"  - name: phase-{n}-of-the-plan\n" for n in range(1_100))
        + "enforcement:\n  phase_milestones:\n"
        + "".join(f"    phase-{n}-of-the-plam: x\n" for n in range(1_100)),
    )
    yield "unknown keys at the top", counted("key{n}: 1\n", head=HEAD, count=3_900)
    yield "unknown keys inside", counted("  days_until_stale{n}: 1\n", head=HEAD + "stale:\n", count=3_900)
    yield "duplicate labels", counted("  - name: same\n", head=LABELS, count=2_600)
    yield "duplicate keys", "a: b\n" * 3_900


def nasty_shapes() -> Iterator[tuple[str, str | bytes]]:
    """Files nobody means well with."""
    yield "keys", counted("k{n}: v\n")
    yield "list in flow style", fill("a,", head="[", tail="]")
    yield "open brackets", fill("[")
    yield "open braces", fill("{")
    yield "open braces with keys", fill("{a: ")
    yield "nested by dashes", fill("- ")
    yield "nested by question marks", fill("? ")
    yield "nested by indentation", "".join(" " * depth + f"k{depth}:\n" for depth in range(1_400))
    yield "one long word", fill("x", head="a: ")
    yield "one long word in quotes", fill("\\u00e9", head='a: "', tail='"')
    yield "one long block", fill(" x\n", head="a: |\n")
    yield "one long folded block", fill(" x\n\n", head="a: >\n")
    yield "one long text over lines", fill(" x\n", head="a: b\n")
    yield "one long key", fill("x", tail=": y")
    yield "one long key in quotes", fill("x", head='"', tail='": y')
    yield "a long number", fill("9", head=HEAD + "stale: {days_until_stale: ", tail="}")
    yield (
        "a long date",
        fill("9", head=HEAD.replace("milestones: []\n", "") + "milestones: [{title: a, due_on: ", tail="}]"),
    )
    yield "a long colour", fill("f", head=HEAD.replace("labels: []\n", "") + "labels: [{name: a, color: '", tail="'}]")
    yield "a long label", fill("f ", head=HEAD.replace("labels: []\n", "") + "labels: [{name: 'f", tail="'}]")
    yield "comments", fill("#\n")
    yield "blank lines", fill("\n")
    yield "carriage returns", fill("\r")
    yield "blanks", fill(" ")
    yield "tabs", fill("\t")
    yield "tabs behind a key", fill("\t", head="a: ")
    yield "documents", fill("---\n")
    yield "document ends", fill("...\n")
    yield "documents with content", fill("--- a\n...\n")
    yield "directives", counted("%TAG !t{n}! tag:x\n")
    yield "directives behind a document", "a: b\n...\n" + counted("%TAG !t{n}! tag:x\n")[:-30]
    yield "anchors", counted("k{n}: &a{n} v\n")
    yield "aliases", fill("*a,", head="a: &a b\nb: [", tail="]")
    yield (
        "alias bomb",
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
    )
    yield "merge keys", fill("- {<<: {a: b}}\n")
    yield "tags", counted("k{n}: !!python/object/apply:os.system [x]\n")
    yield "colons", fill("a:")
    yield "commas", fill(",", head="[")
    yield "quotes not closed", fill("x", head="a: '")
    yield "single quotes", fill("''", head="a: '", tail="'")
    yield "emoji", fill("😀", head="a: ")
    yield "combining marks", fill("\u0301", head="a: e")
    yield "zero-width characters", fill("\u200b", head=HEAD + "stale: {comment: '", tail="'}")
    yield "NUL bytes", b"\0" * MIB
    yield "byte order marks", fill("\ufeff")
    yield "a control character at the end", fill("\n", tail="\x01")
    yield "bytes that are no UTF-8", b"\xff" * MIB
    yield "no UTF-8 at the end of a long line", b"x" * (MIB - 1) + b"\xff"
    rng = random.Random(2)
    yield "random bytes", rng.randbytes(MIB)
    yield "random YAML signs", "".join(rng.choices("[]{}:,-?&*!|>'\"%@#\n ab", k=MIB))
    yield "random nesting", "".join(rng.choices(["[a,", "],", "{a: ", "},", "b, "], k=MIB // 4))
    yield "a huge pattern", fill("(a|b)", head=TITLES + "'", tail="']}}]\n")
    yield (
        "100 patterns too large for RE2",
        patterns([r"(?i)(\pL{300}|\pN{300}){3}"] * 50 + [r"(?i)(\pL{30}|\PN{30}){9}"] * 50),
    )
    yield "100 different patterns, long", patterns(["(?i)" + f"[a-zà-ÿ]+x{n}" * 30 for n in range(100)])
    yield "100 different patterns, classes", patterns(["(?i)" + r"\pL\PN\pS" * 40 + str(n) for n in range(100)])
    yield "100 different patterns, repeats", patterns([f"(?:[a-z]{{{900 + n}}})" for n in range(100)])
    yield "100 different patterns, nested", patterns(["(" * 200 + f"a{n}" + ")*" * 100 + ")" * 100 for n in range(100)])


def measure(source: str | bytes, rounds: int) -> tuple[list[float], str]:
    """The times of some rounds in milliseconds, and the answer in words."""
    times = []
    answer = ""
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        found = parse(source)
        times.append((time.process_time() - started) * 1000)
        if isinstance(found, Config):
            answer = f"valid, {len(found.warnings)} warnings"
        else:
            codes = sorted({problem.code for problem in found.problems})
            answer = f"{len(found.problems)} problems: {', '.join(codes)}"
    return times, answer


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    options.add_argument("--strict", action="store_true", help="fail where a shape takes 100 ms or more")
    given = options.parse_args()
    rows = []
    for name, source in (*large_shapes(), *nasty_shapes()):
        times, answer = measure(source, given.rounds)
        size = len(source if isinstance(source, bytes) else source.encode())
        rows.append(
            {
                "shape": name,
                "bytes": size,
                "first_ms": round(times[0], 1),
                "best_ms": round(min(times), 1),
                "answer": answer,
            }
        )
        if not given.json:
            print(f"{name:36} {size:>9,} B  first {times[0]:7.1f}  best {min(times):7.1f} ms  {answer[:90]}")
    slow = [str(row["shape"]) for row in rows if row["first_ms"] >= 100]
    usual = dict(large_shapes())["1,100 labels"]
    assert isinstance(usual, str)
    ours, theirs = measure(usual, given.rounds)[0], []
    for _ in range(given.rounds):
        started = time.process_time()
        yaml.load(usual, Loader=yaml.CSafeLoader)
        theirs.append((time.process_time() - started) * 1000)
    result = Result(
        "config_parse",
        "Reading a configuration",
        note=f"{len(rows)} files of up to 1 MiB, well meant or not; processor time, the first of {given.rounds} rounds.",
    )
    worst = max(rows, key=lambda row: float(str(row["first_ms"])))
    result.add(f"slowest of all ({worst['shape']}), ms", worst["first_ms"], "< 100", met=not slow)
    result.add("1,100 labels, ms", spread(ours, "{:.1f}"))
    result.add("1,100 labels ÷ libyaml alone, which checks nothing", ratio(ours, theirs))
    record(result, as_json=given.json)
    return 1 if slow and given.strict else 0


if __name__ == "__main__":
    sys.exit(main())
