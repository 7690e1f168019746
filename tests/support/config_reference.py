"""The reference page and the published schema of the configuration, from the declaration the parser uses."""

from __future__ import annotations

import json
from collections.abc import Iterator

from engine.config import limits
from engine.config.declaration import CONFIG
from engine.config.schema import json_schema
from engine.config.spec import Choice, Flag, ListOf, MapOf, Record, Spec, Text, Whole
from engine.config.starter import STARTER
from engine.config.structure import STRUCTURAL

_HEAD = """# Configuration

`.github/task-assistant.yml`, schema "1.0". `tassist config init` writes a first one, `tassist config validate` says
everything that is wrong with one, `tassist config show` every value in force. Editors get completion from
[the JSON Schema](task-assistant.schema.json), which is made from the same declaration as the parser.

"""

_RULES = f"""
## How it is read

- **YAML, but plain.** One document in UTF-8. Words that only older readers take for something else are text: `no`, `on`,
  `off`, `12:30`, `2026-12-31`. A number, `true`, `false` or nothing where text is wanted is an error that says which
  quotes are missing; so is a number with a leading zero where a number is wanted.
- **Refused**, because they make a small file into a large one or into something that is not data: anchors, aliases, merge
  keys, tags, directives, several documents, duplicate keys, control characters.
- **Bounds**: {limits.MAX_BYTES:,} bytes, {limits.MAX_NODES:,} keys and values, {limits.MAX_DEPTH} levels,
  {limits.MAX_PATTERNS} patterns of {limits.MAX_PATTERN_CHARS} characters. At most {limits.MAX_PROBLEMS - 1} problems are
  listed at once; the last line says how many more there are.
- **Unknown keys** are an error everywhere but at the top of the file, where they are ignored with a warning.
- **An empty value** (`description:` with nothing behind it) counts as left out, with a warning.
- **A section that is not there does not run.** A section that is there is on unless it says `enabled: false`.

## Which names must be declared

GitHub creates an unknown label silently, so a mistyped name would create one. Therefore:

- A name that a rule sets or is keyed by must be declared, or the configuration is invalid: both sides of
  `phase_milestones` and `track_milestones`, and `any_of` and `default` of `required_labels`.
- A name that a rule only recognises on an issue is warned of: `labels`, `order` and `terminal` of a group,
  `exempt_labels` and `exempt_milestones`. It is never created.
- Declared are the entries of `labels` and `milestones`, and besides these each track's `label` and `milestone`, and the
  two labels of `stale`. `match` names labels of the people who write issues; it declares nothing and is not warned of.
- Labels are compared without regard to case, as GitHub does, and spelled as where they are declared. Milestone titles
  are compared exactly, as GitHub does.

## Two kinds of problem

What the JSON Schema can find too has one of these codes; a document has one of them exactly if the schema refuses it:
{", ".join(f"`{code}`" for code in sorted(STRUCTURAL))}.

Everything else is found by `tassist config validate` only: how the file is written (`config-yaml-syntax`,
`config-duplicate-key`, `config-alias`, …) and what its parts mean together (`config-unknown-label`,
`config-duplicate-track`, `config-days-out-of-order`, …).

## Older forms

`version: 1`, tracks or milestones as a mapping, `default_milestone_pattern`, `exclude_labels`, `exclusivity.tracks` and
`strategy: single` are recognised by name. `tassist config upgrade` shows the file in today's form, `--write` replaces it;
comments and order stay.
"""


def page() -> str:
    """docs/reference/configuration.md, without the note."""
    return _HEAD + "".join(_section(CONFIG, "", "The file")) + _RULES


def schema() -> str:
    """docs/reference/task-assistant.schema.json."""
    return json.dumps(json_schema(), indent=2) + "\n"


def starter() -> str:
    """examples/task-assistant.yml: what `tassist config init` writes."""
    return STARTER


def _section(record: Record, path: str, title: str) -> Iterator[str]:
    yield f"## {title}\n\n{record.help}\n\n| key | takes | default |\n|---|---|---|\n"
    below: list[tuple[Record, str]] = []
    for field in record.fields:
        takes = _cell(_takes(field.spec))
        default = "**required**" if field.required else _cell(field.default or "–")
        yield f"| `{field.name}` | {_cell(field.help)} Takes {takes}. | {default} |\n"
        inner, suffix = _inner(field.spec)
        if inner:
            below.append((inner, f"{path}.{field.name}{suffix}".lstrip(".")))
    for pair in record.not_both:
        yield f"\nNot both of `{pair[0]}` and `{pair[1]}`.\n"
    if record.exactly_one:
        yield f"\nExactly one of {' and '.join(f'`{name}`' for name in record.exactly_one)}.\n"
    for choice in (field.spec for field in record.fields):
        if isinstance(choice, Choice):
            yield "\n" + "".join(f"- `{word}`: {meaning}\n" for word, meaning in choice.words)
    yield "\n"
    for inner, at in below:
        yield from _section(inner, at, f"`{at}`")


def _inner(spec: Spec) -> tuple[Record | None, str]:
    """The record within, and how it is reached."""
    if isinstance(spec, Record):
        return spec, ""
    if isinstance(spec, ListOf) and isinstance(spec.item, Record):
        return spec.item, "[]"
    if isinstance(spec, MapOf) and isinstance(spec.value, Record):
        return spec.value, f".<{spec.key_name}>"
    return None, ""


def _takes(spec: Spec) -> str:
    if isinstance(spec, Text | Whole):
        return spec.says
    if isinstance(spec, Flag):
        return "true or false"
    if isinstance(spec, Choice):
        return "one of " + ", ".join(f"`{word}`" for word in spec.names)
    if isinstance(spec, ListOf):
        return f"a list of at most {spec.max_items:,}" + (
            "" if isinstance(spec.item, Record) else f": {_takes(spec.item)}"
        )
    if isinstance(spec, MapOf):
        return f"a mapping from {spec.key_name} to {'its settings' if isinstance(spec.value, Record) else 'milestone'}"
    return "a mapping"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
