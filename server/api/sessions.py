"""What can be read of a session beside its stream. Guarded by tests/server/test_api.py."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from server.api.frames import BINARY, FrameResponse
from server.services import Given

router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.get("/{session}/samples", responses=BINARY, response_class=FrameResponse)
async def read_samples(
    session: str,
    services: Given,
    part: Literal["training", "validation"] = "training",
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    count: Annotated[int, Query(ge=1, le=2_000)] = 500,
) -> Response:
    """Samples of the session's data as they were before preprocessing."""
    await services.registry.wait_until_known()
    found = await services.registry.open(session)
    frame = await services.host.samples(found.placement, part, offset, count)
    return FrameResponse(frame, headers={"Cache-Control": "no-store"})
