"""Probot as a peer: installed into a folder that git ignores, started as a process, or a line that says why it is not there."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Literal, Self

from benchmarks.harness import ROOT

SOURCE = ROOT / "benchmarks" / "peers"
INSTALLED = ROOT / ".peers"
Throttle = Literal["off", "default"]


def missing() -> str:
    """Why Probot cannot run here; empty where it can. Installs it the first time."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "Probot is left out: there is no npm on this machine"
    INSTALLED.mkdir(exist_ok=True)
    wanted = (SOURCE / "package.json").read_text()
    kept = INSTALLED / "package.json"
    if not kept.exists() or kept.read_text() != wanted or not (INSTALLED / "node_modules" / "probot").exists():
        kept.write_text(wanted)
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--silent"],
            cwd=INSTALLED,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            kept.unlink()
            return f"Probot is left out: npm could not install it ({done.stderr.strip()[-200:]})"
    shutil.copy(SOURCE / "probot.mjs", INSTALLED / "probot.mjs")
    return ""


def version() -> str:
    """Of what is installed, with node's."""
    probot = json.loads((INSTALLED / "node_modules" / "probot" / "package.json").read_text())["version"]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"Probot {probot} on node {node}"


def free_port() -> int:
    """A port nobody listens at now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Probot:
    """A process that listens at `port`."""

    def __init__(
        self,
        folder: Path,
        *,
        pem: str,
        secret: str,
        api_url: str = "http://127.0.0.1:9",
        app_id: int = 1,
        works: bool = True,
        throttle: Throttle = "off",
    ) -> None:
        port_file = folder / f"probot-{time.monotonic_ns()}"
        env = dict(os.environ) | {
            "APP_ID": str(app_id),
            "PRIVATE_KEY": pem,
            "WEBHOOK_SECRET": secret,
            "API_URL": api_url,
            "HANDLER": "works" if works else "none",
            "THROTTLE": throttle,
            "PORT": str(free_port()),  # Probot takes 0 for 3000
            "PORT_FILE": str(port_file),
            "NODE_ENV": "production",
        }
        self.process = subprocess.Popen(["node", "probot.mjs"], cwd=INSTALLED, env=env)
        while not port_file.exists() or not port_file.read_text():
            if self.process.poll() is not None:
                raise RuntimeError(f"Probot ended with {self.process.returncode}; what it said stands above")
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def memory_mb(self) -> float:
        """Resident memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()
