"""When sessions are written: soon after they change, many at once, again if the disk is full.

Guarded by tests/server/test_store_sessions.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from server.store.folder import StoreError
from server.store.records import Change
from server.store.store import Store

LOG = logging.getLogger("neurarium")

GATHER_SECONDS = 0.5
"""Changes of so long are written together, unless somebody waits for them."""
RETRY_SECONDS = 5.0
"""Between two attempts while nothing can be written."""
LONGEST_WAIT = 2.0
"""Seconds that somebody waits for a slow disk before going on."""
BREATH = 0.01
MOST_CHANGES = 16
"""Sessions that are written in one transaction; those who read wait for its end."""


class Saveable(Protocol):
    """Something that can tell what is new about it."""

    @property
    def is_busy(self) -> bool:
        """Whether it is in the middle of a change that belongs together."""

    def collect(self) -> Change:
        """What is new since the last time; from now on it counts as written."""

    def put_back(self, change: Change) -> None:
        """It was not written after all."""

    def settle(self, stored_bytes: int) -> None:
        """It was written."""


class Saver:
    """Writes what was touched.

    Args:
        store: where to.
        on_trouble: called once when nothing can be written any more, before it is tried again.
    """

    def __init__(self, store: Store, on_trouble: Callable[[StoreError], None]) -> None:
        self._store, self._on_trouble = store, on_trouble
        self._touched: dict[Saveable, None] = {}
        self._writing: dict[Saveable, Change] = {}
        self._rounds: asyncio.Future[None] | None = None
        self._something, self._hurry, self._ending = (asyncio.Event() for _ in range(3))
        self.is_failing = False

    def touch(self, item: Saveable) -> None:
        """Something about `item` has changed."""
        self._touched[item] = None
        self._something.set()

    def forget(self, item: Saveable) -> None:
        """Never write `item` again."""
        self._touched.pop(item, None)
        self._writing.pop(item, None)

    def is_written(self, item: Saveable) -> bool:
        """Whether all about `item` is on the disk."""
        return item not in self._touched and item not in self._writing

    async def written(self, item: Saveable) -> None:
        """Return when all about `item` is on the disk, or can't get there now."""
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                while not self.is_written(item) and not self.is_failing:
                    if self._rounds is None:
                        self._rounds = asyncio.get_running_loop().create_future()
                    self._hurry.set()
                    await asyncio.shield(self._rounds)
        except TimeoutError:
            LOG.warning("the disk is slow: something has waited for %g s", LONGEST_WAIT)

    async def run(self) -> None:
        """Write what is touched, until `end`; then write everything once more."""
        while not self._ending.is_set():
            await _wait(self._something, None)
            await _wait(self._hurry, GATHER_SECONDS)
            if not self._touched:
                self._something.clear()
            waited, self._rounds = self._rounds, None
            self._hurry.clear()
            ready = [item for item in self._touched if not item.is_busy]
            await self._write(ready)
            if waited is not None:
                waited.set_result(None)
            if self.is_failing:
                await _wait(self._ending, RETRY_SECONDS)
            elif not ready:
                # Something that is busy must not keep this loop spinning.
                await _wait(self._ending, BREATH)
        await self._write(list(self._touched))

    def end(self) -> None:
        """Have `run` finish."""
        for event in (self._ending, self._something, self._hurry):
            event.set()

    async def _write(self, items: Sequence[Saveable]) -> None:
        for start in range(0, len(items), MOST_CHANGES):
            some = items[start : start + MOST_CHANGES]
            try:
                await self._write_together(some)
            except Exception:
                LOG.exception("sessions are written one by one, as one of them can't be")
                await self._write_apart(some)

    async def _write_apart(self, items: Sequence[Saveable]) -> None:
        """Write some items so that one that nobody can write harms no other."""
        for item in items:
            self._touched[item] = None
            try:
                await self._write_together([item])
            except Exception:
                LOG.exception("a session can't be saved")

    async def _write_together(self, items: Sequence[Saveable]) -> None:
        """Write some items in one transaction; afterwards they are written, or touched again.

        Raises:
            Exception: nobody foresaw; they are neither.
        """
        changes = {item: item.collect() for item in items if self._touched.pop(item, self) is None}
        self._writing = changes
        try:
            sizes = await self._store.write(list(changes.values()))
        except Exception as error:
            for item, change in changes.items():
                item.put_back(change)
            if not isinstance(error, StoreError):
                raise
            for item in changes:
                self.touch(item)
            self._tell(error)
        else:
            for item, change in changes.items():
                item.settle(sizes[change.row.id])
            if self.is_failing:
                LOG.warning("everything is saved again")
            self.is_failing = False
        finally:
            self._writing = {}

    def _tell(self, error: StoreError) -> None:
        if not self.is_failing:
            LOG.error("nothing can be saved: %s", error)
            self.is_failing = True
            self._on_trouble(error)


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    """Return when `event` is set, or after so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
