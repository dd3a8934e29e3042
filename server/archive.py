"""The store as the registry uses it: without one, everything is only in memory.

Guarded by tests/server/test_store_sessions.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from engine.errors import NeurariumError
from server.errors import refuse
from server.session import Session
from server.store.folder import StoreError
from server.store.records import Row
from server.store.saver import Saver
from server.store.store import Store

LOG = logging.getLogger("neurarium")


class Archive:
    """Keeps sessions in a store, if there is one.

    Args:
        store: belongs to the archive from here on.
        on_trouble: called once when nothing can be saved any more.
    """

    def __init__(self, store: Store | None, on_trouble: Callable[[NeurariumError], None]) -> None:
        self._store = store
        self._saver: Saver | None = None
        if store is not None:
            self._saver = Saver(store, lambda error: on_trouble(storage_refusal(error)))

    async def start(self) -> None:
        """Begin to save what is touched."""
        if self._saver is not None:
            self._saving = asyncio.create_task(self._saver.run())

    async def stop(self) -> None:
        """Save what is left, and close the store."""
        if self._saver is not None and self._store is not None:
            self._saver.end()
            await self._saving
            await self._store.close()

    async def rows(self) -> Sequence[Row]:
        """What is stored; nothing of it if the disk can't be read."""
        try:
            return await self._store.rows() if self._store is not None else ()
        except StoreError as error:
            LOG.error("the stored sessions could not be read: %s", error)
            return ()

    # --- saving -----------------------------------------------------------------------------------

    def touch(self, session: Session) -> None:
        """Something about a session is new."""
        if self._saver is not None:
            self._saver.touch(session)

    def forget(self, session: Session) -> None:
        """Save no more of a session."""
        if self._saver is not None:
            self._saver.forget(session)

    async def saved(self, session: Session) -> None:
        """Return when all about a session is on the disk, or can't get there now."""
        if self._saver is not None:
            await self._saver.written(session)

    # --- heavy parts ------------------------------------------------------------------------------

    async def load(self, session: Session) -> None:
        """Bring the heavy parts of a session here, if they aren't.

        Raises:
            NeurariumError: they can't be read.
        """
        if session.is_loaded:
            return
        try:
            loaded = await self._store.load(session.id) if self._store is not None else None
        except StoreError as error:
            LOG.error("a session could not be read: %s", error)
            raise storage_refusal(error) from error
        if loaded is None:
            raise refuse("unknown_session", "session", value=session.id)
        if loaded.is_damaged:
            LOG.warning("a checkpoint was damaged; the session goes on from the one before")
        session.fill(loaded)

    def unload(self, session: Session) -> None:
        """Free the memory of a session that is neither placed nor wanted, and is on the disk."""
        is_wanted = session.is_placed or session.lock.locked() or session.channel.watchers
        is_stored = self._saver is not None and self._saver.is_written(session)
        if is_stored and session.is_loaded and not is_wanted:
            session.unload()

    # --- removing ---------------------------------------------------------------------------------

    async def remove(self, sessions: Sequence[str]) -> None:
        """Remove sessions from the disk.

        Raises:
            NeurariumError: they can't be removed; then all of them are still there.
        """
        try:
            if self._store is not None and sessions:
                await self._store.delete(sessions)
        except StoreError as error:
            LOG.error("sessions could not be removed: %s", error)
            raise storage_refusal(error) from error


def storage_refusal(error: StoreError) -> NeurariumError:
    """What is told of trouble with the disk; its line, with paths, is for the log only."""
    return refuse("storage_full" if error.is_full else "storage_failed", "server")
