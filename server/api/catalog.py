"""What a person can choose from. Guarded by tests/server/test_api.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from server.api.frames import BINARY, FrameResponse
from server.rest import Catalog
from server.services import Given

DAY_IN_SECONDS = 86_400

router = APIRouter(prefix="/api", tags=["catalog"])


@router.get("/catalog", response_model=Catalog)
async def read_catalog(services: Given) -> Response:
    """Every layer, optimizer, loss, data source…, with its fields and their help."""
    return Response(await services.library.catalog(), media_type="application/json")


@router.get("/sources/{kind}/samples", responses=BINARY, response_class=FrameResponse)
async def read_source_samples(
    kind: str, services: Given, count: Annotated[int, Query(ge=1, le=500)] = 120
) -> Response:
    """Some samples of a data source with its default fields, for a preview."""
    frame = await services.host.sample_source(kind, count)
    return FrameResponse(frame, headers={"Cache-Control": f"public, max-age={DAY_IN_SECONDS}"})
