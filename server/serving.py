"""Runs the web process until it is told to stop. Guarded by tests/shell/test_running.py."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from server.app import create_app
from server.hosts.base import EngineHost
from server.settings import Settings
from server.store.folder import DataFolder

SECONDS_TO_FINISH = 5
"""How long open connections get to end when the server stops."""


class AnnouncingServer(uvicorn.Server):
    """A uvicorn server that calls back once it answers."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call back."""
        await super().startup(sockets)
        if self.started:
            self._when_ready()


def serve(
    settings: Settings,
    host: EngineHost,
    folder: DataFolder,
    listener: socket.socket,
    when_ready: Callable[[], None],
) -> None:
    """Serve on an open listener until SIGINT or SIGTERM."""
    config = server_config(create_app(settings, host, folder=folder), settings)
    server = AnnouncingServer(config, when_ready)
    # After an orderly end uvicorn raises the signal once more: that end was the answer to it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the application is served: by one process, without compressing frames."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=settings.max_transport_bytes,
        # Compression costs eight times the processor time and a tenth of a frame's delay.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        server_header=False,
    )
