"""The demo's own folder: made for one run, private, and gone again unless the run came to its end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.text import safe_text

MIN_FREE_BYTES = 32 * 1024 * 1024
"""Less than this and the journal could fill the disk in the middle of the story."""


class DemoFolder:
    """A folder with mode 0700; `keep` is called when what is in it shall outlive the demo."""

    def __init__(self, wanted: Path | None = None, *, private: Sequence[str] = ()) -> None:
        self.wanted = wanted
        self.private = private
        """Names of files that never outlive the demo."""
        self.path = Path()
        self._kept = False
        self._made = False

    def __enter__(self) -> Self:
        try:
            if self.wanted is None:
                self.path = Path(tempfile.mkdtemp(prefix="tassist-demo-"))
            else:
                self.path = self.wanted.expanduser().absolute()
                if self.path.is_symlink() or (
                    self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir()))
                ):
                    raise ProblemError(
                        Problem(
                            code="demo-folder-in-use",
                            what=f"{safe_text(self.path)} is not an empty folder",
                            why="the demo removes its folder when it is interrupted, so it takes only a new or an empty one",
                            fix="name another with --dir, or leave --dir out",
                        )
                    )
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made = True
            free = shutil.disk_usage(self.path).free
        except FileNotFoundError as error:
            if self.wanted is not None:
                raise ProblemError(os_problem(error, doing="make the folder", option="--dir")) from error
            # Python names a list of candidates when no folder for temporary files can be written.
            raise ProblemError(
                Problem(
                    code="no-folder",
                    what="could not make the demo's folder",
                    why=safe_text(error.strerror or error),
                    fix="name a folder that can be written with --dir",
                    family="world",
                )
            ) from error
        except OSError as error:
            raise ProblemError(os_problem(error, doing="make the demo's folder", option="--dir")) from error
        if free < MIN_FREE_BYTES:
            self._remove()
            raise ProblemError(
                Problem(
                    code="no-disk-space",
                    what=f"only {free // 1024} KiB are free in {safe_text(self.path.parent)}",
                    why=f"the demo's journal and telemetry need {MIN_FREE_BYTES // 1024 // 1024} MiB to be safe",
                    fix="free some space, or name a folder elsewhere with --dir",
                    family="world",
                )
            )
        return self

    def keep(self) -> None:
        """What is in the folder outlives the demo, but for credentials."""
        self._kept = True

    def discard(self) -> None:
        """Change of mind: remove it after all, unless a person named it."""
        self._kept = self.wanted is not None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self.private:
            (self.path / name).unlink(missing_ok=True)
        if not self._kept:
            self._remove()

    def _remove(self) -> None:
        if self._made:
            shutil.rmtree(self.path, ignore_errors=True)
