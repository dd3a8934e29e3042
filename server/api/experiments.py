"""Experiments as documents. Guarded by tests/server/test_api.py."""

from __future__ import annotations

from fastapi import APIRouter, Request

from engine.errors import NeurariumError
from server.errors import as_problem, refuse
from server.rest import Check
from server.services import Given

BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "title": "Experiment"}}},
    }
}

router = APIRouter(prefix="/api/experiments", tags=["experiments"])


@router.post("/check", openapi_extra=BODY)
async def check_experiment(request: Request, services: Given) -> Check:
    """What the engine makes of an experiment, without a session: shapes, or the first problem."""
    document = await read_body(request, services.settings.max_body_bytes)
    try:
        return Check(problem=None, layers=list(await services.host.check(document)))
    except NeurariumError as error:
        if error.code in ("host_lost", "internal"):
            raise
        return Check(problem=as_problem(error), layers=[])


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body.

    Raises:
        NeurariumError: `body_too_large`, as soon as that is known.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise refuse("body_too_large", "body", value=f"> {limit} bytes", allowed=limit)
    return bytes(body)
