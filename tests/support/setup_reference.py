"""The installer's reference page, made from its questions and steps."""

from __future__ import annotations

from setup_wizard.known import Facts, Known
from setup_wizard.question import Question
from setup_wizard.questions import QUESTIONS
from setup_wizard.schema import schema_text
from setup_wizard.steps import STAGES

HEAD = """# `tassist setup`: questions, answers, steps

Every question is the same thing in five forms: a flag, a variable, a key of the answers file, a prompt, a field. A flag is stronger
than a variable, a variable than the answers file, the file than what was answered in an earlier start, and that than the default;
what is typed at a prompt is stronger than all of them.

An answers file is TOML. `ask = ["webhook_url"]` has the named questions asked although they are answered. A secret stands in it, and on
the command line, only as a reference: `env:NAME`, `file:PATH` (readable by you alone) or `keyring:NAME`.
The [schema](setup-answers.schema.json) lets editors check and complete it; `examples/answers/`.

"""


def page() -> str:
    """docs/reference/setup.md, without its first line."""
    parts = [HEAD, "## Questions\n"]
    by_id = {question.id: question for question in QUESTIONS}
    for stage in STAGES:
        if stage.questions:
            parts.append(f"\n### {stage.title}\n")
        parts += [_question(by_id[question_id]) for question_id in stage.questions]
    parts.append(
        "\n## Steps\n\nWhat `--redo STEP` takes, in the order in which they are done. Each looks first whether the world is already so.\n"
    )
    parts.append("\n| step | questions | to take it back |\n|---|---|---|\n")
    for stage in STAGES:
        for step in stage.steps:
            asks = ", ".join(f"`{question_id}`" for question_id in step.questions) or "–"
            parts.append(f"| `{step.id}` {step.title.lower()} | {asks} | {step.undo or '–'} |\n")
    return "".join(parts)


def _question(question: Question) -> str:
    default = question.default(Known(facts=Facts(keyring="", suffix="1a2b")))
    rows = [f"\n#### `{question.id}`\n\n{question.text} {question.why}\n\n{question.help}\n"]
    rows.append(f"\n- `{question.flag}`, `{question.env}`\n")
    rows += [
        f"- `{choice.value}`: {choice.label}{f' ({choice.help})' if choice.help else ''}\n"
        for choice in question.choices
    ]
    if default:
        rows.append(f"- default, where nothing speaks for another: `{default}`\n")
    if question.example and not question.secret:
        rows.append(f"- such as `{question.example}`\n")
    return "".join(rows)


def schema() -> str:
    """docs/reference/setup-answers.schema.json."""
    return schema_text(QUESTIONS)
