"""The ledger of what runs write to GitHub: an intent before each write, what became of it after, and what would undo it.

Every sender is at-least-once towards GitHub. After a crash the ledger says which writes may have been done, so that the
run that follows is recorded as the same run, with everything it did.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from engine.plan import (
    AddLabels,
    ClearMilestone,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    DeleteComment,
    Effect,
    Inverse,
    PostComment,
    RemoveLabels,
    ReopenIssue,
    SetMilestone,
)
from engine.ports import Applied
from tassist.store.model import EffectRow, EffectState, LaneKey, RunRow, from_us, to_us
from tassist.store.sql import Connection

_KINDS: dict[str, Callable[..., Effect]] = {
    kind.__name__: kind
    for kind in (AddLabels, RemoveLabels, SetMilestone, CreateLabel, CreateMilestone, PostComment, CloseIssue)
}


def new_run_id(now: datetime) -> str:
    """An id that sorts by time: milliseconds since 1970 and 80 random bits, in hex."""
    return f"{to_us(now) // 1000:012x}{secrets.token_hex(10)}"


def effect_to_json(effect: Effect | Inverse) -> str:
    """An effect as JSON, with its kind."""
    return json.dumps({"kind": type(effect).__name__, **dataclasses.asdict(effect)}, ensure_ascii=False)


def effect_from_json(text: str) -> Effect:
    """The effect the JSON stands for."""
    fields = json.loads(text)
    kind = _KINDS[fields.pop("kind")]
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})


def inverse_of(effect: Effect) -> str | None:
    """What would undo an effect that changed something, as JSON; ``None`` where nothing can."""
    undo: dict[str, object]
    if isinstance(effect, AddLabels):
        undo = {"kind": "RemoveLabels", "names": effect.names}
    elif isinstance(effect, RemoveLabels):
        undo = {"kind": "AddLabels", "names": effect.names}
    elif isinstance(effect, SetMilestone):
        undo = {"kind": "SetMilestone", "title": effect.before}
    elif isinstance(effect, CloseIssue):
        undo = {"kind": "ReopenIssue"}
    elif isinstance(effect, PostComment):
        undo = {"kind": "DeleteComment", "marker": effect.marker}
    else:
        return None  # what was created in a repository may be in use elsewhere by now; nothing is ever deleted
    return json.dumps(undo, ensure_ascii=False)


def inverse_from_json(text: str, rule: str = "") -> Inverse:
    """The inverse the JSON stands for; it is `rule` that wants it."""
    fields = json.loads(text)
    match fields["kind"]:
        case "AddLabels":
            return AddLabels(tuple(fields["names"]), rule)
        case "RemoveLabels":
            return RemoveLabels(tuple(fields["names"]), rule)
        case "SetMilestone" if fields["title"] is None:
            return ClearMilestone("")
        case "SetMilestone":
            return SetMilestone(fields["title"], None, rule)
        case "ReopenIssue":
            return ReopenIssue()
        case _:
            return DeleteComment(fields["marker"])


def begin_undo(
    connection: Connection, *, run_id: str, key: LaneKey, repo: str, undone: str, started_at: datetime
) -> None:
    """Note that a person takes a run back.

    It never counts as a run under way, which the service's next look would go on with; what it says until it is finished
    is what holds if it never is.
    """
    connection.execute(
        "INSERT INTO runs (run_id, repo_id, number, repo, state, trigger, started_at, finished_at, outcome, reason)"
        " VALUES (?, ?, ?, ?, 'finished', ?, ?, ?, 'partial', 'the undo was broken off')",
        (
            run_id,
            key.repo_id,
            key.number,
            repo,
            json.dumps({"kind": "manual", "undoes": undone}),
            to_us(started_at),
            to_us(started_at),
        ),
    )


def settle_undo(
    connection: Connection,
    *,
    run_id: str,
    ordinal: int,
    state: EffectState,
    writes: int,
    problem: str | None,
    now: datetime,
) -> None:
    """Write down what became of one inverse."""
    connection.execute(
        "UPDATE effects SET state = ?, writes = ?, problem = ?, at = ? WHERE run_id = ? AND ordinal = ?",
        (state, writes, problem, to_us(now), run_id, ordinal),
    )


def finish_undo(
    connection: Connection, *, run_id: str, outcome: str, reason: str | None, finished_at: datetime
) -> None:
    """Write down how an undo ended."""
    connection.execute(
        "UPDATE runs SET outcome = ?, reason = ?, finished_at = ? WHERE run_id = ?",
        (outcome, reason, to_us(finished_at), run_id),
    )


def undoes(run: RunRow) -> str:
    """The run that this one took back; empty where it is no undo."""
    return str(json.loads(run.trigger).get("undoes") or "")


def runs_of(connection: Connection, key: LaneKey, *, limit: int) -> list[RunRow]:
    """The runs of an issue that wrote something, newest first, undos too."""
    return [
        _run(row)
        for row in connection.execute(
            f"{_RUN} WHERE repo_id = ? AND number = ?{_WROTE} ORDER BY started_at DESC, run_id DESC LIMIT ?",
            (key.repo_id, key.number, limit),
        )
    ]


def runs_named(connection: Connection, run_id: str) -> list[RunRow]:
    """The run of that id, or those whose id begins with it (at most 20)."""
    exact = run(connection, run_id)
    if exact is not None:
        return [exact]
    if len(run_id) < 6:
        return []
    found = connection.execute(
        f"{_RUN} WHERE substr(run_id, 1, CAST(? AS integer)) = ? ORDER BY run_id LIMIT 20", (len(run_id), run_id)
    )
    return [_run(row) for row in found]


def issue_named(connection: Connection, repo: str, number: int) -> LaneKey | None:
    """The issue of that name, as its repository was called at its newest run."""
    found: tuple[int, int] | None = None
    at = -1
    # From repository to repository, one step of an index each: a name that is nowhere is not looked for in every run.
    while row := connection.execute(
        "SELECT repo_id FROM runs WHERE repo_id > ? ORDER BY repo_id LIMIT 1", (at,)
    ).fetchone():
        at = int(row[0])
        newest = connection.execute(
            "SELECT started_at FROM runs WHERE repo_id = ? AND number = ? AND lower(repo) = lower(?)"
            " ORDER BY started_at DESC LIMIT 1",
            (at, number, repo),
        ).fetchone()
        if newest is not None and (found is None or int(newest[0]) > found[0]):
            found = int(newest[0]), at
    return None if found is None else LaneKey(found[1], number)


def begin_run(
    connection: Connection, *, run_id: str, key: LaneKey, repo: str, trigger: str, started_at: datetime
) -> None:
    """Note a run that is about to write; once."""
    connection.execute(
        "INSERT INTO runs (run_id, repo_id, number, repo, state, trigger, started_at)"
        " VALUES (?, ?, ?, ?, 'running', ?, ?) ON CONFLICT DO NOTHING",
        (run_id, key.repo_id, key.number, repo, trigger, to_us(started_at)),
    )


def intend(connection: Connection, *, run_id: str, effect: Effect | Inverse, now: datetime) -> int:
    """Write down an effect that is about to be sent; returns its place in the run."""
    (ordinal,) = connection.execute(
        "INSERT INTO effects (run_id, ordinal, effect, state, at)"
        " VALUES (?, (SELECT coalesce(max(ordinal), 0) + 1 FROM effects WHERE run_id = ?), ?, 'intended', ?)"
        " RETURNING ordinal",
        (run_id, run_id, effect_to_json(effect), to_us(now)),
    ).fetchone()
    return int(ordinal)


def settle(connection: Connection, *, run_id: str, ordinal: int, applied: Applied, now: datetime) -> None:
    """Write down what became of an effect."""
    state = "failed" if applied.problem else "applied" if applied.changed else "already"
    connection.execute(
        "UPDATE effects SET state = ?, inverse = ?, before = ?, after = ?, writes = ?, problem = ?, at = ?"
        " WHERE run_id = ? AND ordinal = ?",
        (
            state,
            inverse_of(applied.effect) if applied.changed else None,
            applied.before,
            applied.after,
            applied.writes,
            applied.problem.what if applied.problem else None,
            to_us(now),
            run_id,
            ordinal,
        ),
    )


def resolve(connection: Connection, *, run_id: str, ordinal: int, state: EffectState) -> None:
    """Write down what must have become of an effect whose answer nobody heard; a settled one stays as it is."""
    found = connection.execute(
        "SELECT effect FROM effects WHERE run_id = ? AND ordinal = ? AND state = 'intended'", (run_id, ordinal)
    ).fetchone()
    if found is None:
        return
    done = state == "applied"
    connection.execute(
        "UPDATE effects SET state = ?, inverse = ?, writes = CASE WHEN writes > 0 THEN writes ELSE ? END, problem = ? WHERE run_id = ? AND ordinal = ?",
        (
            state,
            inverse_of(effect_from_json(found[0])) if done else None,
            int(done),
            None if done else "it was not done",
            run_id,
            ordinal,
        ),
    )


def runs_where(connection: Connection, where: str, values: Sequence[object]) -> list[RunRow]:
    """The runs for which this holds; `where` is our own text, with its order and limit."""
    return [_run(row) for row in connection.execute(f"{_RUN} WHERE {where}", tuple(values))]


def unfinished(connection: Connection, key: LaneKey) -> RunRow | None:
    """The run of this issue that was broken off after it began to write."""
    row = connection.execute(
        f"{_RUN} WHERE repo_id = ? AND number = ? AND state = 'running' ORDER BY started_at LIMIT 1",
        (key.repo_id, key.number),
    ).fetchone()
    return None if row is None else _run(row)


def left_half(connection: Connection, repo_id: int) -> list[int]:
    """The repository's issues with a run that was broken off after it began to write, and that nobody is to look at.

    What waited for them was dropped while the repository was out of reach, and what became of a write that was under
    way only a look can tell.
    """
    found = connection.execute(
        "SELECT DISTINCT number FROM runs WHERE repo_id = ? AND number > 0 AND state = 'running' AND NOT EXISTS"
        " (SELECT 1 FROM lanes WHERE lanes.repo_id = runs.repo_id AND lanes.number = runs.number) ORDER BY number",
        (repo_id,),
    )
    return [int(number) for (number,) in found.fetchall()]


def run(connection: Connection, run_id: str) -> RunRow | None:
    """A run by its id."""
    row = connection.execute(f"{_RUN} WHERE run_id = ?", (run_id,)).fetchone()
    return None if row is None else _run(row)


def effects(connection: Connection, run_id: str) -> list[EffectRow]:
    """What a run wrote, in order."""
    return [
        EffectRow(from_us(at), *row)
        for at, *row in connection.execute(
            "SELECT at, run_id, ordinal, effect, state, inverse, before, after, writes, problem"
            " FROM effects WHERE run_id = ? ORDER BY ordinal",
            (run_id,),
        )
    ]


def recent(connection: Connection, key: LaneKey, since: datetime) -> list[str]:
    """The effects (JSON) that changed this issue since then, oldest first; what a person took back is not among them."""
    return [
        row[0]
        for row in connection.execute(
            "SELECT e.effect FROM effects e JOIN runs r USING (run_id)"
            " WHERE r.repo_id = ? AND r.number = ? AND e.state = 'applied' AND e.at >= ?"
            " AND r.trigger NOT LIKE '%\"undoes\"%' ORDER BY e.at",
            (key.repo_id, key.number, to_us(since)),
        )
    ]


_WROTE = " AND EXISTS (SELECT 1 FROM effects e WHERE e.run_id = runs.run_id AND e.state IN ('applied', 'intended'))"
_RUN = (
    "SELECT run_id, repo_id, number, repo, state, trigger, started_at, finished_at, outcome, reason, result FROM runs"
)


def _run(row: tuple[object, ...]) -> RunRow:
    run_id, repo_id, number, repo, state, trigger, started, finished, *rest = row
    return RunRow(
        str(run_id),
        LaneKey(int(str(repo_id)), int(str(number))),
        str(repo),
        state,  # type: ignore[arg-type]  # the table's own constraint
        str(trigger),
        from_us(int(str(started))),
        None if finished is None else from_us(int(str(finished))),
        *rest,  # type: ignore[arg-type]
    )
