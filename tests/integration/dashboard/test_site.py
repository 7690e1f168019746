"""The site: the same bytes everywhere, nothing from outside acts, and every page is whole."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from tassist.dashboard.board import RepoBoard
from tassist.dashboard.make import make
from tassist.dashboard.reading import read
from tassist.dashboard.site import beside, build
from tassist.dashboard.site.build import lay, site
from tests.support import sample_site
from tests.support.records import line

PYTHON = sys.executable
HOSTILE = {
    "an image": "<img src=x onerror=alert(1)>",
    "a script": "</script><script>alert(1)</script>",
    "the end of an attribute": '"><svg onload=alert(1)>',
    "an address that is a script": "javascript:alert(1)",
    "a picture in Markdown": "![x](https://evil.example/beacon.png)",
    "control characters": "\x1b[2J\x9b0;x\x07\x00\x08",
    "text that runs backwards": "\u202egnp.exe",
    "a formula": "=HYPERLINK(1)",
    "a formula that starts a program": "=cmd|' /C calc'!A0",
    "a sum": "+1+1",
    "a difference": "-1-1",
    "a function": "@SUM(A1)",
    "a formula behind a tab": "\t=1+1",
    "a path": "../../../etc/passwd",
    "an entity": "&lt;b&gt;",
    "a style": "' style='background:url(https://evil.example/)",
    "a template": "{{constructor.constructor('alert(1)')()}}${alert(1)}",
    "the end of a style": "</style><style>@import 'https://evil.example/x.css';</style>",
    "a comment": "<!--",
    "a frame": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "a new base": "<base href=https://evil.example/><meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "a lone surrogate's neighbour": "\U0001f4a9\u200d\ufeff\U000e0041",
    "three thousand letters": "x" * 3000,
}
"""Texts by what they try, each as title, label, track, milestone, rule, reason, sender and part of a repository's name."""


def hostile(folder: Path, texts: Iterable[str] = HOSTILE.values()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, text in enumerate(texts):
        record = json.loads(line(number, reason=text))
        name = "".join(char for char in text if char.isprintable() and char not in " /")[:60]
        record["repo"] = f"acme/{name}"
        record["state"] |= {"title": text, "labels": [text], "track": text, "milestone": text}
        record["state"] |= {"created_at": "2026-01-01T00:00:00Z", "milestone_due_on": "2026-02-01"}
        record["decisions"] = [{"rule": text, "subject": "labels", "outcome": "applied", "reason": text}]
        record["changes_made"] = [{"field": "labels", "before": None, "after": text, "rule": text}]
        record["trigger"] |= {"event": text, "sender": text}
        lines.append(json.dumps(record))
    (folder / "x.jsonl").write_text("\n".join(lines) + "\n{<b>broken\n")
    return folder


def pages(root: Path) -> dict[str, bytes]:
    return site(make(read(root)))


class Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside = ""
        self.blocks: dict[str, list[str]] = {"style": [], "script": []}

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    @override
    def handle_data(self, data: str) -> None:
        if self.inside in self.blocks:
            self.blocks[self.inside].append(data)

    @override
    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def test_h72_nothing_from_outside_becomes_markup_script_or_address(tmp_path: Path) -> None:
    found = pages(hostile(tmp_path))

    assert sum(name.endswith(".html") for name in found) > 3 * len(HOSTILE)
    for name, content in found.items():
        assert ".." not in name.split("/")
        assert not name.startswith("/")
        if not name.endswith(".html"):
            continue
        reader = Reader()
        reader.feed(content.decode())
        for tag, attributes in reader.tags:
            assert tag not in {"img", "iframe", "object", "embed", "form", "link", "base"}, (name, tag)
            assert not [key for key in attributes if key.startswith("on") or key == "style"], (name, tag, attributes)
            address = attributes.get("href") or attributes.get("src") or ""
            assert re.match(r"https://github\.com/|[^:]*$", address), (name, address)
        assert len(reader.blocks["script"]) == len(reader.blocks["style"]) == 1
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", content.decode()), name


def test_h72_the_policy_lets_in_our_style_and_script_alone(months: Path) -> None:
    for name, content in pages(months).items():
        if name.endswith(".html"):
            reader = Reader()
            reader.feed(content.decode())
            (policy,) = [a["content"] for t, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy"]
            digests = {
                kind: base64.b64encode(hashlib.sha256(blocks[0].encode()).digest()).decode()
                for kind, blocks in reader.blocks.items()
            }
            assert policy == (
                f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
                "base-uri 'none'; form-action 'none'"
            )


def test_h72_no_cell_of_the_csv_is_a_formula(tmp_path: Path) -> None:
    for name, content in pages(hostile(tmp_path)).items():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(content.decode())):
                assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "|"))]


