"""The house stands: rooms, imports and generated pages are as they are said to be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import generated

HEAVY = (
    "textual",
    "rich",
    "httpx",
    "jwt",
    "cryptography",
    "starlette",
    "uvicorn",
    "yaml",
    "re2",
    "questionary",
    "keyring",
    "duckdb",
    "psycopg",
    "procrastinate",
    "typing_extensions",
    "segno",
)


@pytest.mark.parametrize("args", [["--help"], ["--version"]], ids=lambda args: args[0])
def test_help_imports_nothing_heavy(args: list[str], project_root: Path) -> None:
    code = (
        "import sys\nfrom tassist.entry import run\nassert run(sys.argv[1:]) == 0\n"
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, cwd=project_root, check=True
    )

    assert done.stderr.strip() == ""


@pytest.mark.parametrize("typed", [[], ["setup"]], ids=["console", "wizard"])
def test_the_first_line_stands_before_anything_but_python_itself_is_loaded(
    typed: list[str], project_root: Path
) -> None:
    code = (
        "import sys\nbefore = set(sys.modules)\nfrom tassist import entry, terminal\n"
        "terminal.may_draw = lambda **_: True\n"
        "def said():\n"
        "    print(*sorted(one for one in sys.modules if one not in before and sys.modules[one]), file=sys.stderr)\n    sys.exit(0)\n"
        "terminal.splash = said\nentry.run(sys.argv[1:])"
    )

    done = subprocess.run([sys.executable, "-c", code, *typed], capture_output=True, text=True, cwd=project_root)

    ours = {"tassist", "tassist.entry", "tassist.terminal", "tassist.config", "tassist.config.env", "__future__"}
    assert set(done.stderr.split()) == ours


def test_the_first_picture_of_the_installer_waits_for_nothing_of_the_installer(project_root: Path) -> None:
    code = (
        "import sys, tassist.tui.app, tassist.tui.screens.setup\n"
        "print(*(one for one in sys.modules"
        " if one.split('.')[0] in ('setup_wizard', 'click', 'msgspec') or one.startswith('tassist.services')))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project_root, check=True)

    assert done.stdout.split() == []


def test_doctor_loads_what_costs_time_only_where_a_check_needs_it(project_root: Path) -> None:
    code = "import sys, tassist.services.doctor, httpx\n"
    code += "print(sorted({'jwt', 'rich', 'yaml', 'engine.config', 'tassist.services.switching'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project_root, check=True)

    assert done.stdout.strip() == "[]"


def test_the_engine_is_pure_at_run_time(project_root: Path) -> None:
    code = "import sys, engine, pkgutil, importlib\n"
    code += "[importlib.import_module(m.name) for m in pkgutil.walk_packages(engine.__path__, 'engine.')]\n"
    code += "print(sorted({'httpx', 'sqlite3', 'socket', 'asyncio', 'tassist'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project_root, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("page", generated.PAGES)
def test_a_generated_page_is_in_step(page: str, project_root: Path) -> None:
    assert (project_root / page).read_text() == generated.PAGES[page](), "run: make docs"


def test_every_verb_of_the_registry_is_a_command() -> None:
    from importlib import import_module

    import click

    from tassist.cli.registry import VERBS

    for verb in VERBS:
        command = import_module(verb.module).command
        assert isinstance(command, click.Command), verb.name
        assert command.get_short_help_str(200).rstrip(".") == verb.help.rstrip("."), verb.name
        assert "Example" in (command.help or "") + (command.epilog or ""), f"{verb.name}: --help shows an example"


NO_HOME = {
    *("demo", "run", "help", "completion", "rules list", "rules show", "telemetry schema", "store migrate"),
    *("config init", "config schema", "config show", "config simulate", "config upgrade", "config validate"),
    *("contract export", "contract print", "contract verify", "migrate"),
}
"""Commands that read nothing of a home folder, or are told both places of what they move."""


def test_every_command_that_reads_a_home_folder_is_told_it_by_the_same_option() -> None:
    from importlib import import_module

    import click

    from tassist.cli.registry import VERBS

    without = set()
    waiting = [(verb.name, import_module(verb.module).command) for verb in VERBS]
    while waiting:
        name, command = waiting.pop()
        if isinstance(command, click.Group):
            names = command.list_commands(click.Context(command))
            waiting += [(f"{name} {below}", command.commands[below]) for below in names]
        if not isinstance(command, click.Group) or command.invoke_without_command:
            without |= {name} if not any("--home" in option.opts for option in command.params) else set()

    assert without == NO_HOME
