"""What every route of the application can use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from server.admission import COOKIE, KNOWN, ConnectionCounter, Visitors
from server.assets import Assets
from server.hosts.base import EngineHost
from server.library import Library
from server.sessions import Registry
from server.settings import Settings

IMPORTS_AT_ONCE = 2


@dataclass(frozen=True)
class Services:
    """The parts of a running application, made once by `create_app`."""

    settings: Settings
    host: EngineHost
    registry: Registry
    library: Library
    visitors: Visitors
    connections: ConnectionCounter
    assets: Assets
    importing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IMPORTS_AT_ONCE))
    """One file of a hundred megabytes is in memory, not as many as visitors send."""


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that serves `connection`."""
    services = connection.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the application was made without `create_app`")
    return services


def visitor_of(connection: HTTPConnection) -> str:
    """Who is at the other end, for quotas."""
    address = connection.client.host if connection.client else ""
    visitors = services_of(connection).visitors
    return visitors.recognise(connection.cookies.get(COOKIE), address)


def owner_of(connection: HTTPConnection) -> str | None:
    """Whose work it is about: a visitor who proves it by the cookie; `None` for all others.

    An address is no proof: many people can share one.
    """
    visitor = visitor_of(connection)
    return visitor if visitor.startswith(KNOWN) else None


Given = Annotated[Services, Depends(services_of)]
"""The type of a route's parameter that receives the services."""
