"""The websocket that carries a session to a page. Guarded by tests/server/test_connection.py."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from server.connection import Connection
from server.services import services_of, visitor_of

router = APIRouter()


@router.websocket("/api/stream")
async def stream(websocket: WebSocket) -> None:
    """See server/protocol for what is said."""
    connection = Connection(websocket, services_of(websocket), visitor_of(websocket))
    await connection.serve()
