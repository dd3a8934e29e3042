"""The websocket that carries a session to a page. Guarded by tests/server/test_connection.py."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from server.connection import Connection
from server.services import services_of, visitor_of

router = APIRouter()


@router.websocket("/api/stream")
async def stream(websocket: WebSocket) -> None:
    """See server/protocol for what is said."""
    services = services_of(websocket)
    # Right after a start, the page may ask for a session that is still to be read from the disk.
    await services.registry.wait_until_known()
    connection = Connection(websocket, services, visitor_of(websocket))
    await connection.serve()
