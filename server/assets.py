"""The page's built files, in a checkout or in an installed package.

Guarded by tests/server/test_pages.py.
"""

from __future__ import annotations

import gzip
import json
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from starlette.responses import Response

from engine.errors import NeurariumError
from server.errors import refuse

HERE = Path(__file__).resolve().parent
PACKED = HERE / "_ui"
"""Where the built files lie inside an installed package."""
ROOT = PACKED if PACKED.is_dir() else HERE.parent
DIST = ROOT / "static" / "dist"
TEMPLATES = ROOT / "templates"
ENTRY = "src/main.ts"
PREFIX = "/static/"

FOREVER = "public, max-age=31536000, immutable"
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")
MEDIA_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
"""Not left to the machine's own table, which may be wrong."""
SMALLEST_COMPRESSED = 500
"""Bytes; below, compression gains nothing."""


class Entry(NamedTuple):
    """What a page has to load."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


class Assets:
    """Serves the files that the build left in `folder`.

    Args:
        folder: with `manifest.json` and the files that it names.
    """

    def __init__(self, folder: Path = DIST) -> None:
        self._folder = folder.resolve()

    def entry(self) -> Entry:
        """Script, styles and preloads of the page.

        Raises:
            NeurariumError: `ui_missing`.
        """
        path = self._folder / "manifest.json"
        try:
            changed = path.stat().st_mtime_ns
        except FileNotFoundError:
            raise refuse("ui_missing", "static/dist/manifest.json") from None
        return _read_manifest(path, changed)

    def entry_if_built(self) -> Entry | None:
        """The same, or `None` for a page that can do without."""
        try:
            return self.entry()
        except NeurariumError:
            return None

    def respond(self, name: str, accepts_gzip: bool) -> Response:
        """The file `name` as an answer that browsers may keep for ever: its name holds its hash.

        Raises:
            NeurariumError: `not_found`.
        """
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder / "assets") or not path.is_file():
            raise refuse("not_found", PREFIX + name, value=name)
        media_type = MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        media_type = media_type or "application/octet-stream"
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        body, packed = _read_file(path, path.stat().st_mtime_ns, media_type)
        if packed is not None and accepts_gzip:
            headers["Content-Encoding"] = "gzip"
            body = packed
        return Response(body, media_type=media_type, headers=headers)


@lru_cache(maxsize=4)
def _read_manifest(path: Path, changed: int) -> Entry:
    """What Vite's manifest says of the entry; `changed` is the file's time of change."""
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    styles: list[str] = []
    preloads: list[str] = []
    waiting, seen = [ENTRY], {ENTRY}
    while waiting:
        chunk = manifest[waiting.pop(0)]
        styles += chunk.get("css", [])
        for name in chunk.get("imports", []):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
                preloads.append(manifest[name]["file"])
    return Entry(
        PREFIX + manifest[ENTRY]["file"],
        tuple(PREFIX + name for name in dict.fromkeys(styles)),
        tuple(PREFIX + name for name in dict.fromkeys(preloads)),
    )


@lru_cache(maxsize=200)
def _read_file(path: Path, changed: int, media_type: str) -> tuple[bytes, bytes | None]:
    """A file's bytes, and the same compressed where that helps."""
    body = path.read_bytes()
    if media_type.startswith(COMPRESSIBLE) and len(body) >= SMALLEST_COMPRESSED:
        return body, gzip.compress(body, 9)
    return body, None
