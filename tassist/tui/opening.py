"""Opens the app at a place and gives back its exit code; the only function of this package that others call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tassist.clock import SystemClock
from tassist.config import settings
from tassist.opening import Form, OpenPlace
from tassist.terminal import clear_splash
from tassist.tui.app import TassistApp
from tassist.tui.desk import Desk, Verb


def open_app(
    wanted: OpenPlace, verbs: Iterable[tuple[str, str]], forms: Callable[[str], Sequence[Form]] = lambda _: ()
) -> int:
    """Run the app until the person leaves.

    Args:
        wanted: The place, the home folder, and a service to run inside.
        verbs: Name and help of every command, for the palette.
        forms: What a command may be told.

    Raises:
        ProblemError: the settings are wrong, or the service cannot start or ended by itself.
    """
    loaded = settings.load({"home": wanted.home})
    service = wanted.service
    desk = Desk(
        loaded,
        SystemClock(),
        verbs=tuple(Verb(*verb) for verb in verbs),
        forms=forms,
        service=service,
        options=wanted.options,
    )
    with desk.closing():
        if service is not None:
            service.start()
        try:
            app = TassistApp(desk, place=wanted.place)
            clear_splash()
            app.run()
        finally:
            if service is not None:
                service.drain()
                service.join()
    if service is not None and service.error is not None:
        raise service.error
    return app.return_code or 0
