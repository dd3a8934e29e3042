"""The experiments that come with the product. Guarded by tests/server/test_api.py."""

from __future__ import annotations

from fastapi import APIRouter

from server.rest import PresetDetail, PresetSummary
from server.services import Given

router = APIRouter(prefix="/api/presets", tags=["presets"])


@router.get("")
async def list_presets(services: Given) -> list[PresetSummary]:
    """All presets, in the order in which they are shown."""
    return list(await services.library.summaries())


@router.get("/{name}")
async def read_preset(name: str, services: Given) -> PresetDetail:
    """One preset with its experiment."""
    return await services.library.find(name)
