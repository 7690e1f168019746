"""`tassist config`: init, validate, schema, upgrade, show."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import unified_diff

import click

from engine.config import DEFAULT_FILE, Config
from engine.problems import Problem
from tassist.cli import diagnostics, output
from tassist.cli.config_simulate import simulate
from tassist.cli.groups import Group
from tassist.errors import Exit
from tassist.text import noun, safe_text


@click.group(
    cls=Group,
    context_settings={"max_content_width": 100},
    epilog="Example: tassist config validate",
)
def command() -> None:
    """Write, check, upgrade and explain .github/task-assistant.yml."""


@command.command(epilog="Example: tassist config init --output .github/task-assistant.yml")
@click.option("--output", "path", default=DEFAULT_FILE, show_default=True, help="Where to write, below this folder.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(path: str, *, force: bool) -> int:
    """Write a first configuration with a comment on every part."""
    from tassist.services import config

    written = config.init(path, force=force)
    output.line(safe_text(written))
    diagnostics.say("next: edit it, then run: tassist config validate")
    return Exit.OK


@command.command(epilog="Example: tassist config validate --json .github/task-assistant.yml")
@click.argument("path", default=DEFAULT_FILE)
@click.option("--json", "as_json", is_flag=True, help="One JSON document with every problem and warning.")
def validate(path: str, *, as_json: bool) -> int:
    """Say everything that is wrong with a configuration, each at its line and column.

    PATH is the file, - for standard input. Exit code 0: valid; 2: invalid; 3: valid, with warnings.
    """
    from tassist.services import config

    found = config.validate(path)
    problems = () if isinstance(found, Config) else found.problems
    code = Exit.USAGE if problems else Exit.FOUND if found.warnings else Exit.OK
    if as_json:
        output.document(
            {
                "file": path,
                "digest": found.digest,
                "valid": not problems,
                "problems": [problem_data(problem) for problem in problems],
                "warnings": [problem_data(warning) for warning in found.warnings],
            }
        )
        return code
    diagnostics.problems(problems)
    warn(found.warnings)
    count = f", {len(found.warnings)} {noun(len(found.warnings), 'warning')}" if found.warnings else ""
    if problems:
        output.line(f"invalid: {safe_text(path)}, {len(problems)} problem{'s' * (len(problems) != 1)}{count}")
    else:
        output.line(f"valid: {safe_text(path)}{count}")
    return code


@command.command(epilog="Example: tassist config schema > .github/task-assistant.schema.json")
def schema() -> int:
    """Print the JSON Schema of a configuration, for editors.

    With the schema beside the configuration, this as its first line gives completion in editors that read it:
    # yaml-language-server: $schema=task-assistant.schema.json
    """
    from engine.config.schema import json_schema

    output.document(json_schema())
    return Exit.OK


@command.command(epilog="Example: tassist config upgrade --write")
@click.argument("path", default=DEFAULT_FILE)
@click.option("--write", is_flag=True, help="Replace the file; without it only the difference is shown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document with the new text.")
def upgrade(path: str, *, write: bool, as_json: bool) -> int:
    """Rewrite a configuration of an older form, keeping comments and order.

    PATH is the file, - for standard input. Exit code 0: it is valid now, or would be; 2: something is left to mend by
    hand, and nothing was written.
    """
    from tassist.services import config

    done = config.upgrade(path, write=write)
    after = done.after
    code = Exit.USAGE if after.problems else Exit.OK
    if as_json:
        output.document(
            {
                "file": path,
                "changed": bool(after.changes),
                "written": done.written,
                "changes": after.changes,
                "notes": after.notes,
                "problems": [problem_data(problem) for problem in after.problems],
                "text": after.text,
            }
        )
        return code
    if after.changes and not done.written:
        for row in unified_diff(
            done.before.splitlines(), after.text.splitlines(), f"{path} (now)", f"{path} (upgraded)", lineterm=""
        ):
            output.line(safe_text(row))
    for change in (*after.changes, *(f"note: {note}" for note in after.notes)):
        diagnostics.say(safe_text(change))
    diagnostics.problems(after.problems)
    if done.written:
        output.line(f"written: {safe_text(path)}")
    elif not after.changes and not after.problems:
        diagnostics.say("nothing to do: it is schema 1.0 already")
    elif not after.problems:
        diagnostics.say("nothing was written; to replace the file: tassist config upgrade --write")
    return code


@command.command(epilog="Example: tassist config show --json")
@click.argument("path", default=DEFAULT_FILE)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(path: str, *, as_json: bool) -> int:
    """Show every value in force, and whether the file or a default says it.

    PATH is the file, - for standard input. A section that is not in the file is not shown: it does not run.
    """
    from tassist.services import config

    shown = config.show(path)
    if as_json:
        output.document(
            {
                "file": path,
                "digest": shown.config.digest,
                "values": [
                    {
                        "path": value.path,
                        "value": value.value,
                        "from": "file" if value.where else "default",
                        "line": value.where.line if value.where else None,
                        "column": value.where.column if value.where else None,
                    }
                    for value in shown.values
                ],
            }
        )
        return Exit.OK
    warn(shown.config.warnings)
    rows: list[tuple[object, ...]] = [
        (
            value.path,
            json.dumps(value.value, ensure_ascii=False),
            f"line {value.where.line}" if value.where else "default",
        )
        for value in shown.values
    ]
    output.table(rows, header=("key", "value", "from"))
    return Exit.OK


def warn(warnings: Iterable[Problem]) -> None:
    """Say warnings, as problems are said."""
    for warning in warnings:
        diagnostics.say(safe_text(f"warning: {warning}", newlines=True))


def problem_data(problem: Problem) -> dict[str, object]:
    """A problem for machines; the keys are stable."""
    where = problem.where
    return {
        "code": problem.code,
        "what": problem.what,
        "why": problem.why,
        "fix": problem.fix,
        "file": where.file if where else "",
        "line": where.line if where else None,
        "column": where.column if where else None,
        "path": where.path if where else "",
    }


command.add_command(simulate)
