"""What the engine offers: catalog and presets, asked from the host once.

The answer is kept in the data folder for as long as no source changes, so that the page need not
wait until the host has started. Guarded by tests/server/test_library.py.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from server.errors import refuse
from server.hosts.base import Description, EngineHost
from server.rest import PresetDetail, PresetSummary

LOG = logging.getLogger("neurarium")
PRESETS: TypeAdapter[list[PresetDetail]] = TypeAdapter(list[PresetDetail])
SOURCES = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "server")


def source_stamp() -> str:
    """A hash of everything that can change what the engine offers."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((SOURCES / package).rglob("*.py")):
            digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Library:
    """Catalog and presets of the engine behind `host`.

    Args:
        host: is asked when nothing is kept.
        folder: where the answer is kept; `None` keeps nothing.
    """

    def __init__(self, host: EngineHost, folder: Path | None = None) -> None:
        self._host = host
        self._kept = None if folder is None else folder / "library.json"
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
            description = self._read_kept()
            if description is None:
                description = await self._host.describe()
                self._keep(description)
            self._adopt(description)
            return description
        return self._description

    def _adopt(self, description: Description) -> None:
        presets = PRESETS.validate_json(description.presets)
        self._presets = {preset.name: preset for preset in presets}
        self._description = description

    def _read_kept(self) -> Description | None:
        """The kept answer, if it is of these very sources."""
        if self._kept is None:
            return None
        try:
            kept = json.loads(self._kept.read_text(encoding="utf-8"))
            if kept["stamp"] != source_stamp():
                return None
            catalog, presets = kept["catalog"].encode(), kept["presets"].encode()
            PRESETS.validate_json(presets)
            return Description(catalog, presets, str(kept["default_preset"]))
        except (OSError, ValueError, ValidationError, LookupError, TypeError, AttributeError):
            # It is only a convenience: without it the host is asked.
            return None

    def _keep(self, description: Description) -> None:
        if self._kept is None:
            return
        kept = {
            "stamp": source_stamp(),
            "catalog": description.catalog.decode(),
            "presets": description.presets.decode(),
            "default_preset": description.default_preset,
        }
        draft = self._kept.with_suffix(f".{os.getpid()}")
        try:
            draft.write_text(json.dumps(kept), encoding="utf-8")
            draft.replace(self._kept)
        except OSError as error:
            LOG.warning("the list of presets could not be kept: %s", error)
