"""What every route of the application can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from server.admission import COOKIE, ConnectionCounter, Visitors
from server.assets import Assets
from server.hosts.base import EngineHost
from server.library import Library
from server.sessions import Registry
from server.settings import Settings


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


Given = Annotated[Services, Depends(services_of)]
"""The type of a route's parameter that receives the services."""
