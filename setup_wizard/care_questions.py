"""The questions about what the service cares for: whose issues it keeps in order, and where it records what it did."""

from __future__ import annotations

from engine.problems import Problem
from setup_wizard import values
from setup_wizard.known import Known
from setup_wizard.owners import owner_faults
from setup_wizard.question import ALL, Choice, Question


def listed(known: Known, name: str) -> tuple[str, ...]:
    """What a step has learned, an entry a line."""
    return tuple(line for line in known.learned.get(name, "").split("\n") if line)


def several(known: Known, question_id: str) -> tuple[str, ...]:
    """The parts of an answer of many."""
    return tuple(part for part in known.answer(question_id).split(",") if part)


def _repositories(known: Known) -> tuple[Choice, ...]:
    names = listed(known, "repositories")
    if not names:
        return ()
    found = [Choice(ALL, "all of them, also those that are added later")]
    owners: dict[str, list[str]] = {}
    for name in names:
        owners.setdefault(name.partition("/")[0], []).append(name)
    for owner, mine in owners.items():
        found.append(Choice(owner, f"{owner}: everything of this installation, also later"))
        found += [Choice(name, name) for name in mine]
    return tuple(found)


def _repository_names(value: str, known: Known) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    for part in value.split(","):
        if part != ALL:
            problems += values.repository_faults(part) if "/" in part else values.login_faults(part)
    return tuple(problems) or owner_faults(value, known)


REPOSITORIES = Question(
    "repositories",
    "Which repositories shall be looked after?",
    "The App may be installed on more than you want it to touch; it leaves the others alone, and records that it did.",
    "Only what the App is installed on can be chosen. A whole installation is chosen by its account's name and then covers "
    "repositories that are added later. It becomes the setting repositories, in tassist.toml of tassist's folder.",
    "many",
    "acme/app,acme/api",
    choices_from=_repositories,
    default=lambda _known: ALL,
    judge=_repository_names,
)
TELEMETRY = Question(
    "telemetry",
    "Where shall be recorded what it did and why?",
    "Every decision leaves a record; the console and the dashboard are made from them.",
    "Several may be chosen. Each is tried out with one real record before the choice is kept, and read back where that is "
    "possible. It becomes the setting telemetry_sinks.",
    "many",
    choices=(
        Choice("jsonl", "files of JSON lines", "needs nothing; the console reads them"),
        Choice("github", "a repository at GitHub", "for a dashboard on Pages"),
        Choice("sqlite", "an SQLite file"),
        Choice("postgresql", "a PostgreSQL database"),
        Choice("otlp", "an OpenTelemetry collector"),
    ),
    default=lambda _known: "jsonl",
    with_it=(
        "telemetry_repository",
        "telemetry_file",
        "telemetry_postgresql",
        "telemetry_collector",
        "telemetry_authorization",
    ),
)
TELEMETRY_REPOSITORY = Question(
    "telemetry_repository",
    "Which repository takes the records?",
    "Records are committed to its branch telemetry, many at a time.",
    "Make an empty one for it, private if the issues are. The App has to be installed there and may write contents: on its "
    "settings page, Permissions, Contents: Read and write, then accept that in the installation.",
    example="acme/telemetry",
    clean=values.repository,
    judge=lambda value, known: values.repository_faults(value) or owner_faults(value, known),
    applies=lambda known: "github" in several(known, "telemetry"),
)
TELEMETRY_FILE = Question(
    "telemetry_file",
    "In which SQLite file?",
    "It is made where it is missing.",
    "Empty: telemetry.db in tassist's folder.",
    "path",
    "/var/lib/tassist/telemetry.db",
    default=lambda _known: "",
    clean=values.path,
    judge=lambda value, _known: values.path_faults(value) + values.comma_faults(value),
    applies=lambda known: "sqlite" in several(known, "telemetry"),
)
TELEMETRY_POSTGRESQL = Question(
    "telemetry_postgresql",
    "What is the database's connection string?",
    "It may hold a password, so it is kept like one: in the .env of this folder, and in no settings file.",
    "Such as postgresql://tassist@db.example/telemetry. Empty: what TASSIST_TELEMETRY_POSTGRESQL says already.",
    "secret",
    "postgresql://tassist@db.example/telemetry",
    default=lambda _known: "",
    applies=lambda known: "postgresql" in several(known, "telemetry"),
)
TELEMETRY_COLLECTOR = Question(
    "telemetry_collector",
    "What is the collector's address?",
    "Records are posted there as OpenTelemetry logs.",
    "The address that takes OTLP over HTTP as JSON; its path is mostly /v1/logs.",
    "address",
    "https://collector.example/v1/logs",
    judge=lambda value, _known: values.collector_faults(value),
    applies=lambda known: "otlp" in several(known, "telemetry"),
)
TELEMETRY_AUTHORIZATION = Question(
    "telemetry_authorization",
    "And what stands in its Authorization header?",
    "Most collectors want to know who writes; it is kept like a password, in the .env of this folder.",
    "Such as Bearer and a token. Empty: none, or what TASSIST_TELEMETRY_AUTHORIZATION says already.",
    "secret",
    "Bearer …",
    default=lambda _known: "",
    applies=lambda known: "otlp" in several(known, "telemetry"),
)
