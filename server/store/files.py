"""Large checkpoints, as files that are named by what is in them.

Guarded by tests/server/test_store.py.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

DRAFT = ".draft"


class Files:
    """Content-addressed files in one folder.

    Args:
        folder: made with the first file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes, digest: str) -> None:
        """Write a file so that it is there as a whole, or not at all, whatever happens.

        Raises:
            OSError: it can't be written; nothing is left behind.
        """
        file = self._file(digest)
        if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == digest:
            return
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
            _sync_folder(self._folder)
        draft = file.with_suffix(DRAFT)
        try:
            with draft.open("wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            draft.replace(file)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        _sync_folder(file.parent)

    def get(self, digest: str) -> bytes | None:
        """The bytes of that digest; `None` if they are gone or can't be read."""
        try:
            return self._file(digest).read_bytes()
        except OSError:
            return None

    def remove(self, digest: str) -> None:
        """Remove a file; one that can't be removed now is removed at the next start."""
        with suppress(OSError):
            self._file(digest).unlink(missing_ok=True)

    def sweep(self, kept: Collection[str]) -> None:
        """Remove every file but those of the digests `kept`, and what a killed process left."""
        for file in self._files():
            if file.suffix == DRAFT or file.name not in kept:
                with suppress(OSError):
                    file.unlink()

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("[0-9a-f][0-9a-f]/*") if path.is_file())

    def _file(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def _sync_folder(folder: Path) -> None:
    """Have a new name in a folder survive the machine's end; Windows has no way to ask for it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
