"""What people type and paste, cleaned and judged: quotes, whole addresses and invisible characters are expected.

A value that cannot be meant is refused in words that say what to type; what is refused is shown safely or not at all.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from engine.problems import Problem

MAX_APP_NAME = 34
"""Source: https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/registering-a-github-app"""
_QUOTES = {'"': '"', "'": "'", "`": "`", "<": ">", "“": "”", "‘": "’", "«": "»"}
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9_])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}")
_KEY = re.compile(r"-----BEGIN |^MII[A-Za-z0-9+/]{20}")
_REFERENCE = re.compile(r"(env|file|keyring):(.+)", re.DOTALL)
_PAGES = {"settings", "organizations", "orgs", "apps", "users", "login"}


def clean(raw: str) -> str:
    """What was meant by a line that was typed or pasted: without the blanks and quotes around it.

    Characters nobody sees (zero-width ones, a byte-order mark, no-break spaces) are taken away at both ends: they come
    with what is copied from a page.
    """
    text = raw.strip().strip("\ufeff\u200b\u200c\u200d\u2060\xa0").strip()
    for _ in range(2):
        if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1]:
            text = text[1:-1].strip()
    return text


def control_faults(name: str, value: str) -> tuple[Problem, ...]:
    """Control and format characters belong in no answer."""
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in value):
        return (
            Problem(
                "answer-control-characters",
                f"{name} holds characters that cannot be seen",
                "they come along when text is copied from some pages and terminals",
                "type it instead of pasting it",
            ),
        )
    return ()


def visible(value: str, max_chars: int = 60) -> str:
    """A value for a message: cut, and with everything that could act on a terminal replaced."""
    shown = "".join(
        char if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else "\ufffd"
        for char in value[:max_chars]
    )
    return repr(shown + ("…" if len(value) > max_chars else ""))


def looks_like_a_key(value: str) -> bool:
    """Whether a secret was pasted where a name was asked for; such a value is never repeated."""
    return bool(_KEY.search(value))


# addresses


def github_address(raw: str) -> str:
    """The root of GitHub's pages: from its name, any page of it, or the root of its API."""
    text = clean(raw).rstrip("/")
    if "://" not in text:
        text = f"https://{text}" if text else ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return text
    host = (parts.hostname or "").rstrip(".")
    if parts.username is not None or parts.password is not None or not host:
        return text  # judged below; nothing is taken out of an address that hides where it leads
    if host in {"www.github.com", "api.github.com"}:
        host = "github.com"
    if host.startswith("api.") and host.endswith(".ghe.com"):
        host = host.removeprefix("api.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


def _address(value: str) -> SplitResult | None:
    """Its parts; ``None`` where brackets or a port make it no address at all."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return parts


def github_address_faults(value: str) -> tuple[Problem, ...]:
    """Addresses no token may be sent to (H69)."""
    wrong = "github-address-wrong"
    fix = "type https://github.com, or https:// and the host name of your GitHub Enterprise Server"
    parts = _address(value)
    if parts is None:
        return (Problem(wrong, f"{visible(value)} is not an address", fix=fix),)
    host = parts.hostname or ""
    if "@" in parts.netloc:
        return (Problem(wrong, "the address holds a user name or a password", "it is not shown here", fix),)
    if not host or any(char.isspace() for char in value) or "\\" in value:
        return (Problem(wrong, f"{visible(value)} is not an address", fix=fix),)
    own = host in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and own):
        return (
            Problem(wrong, f"{visible(value)} does not begin with https://", "tokens could be read on their way", fix),
        )
    if not own and _is_special(host):
        return (Problem(wrong, f"{visible(host)} is no address of a GitHub", "it names a machine's own inside", fix),)
    return ()


def _is_special(host: str) -> bool:
    """Link-local, unspecified and multicast addresses, also written as IPv4 in IPv6; private networks are allowed."""
    if host == "metadata.google.internal":
        return True
    try:
        address = ip_address(host.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(
        inner.is_link_local or inner.is_unspecified or inner.is_multicast or inner.is_reserved or inner.is_loopback
    )


def hook_address(raw: str) -> str:
    """A webhook's address; where only a host was given, ours is the path ``/webhook``."""
    text = clean(raw)
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    return f"{text.rstrip('/')}/webhook" if parts.hostname and parts.path in {"", "/"} and not parts.query else text


def hook_address_faults(value: str) -> tuple[Problem, ...]:
    """What GitHub would refuse as a webhook's address, and what would harm: secrets in it, no TLS."""
    wrong, fix = "webhook-address-wrong", "type the public address, such as https://tassist.example.com/webhook"
    parts = _address(value)
    if parts is None:
        return (Problem(wrong, f"{visible(value)} is not an address", fix=fix),)
    host = parts.hostname or ""
    if "@" in parts.netloc:
        what = "the webhook's address holds a user name or a password"
        return (Problem(wrong, what, "GitHub shows it to every owner of the App", fix),)
    if parts.scheme not in {"http", "https"} or not host or any(char.isspace() for char in value):
        return (Problem(wrong, f"{visible(value)} is not an address", "it needs https:// and a host", fix),)
    if parts.fragment:
        return (Problem(wrong, "the webhook's address ends with a #…", "a server never sees that part", fix),)
    return ()


def collector_faults(value: str) -> tuple[Problem, ...]:
    """Records are read by whoever is on their way: https, or this machine; a credential does not belong in an address."""
    wrong, fix = "collector-address-wrong", "type its address, such as https://collector.example/v1/logs"
    parts = _address(value)
    if parts is None:
        return (Problem(wrong, f"{visible(value)} is not an address", fix=fix),)
    host = parts.hostname or ""
    if "@" in parts.netloc:
        what = "the collector's address holds a user name or a password"
        why = "it is not shown here; the address is written in a settings file"
        return (Problem(wrong, what, why, "give the credential as the answer to telemetry_authorization"),)
    if "," in value or not host or any(char.isspace() for char in value):
        return (Problem(wrong, f"{visible(value)} is not an address", fix=fix),)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in {"localhost", "127.0.0.1", "::1"}):
        return (
            Problem(wrong, f"{visible(value)} does not begin with https://", "records could be read on their way", fix),
        )
    return ()


