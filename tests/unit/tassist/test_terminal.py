"""The full-screen app opens where a person sees it, and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from tassist.terminal import may_draw, shows_unicode

GOOD = {"TERM": "xterm-256color"}


class _Tty:
    def isatty(self) -> bool:
        return True


def drawn(*, plain: bool = False, env: dict[str, str], pipe: str = "") -> bool:
    """What is decided where every stream is a terminal but one."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("stdin", "stdout", "stderr"):
            patch.setattr(sys, name, io.StringIO() if name == pipe else _Tty())
        return may_draw(plain=plain, env=env)


def test_in_a_terminal_it_draws() -> None:
    assert drawn(env=GOOD)


@pytest.mark.parametrize(
    "env",
    [{"TERM": "dumb"}, {}, {**GOOD, "CI": "true"}, {**GOOD, "TASSIST_PLAIN": "1"}, {**GOOD, "ACCESSIBLE": "1"}],
    ids=str,
)
def test_h73_where_nobody_could_use_it_it_does_not(env: dict[str, str]) -> None:
    assert not drawn(env=env)


def test_plain_was_asked_for() -> None:
    assert not drawn(plain=True, env=GOOD)


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_h73_one_stream_that_is_no_terminal_is_enough(stream: str) -> None:
    assert not drawn(env=GOOD, pipe=stream)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"LC_ALL": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "de_DE@euro"}, False),
        ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
        ({"LC_ALL": "C", "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, True),
    ],
    ids=str,
)
def test_h73_the_locale_says_whether_more_than_ascii_can_be_shown(env: dict[str, str], expected: bool) -> None:
    assert shows_unicode(env) is expected


def test_h73_without_a_locale_our_own_stream_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, expected in (("utf-8", True), ("latin-1", False)):
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert shows_unicode({}) is expected
