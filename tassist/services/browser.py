"""A page is opened in this machine's browser, which neither holds up who asked for it nor shares the terminal with them."""

from __future__ import annotations

import subprocess
import sys
import threading

from tassist.config.env import environment

_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def open_page(address: str, *, wait_s: float = 2.0) -> bool:
    """Whether a browser was asked for the page and has not refused within ``wait_s``; it may stay for as long as it likes.

    Python's own way waits for a ``BROWSER`` that stays in the foreground, and lets it read and write the terminal. Here
    it is a process of its own, which goes on when who asked for it has left.
    """
    # Without a terminal's name none of the browsers made of text is chosen: it could not be seen.
    env = {name: value for name, value in environment().items() if name != "TERM"}
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _OPEN, address],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=env, start_new_session=True,
        )  # fmt: skip
    except OSError:
        return False
    ends = threading.Thread(target=process.wait, name="browser", daemon=True)
    ends.start()
    ends.join(wait_s)
    return process.returncode in {None, 0}