def test_h71_dashboard_json_acts_on_no_terminal_and_no_page(tmp_path: Path) -> None:
    text = pages(hostile(tmp_path))["dashboard.json"].decode()

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e<>&]", text)
    titles = [issue["title"] for repo in json.loads(text)["repos"] for issue in repo["issues"]]
    assert set(titles) == set(HOSTILE.values()), "it is all there, written as escapes"


def test_every_link_inside_leads_somewhere(months: Path) -> None:
    found = pages(months)
    ids = {
        name: set(re.findall(rb'\bid="?([^" >]+)', content))
        for name, content in found.items()
        if name.endswith(".html")
    }
    for name, content in found.items():
        if not name.endswith(".html"):
            continue
        reader = Reader()
        reader.feed(content.decode())
        for _, attributes in reader.tags:
            address = attributes.get("href") or ""
            if not address or address.startswith("https:"):
                continue
            path, _, fragment = address.partition("#")
            target = os.path.normpath(Path(name).parent / path) if path else name
            assert target in found, (name, address)
            if fragment:
                assert fragment.encode() in ids[target], (name, address)


def test_dashboard_json_is_the_same_in_however_many_parts_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = make(read(hostile(tmp_path)))
    whole = b"".join(build.document(board))
    assert json.loads(whole) == json.loads(msgspec.json.encode(board))

    for size in (1, 3, 10):
        monkeypatch.setattr(build, "_PART_BYTES", size)
        assert b"".join(build.document(board)) == whole


def test_nothing_at_all_is_still_a_site(tmp_path: Path) -> None:
    found = pages(tmp_path)

    assert b"There are no records" in found["index.html"]
    assert {"index.html", "data.html", "rules.html", "service.html", "migration.html", "dashboard.json"} <= set(found)


_BUILD = "import sys; from tassist.entry import run; sys.exit(run(['dashboard', 'build', '--from', sys.argv[1], '--out', sys.argv[2]]))"


