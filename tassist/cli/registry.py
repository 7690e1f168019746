"""Every command once: its name, where its code lives, and one line of help, so that `--help` imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A command of the command line."""

    name: str
    module: str
    """Holds the click command as ``command``."""
    help: str


VERBS: tuple[Verb, ...] = (
    Verb("demo", "tassist.cli.demo", "Show everything, offline: GitHub in a box, the App, real signed deliveries."),
    Verb("setup", "tassist.cli.setup", "Install: create the GitHub App, keep its secrets, see the first delivery."),
    Verb(
        "rotate",
        "tassist.cli.rotate",
        "Replace the webhook's secret or the App's private key, without a refused delivery.",
    ),
    Verb("config", "tassist.cli.config", "Write, check, upgrade and explain .github/task-assistant.yml."),
    Verb("switch", "tassist.cli.switch", "Point the App's webhook to development or production, and prove it."),
    Verb("doctor", "tassist.cli.doctor", "Check the environment, GitHub and the way in; say what to do."),
    Verb("console", "tassist.cli.console", "See everything: what is lost, late or blocked, each delivery, and why."),
    Verb("serve", "tassist.cli.serve", "Take deliveries and keep issues in order."),
    Verb("worker", "tassist.cli.worker", "Look at issues on a further machine, beside a service."),
    Verb("deliveries", "tassist.cli.deliveries", "Look at deliveries: list, search, compare, edit, send again."),
    Verb("trigger", "tassist.cli.trigger", "Send a signed synthetic delivery to the local server."),
    Verb("store", "tassist.cli.store", "Show what the journal holds, and remove what is over."),
    Verb("rules", "tassist.cli.rules", "Show the rules, in the order in which they are evaluated."),
    Verb("run", "tassist.cli.run", "Show what would be done about a recorded event, offline."),
    Verb("contract", "tassist.cli.contract", "Show what the engine guarantees, as cases that run."),
    Verb("telemetry", "tassist.cli.telemetry", "Look after telemetry: schema, verify, status, export, import, prune."),
    Verb("dashboard", "tassist.cli.dashboard", "Figures over weeks and months, as pages, lines or JSON."),
    Verb(
        "scaffold",
        "tassist.cli.scaffold",
        "Write a repository's first configuration and issue forms, from what it has.",
    ),
    Verb("plan", "tassist.cli.plan", "Show which labels and milestones the configuration would create or change."),
    Verb(
        "apply", "tassist.cli.apply", "Create, update and rename the labels and milestones the configuration declares."
    ),
    Verb("why", "tassist.cli.why", "Explain an issue as it is now: what every rule says, and what would change."),
    Verb("sweep", "tassist.cli.sweep", "Look at every open issue now, as the nightly sweep does."),
    Verb("undo", "tassist.cli.undo", "Take back what a run wrote, unless a person changed it since."),
    Verb("rollover", "tassist.cli.rollover", "Close a milestone, create the next one, and move what is open."),
    Verb("help", "tassist.cli.help", "Explain a command, or a problem by its code."),
    Verb("completion", "tassist.cli.completion", "Print what makes a shell complete tassist's commands."),
    Verb(
        "migrate",
        "tassist.cli.migrate",
        "Move a repository from its home-grown workflows to Task Assistant, with evidence.",
    ),
)
VERB_BY_NAME = {verb.name: verb for verb in VERBS}
