"""The webhook's secrets as they are kept, so that a rotation reaches a running server before GitHub is told of it."""

from __future__ import annotations

from pathlib import Path

from tassist import secrets
from tassist.config.settings import load as load_settings
from tassist.server.signature import Secrets
from tassist.services.serve import moment


class StoredSecrets:
    """The webhook's secrets as they are kept: a rotation writes them, and a running server takes them over."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen = self._stamp()

    def changed(self) -> bool:
        """Whether the credential file was written since."""
        return self._stamp() != self._seen

    def load(self) -> Secrets:
        """Read them anew, in the order of authority of every setting.

        Raises:
            ProblemError: they cannot be read; they are not looked for again before the file changes once more.
        """
        stamp = self._stamp()
        try:
            return self._loaded()
        finally:
            self._seen = stamp

    def _loaded(self) -> Secrets:
        loaded = load_settings({"home": str(self._home)})
        app = secrets.load(loaded, needs_webhook_secret=True)
        until = moment(loaded.text("webhook_secret_previous_until") or app.webhook_secret_previous_until)
        return Secrets.checked(app.webhook_secret, app.webhook_secret_previous, until)

    def _stamp(self) -> tuple[int, int, int]:
        try:
            facts = secrets.credentials_path(self._home).lstat()
        except OSError:
            return (0, 0, 0)
        return facts.st_ino, facts.st_mtime_ns, facts.st_size