# names


def login(raw: str) -> str:
    """An account's login: from its name, ``@name``, or an address of one of its pages."""
    text = clean(raw)
    if "://" in text or text.count("/") >= 1:
        parts = _path_parts(text if "://" in text else f"https://{text}")
        if len(parts) > 1 and parts[0] in _PAGES:
            parts = parts[1:]
        text = parts[0] if parts else text
    return text.removeprefix("@")


def login_faults(value: str) -> tuple[Problem, ...]:
    """Source: https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication."""
    if _LOGIN.fullmatch(value):
        return ()
    return (
        Problem(
            "organization-wrong",
            f"{visible(value)} is not the name of an organisation",
            "it has letters, digits and single dashes, as in the address of its page",
            "type it as it stands after github.com/",
        ),
    )


def repository(raw: str) -> str:
    """A repository's full name: from itself, or an address of one of its pages."""
    text = clean(raw)
    if "://" in text:
        text = "/".join(_path_parts(text)[:2]) or text
    return text.removesuffix(".git")


def _path_parts(address: str) -> list[str]:
    """What stands between the slashes of an address's path; nothing where it is no address."""
    try:
        return [part for part in urlsplit(address).path.split("/") if part]
    except ValueError:  # such as brackets around no IPv6 address
        return []


def repository_faults(value: str) -> tuple[Problem, ...]:
    """A repository has an owner and a name."""
    if _REPOSITORY.fullmatch(value):
        return ()
    return (
        Problem(
            "repository-name-wrong",
            f"{visible(value)} is not the name of a repository",
            "it has the form OWNER/NAME",
            "type it as it stands after github.com/, such as acme/app",
        ),
    )


def slug_of(name: str) -> str:
    """The App's name as GitHub writes it in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def app_name_faults(value: str) -> tuple[Problem, ...]:
    """Length and characters; whether it is taken only GitHub knows."""
    if len(value) > MAX_APP_NAME:
        over = len(value) - MAX_APP_NAME
        return (
            Problem(
                "app-name-long",
                f"the App's name has {len(value)} characters",
                f"GitHub takes {MAX_APP_NAME}",
                f"leave out {over} or more",
            ),
        )
    if not slug_of(value):
        return (
            Problem(
                "app-name-wrong",
                "the App's name has no letter or digit of the alphabet",
                "GitHub makes the App's address of them",
                "type a name such as Task Assistant of Acme",
            ),
        )
    if "github" in slug_of(value).split("-")[:1] or slug_of(value).startswith("gist"):
        return (
            Problem(
                "app-name-reserved",
                f"{visible(value)} begins with a word GitHub keeps for itself",
                fix="begin with another word",
            ),
        )
    return ()


# numbers, files, secrets


def app_id_faults(value: str) -> tuple[Problem, ...]:
    """An App's id is a number; people paste the client id and installation ids."""
    if value.isascii() and value.isdigit() and len(value) < 19 and int(value) > 0:
        return ()
    why = "that is the client id" if value.startswith(("Iv1.", "Iv23")) else "it is a whole number"
    return (
        Problem(
            "app-id-wrong",
            f"{visible(value)} is not an App ID",
            why,
            "take it from the App's settings page, under About",
        ),
    )


def app_id(raw: str) -> str:
    """The number; ``App ID: 12345`` is what a page's copy gives."""
    return re.sub(r"(?i)^app\s*id\s*[:=]?\s*", "", clean(raw))


def path_faults(value: str) -> tuple[Problem, ...]:
    """A file's name, not its content; whether it is there is found out by whoever reads it."""
    if looks_like_a_key(value):
        return (
            Problem(
                "path-is-a-key",
                "that is the key itself, not the name of its file",
                "it is not shown here",
                "save it to a file that only you can read, and type the file's path",
            ),
        )
    if "://" in value:
        return (Problem("path-wrong", f"{visible(value)} is an address, not a file", fix="type the path of a file"),)
    return ()


def comma_faults(value: str) -> tuple[Problem, ...]:
    """What stands in a list that commas separate holds none."""
    if "," not in value:
        return ()
    return (
        Problem(
            "path-comma", f"{visible(value)} holds a comma", "sinks are separated by commas", "choose another name"
        ),
    )


def path(raw: str) -> str:
    r"""A path: dropped into a terminal it comes with quotes, ``file://`` or with ``\ `` for blanks."""
    text = clean(raw).removeprefix("file://")
    return text.replace("\\ ", " ") if "/" in text else text


def is_reference(value: str) -> bool:
    """Whether a value says where a secret is, instead of being it."""
    return _REFERENCE.fullmatch(value) is not None


def reference_faults(flag: str, value: str) -> tuple[Problem, ...]:
    """A secret is never an argument or written in an answers file: only where it is may stand there."""
    if is_reference(value):
        return ()
    return (
        Problem(
            "secret-not-a-reference",
            f"{flag} holds a secret itself",
            "arguments and answers files are seen by others: in the list of processes, in a shell's history, in backups",
            "write env:NAME, file:PATH or keyring:NAME instead; the value is not shown here, but treat it as known",
        ),
    )
