"""Keeps the moments of one session while it trains. Guarded by tests/server/test_recorder.py."""

from __future__ import annotations

import logging
import time
from math import inf

from engine import NeurariumError, Session, Snapshot
from engine.scheduler import Place, Room
from engine.timeline import Timeline, Walker, pack_timeline, unpack_timeline
from server.hosts.surroundings import Surroundings

LOG = logging.getLogger("neurarium")

LEAST_INTERVAL = 0.1
"""Seconds between two moments, at least; what lies between is replayed in as long at most."""
SHARE_OF_TRAINING = 0.01
"""Share of its time that training may spend on copies."""
BYTES_PER_SECOND = 2e9
"""How fast an arena is copied, on a slow machine."""
SECONDS_BETWEEN_PACKS = 10.0
SECONDS_AFTER_CHANGE = 2.0
"""Between two packs while somebody changes one thing after the other: packing all takes a while."""
MOST_PACKED = 4_000_000
"""Bytes of moments that outlive the process; every branch keeps one, however large it is."""


class Recorder:
    """The history of one session, fed by copies that workers take between two steps.

    Args:
        session: whose history it is.
        seat: where it trains.
        around: says how much memory there is for how many sessions.
        kept: bytes of `pack`, from before the session came to this host.
    """

    def __init__(
        self, session: Session, seat: Place, around: Surroundings, kept: bytes | None = None
    ) -> None:
        self._session, self._seat, self._around = session, seat, around
        self._packed_at = -inf
        self._packed: tuple[object, object] = (None, None)
        self.timeline = self._begin(kept)
        self.walker = Walker(session, self.timeline)
        self._room: Room | None = None
        self._due = 0.0

    def _begin(self, kept: bytes | None) -> Timeline:
        if kept is not None:
            try:
                return unpack_timeline(kept, self._session, self._budget())
            except NeurariumError as error:
                LOG.warning("a session goes on without its history: %s", error)
        return Timeline(self._session, self._budget())

    def _budget(self) -> int:
        return self._around.options.max_timeline_bytes // max(1, self._around.count_sessions())

    def look(self, now: float, running: bool) -> None:
        """Take a copy that has come, and ask for the next one when it is due."""
        if self._room is not None:
            if not self._seat.has_kept:
                return
            room, self._room = self._room, None
            self.timeline.budget = self._budget()
            fingerprint = self._session.program.fingerprint
            self.timeline.note(Snapshot(fingerprint, room.values, room.state))
        if running and now >= self._due:
            size = self._session.arena.nbytes
            self._due = now + max(LEAST_INTERVAL, size / BYTES_PER_SECOND / SHARE_OF_TRAINING)
            self._room = Room(len(self._session.arena), self._session.dtype)
            self._seat.request_whole(self._room)

    def settle(self) -> None:
        """The session stands still: keep where it stands, and await no copy of it any more."""
        if self._room is not None:
            self._seat.cancel_whole()
            self._room = None
        if self._session.row == 0:
            self.timeline.note(self._session.snapshot())
        else:
            self.timeline.reach(self._session.step)

    @property
    def is_behind(self) -> bool:
        """Whether something was changed that the history kept elsewhere doesn't know."""
        return self._packed != self._shape()

    def _shape(self) -> tuple[object, object]:
        """What a history must not lose: where one stands among which branches, and the changes."""
        timeline = self.timeline
        begins = [
            (branch.number, segment.start)
            for branch in timeline.branches.values()
            for segment in branch.segments
        ]
        return (timeline.branch.number, tuple(timeline.branches)), begins

    def pack(self) -> bytes | None:
        """The history as bytes, if it is time to keep it elsewhere: at once after a branch has come
        or gone or was chosen, soon after something was changed on one, and now and then.
        """
        now, shape = time.perf_counter(), self._shape()
        pause = SECONDS_AFTER_CHANGE if shape != self._packed else SECONDS_BETWEEN_PACKS
        if now - self._packed_at < pause and shape[0] == self._packed[0]:
            return None
        self._packed_at, self._packed = now, shape
        packed = pack_timeline(self.timeline, MOST_PACKED)
        return packed if len(packed) <= self._around.options.max_checkpoint_bytes else None
