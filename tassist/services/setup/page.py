"""The installer's own pages in the browser: self-contained, without a request to anywhere but GitHub, light and dark."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from urllib.parse import urlsplit

from setup_wizard.manifest import Manifest

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--paper:#fff;--line:#d1d9e0;--go:#1f883d;--on:#fff;--tint:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--paper:#0d1117;--line:#3d444d;--go:#238636;--tint:#151b23}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--tint);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:100%;max-width:34rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:2rem}
.from{margin:0 0 .25rem;color:var(--soft);font-size:.875rem}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
p{margin:0 0 1rem}.soft{color:var(--soft);font-size:.875rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1rem;margin:0 0 1.5rem;padding:1rem;background:var(--tint);
border-radius:.5rem;font-size:.9rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
form{margin:0 0 1rem}main>:last-child{margin-bottom:0}
button,.button{display:inline-block;border:0;border-radius:.5rem;padding:.7rem 1.4rem;background:var(--go);color:var(--on);font:inherit;
font-weight:600;cursor:pointer;text-decoration:none}
button:focus-visible,.button:focus-visible{outline:3px solid var(--ink);outline-offset:3px}
""".strip().replace("\n", "")
_GO = "document.getElementById('create').submit()"


def create_page(manifest: Manifest, github: str, organization: str, state: str, *, by_itself: bool) -> tuple[str, str]:
    """The page that sends the manifest to GitHub, and its content security policy.

    Args:
        manifest: What GitHub is asked for.
        github: Root of GitHub's pages.
        organization: Whose App it will be; empty: whose browser it is.
        state: Comes back with the code.
        by_itself: Send it at once; the button stays for whoever had to sign in first.
    """
    place = f"/organizations/{organization}/settings/apps/new" if organization else "/settings/apps/new"
    rows = [
        ("Name", manifest.name),
        ("Owner", organization or "your own account"),
        (
            "May",
            ", ".join(f"{name.replace('_', ' ')}: {level}" for name, level in sorted(manifest.permissions.items())),
        ),
        ("Is told of", ", ".join(event.replace("_", " ") for event in manifest.events)),
        ("Webhook", "none yet" if urlsplit(manifest.hook_url).hostname == "webhook.invalid" else manifest.hook_url),
    ]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    body = (
        f'<p class="from">tassist setup</p><h1>Create {escape(manifest.name)}</h1>'
        "<p>The next page is GitHub’s. Look at the name, press <b>Create GitHub App</b>, and you are sent back here.</p>"
        f"<dl>{facts}</dl>"
        f'<form id="create" method="post" action="{escape(github + place)}?state={escape(state)}">'
        f'<input type="hidden" name="manifest" value="{escape(manifest.to_json())}">'
        f"<button>Go on at {escape(urlsplit(github).netloc)}</button></form>"
        '<p class="soft">Not signed in to GitHub? Sign in there first, come back to this page and press the button.</p>'
    )
    script = f"<script>{_GO}</script>" if by_itself else ""
    policy = _policy(form_action=github, script=_GO if by_itself else "")
    return _page(f"Create {manifest.name}", body + script, policy), policy


def created_page(name: str, install_link: str) -> tuple[str, str]:
    """The page after the App was created and its key is safe."""
    body = (
        f'<p class="from">tassist setup</p><h1>{escape(name)} is yours</h1>'
        "<p>Its private key is kept on the machine where tassist runs. One thing is left: choose the repositories it looks after.</p>"
        f'<p><a class="button" rel="noreferrer" href="{escape(install_link)}">Install it</a></p>'
        '<p class="soft">The terminal goes on by itself.</p>'
    )
    policy = _policy()
    return _page(f"{name} is yours", body, policy), policy


def refused_page(what: str, fix: str) -> tuple[str, str]:
    """The page for whatever went wrong."""
    body = f'<p class="from">tassist setup</p><h1>That did not work</h1><p>{escape(what)}</p><p class="soft">{escape(fix)}</p>'
    policy = _policy()
    return _page("That did not work", body, policy), policy


def _policy(*, form_action: str = "", script: str = "") -> str:
    parts = ["default-src 'none'", f"style-src '{_hash(_STYLE)}'", "base-uri 'none'", "frame-ancestors 'none'"]
    parts.append(f"form-action {_origin(form_action)}" if form_action else "form-action 'none'")
    if script:
        parts.append(f"script-src '{_hash(script)}'")
    return "; ".join(parts)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _page(title: str, body: str, policy: str) -> str:
    # `frame-ancestors` has no meaning in a meta element; as a file the page has no headers.
    inner = "; ".join(part for part in policy.split("; ") if not part.startswith("frame-ancestors"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(inner)}">'
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
