"""Secrets: the App's credentials and its private key, kept in private files and never shown."""

from __future__ import annotations

from tassist.secrets.files import check_writable
from tassist.secrets.github_app import (
    GitHubApp,
    arriving_path,
    credentials_path,
    forget,
    load,
    load_webhook_secret,
    read,
    save,
)

__all__ = [
    "GitHubApp",
    "arriving_path",
    "check_writable",
    "credentials_path",
    "forget",
    "load",
    "load_webhook_secret",
    "read",
    "save",
]
