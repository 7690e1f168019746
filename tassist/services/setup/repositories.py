"""The installer's view of repositories: which the App is installed on, what one has, and how its first files get there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from typing_extensions import override

from engine.problems import Problem, ProblemError, Where
from setup_wizard.pages_workflow import PATH as DASHBOARD
from setup_wizard.pages_workflow import pages_workflow
from setup_wizard.ports import Proposed, RepositoriesPort, Scaffold, Seen
from setup_wizard.scaffold import find_tracks, phase_titles
from tassist import __version__
from tassist.errors import Secret
from tassist.github.connection import Connection
from tassist.github.faults import Kind, Refused
from tassist.github.migrator import Migrator
from tassist.services import connecting, scaffold_pull, scaffolding
from tassist.services.setup.bundle import resolve
from tassist.services.setup.care import RealSettings
from tassist.services.setup.checkout import checkout_of
from tassist.text import safe_text

PULL: Final = "pull-request"


class RealRepositories(RepositoriesPort):
    """GitHub is asked as the App; nothing is kept between two calls, as the world may have changed."""

    def __init__(self, settings: RealSettings) -> None:
        self._settings = settings

    def _connect(self, *, dry: bool = True) -> Connection:
        return connecting.connect(self._settings.load(), dry=dry)

    @override
    async def names(self) -> tuple[str, ...]:
        found: list[str] = []
        async with self._connect() as connection:
            for one in await connection.api.installations():
                if one.id and one.suspended_at is None:
                    mine: list[str] = []
                    async for page in connection.api.repositories(one.id):
                        mine += [repo.full_name for repo in page if repo.full_name]
                    found += sorted(mine, key=str.casefold)
        return tuple(dict.fromkeys(found))

    @override
    async def look(self, repo: str, way: str, folder: str) -> Seen:
        paths = (scaffolding.CONFIG, *scaffolding.FORMS, DASHBOARD)
        async with self._connect() as connection:
            has = await scaffolding.look(connection, repo)
            there = await self._there(connection, repo, way, folder, paths)
        return Seen(
            tuple(label.name for label in has.labels),
            tuple(milestone.title for milestone in has.milestones),
            tuple(track.source for track in find_tracks(has.labels, has.milestones, ())),
            tuple(phase_titles(has.labels, has.milestones)),
            there,
        )

    async def _there(
        self, connection: Connection, repo: str, way: str, folder: str, paths: Iterable[str]
    ) -> tuple[str, ...]:
        if way == PULL:
            on = await scaffold_pull.reader(connection, repo)
            return await scaffold_pull.existing(on, paths)
        root = _root(folder, repo, commits=way == "commit")
        return tuple(path for path in paths if scaffolding.checked(root, path).exists())

    @override
    async def propose(self, wanted: Scaffold) -> tuple[Proposed, ...]:
        async with self._connect(dry=wanted.way != PULL) as connection:
            found: list[Proposed] = []
            for repo, files in (await self._files(connection, wanted)).items():
                if wanted.way == PULL:
                    with _lent(wanted):
                        on = await self._hands(connection, wanted, repo, files)
                        compared = await scaffold_pull.compare(on, files)
                    found += [Proposed(f"GitHub, {repo}", each.path, each.diff, each.exists) for each in compared]
                else:
                    root = _root(wanted.folder, wanted.repo, commits=wanted.way == "commit")
                    compared = scaffolding.compare(root, dict(files))
                    found += [Proposed(str(root), each.path, each.diff, each.exists) for each in compared]
        return tuple(found)

    @override
    async def write(self, wanted: Scaffold) -> str:
        async with self._connect(dry=wanted.way != PULL) as connection:
            places = await self._files(connection, wanted)
            if wanted.way == PULL:
                return "; ".join([await self._pull(connection, wanted, repo, files) for repo, files in places.items()])
        (files,) = places.values()
        return _by_hand(wanted, dict(files))

    async def _pull(self, connection: Connection, wanted: Scaffold, repo: str, files: Mapping[str, str]) -> str:
        with _lent(wanted):
            on = await self._hands(connection, wanted, repo, files)
            compared = await scaffold_pull.compare(on, files)
            chosen = [each for each in compared if each.diff and (wanted.replace or not each.exists)]
            if not chosen:
                return f"{repo} has these files already"
            pull = await scaffold_pull.open_pull(on, chosen)
        return f"pull request {repo}#{pull.number} is open: {safe_text(pull.html_url, max_chars=200)}"

    async def _hands(self, connection: Connection, wanted: Scaffold, repo: str, files: Mapping[str, str]) -> Migrator:
        token = resolve(wanted.token, self._settings.env) if wanted.token else Secret("")
        try:
            return await scaffold_pull.hands(connection, repo, token, paths=tuple(files))
        except ProblemError as error:
            # Shown below the question, so that another way can be chosen.
            raise ProblemError(replace(each, where=Where(path="scaffold")) for each in error.problems) from None

    async def _files(self, connection: Connection, wanted: Scaffold) -> dict[str, dict[str, str]]:
        """Repository → path → text."""
        files = await scaffolding.propose(
            connection, wanted.repo, forms=wanted.forms, tracks=wanted.tracks, phases=wanted.phases
        )
        places = {wanted.repo: files}
        if wanted.dashboard:
            same = wanted.dashboard.casefold() == wanted.repo.casefold()
            place = places.setdefault(wanted.repo if same else wanted.dashboard, {})
            place[DASHBOARD] = pages_workflow(version=__version__)
        return places


@contextmanager
def _lent(wanted: Scaffold) -> Iterator[None]:
    """What GitHub refuses to a person's token is said of the token, below its question, and not of the App."""
    try:
        yield
    except Refused as error:
        if not wanted.token or error.fault.kind not in {Kind.UNAUTHORIZED, Kind.PERMISSION, Kind.NOT_FOUND}:
            raise
        unknown = error.fault.kind == Kind.UNAUTHORIZED
        raise ProblemError(
            Problem(
                "lent-token-refused",
                "GitHub does not know this token" if unknown else f"this token may not write to {wanted.repo}",
                error.problems[0].why,
                "paste one that is not expired, for this repository with Contents and Pull requests: read and write",
                Where(path="github_token"),
                family="auth",
            )
        ) from None


