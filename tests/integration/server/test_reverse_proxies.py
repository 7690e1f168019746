"""The reverse proxies of docs/how-to/put-it-behind-a-reverse-proxy.md, as the page writes them, before a real service."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import certificate
from tests.support.delivering import SECRET, compact, signature
from tests.support.service import Outside, outside, wait_for

NAME = "tassist.example.com"


def written(project_root: Path, language: str) -> str:
    """The page's configuration."""
    page = (project_root / "docs/how-to/put-it-behind-a-reverse-proxy.md").read_text()
    (found,) = re.findall(rf"```{language}\n((?:server|{re.escape(NAME)}) \{{.*?)```", page, re.DOTALL)
    return str(found)


def free_port() -> int:
    """A port nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nginx(text: str, folder: Path, files: tuple[Path, Path], port: int, target: int) -> list[str]:
    """Its command, with this machine's ports and certificate in the page's text."""
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;").replace("    listen [::]:443 ssl;\n", "")
    text = re.sub(r"(ssl_certificate\s+)\S+;", rf"\g<1>{files[0]};", text)
    text = re.sub(r"(ssl_certificate_key\s+)\S+;", rf"\g<1>{files[1]};", text).replace(":8080", f":{target}")
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f;\nuwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\n{text}}}\n"
    )
    command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(config)]
    subprocess.run([*command, "-t"], check=True, capture_output=True, timeout=30)
    return command


def caddy(text: str, folder: Path, files: tuple[Path, Path], port: int, target: int) -> list[str]:
    """Its command, with this machine's ports and certificate in the page's text."""
    text = text.replace(f"{NAME} {{", f"{NAME} {{\n    tls {files[0]} {files[1]}").replace(":8080", f":{target}")
    config = folder / "Caddyfile"
    config.write_text(
        f"{{\n    admin off\n    auto_https disable_redirects\n    https_port {port}\n    http_port {free_port()}\n}}\n{text}"
    )
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    subprocess.run(["caddy", "validate", *command[2:]], check=True, capture_output=True, timeout=30)
    return command


PROXIES = {"nginx": ("nginx", nginx), "caddy": ("text", caddy)}


@contextmanager
def before(kind: str, project_root: Path, folder: Path, target: int) -> Iterator[httpx.Client]:
    """The proxy in front of a port, and a client that trusts its certificate and asks for it by its name."""
    language, prepare = PROXIES[kind]
    files, port = certificate(folder, name=NAME), free_port()
    command = prepare(written(project_root, language), folder, files, port, target)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/bin"}
        )
        try:
            wait_for(lambda: process.poll() is not None or _listens(port), f"{kind} listens")
            assert process.poll() is None, (folder / "log").read_text()
            trusted = ssl.create_default_context(cafile=str(files[0]))
            with httpx.Client(
                base_url=f"https://127.0.0.1:{port}",
                verify=trusted,
                trust_env=False,
                timeout=20,
                headers={"Host": NAME},
            ) as client:
                yield client
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def ask(client: httpx.Client, method: str, path: str, body: bytes = b"") -> int:
    """The answer's status; what is posted is signed."""
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": signature(body, SECRET),
    }
    return client.request(
        method, path, content=body, headers=headers if body else {}, extensions={"sni_hostname": NAME}
    ).status_code


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Outside]:
    """GitHub, the App, and a home for a service."""
    with outside(tmp_path) as found:
        yield found


@pytest.mark.parametrize("kind", PROXIES)
def test_h81_the_proxy_of_the_page_lets_deliveries_through_and_nothing_else(
    kind: str, world: Outside, project_root: Path, tmp_path: Path
) -> None:
    if not shutil.which(kind, path="/usr/sbin:/usr/bin:/bin"):
        pytest.skip(f"there is no {kind} here")
    folder = tmp_path / kind
    folder.mkdir()
    small, large = (compact(world.payload(1, body="x" * size)) for size in (10, 3 << 20))

    with world.service() as process, before(kind, project_root, folder, process.port) as client:
        taken = [ask(client, "POST", "/webhook", body) for body in (small, large)]
        asked = ("/", "/webhook/", "/webhook/x", "/metrics", "/readyz", "/healthz", "/%2e%2e/metrics")
        others = {path: ask(client, "GET", path) for path in asked}
        posted = ask(client, "POST", "/webhook/", small)
        looked = ask(client, "GET", "/webhook")

    assert taken == [202, 202]
    assert set(others.values()) <= {400, 404}, others
    assert (posted, looked) == (404, 405)
    assert sorted(len(row.delivery_id) for row in world.deliveries()) == [36, 36]
