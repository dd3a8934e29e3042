"""Watches sessions the way an engine host does for browsers: observe, encode, at a rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from engine.observer import Observer
from server.hosts.frames import form_of
from server.hosts.hosted import RETRY
from server.hosts.process import GRAIN
from server.protocol import FRAME
from server.stream import Form, Head

PICTURED = ("map", "weights", "bias")
"""What the page draws of a network on the plane."""


class Watcher:
    """A thread that looks at each of some sessions `rate` times a second and encodes what it sees.

    Like a host's, it skips what it has no time for, and serves everybody in turn.

    Attributes:
        frames: new frames of each session since `start`; a look that met the same step isn't one.
        bytes: of all frames together.
    """

    def __init__(self, observers: Sequence[Observer], rate: float) -> None:
        self._observers = observers
        self._wanted = [
            [key for key, tensor in enumerate(observer.tensors) if tensor.quantity in PICTURED]
            for observer in observers
        ]
        self._interval = 1.0 / rate
        self._steps = [-1] * len(observers)
        self._forms: dict[int, Form] = {}
        self._stop = threading.Event()
        self.frames = [0] * len(observers)
        self.bytes = 0

    def start(self) -> None:
        """Begin to look, with all counters at zero."""
        self.frames = [0] * len(self._observers)
        self.bytes = 0
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; copies that were asked for are withdrawn."""
        self._stop.set()
        self._thread.join()
        for observer in self._observers:
            observer.close()

    def _watch(self) -> None:
        begin = time.perf_counter()
        count = len(self._observers)
        due = [begin + self._interval * number / count for number in range(count)]
        while not self._stop.is_set():
            for number in range(count):
                moment = time.perf_counter()
                if moment < due[number]:
                    continue
                if self._observers[number].is_ready:
                    self._look(number)
                    due[number] = max(due[number] + self._interval, moment)
                else:
                    due[number] = moment + RETRY
            self._stop.wait(max(GRAIN, min(due) - time.perf_counter()))

    def _look(self, number: int) -> None:
        seen = self._observers[number].observe(self._wanted[number])
        if seen.step == self._steps[number]:
            return
        self._steps[number] = seen.step
        self.frames[number] += 1
        head = Head(FRAME, self.frames[number], 1, step=seen.step, batch_loss=seen.batch_loss)
        if number not in self._forms:
            self._forms[number] = form_of(seen.sheet)
        sheet = seen.sheet
        self.bytes += len(self._forms[number].fill(head, sheet.buffer.data, sheet.measured()))
