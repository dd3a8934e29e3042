"""Puts the web process together. Guarded by tests/server/test_running.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from server import __version__, http_errors, pages
from server.admission import ConnectionCounter, Visitors
from server.api import catalog, experiments, health, presets, sessions, stream, work
from server.assets import Assets
from server.hosts.base import EngineHost
from server.hosts.local import LocalHost
from server.hosts.options import HostOptions
from server.library import Library
from server.middleware import Gate, SecurityHeaders
from server.services import Services
from server.sessions import Registry
from server.settings import Settings
from server.store.folder import DataFolder
from server.store.store import Store

SMALLEST_COMPRESSED = 1_000
"""Bytes of an answer."""


def create_app(
    settings: Settings,
    host: EngineHost | None = None,
    assets: Assets | None = None,
    folder: DataFolder | None = None,
) -> FastAPI:
    """The whole application; its engine host lives as long as the application runs.

    Args:
        settings: of the server.
        host: another engine host than the local one.
        assets: another build of the page than the one beside this package.
        folder: the data directory, if it is taken already; without a data directory in the settings
            everything is kept in memory.

    Raises:
        StoreError: the data directory can't be used.
    """
    if folder is None and settings.data_dir is not None:
        folder = DataFolder.take(settings.data_dir)
    services = make_services(settings, host, assets, folder)

    @asynccontextmanager
    async def run(_: FastAPI) -> AsyncIterator[None]:
        await services.host.start(services.registry)
        await services.registry.start()
        yield
        await services.registry.stop()
        await services.host.stop()

    app = FastAPI(
        title="Neurarium",
        version=__version__,
        lifespan=run,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    for module in (catalog, experiments, health, presets, sessions, stream, work):
        app.include_router(module.router)
    pages.install(app)
    http_errors.install(app, pages.show_problem, pages.wants_page)
    # The last one added sees a request first.
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SecurityHeaders)
    return app


def make_services(
    settings: Settings, host: EngineHost | None, assets: Assets | None, folder: DataFolder | None
) -> Services:
    """The parts of an application; nothing runs yet."""
    engine = host or LocalHost(HostOptions.from_settings(settings), settings.answer_seconds)
    return Services(
        settings=settings,
        host=engine,
        registry=Registry(engine, settings, Store(folder) if folder is not None else None),
        library=Library(engine, settings.data_dir),
        visitors=Visitors(folder.visitor_key if folder is not None else None),
        connections=ConnectionCounter(
            settings.max_connections, settings.max_connections_per_visitor
        ),
        assets=assets or Assets(),
    )
