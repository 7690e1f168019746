"""Why GitHub's delivery was not taken, by what its log says, and what to do about it."""

from __future__ import annotations

from tassist.github.wire import DeliveryWire


def reason(item: DeliveryWire) -> tuple[str, str]:
    """Why a delivery was not taken, by what GitHub logged, and what to do."""
    code, said = item.status_code or 0, (item.status or "").lower()
    if 300 <= code < 400:
        return "a redirect counts as a failure", "give the address it leads to: tassist switch prod --url …"
    by_code = {
        401: ("the secret here is another one than GitHub's", "tassist setup --redo webhook"),
        403: ("something before tassist blocks it", "let GitHub's addresses through: api.github.com/meta, hooks"),
        404: ("nothing is at that address", "compare the address with: tassist switch status"),
        413: ("a reverse proxy refuses its size", "nginx: client_max_body_size 25m"),
        502: ("the service does not run behind its reverse proxy", "start it: tassist serve"),
        503: ("the service could not store it", "tassist doctor --only folder,disk"),
        504: ("the service did not answer its reverse proxy", "look at the service's log"),
    }
    # GitHub logs a 502 of its own where it reached nobody, which no reverse proxy said.
    connected = "failed to connect" not in said
    if connected and code in by_code:
        return by_code[code]
    if "time" in said:
        return "nothing answered within ten seconds", "check that the address leads here; tassist doctor --only way-in"
    if "ssl" in said or "cert" in said or "tls" in said:
        return (
            "GitHub does not trust the certificate",
            "send the whole chain (fullchain.pem); tassist doctor --only way-in",
        )
    return (
        "GitHub could not connect",
        "see that the address answers with a trusted certificate, and that tassist serve runs behind it",
    )
