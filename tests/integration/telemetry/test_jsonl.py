"""The sink of JSON lines: real files, real kills, a real limit of the file's size."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.telemetry import chain, paths
from tassist.telemetry.lock import locked
from tassist.telemetry.sinks.jsonl import JsonlSink
from tests.integration.telemetry.conformance import SinkConformance, entries, records
from tests.support.records import NOON, line


@contextmanager
def full_disk(after_bytes: int = 2000) -> Iterator[None]:
    """The system takes some more bytes and then says that the disk is full."""
    patch = pytest.MonkeyPatch()
    write, left = os.write, after_bytes

    def limited(descriptor: int, data: bytes) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(descriptor, bytes(data)[: max(1, left)])
        left -= done
        return done

    patch.setattr(os, "write", limited)
    try:
        yield
    finally:
        patch.undo()


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=False)


def kept(root: Path) -> list[bytes]:
    files = sorted((root / "v1").rglob("*.jsonl"), key=paths.file_order)
    return [made for file in files for made in file.read_bytes().split(b"\n")[:-1]]


def chain_holds(file: Path) -> bool:
    found = chain.read_chain(file)
    assert found is not None
    _, last = chain.extend(found.seed, file.read_bytes().split(b"\n")[:-1])
    return last == found.last


class TestJsonl(SinkConformance):
    @override
    def make(self, place: Path) -> JsonlSink:
        return JsonlSink(place)

    @override
    def stored(self, place: Path) -> list[bytes]:
        for file in (place / "v1").rglob("*.jsonl"):
            assert chain_holds(file)
        return kept(place)

    @override
    @contextmanager
    def breaking(self, place: Path) -> Iterator[None]:
        with full_disk(after_bytes=9000):
            yield


def day(root: Path) -> Path:
    return root / "v1/repos/acme/orbit/2026-03-01.jsonl"


def test_the_files_lie_where_the_contract_says(tmp_path: Path) -> None:
    JsonlSink(tmp_path).write(entries([line(1)]))

    assert day(tmp_path).read_bytes() == line(1) + b"\n"
    assert day(tmp_path).stat().st_mode & 0o077 == 0, "only the owner reads it"


@pytest.mark.parametrize("cut", [1, 2, 40, 300, len(line(3)) - 1, len(line(3))])
def test_h28_a_torn_last_line_is_set_aside_before_the_next_record(tmp_path: Path, cut: int) -> None:
    lines = [line(1), line(2), line(3)]
    JsonlSink(tmp_path).write(entries(lines[:2]))
    torn = lines[2][:cut]
    with day(tmp_path).open("ab") as file:
        file.write(torn)
    said: list[Problem] = []

    JsonlSink(tmp_path, notice=said.append).write(entries(lines))

    assert lines_of(day(tmp_path)) == lines
    assert day(tmp_path).with_name("2026-03-01.jsonl.torn").read_bytes() == torn + b"\n"
    assert [problem.code for problem in said] == ["torn-record"]
    assert chain_holds(day(tmp_path))


@pytest.mark.parametrize("junk", [b"\0" * 700, b"\0" * 700 + b"\n", b'{"a":1}\n', b'{"a":{"a":3}\n{"b"'], ids=range(4))
def test_h28_a_last_line_that_is_no_record_is_set_aside(tmp_path: Path, junk: bytes) -> None:
    JsonlSink(tmp_path).write(entries([line(1)]))
    with day(tmp_path).open("ab") as file:
        file.write(junk)

    JsonlSink(tmp_path).write(entries([line(2)]))

    assert lines_of(day(tmp_path)) == [line(1), line(2)]
    assert junk in day(tmp_path).with_name("2026-03-01.jsonl.torn").read_bytes()


def test_h20_a_record_without_its_digest_is_adopted_and_marked(tmp_path: Path) -> None:
    JsonlSink(tmp_path).write(entries([line(1)]))
    with day(tmp_path).open("ab") as file:
        file.write(line(2) + b"\n")
    side = chain.chain_path(day(tmp_path))
    side.write_bytes(side.read_bytes() + b"0123")
    said: list[Problem] = []

    JsonlSink(tmp_path, notice=said.append).write(entries([line(2), line(3)], 2))

    found = chain.read_chain(day(tmp_path))
    assert found is not None
    assert lines_of(day(tmp_path)) == [line(1), line(2), line(3)]
    assert found.adopted == {1}
    assert [problem.code for problem in said] == ["records-adopted"]
    assert chain_holds(day(tmp_path))


@pytest.mark.parametrize("step", ["shorter", "gone", "chain broken"])
def test_an_altered_file_is_left_as_evidence_and_a_new_part_begun(tmp_path: Path, step: str) -> None:
    JsonlSink(tmp_path).write(entries([line(1), line(2)]))
    side = chain.chain_path(day(tmp_path))
    if step == "shorter":
        day(tmp_path).write_bytes(line(1) + b"\n")
    elif step == "gone":
        day(tmp_path).unlink()
    else:
        side.write_bytes(side.read_bytes().replace(b" .", b" ?"))
    before = {path: path.read_bytes() for path in (day(tmp_path), side) if path.exists()}
    said: list[Problem] = []

    JsonlSink(tmp_path, notice=said.append).write(entries([line(3)], 3))

    part = day(tmp_path).with_name("2026-03-01.001.jsonl")
    assert lines_of(part) == [line(3)]
    assert {path: path.read_bytes() for path in before} == before
    assert [problem.code for problem in said] == ["telemetry-altered"]


def test_a_file_without_a_chain_is_taken_over(tmp_path: Path) -> None:
    day(tmp_path).parent.mkdir(parents=True)
    day(tmp_path).write_bytes(line(1) + b"\n")

    JsonlSink(tmp_path).write(entries([line(1), line(2)]))

    assert lines_of(day(tmp_path)) == [line(1), line(2)]
    assert chain_holds(day(tmp_path))


def test_a_chain_that_was_begun_before_a_crash_is_no_alarm(tmp_path: Path) -> None:
    JsonlSink(tmp_path).write(entries([line(1)]))
    day(tmp_path).unlink()
    side = chain.chain_path(day(tmp_path))
    side.write_bytes(side.read_bytes().split(b"\n")[0] + b"\n")
    said: list[Problem] = []

    JsonlSink(tmp_path, notice=said.append).write(entries([line(1)]))

    assert (kept(tmp_path), said) == ([line(1)], [])


def test_a_large_day_is_kept_in_parts_each_linked_to_the_one_before(tmp_path: Path) -> None:
    lines = records(40, repos=("acme/orbit",))
    size = len(lines[0]) * 5

    JsonlSink(tmp_path, max_bytes=size).write(entries(lines[:23]))
    JsonlSink(tmp_path, max_bytes=size).write(entries(lines))

    files = sorted((tmp_path / "v1").rglob("*.jsonl"), key=paths.file_order)
    assert kept(tmp_path) == lines
    assert all(file.stat().st_size <= size for file in files)
    assert len(files) > 5
    for before, after in itertools.pairwise(files):
        found = chain.read_chain(after)
        assert found is not None
        assert found.opening.prev is not None
        assert found.opening.prev.file == before.name


def test_two_writers_on_one_folder_neither_fuse_nor_double(tmp_path: Path) -> None:
    lines = records(60)
    first, second = JsonlSink(tmp_path), JsonlSink(tmp_path)

    for start in range(0, 60, 6):
        first.write(entries(lines[start : start + 6], start + 1))
        second.write(entries(lines[max(0, start - 3) : start + 6], start + 1))

    assert sorted(kept(tmp_path)) == sorted(lines)


WRITER = """
import sys, pathlib
from tassist.telemetry.sinks.jsonl import JsonlSink
from tests.integration.telemetry.conformance import entries, records
root, start, step = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
lines = records(4000, repos=("acme/orbit",))[start:]
sink = JsonlSink(root)
print("ready", flush=True)
for at in range(0, len(lines), step):
    sink.write(entries(lines[at : at + step], at + 1))
    print(start + min(at + step, len(lines)), flush=True)
