"""The places of the app, each with its key; a screen's module is imported only when somebody goes there.

A place whose module is not there says in one sentence which command does it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tassist.tui.desk import Desk
    from tassist.tui.screens.place import PlaceScreen


@dataclass(frozen=True, slots=True)
class Place:
    """One place."""

    id: str
    """Also the name of its mode, and of the binding that goes there: ``go-ID``."""
    key: str
    title: str
    target: str
    """``module:Class``; the class is a `PlaceScreen`."""
    command: str
    """The command that does the same with lines."""
    help: str


PLACES: tuple[Place, ...] = (
    Place(
        "home",
        "1",
        "Home",
        "tassist.tui.screens.home:HomeScreen",
        "tassist console --plain",
        "Is anything lost, late or blocked; the queue, limits, the last deliveries, today's figures.",
    ),
    Place(
        "deliveries",
        "2",
        "Deliveries",
        "tassist.tui.screens.deliveries:DeliveriesScreen",
        "tassist deliveries",
        "What came from GitHub, what became of it; search, compare, edit, send again.",
    ),
    Place(
        "issues",
        "3",
        "Issues",
        "tassist.tui.screens.issues:IssuesScreen",
        "tassist why",
        "Issues and the decisions about them: from a label to its rule, configuration line and delivery; undo.",
    ),
    Place(
        "rules",
        "4",
        "Rules",
        "tassist.tui.screens.rules:RulesScreen",
        "tassist config",
        "The configuration: check it, change it, and see what the change would have done before it is saved.",
    ),
    Place(
        "dashboard",
        "5",
        "Dashboard",
        "tassist.tui.screens.dashboard:DashboardScreen",
        "tassist dashboard",
        "Figures over weeks and months, from telemetry alone.",
    ),
    Place(
        "migration",
        "6",
        "Migration",
        "tassist.tui.screens.migration:MigrationScreen",
        "tassist migrate",
        "Move a repository from its legacy automation, with evidence.",
    ),
    Place(
        "setup",
        "7",
        "Setup",
        "tassist.tui.screens.setup:SetupScreen",
        "tassist setup",
        "Install: environment, App, secrets, webhook, repositories; the switch between development and production.",
    ),
    Place(
        "health",
        "8",
        "Health",
        "tassist.tui.screens.health:HealthScreen",
        "tassist doctor",
        "Every check of the environment and of drift, each with its fix.",
    ),
    Place(
        "log",
        "9",
        "Log",
        "tassist.tui.screens.log:LogScreen",
        "tassist serve --headless",
        "What the service says, searched and followed.",
    ),
)
PLACE_BY_ID = {place.id: place for place in PLACES}


def screen_of(place: Place, desk: Desk) -> PlaceScreen:
    """A new screen of the place; one that says which command does it where the screen is not there yet."""
    module_name, _, class_name = place.target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        from tassist.tui.screens.pending import PendingScreen

        return PendingScreen(place, desk)
    return cast("PlaceScreen", getattr(module, class_name)(place, desk))
