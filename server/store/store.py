"""The store as the event loop sees it: nothing here makes it wait.

One thread reads and writes, so that transactions follow each other and SQLite is never contended.
It also imports SQLAlchemy, after the server has begun to answer. Guarded by
tests/server/test_store.py.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from server.store.folder import DataFolder
from server.store.records import Change, Loaded, Row

if TYPE_CHECKING:
    from server.store.database import Database

DATABASE = "server.store.database"
"""Found by name, late: importing it takes a quarter of a second."""

Result = TypeVar("Result")


class Store:
    """Reads and writes sessions on a thread of its own.

    Args:
        folder: belongs to the store from here on.

    Every method raises `StoreError` if the disk is full or a file can't be used.
    """

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._database: Database | None = None

    async def rows(self) -> Sequence[Row]:
        """All sessions without their heavy parts, the oldest first."""
        return await self._run(lambda database: database.rows())

    async def write(self, changes: Sequence[Change]) -> Mapping[str, int]:
        """Write changes, all of them or none; returns the bytes of each session's checkpoints."""
        return await self._run(lambda database: database.write(changes))

    async def load(self, session: str) -> Loaded | None:
        """The heavy part of a session; `None` if there is no such session."""
        return await self._run(lambda database: database.load(session))

    async def delete(self, sessions: Sequence[str]) -> None:
        """Remove sessions with all that belongs to them."""
        await self._run(lambda database: database.delete(sessions))

    async def close(self) -> None:
        """Finish what has begun and give the data directory back."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._database is not None:
            self._database.close()
        self._folder.release()

    async def _run(self, job: Callable[[Database], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, job)

    def _do(self, job: Callable[[Database], Result]) -> Result:
        if self._database is None:
            self._database = importlib.import_module(DATABASE).Database(self._folder)
        assert self._database is not None
        return job(self._database)
