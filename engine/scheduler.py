"""Trains many sessions on a few threads, in compiled code that rarely returns to Python.

Worker threads serve the places in turn: one claims a place that is due, trains a slice of it and
gives it back. A place is claimed by one party at a time: a worker, or Python through
`Place.exclusive`. A worker stays in compiled code for `RESIDENCE` so that a busy Python thread
beside it can't starve it of the GIL. Guarded by tests/engine/test_scheduler.py.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import LimitError
from engine.kernels.abi import STATE_WORDS, STEP, address_of, aligned
from engine.program.program import Program, Words
from engine.program.round import (
    ARENA,
    BUDGET,
    COUNT,
    DONE,
    KEEP,
    MOST_SLICE,
    NEXT,
    PACE,
    PUBLISH,
    PYTHON,
    ROWS,
    RUNNING,
    STATE,
    STEP_TIME,
    STOP,
    TABLE,
    WANTED,
    WIDTH,
    now,
    peek,
    put,
    serve,
    try_claim,
)
from engine.session import Session
from engine.text import Text

RESIDENCE = 100_000_000
"""Nanoseconds that a worker stays in compiled code."""
ROUND = 16_000_000
"""Nanoseconds in which every session has its turn: soon enough to be seen 30 times a second."""
LEAST_SLICE = 200_000
CAPACITY = 1024
SHORT_SLEEP = 0.0001
"""Seconds between two tries to claim a place that a worker holds; a slice is at most 5 ms."""


def count_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Room:
    """Where a worker puts a copy.

    Args:
        size: elements of the published range.
        dtype: of the session.

    Attributes:
        values: the published range.
        state: the state block.
    """

    def __init__(self, size: int, dtype: np.dtype[Any]) -> None:
        self.values: NDArray[Any] = aligned(size, dtype)
        self.state = aligned(STATE_WORDS, np.dtype(np.uint64))
        self.addresses = address_of(self.values), address_of(self.state)


class Extension(NamedTuple):
    """A training table with more rows than its program has.

    Attributes:
        program: whose rows stand first; with another program the extension doesn't count.
        table: all rows.
        look: called, with the session held, before anyone sees that a walk has ended with the stop
            flag set. It says whether training ends: it takes the flag back, and may `resume`.
    """

    program: Program
    table: Words
    look: Callable[[], object]


class Place:
    """One session's seat in the round. Made by `Scheduler.add`."""

    def __init__(self, scheduler: Scheduler, line: NDArray[np.int64], session: Session) -> None:
        self._scheduler = scheduler
        self._line = line
        self._address = address_of(line)
        self._depth = 0
        self._lock = threading.RLock()
        self._measured = (time.perf_counter(), 0)
        # What the line points to must outlive a worker that is looking at it.
        self._kept: tuple[Any, ...] = ()
        self._asked: dict[int, Room] = {}
        self._extension: Extension | None = None
        self.session = session
        self._is_held = False
        with self.exclusive():
            self._line[2:] = 0

    def play(self, steps_per_second: float | None = None, steps: int | None = None) -> None:
        """Train until paused or diverged, or for `steps`; at a pace or as fast as possible.

        A step that was begun row by row is finished first, and counts.

        Raises:
            ValueError: a pace that isn't positive, or fewer than no steps.
        """
        if steps_per_second is not None and not steps_per_second > 0:
            raise ValueError(f"steps_per_second must be positive, not {steps_per_second}")
        if steps is not None and steps < 0:
            raise ValueError(f"steps must not be negative, not {steps}")
        with self.exclusive() as session:
            if steps != 0:
                finished = session.finish_step()
                steps = None if steps is None else steps - finished
            self._is_held = False
            self._line[PACE] = 0 if steps_per_second is None else int(1e9 / steps_per_second)
            self._line[NEXT] = now()
            self._line[BUDGET] = -1 if steps is None else steps
            self._line[RUNNING] = int(steps != 0)
        self._scheduler.wake()

    def pause(self) -> None:
        """Stop; returns when the session stands at a step boundary."""
        with self.exclusive():
            self._line[RUNNING] = 0
            self._is_held = False

    def hold(self) -> None:
        """Wait at a step boundary until `release`; meanwhile it still counts as running."""
        with self.exclusive():
            if self._line[RUNNING]:
                self._line[RUNNING] = 0
                self._is_held = True

    def release(self) -> None:
        """Go on after `hold`, at the pace and for the steps that were left."""
        with self.exclusive():
            if self._is_held:
                self._is_held = False
                self._line[NEXT] = now()
                self._line[RUNNING] = 1
        self._scheduler.wake()

    def resume(self) -> None:
        """Go on where a walk was ended by a gauge, for as many steps as were left then."""
        with self.exclusive():
            self._line[RUNNING] = int(self._line[BUDGET] != 0)
        self._scheduler.wake()

    def extend(self, extension: Extension | None) -> None:
        """Train with rows behind those of the program, until it changes; `None` ends that."""
        with self.exclusive():
            self._extension = extension

    @contextmanager
    def exclusive(self) -> Iterator[Session]:
        """The session, parked at a step boundary; it goes on afterwards if it was running."""
        with self._lock:
            if self._depth == 0:
                self._line[WANTED] = 1
                while not try_claim(self._address, PYTHON):
                    time.sleep(SHORT_SLEEP)
                self._line[WANTED] = 0
            self._depth += 1
            try:
                if self._depth == 1 and self._extension is not None and self.session.diverged:
                    # Nobody ever sees a flag that only asks for a look.
                    self._extension.look()
                yield self.session
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._refresh()
                    put(self._address, 0)

    @property
    def running(self) -> bool:
        """Whether it is training (or waiting for its next due step, or for `release`)."""
        return self._is_held or bool(self._line[RUNNING])

    @property
    def step(self) -> int:
        """Finished steps, read without stopping anything."""
        return int(self.session.state[STEP])

    @property
    def seconds_a_step(self) -> float:
        """How long a step takes at its pace; 0 until one was measured."""
        return max(int(self._line[STEP_TIME]), int(self._line[PACE])) / 1e9

    @property
    def rate(self) -> float:
        """Steps a second since the last look."""
        then, steps = self._measured
        moment, done = time.perf_counter(), int(self._line[DONE])
        self._measured = (moment, done)
        return (done - steps) / max(moment - then, 1e-9)

    def remove(self) -> None:
        """Give the seat up."""
        with self._lock:
            with self.exclusive():
                self._line[[RUNNING, PUBLISH, KEEP]] = 0
                self._is_held = False
            self._scheduler.release(self._line)

    # --- copies, taken by the worker at a step boundary -----------------------------------------

    def request(self, room: Room) -> None:
        """Ask for a copy of the published range and of the state.

        The room must be left alone until `arrived`.
        """
        self._ask(PUBLISH, room, self.session.program.network.published)

    def request_whole(self, room: Room) -> None:
        """Ask for a copy of the whole arena and of the state.

        The room must be left alone until `has_kept`.
        """
        self._ask(KEEP, room, (0, len(self.session.arena)))

    def _ask(self, box: int, room: Room, part: tuple[int, int]) -> None:
        with self._lock:
            start, end = part
            if len(room.values) != end - start:
                raise ValueError("the room has another size than what is copied")
            # No claim is needed: workers read these words only after they have seen the flag.
            self._asked[box] = room
            size = room.values.itemsize
            values, state = room.addresses
            source = int(self._line[ARENA]) + start * size
            self._line[box + 1 : box + 5] = (source, values, (end - start) * size, state)
            put(self._address + 8 * box, 1)
        self._scheduler.wake()

    @property
    def arrived(self) -> bool:
        """Whether the copy that was asked for with `request` is there."""
        return not peek(self._address + 8 * PUBLISH)

    @property
    def has_kept(self) -> bool:
        """Whether the copy that was asked for with `request_whole` is there."""
        return not peek(self._address + 8 * KEEP)

    def cancel(self) -> None:
        """Withdraw a `request`, so that its room may be freed."""
        with self.exclusive():
            self._line[PUBLISH] = 0

    def cancel_whole(self) -> None:
        """Withdraw a `request_whole`."""
        with self.exclusive():
            self._line[KEEP] = 0

    def _refresh(self) -> None:
        """Write the session's addresses down; they change with an edit."""
        session = self.session
        if not self._kept or self._kept[0] is not session.arena:
            self._line[[PUBLISH, KEEP]] = 0
        extension = self._extension
        is_extended = extension is not None and extension.program is session.program
        table = extension.table if extension is not None and is_extended else session.program.table
        self._kept = (session.arena, session.program, session.state, table, extension)
        self._line[ARENA] = address_of(session.arena)
        self._line[TABLE] = address_of(table)
        self._line[ROWS] = len(table)
        self._line[STATE] = address_of(session.state)


