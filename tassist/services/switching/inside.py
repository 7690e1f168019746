"""A service inside the app with a tunnel around it: opened when the service listens, closed when it has ended."""

from __future__ import annotations

from typing_extensions import override

from tassist.opening import Embedded
from tassist.services.switching.tunnelled import Tunnelled


class WithTunnel(Embedded):
    """The same service to whoever runs it."""

    def __init__(self, service: Embedded, tunnel: Tunnelled) -> None:
        self._service = service
        self._tunnel = tunnel

    @property
    @override
    def url(self) -> str:
        return self._service.url

    @property
    @override
    def ended(self) -> bool:
        return self._service.ended

    @property
    @override
    def error(self) -> BaseException | None:
        return self._service.error

    @override
    def start(self) -> None:
        self._service.start()
        self._tunnel.start(self._service.url)

    @override
    def drain(self) -> None:
        self._service.drain()

    @override
    def join(self, timeout_s: float | None = None) -> None:
        self._service.join(timeout_s)
        if self._service.ended:
            self._tunnel.stop()
