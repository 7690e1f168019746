"""From the bytes of a configuration to `Config`, or to everything that is wrong with it."""

from __future__ import annotations

from hashlib import sha256

from engine.config.build import build
from engine.config.declaration import CONFIG
from engine.config.findings import Findings
from engine.config.meaning import examine
from engine.config.nodes import Mapping, Node, Scalar, resolve
from engine.config.reading import decode, read
from engine.config.structure import check
from engine.config.types import Config, InvalidConfig
from engine.problems import Where

DEFAULT_FILE = ".github/task-assistant.yml"


def parse(source: str | bytes, *, file: str = DEFAULT_FILE) -> Config | InvalidConfig:
    """Read a configuration.

    Three stages report into one list: reading (YAML itself), structure (what the published JSON Schema finds too) and
    meaning (what depends on two places at once). Never raises; any file of up to 1 MiB is answered in bounded time.

    Args:
        source: The file's bytes, or its text.
        file: What the places in problems call it.
    """
    out = Findings(file)
    digest = (
        f"sha256:{sha256(source if isinstance(source, bytes) else source.encode(errors='surrogatepass')).hexdigest()}"
    )
    text = decode(source, out)
    root = read(text, out) if text is not None else None
    if root is not None and _is_document(root, out):
        assert isinstance(root, Mapping)
        checked = check(root, CONFIG, out)
        examine(checked, out)
        if not out.failed:
            return build(checked, file=file, digest=digest, warnings=out.warnings())
    elif text is not None and root is None and not out.failed:
        _empty(out)
    return InvalidConfig(out.problems(), digest, file, out.warnings())


def _is_document(root: Node, out: Findings) -> bool:
    if isinstance(root, Scalar) and resolve(root).kind == "null":
        _empty(out)
        return False
    if not isinstance(root, Mapping):
        out.problem(
            "config-not-a-mapping",
            Where(out.file, root.line, root.column),
            "the file is not a mapping of keys",
            'a configuration begins with schema_version: "1.0"',
            "start afresh with: tassist config init",
        )
        return False
    return True


def _empty(out: Findings) -> None:
    out.problem(
        "config-empty",
        Where(out.file),
        "the file holds nothing",
        "a configuration needs at least schema_version",
        "start with: tassist config init",
    )