def _by_hand(wanted: Scaffold, files: dict[str, str]) -> str:
    commits = wanted.way == "commit"
    root = _root(wanted.folder, wanted.repo, commits=commits)
    compared = scaffolding.compare(root, files)
    replacing = frozenset(each.path for each in compared if wanted.replace)
    written = scaffolding.write(root, compared, replace=replacing)
    if not written:
        return f"{root} has these files already"
    if not commits:
        return f"written below {root}: {', '.join(written)}; next: commit them and push"
    branch = scaffolding.commit(root, written)
    return f"committed on {branch} in {root}; next: git push -u origin {branch}, and open a pull request"


def _root(folder: str, repo: str, *, commits: bool) -> Path:
    """The checkout.

    Raises:
        ProblemError: there is no such folder; or, for a commit, it is a checkout of something else or of nothing.
    """
    root = Path(folder).expanduser().absolute()
    here = checkout_of(root) if commits and root.is_dir() else ""
    said = ""
    if not root.is_dir():
        said = f"there is no folder {safe_text(root)}"
    elif here is None:
        said = f"{safe_text(root)} is no checkout"
    elif here and here.casefold() != repo.casefold():
        said = f"{safe_text(root)} is a checkout of {here}"
    if said:
        raise ProblemError(
            Problem(
                "scaffold-folder-wrong",
                said,
                f"the files are for {repo}",
                "type the path of its checkout; git clone makes one",
                Where(path="scaffold_folder"),
            )
        )
    return root