def built(
    python: str, telemetry: Path, out: Path, *, within: tuple[str, ...] = (), code: str = _BUILD, **env: str
) -> str:
    """The digest of everything a fresh process builds."""
    done = subprocess.run(
        [*within, python, "-c", code, str(telemetry), str(out)],
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(out.parent),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **env,
        },
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256()
    for file in sorted(out.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(out).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def test_the_same_bytes_in_any_time_zone_locale_and_order_of_files(months: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved [1]*"
    for file in sorted(months.rglob("*.jsonl"), reverse=True):
        target = moved / file.relative_to(months)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)

    digests = {
        built(sys.executable, months, tmp_path / "a", TZ="UTC", LC_ALL="C", PYTHONHASHSEED="0"),
        built(sys.executable, moved, tmp_path / "b", TZ="Pacific/Kiritimati", LC_ALL="C.UTF-8", PYTHONHASHSEED="7"),
        built(sys.executable, months, tmp_path / "c", TZ="America/St_Johns", LC_ALL="tr_TR.UTF-8", PYTHONUTF8="1"),
    }

    assert len(digests) == 1


_ALONE = """
import sys
def alone(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.send", "socket.bind", "urllib.")):
        raise AssertionError(f"{event} {arguments}")
sys.addaudithook(alone)
"""
_CUT = """
import errno, socket
try:
    socket.create_connection(("127.0.0.1", 9), 5)
except OSError as error:
    assert error.errno == errno.ENETUNREACH, error
else:
    raise AssertionError("the network is there")
"""


def cut_off() -> tuple[str, ...]:
    """What starts a process without any network, not even this machine's own; empty where that is not permitted."""
    command = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
        return command
    return ()


def test_it_is_built_with_the_network_cut(months: Path, tmp_path: Path) -> None:
    as_ever = built(sys.executable, months, tmp_path / "a")
    within = cut_off()

    assert built(sys.executable, months, tmp_path / "b", code=_ALONE + _BUILD) == as_ever, "and it never asks for it"
    if not within:
        pytest.skip("this system lets nobody cut the network off; that Python opens no connection was seen")
    assert built(sys.executable, months, tmp_path / "c", within=within, code=_CUT + _BUILD) == as_ever


def other_python() -> str | None:
    """A Python of another version that has tassist's dependencies: the one named, `.venv/other`, one on the path."""
    named = os.environ.get("TASSIST_TEST_OTHER_PYTHON", "")
    made = Path(__file__).parents[3] / ".venv" / "other" / "bin" / "python"
    found = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    for candidate in [named, str(made), *found]:
        if candidate and Path(candidate).exists():
            asked = subprocess.run(
                [candidate, "-c", "import sys, click, duckdb, msgspec, pygal; print(*sys.version_info[:2])"],
                capture_output=True,
                text=True,
            )
            if asked.returncode == 0 and asked.stdout.split() != [str(part) for part in sys.version_info[:2]]:
                return candidate
    return None


@pytest.mark.parametrize("another", ["as it is", "ends at once", "ends before its time", "does not begin"])
def test_the_same_bytes_by_one_process_and_by_several_also_where_none_begins(
    another: str, months: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gives_up = tmp_path / "gives-up"
    gives_up.write_text("#!/bin/sh\ncat > /dev/null\nexit 1\n")
    gives_up.chmod(0o700)
    ways = {"ends at once": shutil.which("false") or "false", "ends before its time": str(gives_up)}
    ways |= {"as it is": PYTHON, "does not begin": "/no/such/python"}
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(sys, "executable", ways[another])
    board = make(read(months))
    laid_here: list[str] = []
    lay_here = beside.Task.lay

    def watched(task: beside.Task, repo: RepoBoard) -> None:
        laid_here.append(repo.repo)
        lay_here(task, repo)

    monkeypatch.setattr(beside.Task, "lay", watched)
    with beside.others(beside.WORTH_IT) as hands:
        assert len(hands) == (0 if another == "does not begin" else 2)
        lay(board, tmp_path / "site", hands=hands)

    files = [file for file in (tmp_path / "site").rglob("*") if file.is_file()]
    assert {file.relative_to(tmp_path / "site").as_posix(): file.read_bytes() for file in files} == site(board)
    everything = sorted(repo.repo for repo in board.repos)
    assert (sorted(laid_here) == everything) == (another != "as it is"), "what the others lay is not laid here as well"
    assert all(process.returncode is not None for process in hands)


def test_no_process_begins_for_a_small_site_and_none_is_left_by_one_that_fails() -> None:
    with beside.others(beside.WORTH_IT - 1) as hands:
        assert hands == []
    with contextlib.suppress(OSError), beside.others(beside.WORTH_IT) as hands:
        raise OSError
    assert all(process.returncode is not None for process in hands)


def test_the_same_bytes_from_two_versions_of_python(months: Path, tmp_path: Path) -> None:
    other = other_python()
    if other is None:
        pytest.skip("no second version of Python with tassist's dependencies: .ci/run makes one in .venv/other")

    assert built(sys.executable, months, tmp_path / "a") == built(other, months, tmp_path / "b")


def test_the_sample_in_the_docs_is_what_would_be_built_now() -> None:
    assert sample_site.differing() == [], "fix: make docs"
    assert sum(len(content) for content in sample_site.sample().values()) < 1_620_000


def test_behind_a_figure_the_reasons_have_a_column_where_there_is_one(tmp_path: Path) -> None:
    def headings(folder: Path) -> dict[str, list[str]]:
        page = site(make(read(folder)))["acme/orbit/records.html"].decode()
        sections = re.findall(r'<section id="[^"]*"><h2>([^<:]+).*?</section>', page, re.DOTALL)
        parts = re.findall(r"<section.*?</section>", page, re.DOTALL)
        return {name: re.findall(r"<th[^>]*>([^<]+)</th>", part) for name, part in zip(sections, parts, strict=True)}

    silent, told = tmp_path / "silent", tmp_path / "told"
    for folder, said in ((silent, ""), (told, "its track is <b>unknown</b>")):
        folder.mkdir()
        records = []
        for number in (1, 2):
            record = json.loads(line(number))
            reason = said if number == 1 else ""
            record["decisions"] = [
                {"rule": "track.classify", "subject": "labels", "outcome": "applied", "reason": reason}
            ]
            records.append(json.dumps(record))
        (folder / "x.jsonl").write_text("\n".join(records) + "\n")
    name = next(name for name in headings(told) if "track.classify" in name)

    assert headings(silent)[name] == ["When", "Issue", "Record"], "a column that says nothing is left out"
    assert headings(told)[name] == ["When", "Issue", "Why", "Record"]
    page = site(make(read(told)))["acme/orbit/records.html"].decode()
    assert re.findall(r"<td[^>]*>(its track[^\n]*?|–)</td>", page) == ["–", "its track is &lt;b&gt;unknown&lt;/b&gt;"]
