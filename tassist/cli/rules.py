"""`tassist rules`: what the rules do, in their own words."""

from __future__ import annotations

import click

from tassist.cli import output
from tassist.cli.groups import Group
from tassist.errors import Exit


@click.group(cls=Group, context_settings={"max_content_width": 100}, epilog="Example: tassist rules show milestone")
def command() -> None:
    """Show the rules, in the order in which they are evaluated."""


@command.command("list", epilog="Example: tassist rules list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document with everything each rule says of itself.")
def list_(*, as_json: bool) -> int:
    """List every rule with one line."""
    from tassist.services import rules

    found = rules.list_rules()
    if as_json:
        output.document([rules.rule_data(rule) for rule in found])
    else:
        output.table([(rule.id, rule.summary) for rule in found], header=("rule", "what it does"))
    return Exit.OK


@command.command(epilog="Example: tassist rules show exclusivity.track")
@click.argument("rule")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(rule: str, *, as_json: bool) -> int:
    """Show what RULE does, what configures it, its outcomes, and an example configuration."""
    from tassist.services import rules

    found = rules.find_rule(rule)
    if as_json:
        output.document(rules.rule_data(found))
    else:
        for line in rules.rule_in_words(found):
            output.line(line)
    return Exit.OK
