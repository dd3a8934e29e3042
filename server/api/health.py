"""Signs of life for whoever runs the server. Guarded by tests/server/test_api.py."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from engine.errors import NeurariumError
from server.rest import Health
from server.services import Given

SECONDS_TO_ANSWER = 2.0

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def read_health() -> Health:
    """The web process is alive."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
async def read_readiness(services: Given) -> Response:
    """The engine host answers too."""
    try:
        async with asyncio.timeout(SECONDS_TO_ANSWER):
            await services.host.ping()
    except (NeurariumError, TimeoutError):
        return JSONResponse(Health(status="unavailable").model_dump(), status_code=503)
    return JSONResponse(Health(status="ok").model_dump())