"""


def writer(root: Path, start: int, step: int, project_root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(start), str(step)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=project_root,
    )


def test_h20_killed_while_appending_again_and_again_no_record_is_lost_or_doubled(
    tmp_path: Path, project_root: Path
) -> None:
    """The writer is killed at whatever it is doing; the next one goes on from what the dead one had confirmed."""
    confirmed = 0
    for batches in (3, 1, 4, 2):
        process = writer(tmp_path, confirmed, 37, project_root)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(batches):
            confirmed = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = [int(text) for text in process.stdout.read().split("\n")[:-1]]
        process.wait()
        process.stdout.close()
        confirmed = max([confirmed, *rest]) - 20  # and the cursor lags behind what was written
    last = writer(tmp_path, confirmed, 500, project_root)
    assert last.stdout is not None
    last.stdout.read()
    assert last.wait() == 0
    last.stdout.close()

    assert kept(tmp_path) == records(4000, repos=("acme/orbit",))
    for file in (tmp_path / "v1").rglob("*.jsonl"):
        assert chain_holds(file)


def test_two_processes_at_once_neither_fuse_nor_double(tmp_path: Path, project_root: Path) -> None:
    """Both write everything; whoever comes second finds what the first has written."""
    pair = [writer(tmp_path, 0, step, project_root) for step in (37, 41)]
    for process in pair:
        assert process.stdout is not None
        process.stdout.read()
        assert process.wait() == 0
        process.stdout.close()

    assert sorted(kept(tmp_path)) == sorted(records(4000, repos=("acme/orbit",)))
    for file in (tmp_path / "v1").rglob("*.jsonl"):
        assert chain_holds(file)


def test_a_lock_that_is_held_for_long_is_a_problem_not_a_hang(tmp_path: Path) -> None:
    with locked(tmp_path / ".lock"), pytest.raises(ProblemError) as raised, locked(tmp_path / ".lock", timeout_s=0.05):
        pass

    assert raised.value.problems[0].code == "telemetry-locked"


LIMITED = """
import resource, sys, pathlib
from engine.problems import ProblemError
from tassist.telemetry.sinks.jsonl import JsonlSink
from tests.integration.telemetry.conformance import entries, records
root = pathlib.Path(sys.argv[1])
lines = records(60, repos=("acme/orbit",))
sink = JsonlSink(root)
sink.write(entries(lines[:10]))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, hard))
try:
    sink.write(entries(lines[10:], 11))
