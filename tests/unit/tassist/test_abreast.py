"""Requests side by side: what does not wait for another answer is asked for beside it, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from engine.model import Fact, Issue, IssueRef, Repo
from engine.ports import ConfigText, Gone, Look, Retry
from engine.problems import Problem
from tassist.github.abreast import Managed, both, reading_ahead

REF = IssueRef("acme/app", 7, 1)
SEEN = Look(Issue(REF), Repo("acme/app"), 1)
HERE = ConfigText("schema_version: '1.0'", "acme/app:.github/task-assistant.yml@1")
LATER = Retry(Problem("github-away", "GitHub did not answer"))
GONE = Gone(Problem("repository-gone", "acme/app is deleted"))


async def said(answer: ConfigText | Gone | Look | Exception) -> ConfigText | Gone | Look:
    if isinstance(answer, Exception):
        raise answer
    return answer


@dataclass
class Github:
    """A reader that notes what was asked, and in which a configuration may wait until an issue was asked for."""

    found: Callable[[], Awaitable[ConfigText | Gone | Look]] = lambda: said(HERE)
    issue: Callable[[], Awaitable[ConfigText | Gone | Look]] = lambda: said(SEEN)
    patient: bool = False
    asked: list[str] = field(default_factory=list)
    issue_asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: list[str] = field(default_factory=list)

    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        """The configuration."""
        self.asked.append("config")
        if self.patient:
            async with asyncio.timeout(5):
                await self.issue_asked.wait()
            self.issue_asked.clear()
        answer = await self.found()
        assert isinstance(answer, ConfigText | Gone)
        return answer

    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        """The issue."""
        self.asked.append("issue" if not facts else "facts")
        self.issue_asked.set()
        try:
            answer = await self.issue()
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise
        assert isinstance(answer, Look | Gone)
        return answer


async def for_ever() -> ConfigText | Gone | Look:
    await asyncio.Event().wait()
    raise AssertionError


async def one_look(github: Github, managed: Managed) -> Look | Gone | None:
    """As the runner does it: an issue is read under a configuration, and no other."""
    async with reading_ahead(github, managed) as reader:
        found = await reader.config(REF)
        if isinstance(found, Gone) or found.text is None:
            return None
        return await reader.look(REF)


async def test_the_second_look_asks_for_its_issue_before_the_configuration_is_there() -> None:
    managed = Managed()
    github = Github()
    assert await one_look(github, managed) == SEEN
    assert github.asked == ["config", "issue"]
    github = Github(patient=True)

    assert await one_look(github, managed) == SEEN

    assert github.asked == ["config", "issue"], "asked for once, and beside"


async def test_facts_are_read_anew_and_what_was_read_ahead_is_used_once() -> None:
    managed = Managed()
    github = Github()
    await one_look(github, managed)
    async with reading_ahead(github, managed) as reader:
        await reader.config(REF)
        seen = await reader.look(REF)
        assert isinstance(seen, Look)
        await reader.look(REF, (Fact.TIMELINE,), seen)
        await reader.look(REF)
    assert github.asked == ["config", "issue", "config", "issue", "facts", "issue"]


async def test_an_issue_with_facts_is_not_what_was_read_ahead() -> None:
    managed = Managed()
    await one_look(Github(), managed)
    github = Github(patient=True)
    async with reading_ahead(github, managed) as reader:
        await reader.config(REF)
        await reader.look(REF, (Fact.PARENT,))
    assert github.asked == ["config", "issue", "facts"]


@pytest.mark.parametrize(
    "found", [GONE, ConfigText(None, "acme/app:.github/task-assistant.yml"), LATER], ids=["gone", "none", "trouble"]
)
async def test_an_issue_that_is_not_needed_is_not_waited_for_and_not_asked_for_again(
    found: ConfigText | Gone | Retry,
) -> None:
    managed = Managed()
    await one_look(Github(), managed)
    github = Github(found=lambda: said(found), issue=for_ever, patient=True)

    for _ in range(2):
        if isinstance(found, Retry):
            with pytest.raises(Retry):
                await one_look(github, managed)
        else:
            assert await one_look(github, managed) is None
            github.patient = False

    asked = ["config", "issue"] if isinstance(found, Retry) else ["config"]
    assert github.asked == ["config", "issue", *asked]
    assert github.ended == ["CancelledError"] * github.asked.count("issue")


async def test_under_another_configuration_nobody_knows_whether_an_issue_will_be_read() -> None:
    managed = Managed()
    await one_look(Github(), managed)
    other = ConfigText("schema_version: '7'", "acme/app:.github/task-assistant.yml@2")
    github = Github(found=lambda: said(other), patient=True)
    for _ in range(2):
        async with reading_ahead(github, managed) as reader:
            await reader.config(REF)
        github.patient = False
    assert github.asked == ["config", "issue", "config"], "it cannot be used, so no issue was read under it"

    await one_look(github, managed)
    await one_look(github, managed)

    assert github.asked[3:] == ["config", "issue", "config", "issue"]
    assert REF.repo_id in managed


async def test_trouble_with_the_issue_is_told_when_it_is_looked_at_and_not_where_it_is_not() -> None:
    managed = Managed()
    await one_look(Github(), managed)
    github = Github(issue=lambda: said(LATER), patient=True)
    async with reading_ahead(github, managed) as reader:
        await reader.config(REF)
        with pytest.raises(Retry):
            await reader.look(REF)

    github = Github(found=lambda: said(GONE), issue=lambda: said(LATER), patient=True)
    assert await one_look(github, managed) is None
    assert github.ended == ["Retry"]


async def test_a_look_that_is_broken_off_leaves_no_request() -> None:
    managed = Managed()
    await one_look(Github(), managed)
    github = Github(issue=for_ever)
    look = asyncio.create_task(one_look(github, managed))
    while not github.asked.count("issue"):
        await asyncio.sleep(0)

    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look

    assert github.ended == ["CancelledError"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_repository_without_an_id_is_never_remembered_and_the_memory_is_bounded() -> None:
    managed = Managed()
    managed.note(0, "x")
    assert 0 not in managed
    for number in range(1, 10_002):
        managed.note(number, "x")
    assert 1 not in managed
    assert 2 in managed


async def test_both_answers_or_the_trouble_of_the_first() -> None:
    async def answer(value: object) -> object:
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    assert await both(answer(1), answer("a")) == (1, "a")
    with pytest.raises(Retry):
        await both(answer(LATER), answer("a"))
    with pytest.raises(Retry):
        await both(answer(1), answer(LATER))
    first = ValueError()
    with pytest.raises(ValueError):
        await both(answer(first), answer(LATER))


async def test_both_are_asked_at_once() -> None:
    here, there = asyncio.Event(), asyncio.Event()

    async def one(mine: asyncio.Event, other: asyncio.Event) -> bool:
        mine.set()
        async with asyncio.timeout(5):
            return await other.wait()

    assert await both(one(here, there), one(there, here)) == (True, True)
