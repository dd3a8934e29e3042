"""A server on a free port of this machine, for as long as a test wants it."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

import httpx
import uvicorn

from server.app import create_app
from server.assets import Assets
from server.hosts.base import EngineHost
from server.hosts.local import LocalHost
from server.services import Services
from server.serving import server_config
from server.settings import Settings
from tests.server.page import SECONDS, Page


class RunningServer:
    """The whole web process on a thread of the test; the engine host is a process as always.

    Args:
        settings: of the server.
        host: another engine host than the local one.
        assets: another build of the page.
    """

    def __init__(
        self, settings: Settings, host: EngineHost | None = None, assets: Assets | None = None
    ) -> None:
        app = create_app(settings, host, assets)
        self.services: Services = app.state.services
        self._socket = socket.create_server((settings.host, 0))
        self.port: int = self._socket.getsockname()[1]
        self.address = f"http://{settings.host}:{self.port}"
        self._server = uvicorn.Server(server_config(app, settings))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started)
        self.client = httpx.Client(base_url=self.address, timeout=SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def page(self, headers: dict[str, str] | None = None) -> Page:
        """Open a connection."""
        return Page(self.address, headers)

    def wait_until_ready(self) -> None:
        """Return when the engine host answers."""
        wait_until(lambda: self.client.get("/readyz").status_code == 200)

    @property
    def host_process(self) -> int:
        """Process id of the engine host."""
        host = self.services.host
        assert isinstance(host, LocalHost)
        assert host.process_id is not None
        return host.process_id


def wait_until(condition: object) -> None:
    """Return when `condition()` is true; fail if it doesn't become so."""
    assert callable(condition)
    end = time.monotonic() + SECONDS * 3
    while not condition():
        assert time.monotonic() < end, "the condition has not come true"
        time.sleep(0.01)