except ProblemError as error:
    print(error.problems[0].family)
print(sorted((path.read_bytes().count(b"\\n"), path.read_bytes()[-1:] == b"\\n") for path in root.rglob("*.jsonl")))
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
sink.write(entries(lines[10:], 11))
print(sorted(path.read_bytes().count(b"\\n") for path in root.rglob("*.jsonl")))
"""


def test_h78_a_disk_that_takes_no_more_leaves_the_file_whole_and_goes_on_when_it_does(
    tmp_path: Path, project_root: Path
) -> None:
    """The system's own limit cuts the write in its middle."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, cwd=project_root, check=True
    )

    assert done.stdout.splitlines() == ["world", "[(10, True)]", "[60]"]


def test_h78_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    with full_disk(after_bytes=0), pytest.raises(ProblemError) as raised:
        JsonlSink(tmp_path).write(entries([line(1)]))

    (problem,) = raised.value.problems
    assert (problem.code, problem.family) == ("no-disk-space", "world")
    assert problem.fix


def test_a_file_in_place_of_the_folder_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "v1").write_text("")

    with pytest.raises(ProblemError) as raised:
        JsonlSink(tmp_path).write(entries([line(1)]))

    assert raised.value.problems[0].code == "not-a-folder"


def test_a_planted_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    folder = tmp_path / "telemetry"
    day(folder).parent.mkdir(parents=True)
    day(folder).symlink_to(outside)

    with pytest.raises(ProblemError):
        JsonlSink(folder).write(entries([line(1)]))

    assert outside.read_text() == "precious\n"


@pytest.mark.parametrize("repo", ["../..", "./.", "a/../../x", "a/\x00", "/etc", "CON/NUL", "..\\..\\x/y", ""])
def test_h68_no_name_of_a_repository_leads_out_of_the_folder(tmp_path: Path, repo: str) -> None:
    folder = paths.repo_folder(tmp_path, repo)

    assert folder.resolve().is_relative_to((tmp_path / "v1" / "repos").resolve())
    assert folder.parent.parent == tmp_path / "v1" / "repos"


def test_names_of_github_come_through_unchanged() -> None:
    for name in ("acme", ".github", "a.b_c-D9", "x" * 100):
        assert paths.safe_name(name) == name


def test_different_names_have_different_folders() -> None:
    names = ["a", "A", "a%", "a%25", ".", "..", "...", "con", "con.txt", "é", "e\u0301", "x" * 200, "x" * 201, "", "%"]

    assert len({paths.safe_name(name) for name in names}) == len(names)


def test_memory_of_ids_is_let_go_once_nothing_can_come_again(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path)
    template = json.loads(line(1))
    lines = [json.dumps({**template, "event_id": f"e-{number}"}).encode() for number in range(10_500)]
    for at in range(0, len(lines), 2000):
        sink.write(entries(lines[at : at + 2000], at + 1))

    assert [file.ids for file in sink._files.values()] == [None]
    assert len(kept(tmp_path)) == 10_500
    assert NOON.date().isoformat() in str(day(tmp_path))
