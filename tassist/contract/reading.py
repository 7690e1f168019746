"""Reads case files: YAML to `Topic`, strict about every key, so that a misspelt expectation is never silently ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast, get_args

import yaml

from engine.model import Fact
from engine.plan import Outcome, RunOutcome
from engine.problems import Problem, ProblemError
from tassist.contract.case import (
    ANYTHING,
    EFFECT_KINDS,
    NOW,
    Anything,
    Case,
    EffectKind,
    Expected,
    ExpectedDecision,
    ExpectedEffect,
    Given,
    Topic,
)
from tassist.contract.words import given_in_words
from tassist.contract.world import WrongWordsError, issue, moment, repository, trigger

_TOPIC_KEYS: Final = frozenset({"topic", "about", "given", "cases"})
_GIVEN_KEYS: Final = frozenset({"configuration", "set", "unset", "text", "issue", "repository", "trigger", "now"})
_THEN_KEYS: Final = frozenset(
    {"decisions", "includes", "effects", "outcome", "because", "not_configured", "problems", "settles", "needs"}
)
_DECISION_KEYS: Final = frozenset({"because", "before", "after", "key"})


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the faster one where it was built
    """Plain YAML: no dates, no `yes` or `no`, no key twice."""

    yaml_implicit_resolvers: Final = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":float", ":bool"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 – PyYAML's own signature
        keys = [key.value for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise WrongWordsError(f"line {node.start_mark.line + 1} has the key {twice!r} twice")
        return cast("dict[Any, Any]", super().construct_mapping(node, deep=deep))


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def document(text: str) -> Any:
    """The YAML document of a case file."""
    return yaml.load(text, _Loader)  # noqa: S506 – derived from the safe loader


def read_topic(slug: str, text: str, configurations: Mapping[str, str]) -> Topic:
    """One case file.

    Args:
        slug: The file's name without its ending.
        text: The file.
        configurations: The named configurations it may start from, as text.

    Raises:
        ProblemError: naming the file and the case, where it says something that is not understood.
    """
    name = ""
    try:
        found = _mapping(document(text), "the file")
        _only(found, _TOPIC_KEYS, "the file")
        shared = _mapping(found.get("given", {}), "given")
        _only(shared, _GIVEN_KEYS, "given")
        cases = []
        for entry in _sequence(found["cases"], "cases"):
            words = _mapping(entry, "a case")
            name = str(words.get("name", ""))
            cases.append(_case(slug, words, shared, configurations))
        topic = Topic(slug, str(found["topic"]), " ".join(str(found["about"]).split()), tuple(cases))
        name = ""
        _no_twins(topic)
    except (WrongWordsError, KeyError, yaml.YAMLError) as error:
        said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ProblemError(
            Problem(
                "contract-case-wrong",
                f"the contract's file {slug}.yml is wrong" + (f", case {name!r}" if name else ""),
                why=said,
                fix="correct the case; tassist/contract/cases/README.md says what a case may hold",
                family="ours",
            )
        ) from error
    return topic


def _no_twins(topic: Topic) -> None:
    ids = [case.id for case in topic.cases]
    twice = next((found for place, found in enumerate(ids) if found in ids[:place]), None)
    if twice is not None:
        raise WrongWordsError(f"two cases are called {twice}")


def _case(slug: str, words: Mapping[str, Any], shared: Mapping[str, Any], configurations: Mapping[str, str]) -> Case:
    _only(words, _GIVEN_KEYS | _THEN_KEYS | {"name"}, "a case")
    given = {**shared, **{key: value for key, value in words.items() if key in _GIVEN_KEYS}}
    for key in ("issue", "repository", "set"):
        if key in shared and key in words:
            given[key] = {**_mapping(shared[key], key), **_mapping(words[key], key)}
    expected = _expected(words)
    return Case(
        slug,
        str(words["name"]),
        _given(given, configurations),
        expected,
        settles=bool(words.get("settles", True)),
        rules=tuple(dict.fromkeys([*(found.rule for found in expected.decisions), *expected.not_configured])),
    )


def _given(words: Mapping[str, Any], configurations: Mapping[str, str]) -> Given:
    now = moment(str(words["now"]), NOW) if "now" in words else NOW
    text, base = _configuration(words, configurations)
    prepared = {**prepared_repository(text), **_mapping(words.get("repository", {}), "repository")}
    repo = repository(prepared)
    return Given(
        text,
        issue(_mapping(words.get("issue", {}), "issue"), repo, now),
        repo,
        trigger(str(words["trigger"])),
        now,
        given_in_words(base, words),
    )


def _configuration(words: Mapping[str, Any], configurations: Mapping[str, str]) -> tuple[str, str]:
    if "text" in words:
        return str(words["text"]), ""
    name = str(words["configuration"])
    if name not in configurations:
        raise WrongWordsError(f"there is no configuration {name!r}; there are {', '.join(sorted(configurations))}")
    text = configurations[name]
    changes, removed = _mapping(words.get("set", {}), "set"), _sequence(words.get("unset", ()), "unset")
    if not changes and not removed:
        return text, name
    return with_changes(text, changes, [str(path) for path in removed]), name


def with_changes(text: str, changes: Mapping[str, Any], removed: Sequence[str] = ()) -> str:
    """The configuration with other values at dotted paths, such as ``enforcement.exclusivity.track.mode``."""
    config = document(text)
    for path in removed:
        *way, last = path.split(".")
        inner = _walk(config, way, path, make=False)
        if last not in inner:
            raise WrongWordsError(f"unset: the configuration has no {path}")
        del inner[last]
    for path, value in changes.items():
        *way, last = path.split(".")
        inner = _walk(config, way, path, make=True)
        if isinstance(inner, list):
            inner[int(last) : int(last) + 1] = [value]
        else:
            inner[last] = value
    return yaml.dump(config, Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True)


def _walk(config: Any, way: Sequence[str], path: str, *, make: bool) -> Any:
    for step in way:
        if isinstance(config, list):
            config = config[int(step)]
        elif step in config:
            config = config[step]
        elif make:
            config[step] = {}
            config = config[step]
        else:
            raise WrongWordsError(f"the configuration has no {path}")
    return config


def prepared_repository(text: str) -> dict[str, Any]:
    """What `tassist apply` would have made: every declared label and milestone, all open, in declared order."""
    try:
        config = document(text)
    except (yaml.YAMLError, WrongWordsError):
        return {}
    if not isinstance(config, dict):
        return {}
    labels = [entry.get("label") for entry in _dicts(config.get("tracks"))]
    labels += [entry.get("name") for entry in _dicts(config.get("labels"))]
    titles = [entry.get("title") for entry in _dicts(config.get("milestones"))]
    return {
        "labels": [name for name in dict.fromkeys(labels) if isinstance(name, str)],
        "milestones": [title for title in dict.fromkeys(titles) if isinstance(title, str)],
    }


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _expected(words: Mapping[str, Any]) -> Expected:
    if "needs" in words:
        if words["needs"] not in set(Fact) or {"decisions", "includes", "effects", "outcome"} & set(words):
            raise WrongWordsError(f"needs stands alone and is one of {', '.join(Fact)}: {words['needs']!r}")
        return Expected((), exact=False, effects=(), outcome="success", needs=Fact(words["needs"]))
    if ("decisions" in words) == ("includes" in words):
        raise WrongWordsError("a case says either decisions (the whole list) or includes")
    exact = "decisions" in words
    outcome = words["outcome"]
    if outcome not in get_args(RunOutcome):
        raise WrongWordsError(f"outcome is {outcome!r}; it is one of {', '.join(get_args(RunOutcome))}")
    decisions = _sequence(words["decisions" if exact else "includes"], "decisions")
    return Expected(
        tuple(_decision(entry) for entry in decisions),
        exact,
        tuple(_effect(entry) for entry in _sequence(words["effects"], "effects")),
        cast("RunOutcome", outcome),
        _strings(words.get("because", ())),
        _strings(words.get("not_configured", ())),
        _strings(words.get("problems", ())),
    )


def _decision(entry: Any) -> ExpectedDecision:
    words = dict(_mapping(entry, "a decision"))
    rules = [key for key in words if key not in _DECISION_KEYS]
    if len(rules) != 1:
        raise WrongWordsError(f"a decision reads `rule: outcome`, with {', '.join(sorted(_DECISION_KEYS))}: {entry!r}")
    outcome = words[rules[0]]
    if outcome not in get_args(Outcome):
        raise WrongWordsError(f"{rules[0]} is {outcome!r}; it is one of {', '.join(get_args(Outcome))}")
    return ExpectedDecision(
        rules[0],
        cast("Outcome", outcome),
        _strings(words.get("because", ())),
        _or_anything(words, "before"),
        _or_anything(words, "after"),
        str(words["key"]) if "key" in words else None,
    )


def _effect(entry: Any) -> ExpectedEffect:
    words = dict(_mapping(entry, "an effect"))
    rule = words.pop("rule", None)
    if len(words) != 1 or next(iter(words)) not in EFFECT_KINDS:
        raise WrongWordsError(f"an effect is one of {', '.join(EFFECT_KINDS)}: {entry!r}")
    kind, values = next(iter(words.items()))
    return ExpectedEffect(cast("EffectKind", kind), _strings(values), None if rule is None else str(rule))


def _or_anything(words: Mapping[str, Any], key: str) -> str | Anything | None:
    if key not in words:
        return ANYTHING
    return None if words[key] is None else str(words[key])


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(str(entry) for entry in value) if isinstance(value, list | tuple) else (str(value),)


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise WrongWordsError(f"{what} is {value!r}, which is no mapping")


def _sequence(value: Any, what: str) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    raise WrongWordsError(f"{what} is {value!r}, which is no list")


def _only(words: Mapping[str, Any], allowed: frozenset[str], what: str) -> None:
    unknown = next((key for key in words if key not in allowed), None)
    if unknown is not None:
        raise WrongWordsError(f"{what} has {unknown!r}; it takes {', '.join(sorted(allowed))}")
