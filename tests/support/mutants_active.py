"""Stands where mutmut's trampoline is imported from: a mutant becomes active by lending its code to the function it was made of.

What mutmut generates asks before every call which mutant is active, and that costs more than many calls do. Here a function stays
itself, a mutant is put in its place once, and whoever kept the function (a table of rules, a `map(fold, …)`) has the mutant too.
`install()` must come before `engine` is imported.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any

from tests.support.mutants_before import digest

MutantDict = dict[str, Any]

_KEPT: list[tuple[FunctionType, MutantDict]] = []
_LATE: dict[str, str] = {}
"""Function → the mutant that takes its calls, for those that cannot borrow code."""


def install(at_import: str = "") -> None:
    """Be what the generated modules import; ``at_import`` is a mutant that takes the calls from the beginning."""
    package, inner, module = (ModuleType(name) for name in ("mutmut", "mutmut.mutation", "mutmut.mutation.trampoline"))
    package.__path__ = inner.__path__ = []
    module.wrap_in_trampoline, module.MutantDict = wrap_in_trampoline, MutantDict  # type: ignore[attr-defined]
    sys.modules |= {"mutmut": package, "mutmut.mutation": inner, "mutmut.mutation.trampoline": module}
    if at_import:
        _LATE[function_of(at_import)] = at_import.rpartition(".")[2]


def wrap_in_trampoline(mutants: MutantDict, is_classmethod: bool = False) -> Callable[[Any], Any]:
    """Keep the function and its mutants; one with a closure, or under a mutant from the beginning, is reached by a detour."""
    assert not is_classmethod, "the engine has no class methods, so nothing here knows them"

    def keep(function: FunctionType) -> Callable[..., Any]:
        _KEPT.append((function, mutants))
        name = _name(function)
        if not function.__code__.co_freevars and name not in _LATE:
            return function

        @wraps(function)
        def detour(*args: Any, **kwargs: Any) -> Any:
            return (mutants[_LATE[name]] if name in _LATE else function)(*args, **kwargs)

        return detour

    return keep


def activate(mutant: str) -> None:
    """Put the mutant in its function's place, for the rest of this process."""
    name, own = function_of(mutant), mutant.rpartition(".")[2]
    function, mutants = _kept(name)
    changed = mutants[own]
    if function.__code__.co_freevars:
        _LATE[name] = own
        return
    function.__code__ = changed.__code__
    function.__defaults__, function.__kwdefaults__ = changed.__defaults__, changed.__kwdefaults__


@contextmanager
def active(mutant: str) -> Iterator[None]:
    """The mutant in its function's place for a while; none where the name is empty."""
    if not mutant:
        yield
        return
    name = function_of(mutant)
    function, _ = _kept(name)
    before = function.__code__, function.__defaults__, function.__kwdefaults__
    activate(mutant)
    try:
        yield
    finally:
        function.__code__, function.__defaults__, function.__kwdefaults__ = before
        _LATE.pop(name, None)


def codes() -> dict[int, str]:
    """The code of every function that has mutants, and the function's name in mutmut's spelling.

    By identity: two functions that read alike on the same line of two files have equal code.
    """
    return {id(function.__code__): _name(function) for function, _ in _KEPT}


def names() -> list[str]:
    """Every mutant of what has been imported, in the order of the files."""
    return [f"{function.__module__}.{own}" for function, mutants in _KEPT for own in mutants if own != "_mutmut_orig"]


def change(mutant: str) -> dict[str, str]:
    """The lines a mutant took away and those it put there, each as one line without indentation."""
    lines = _sources(mutant)
    found = list(difflib.unified_diff(lines[0].splitlines(), lines[1].splitlines(), n=0, lineterm=""))[2:]
    return {
        "was": " ".join(line[1:].strip() for line in found if line.startswith("-")),
        "becomes": " ".join(line[1:].strip() for line in found if line.startswith("+")),
    }


def digest_of(mutant: str) -> str:
    """A mutant's name that stays as long as its function and its change do."""
    return digest((function_of(mutant), *_sources(mutant)))


def _sources(mutant: str) -> list[str]:
    """The function as it is, and as the mutant has it."""
    function, mutants = _kept(function_of(mutant))
    name = function.__name__
    return [
        "".join(inspect.getsourcelines(mutants[own])[0]).replace(f"def {mutants[own].__name__}(", f"def {name}(", 1)
        for own in ("_mutmut_orig", mutant.rpartition(".")[2])
    ]


def function_of(mutant: str) -> str:
    """`engine.view.x_encodable__mutmut_6` → `engine.view.x_encodable`."""
    return mutant.rpartition("__mutmut_")[0]


def _kept(name: str) -> tuple[FunctionType, MutantDict]:
    return next(kept for kept in _KEPT if _name(kept[0]) == name)


def _name(function: FunctionType) -> str:
    holder, _, name = function.__qualname__.rpartition(".")
    return f"{function.__module__}.{f'xǁ{holder}ǁ{name}' if holder else f'x_{name}'}"
