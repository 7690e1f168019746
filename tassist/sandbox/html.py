"""The frame of the box's pages: escaping, style, and headers that let nothing in from outside."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--paper:#fff;--shade:#f6f8fa;--mark:#0969da;
--open:#1a7f37;--closed:#8250df}
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--line:#3d444d;--paper:#0d1117;--shade:#151b23;
--mark:#4493f8;--open:#3fb950;--closed:#ab7df8}}
*{box-sizing:border-box}
body{margin:0;color:var(--ink);background:var(--paper);font:15px/1.5 system-ui,sans-serif}
header{background:var(--shade);border-bottom:1px solid var(--line);padding:.8rem 1.2rem}
header a{color:inherit;font-weight:600;text-decoration:none}
header span{color:var(--soft);margin-left:.8rem}
main{max-width:62rem;margin:0 auto;padding:1.2rem}
a{color:var(--mark)}
h1{font-size:1.5rem;margin:.4rem 0 1rem;overflow-wrap:anywhere}
h1 small{color:var(--soft);font-weight:400}
ul.rows{list-style:none;margin:0;padding:0;border:1px solid var(--line);border-radius:8px}
ul.rows>li{padding:.7rem 1rem;border-top:1px solid var(--line);overflow-wrap:anywhere}
ul.rows>li:first-child{border-top:0}
.soft{color:var(--soft);font-size:.87rem}
.label{display:inline-block;max-width:100%;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:1em;padding:0 .6em;font-size:.8rem;margin:.1rem}
.state{display:inline-block;border-radius:1em;padding:.1em .8em;color:#fff;font-size:.85rem}
.open{background:var(--open)}.closed{background:var(--closed)}
.card{border:1px solid var(--line);border-radius:8px;margin:0 0 1rem;padding:.8rem 1rem}
.card pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.4rem 0 0}
.columns{display:grid;gap:1.5rem;grid-template-columns:minmax(0,1fr) 16rem}
@media (max-width:50rem){.columns{grid-template-columns:minmax(0,1fr)}}
form{margin:0 0 .8rem}form.inline{display:inline;margin:0}
label{display:block;font-weight:600;margin:.5rem 0 .2rem}label.plain{font-weight:400}
input[type=text],textarea,select{width:100%;padding:.45rem .6rem;border:1px solid var(--line);border-radius:6px;
background:var(--paper);color:inherit;font:inherit}
button{max-width:100%;overflow-wrap:anywhere;padding:.4rem .9rem;border:1px solid var(--line);border-radius:6px;background:var(--shade);color:inherit;font:inherit;
cursor:pointer;margin-top:.4rem}
button.main{background:var(--open);border-color:var(--open);color:#fff}
button.bare{border:0;background:none;padding:0 .2rem;margin:0;color:var(--soft)}
:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
.wrong{border-color:#cf222e}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def text(value: Any) -> str:
    """Anything, safe inside an element or an attribute in quotes."""
    return escape(str(value), quote=True)


def page(title: str, body: str, *, who: str) -> bytes:
    """A whole page; ``body`` is markup already, ``title`` and ``who`` are not."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f'<header><a href="/">GitHub in a box</a><span>acting as {text(who)}</span></header>'
        f"<main>{body}</main></body></html>"
    ).encode("utf-8", "replace")


def headers(*form_targets: str) -> dict[str, str]:
    """Headers of every page; ``form_targets`` are origins a form may lead to besides this one."""
    targets = " ".join(["'self'", *form_targets])
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {targets}; base-uri 'none';"
            " frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def label_mark(name: str) -> str:
    """A label as a small mark; its colour is not needed to read it."""
    return f'<span class="label">{text(name)}</span>'


def form(action: str, fields: str, button: str, *, main: bool = False, css: str = "") -> str:
    """A form that posts; ``fields`` is markup, the rest is not."""
    kind = ' class="main"' if main else ""
    style = f' class="{css}"' if css else ""
    return f'<form method="post" action="{text(action)}"{style}>{fields}<button{kind}>{text(button)}</button></form>'


def hidden(name: str, value: Any) -> str:
    """A hidden field."""
    return f'<input type="hidden" name="{text(name)}" value="{text(value)}">'


def select(name: str, options: list[tuple[str, str]], chosen: str = "") -> str:
    """A choice; options are value and text."""
    shown = "".join(
        f'<option value="{text(value)}"{" selected" if value == chosen else ""}>{text(label)}</option>'
        for value, label in options
    )
    return f'<select name="{text(name)}">{shown}</select>'