class Scheduler:
    """The worker threads and the places they serve.

    Args:
        workers: threads that train; by default one a processor.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or count_processors()
        self._lines = aligned(CAPACITY * WIDTH, np.dtype(np.int64)).reshape(CAPACITY, WIDTH)
        self._control = aligned(8, np.dtype(np.int64))
        self._free = list(range(CAPACITY - 1, -1, -1))
        self._event = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the worker threads."""
        self._control[STOP] = 0
        self._threads = [
            threading.Thread(
                target=self._work, args=(number,), name=f"worker-{number}", daemon=True
            )
            for number in range(1, self.workers + 1)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the threads; sessions stand at a step boundary afterwards."""
        self._control[STOP] = 1
        self._event.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def add(self, session: Session) -> Place:
        """A seat for a session, paused.

        Raises:
            LimitError: all seats are taken.
        """
        with self._lock:
            if not self._free:
                raise LimitError(
                    "limit.sessions",
                    "session",
                    Text("All seats of this engine are taken.", "这个引擎的席位已满。"),
                    Text("Close a session or wait.", "请关闭一个会话或稍候。"),
                    value=CAPACITY + 1,
                    allowed=f"≤ {CAPACITY}",
                )
            index = self._free.pop()
            self._control[COUNT] = max(int(self._control[COUNT]), index + 1)
        return Place(self, self._lines[index], session)

    def release(self, line: NDArray[np.int64]) -> None:
        """Make a seat free again."""
        index = (address_of(line) - address_of(self._lines)) // (WIDTH * 8)
        with self._lock:
            self._free.append(index)
            self._free.sort(reverse=True)

    def wake(self) -> None:
        """Something has become due."""
        # A worker that clears the event looks for work afterwards, so nothing is missed.
        if not self._event.is_set():
            self._event.set()

    def _work(self, number: int) -> None:
        lines, control = address_of(self._lines), address_of(self._control)
        while not self._control[STOP]:
            fair = ROUND * self.workers // self._active()
            longest = min(MOST_SLICE, max(LEAST_SLICE, fair))
            busy = serve(lines, control, number, RESIDENCE, longest)
            if not busy:
                self._event.clear()
                if not self._waiting():
                    self._event.wait(1.0)

    def _active(self) -> int:
        return max(1, int(self._lines[:, RUNNING].sum()))

    def _waiting(self) -> bool:
        return bool(self._lines[:, [RUNNING, PUBLISH, KEEP]].any())
