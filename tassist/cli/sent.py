"""Shows what became of a delivery that was sent: the server's answer and, where somebody waits, the run's conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tassist.cli import diagnostics, output
from tassist.errors import Exit, exit_code
from tassist.store.place import Where
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.services.sending import Came, Sent


def show(sent: Sent, came: Came | None, *, as_json: bool) -> None:
    """Print it as text or as one JSON document."""
    if as_json:
        output.document(sent_facts(sent) | (came_facts(came) if came else {}))
        return
    output.line(f"sent      {safe_text(sent.event)}, {sent.size} bytes, to {safe_text(sent.url, max_chars=300)}")
    output.line(f"delivery  {safe_text(sent.delivery_id)} ({'its own id' if sent.kept_id else 'a new id'})")
    output.line(f"answer    {sent.status}" + (f" {sent.answer}" if sent.answer else ""))
    if came is not None:
        show_came(came)


def show_came(came: Came) -> None:
    """Print what the journal says became of it."""
    row, run = came.delivery, came.run
    output.line(f"state     {row.state}" + (f": {safe_text(row.reason, max_chars=300)}" if row.reason else ""))
    if run is not None:
        why = f": {safe_text(run.reason, max_chars=300)}" if run.reason else ""
        output.line(f"run       {run.run_id} {run.outcome or run.state}{why}")


def sent_facts(sent: Sent) -> dict[str, Any]:
    """For machines."""
    return {
        "url": sent.url,
        "event": sent.event,
        "delivery_id": sent.delivery_id,
        "kept_id": sent.kept_id,
        "size": sent.size,
        "status": sent.status,
        "answer": sent.answer,
    }


def came_facts(came: Came) -> dict[str, Any]:
    """For machines."""
    import msgspec

    row, run = came.delivery, came.run
    result = msgspec.json.decode(run.result) if run is not None and run.result else {}
    return {
        "state": row.state,
        "reason": row.reason,
        "run": None
        if run is None
        else {
            "run_id": run.run_id,
            "outcome": run.outcome,
            "reason": run.reason,
            "decisions": result.get("decisions"),
        },
    }


def ended(sent: Sent, *, home: Where, wait: bool, timeout_s: float, as_json: bool) -> int:
    """Wait where that was asked for, print everything, and return the exit code."""
    from tassist.services import sending

    refused = sending.refusal(sent)
    came = None
    if wait and refused is None:
        diagnostics.say("waiting for the run …")
        came = sending.wait(home, sent.delivery_id, timeout_s=timeout_s)
    show(sent, came, as_json=as_json)
    if refused is not None:
        diagnostics.problems([refused])
        return Exit.FAILED if refused.family == "yours" else exit_code([refused])
    if wait and came is None:
        problem = sending.waited_in_vain(sent.delivery_id, timeout_s)
        diagnostics.problems([problem])
        return exit_code([problem])
    return worth_a_look(came)


def worth_a_look(came: Came | None) -> int:
    """3 where a person should look at what became of it, else 0."""
    if came is None:
        return Exit.OK
    bad = came.delivery.state in {"dead", "quarantined"}
    return Exit.FOUND if bad or (came.run is not None and came.run.outcome not in {"success", None}) else Exit.OK
