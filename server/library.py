"""What the engine offers: catalog and presets, asked from the host once.

Guarded by tests/server/test_api.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import TypeAdapter

from server.errors import refuse
from server.hosts.base import Description, EngineHost
from server.rest import PresetDetail, PresetSummary

PRESETS: TypeAdapter[list[PresetDetail]] = TypeAdapter(list[PresetDetail])


class Library:
    """Catalog and presets of the engine behind `host`."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host
        self._description: Description | None = None
        self._presets: dict[str, PresetDetail] = {}

    async def catalog(self) -> bytes:
        """Everything a person can choose from, as JSON of `server.rest.Catalog`."""
        return (await self._describe()).catalog

    async def presets(self) -> Sequence[PresetDetail]:
        """All presets, in the order in which they are shown."""
        await self._describe()
        return list(self._presets.values())

    async def summaries(self) -> Sequence[PresetSummary]:
        """All presets without their experiments."""
        return [
            PresetSummary.model_validate(preset.model_dump(exclude={"experiment"}))
            for preset in await self.presets()
        ]

    async def default_preset(self) -> str:
        """Name of the preset of a first visit."""
        return (await self._describe()).default_preset

    async def find(self, name: str) -> PresetDetail:
        """One preset.

        Raises:
            NeurariumError: `unknown_preset`, with the names that exist.
        """
        await self._describe()
        if name not in self._presets:
            raise refuse("unknown_preset", "preset", value=name, allowed=list(self._presets))
        return self._presets[name]

    async def preset(self, name: str) -> bytes:
        """The experiment of a preset as JSON."""
        return json.dumps((await self.find(name)).experiment).encode()

    async def _describe(self) -> Description:
        if self._description is None:
            description = await self._host.describe()
            presets = PRESETS.validate_json(description.presets)
            self._presets = {preset.name: preset for preset in presets}
            self._description = description
        return self._description
