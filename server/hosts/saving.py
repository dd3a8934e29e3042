"""When a session is saved, so that a crash loses little. Guarded by tests/server/test_saving.py."""

from __future__ import annotations

import time
from math import inf

from engine.scheduler import Place
from server.hosts.options import HostOptions


class Saver:
    """Takes checkpoints of one session.

    Args:
        options: how often, and how large a checkpoint may be.

    Attributes:
        due: when the next one is due, in seconds of `time.perf_counter`; `inf` without changes.
    """

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self.due = inf

    def change(self, seconds: float) -> None:
        """Something has changed that has to be saved within `seconds`."""
        self.due = min(self.due, time.perf_counter() + seconds)

    def is_due(self, now: float) -> bool:
        """Whether a checkpoint is due."""
        return now >= self.due

    def postpone(self) -> None:
        """A checkpoint is on its way."""
        self.due = inf

    def take(self, seat: Place) -> bytes | None:
        """A checkpoint of the present state; `None` if that isn't healthy or is too large.

        The session keeps it as the moment that it can go back to.
        """
        with seat.exclusive() as session:
            self.due = inf
            if seat.running:
                self.change(self._options.checkpoint_seconds)
            if session.diverged or session.arena.nbytes > self._options.max_checkpoint_bytes:
                return None
            session.checkpoint()
            snapshot = session.snapshot()
        return snapshot.to_bytes()
