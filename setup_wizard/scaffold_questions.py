"""The questions about a repository's first files: whether, how they get there, and what its labels and milestones mean."""

from __future__ import annotations

from setup_wizard import values
from setup_wizard.care_questions import listed, several
from setup_wizard.known import Known
from setup_wizard.owners import owner_faults
from setup_wizard.question import ALL, NONE, Choice, Question

HAND = ("files", "commit")
"""Ways that write into a checkout on this machine."""


def _wanted(known: Known) -> bool:
    return known.answer("scaffold") not in {"", "no"}


def by_hand(known: Known) -> bool:
    """Whether files are written into a checkout."""
    return known.answer("scaffold") in HAND


def _after_all(known: Known) -> tuple[str, ...]:
    """The repositories that are looked after, as far as they are known."""
    chosen = {part.casefold() for part in several(known, "repositories")}
    names = listed(known, "repositories")
    if not chosen or ALL in chosen:
        return names
    return tuple(name for name in names if name.casefold() in chosen or name.partition("/")[0].casefold() in chosen)


def _only_one(known: Known) -> str | None:
    names = _after_all(known)
    here = known.facts.checkout
    if here and here.casefold() in {name.casefold() for name in names}:
        return here
    return names[0] if len(names) == 1 else None


def _labels(known: Known) -> tuple[Choice, ...]:
    return _offered(listed(known, "labels")) if "labels" in known.learned else ()


def _milestones(known: Known) -> tuple[Choice, ...]:
    return _offered(listed(known, "milestones")) if "milestones" in known.learned else ()


def _offered(names: tuple[str, ...]) -> tuple[Choice, ...]:
    # A name with a comma or with characters nobody sees cannot be typed in a list; the file takes it later, by hand.
    good = [
        name for name in names if "," not in name and name not in {ALL, NONE} and not values.control_faults("", name)
    ]
    return (*(Choice(name, name) for name in good), Choice(NONE, "none of them"))


def _tracks(known: Known) -> str:
    return _good(known, "proposed_tracks", _labels(known))


def _phases(known: Known) -> str:
    return _good(known, "proposed_phases", _milestones(known))


def _good(known: Known, name: str, choices: tuple[Choice, ...]) -> str:
    offered = {choice.value for choice in choices}
    return ",".join(each for each in listed(known, name) if each in offered) or NONE


def _dashboard_fits(known: Known) -> bool:
    repo = known.answer("telemetry_repository").casefold()
    return (
        _wanted(known)
        and "github" in several(known, "telemetry")
        and (known.answer("scaffold") == "pull-request" or repo == known.answer("scaffold_repository").casefold())
    )


SCAFFOLD = Question(
    "scaffold",
    "Shall a repository get its first configuration now?",
    "Task Assistant does nothing in a repository that has no .github/task-assistant.yml.",
    "It is made from the labels and milestones the repository has. Nothing is overwritten unless you say so after you have "
    "seen the difference. Later: tassist scaffold OWNER/NAME.",
    "choice",
    choices=(
        Choice("pull-request", "as a pull request", "needs a right to write code"),
        Choice("commit", "as a commit in a checkout here", "on its own branch, with your git"),
        Choice("files", "as files in a checkout here", "you commit them"),
        Choice("no", "not now"),
    ),
    default=lambda _known: "no",
    with_it=("github_token",),
)
SCAFFOLD_REPOSITORY = Question(
    "scaffold_repository",
    "Which repository gets it?",
    "Its labels and milestones are read, to propose what they mean.",
    "One of those that are looked after.",
    "choice",
    "acme/app",
    choices_from=lambda known: tuple(Choice(name, name) for name in _after_all(known)),
    default=_only_one,
    clean=values.repository,
    judge=lambda value, known: values.repository_faults(value) or owner_faults(value, known),
    applies=_wanted,
)
SCAFFOLD_FOLDER = Question(
    "scaffold_folder",
    "In which folder is its checkout?",
    "The files are written there.",
    "The folder that holds .git; empty: the one you are in.",
    "path",
    "~/src/app",
    default=lambda _known: ".",
    clean=values.path,
    judge=lambda value, _known: values.path_faults(value),
    applies=by_hand,
)
SCAFFOLD_TRACKS = Question(
    "scaffold_tracks",
    "Which of its labels are tracks?",
    "An issue belongs to one track; of two track labels one is taken off.",
    "What looks like a track is marked. With none of them two new ones are declared, track/active and track/backlog.",
    "many",
    "track/api,track/web",
    choices_from=_labels,
    default=_tracks,
    applies=_wanted,
)
SCAFFOLD_PHASES = Question(
    "scaffold_phases",
    "Which of its milestones are phases?",
    "An issue that carries a phase's label is put into its milestone.",
    "What looks like a phase is marked. Each gets a label such as phase-1: the one the repository has for it, or a new one.",
    "many",
    "Phase 1,Phase 2",
    choices_from=_milestones,
    default=_phases,
    applies=_wanted,
)
SCAFFOLD_FORMS = Question(
    "scaffold_forms",
    "Issue forms as well?",
    "They ask whoever opens an issue for what is needed to work on it.",
    "Two files below .github/ISSUE_TEMPLATE: a bug and a piece of work.",
    "yes-no",
    default=lambda _known: "yes",
    applies=_wanted,
)
SCAFFOLD_DASHBOARD = Question(
    "scaffold_dashboard",
    "And a workflow that publishes the dashboard?",
    "GitHub Pages then shows what was recorded, built anew every night.",
    "It goes into the telemetry repository, pinned to this version and with no more rights than it needs. A page may be public though "
    "the repository is private.",
    "yes-no",
    default=lambda _known: "no",
    applies=_dashboard_fits,
)
SCAFFOLD_REPLACE = Question(
    "scaffold_replace",
    "Some of these files exist already. Shall they be replaced?",
    "What stands in them would be lost where it differs.",
    "Every difference is shown before anything is written, and no leaves them as they are.",
    "yes-no",
    default=lambda _known: "no",
    applies=lambda known: _wanted(known) and bool(listed(known, "existing")),
)
GITHUB_TOKEN = Question(
    "github_token",
    "Is there a token of yours that may open the pull request?",
    "The App has no right to write code, and does not need one afterwards.",
    "A fine-grained personal access token for this repository alone with Contents and Pull requests: read and write (and Workflows, for "
    "the dashboard). It is used once and kept nowhere. Empty: the App does it, if it was given these rights.",
    "secret",
    "github_pat_…",
    default=lambda _known: "",
    applies=lambda known: known.answer("scaffold") == "pull-request",
)
