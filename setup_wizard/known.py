"""What a question or a step may look at: the answers so far, facts about this machine, and what steps have learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Facts:
    """This machine, as far as it decides what is proposed; found once, before the first question."""

    has_display: bool = False
    """A browser can be opened here, on the person's own screen."""
    keyring: str = ""
    """The name of a keyring that was written to, read back and found good; empty: there is none."""
    keyring_why_not: str = ""
    """In words, where there is none."""
    suffix: str = "0000"
    """Four hexadecimal digits that make a proposed name unlike others'."""
    checkout: str = ""
    """The repository, ``owner/name``, whose checkout this folder is; empty where it is none."""
    imported: str = ""
    """The App ID that an earlier start imported and that is still here, where nobody named a line this time: none is asked for."""
    tunnels: tuple[str, ...] = ()
    """What could open a way from the Internet to here: ``agent`` (it is running), ``ngrok`` (its package and a token are here)."""


@dataclass(frozen=True, slots=True)
class Known:
    """Read by defaults, by conditions, by steps; never changed."""

    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Question id → value, defaults of questions that were not reached yet left out."""
    facts: Facts = field(default_factory=Facts)
    learned: Mapping[str, str] = field(default_factory=dict)
    """What steps found out: ``slug``, ``app_id``, ``html_url``, …; lists with a line for each entry. No secrets."""
    unused: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What somebody gave for questions that do not apply: a step refuses what contradicts it, and says what it leaves aside."""

    def answer(self, question_id: str) -> str:
        """The answer, empty where there is none."""
        return self.answers.get(question_id, "")
