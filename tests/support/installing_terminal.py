"""The installer at a real terminal, typed at as a person types."""

from __future__ import annotations

import re
import sys

import pexpect

from tests.support.installing import LINK, Installing


class Terminal:
    """The installer on a terminal of 24 lines and as many columns as ``COLUMNS`` says, or 80."""

    def __init__(self, installing: Installing, *args: str, **env: str) -> None:
        self.installing = installing
        self.shown = ""
        given = installing.environment(**{"TERM": "xterm", "COLUMNS": "80", **env})
        columns = int(given["COLUMNS"])
        self.process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable, ["-m", "tassist", *args], env=given, cwd=str(installing.folder), encoding="utf-8", timeout=60, dimensions=(24, columns)
        )  # fmt: skip

    def expect(self, text: str) -> None:
        """Wait for words; line ends and what moves a cursor do not matter."""
        # Where a line goes on below, another blank stands for the one it was folded at.
        self.process.expect(r"\s+".join(re.escape(word) for word in text.split(" ")))
        self.shown += self.process.before + self.process.after

    def types(self, text: str) -> None:
        """A line and Enter."""
        self.process.send(text + "\r")

    def answers(self, question: str, text: str) -> None:
        """Wait for a question and its prompt, and answer it."""
        self.expect(question)
        self.process.expect(r"Answer[^\r\n]*:")
        self.shown += self.process.before + self.process.after
        self.types(text)

    def picks(self, question: str, search: str, keys: str) -> None:
        """Wait for a list, search in it, mark, and go on; each key after the list was drawn for the one before."""
        self.expect(question)
        self.expect("Escape goes back")
        self.process.send(search)
        self.expect(search)
        self.process.send(keys + "\r")

    def clicks(self) -> None:
        """Have the person act on the link that is shown next."""
        self.process.expect(r"\r\n(https?://\S+)\r\n")
        self.shown += self.process.before + self.process.after
        assert self.process.match is not None
        link = self.process.match.group(1)
        assert LINK.fullmatch(link)
        self.installing.person.see(link)

    def ends(self) -> int:
        """Its exit code."""
        self.process.expect(pexpect.EOF)
        self.shown += self.process.before
        self.process.close()
        return self.process.exitstatus if self.process.exitstatus is not None else -(self.process.signalstatus or 0)
