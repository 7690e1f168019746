"""The installer as a state machine without I/O: a state goes in, the next move comes out.

How a face drives it
--------------------
`tassist.services.setup.conduct.conduct` is the loop; every face only implements `Face`, five coroutines::

    async def ask(self, ask: Ask) -> str | Signal        # show ask.question, ask.value (or ask.default), ask.problems
    async def preview(self, preview: Preview) -> bool | Signal   # show every change; True goes on, False ends without one
    async def wait(self, wait: Wait) -> str | Signal     # show the link; returns what was pasted. Cancelled on arrival
    async def failed(self, failed: Failed) -> Signal     # show the problems; AGAIN, BACK or LEAVE
    async def say(self, news: News) -> None              # one event: a step begins, is done, was so already

What a face returns is raw text; `answered` cleans and judges it and the same `Ask` comes again with `problems` until it is
good. `BACK` from `ask` or `preview` goes to the question before, whose answer is kept as `Ask.value`; `LEAVE` ends, and the
next start goes on from there. A step rail is drawn from `rail(state)`, which `ask`, `preview`, `wait`, `failed` and `say`
get as ``.rail``. A form that shows several questions at once may call `next_move` and `answered` itself: both are pure.

Without `conduct`, by hand::

    state = begin(STAGES, QUESTION_BY_ID, answers, facts)
    move = next_move(state)      # Ask | Preview | Do | Wait | Failed | Done
    state = answered(state, "github", "https://github.com")      # raises ProblemError, the state stays as it was
    state = agreed(state, "app")                                 # the preview was accepted
    state = checked(state, "app", found)                         # after Do(part="check")
    state = applied(state, "app", outcome)                       # after Do(part="apply"), and after a Wait
    state = verified(state, "app")                               # after Do(part="verify") found nothing wrong
    state = failed(state, "app", problems)                       # instead of any of these

It is made of `moves` (what is to be done), `face` (who is asked), `state` (what is known), `open_questions`, `next_move` and
`changes`; this module gives all of it one name.

What a state holds is never a secret's value but where a person typed one (`Answers` shows none in its `repr`).
"""

from __future__ import annotations

from setup_wizard.changes import (
    again,
    agreed,
    answered,
    applied,
    checked,
    failed,
    gone_back,
    paste_refused,
    refused,
    reopened,
    verified,
)
from setup_wizard.face import Face
from setup_wizard.moves import Ask, Do, Done, Failed, Mark, Move, News, Part, Planned, Preview, Signal, Standing, Wait
from setup_wizard.next_move import next_move, rail
from setup_wizard.open_questions import missing, wrong
from setup_wizard.state import State, begin, known

__all__ = [
    "Ask",
    "Do",
    "Done",
    "Face",
    "Failed",
    "Mark",
    "Move",
    "News",
    "Part",
    "Planned",
    "Preview",
    "Signal",
    "Standing",
    "State",
    "Wait",
    "again",
    "agreed",
    "answered",
    "applied",
    "begin",
    "checked",
    "failed",
    "gone_back",
    "known",
    "missing",
    "next_move",
    "paste_refused",
    "rail",
    "refused",
    "reopened",
    "verified",
    "wrong",
]
