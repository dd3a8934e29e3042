"""Points of the curves, and how often sessions may be looked at so that training hardly notices.

Guarded by tests/server/test_measuring.py.
"""

from __future__ import annotations

import time
from math import ceil, inf, isfinite, nan
from typing import Any

from engine.observer import Observer
from engine.scheduler import Place
from server.hosts.base import Point

SLOWEST = 12.0
"""Frames a second that every watched session gets, however many there are."""
SHARE_OF_FRAMES = 0.1
"""Share of the processors' time that frames of all sessions may take above that."""
EVALUATIONS_PER_SECOND = 10.0
SHARE_OF_EVALUATION = 0.02
"""Share of its time that a session may spend on measuring itself."""
SHARE_OF_ALL_EVALUATION = 0.1
"""Share of one processor's time that all sessions together may spend on that."""
SHORT_EVALUATION = 0.003
"""Seconds; a longer measurement is kept away from the thread that makes frames."""
MEMORY = 0.2
"""Weight of the newest value in a running mean."""
SECONDS_AFTER_FAILURE = 2.0
RATE_SECONDS = 0.25
"""The pace of training is measured over so long."""


class Load:
    """How long it takes to look at every session once, in seconds of processor time.

    Args:
        processors: how many there are to share.
    """

    def __init__(self, processors: int) -> None:
        self._processors = processors
        self._frames: dict[str, float] = {}
        self._evaluations: dict[str, float] = {}

    def add_frame(self, session: str, seconds: float) -> None:
        """One frame took so long."""
        _add(self._frames, session, seconds)

    def add_evaluation(self, session: str, seconds: float) -> None:
        """One measurement took so long."""
        _add(self._evaluations, session, seconds)

    def forget(self, session: str) -> None:
        """The session isn't looked at any more."""
        self._frames.pop(session, None)
        self._evaluations.pop(session, None)

    def frame_interval(self, rate: float) -> float:
        """Seconds between two frames of a session that wants `rate` of them a second."""
        fair = sum(self._frames.values()) / (SHARE_OF_FRAMES * self._processors)
        return max(1 / rate, min(fair, 1 / SLOWEST))

    def evaluation_interval(self, session: str) -> float:
        """Seconds between two measurements of a session."""
        own = self._evaluations.get(session, 0.0) / SHARE_OF_EVALUATION
        fair = sum(self._evaluations.values()) / SHARE_OF_ALL_EVALUATION
        return max(1 / EVALUATIONS_PER_SECOND, own, fair)

    def evaluation_seconds(self, session: str) -> float:
        """How long a measurement of the session takes; unknown ones count as long."""
        return self._evaluations.get(session, inf)


def _add(means: dict[str, float], session: str, seconds: float) -> None:
    before = means.get(session, seconds)
    means[session] = before + MEMORY * (seconds - before)


class Meter:
    """Measures one session and keeps the newest point of its curves.

    Args:
        session: its name.
        load: shared by all sessions of the host.
    """

    def __init__(self, session: str, load: Load) -> None:
        self._session, self._load = session, load
        self.point: Point | None = None
        self._due = 0.0
        self._blocked = 0.0
        self._rate = nan
        self._rate_since = 0.0

    def restart(self) -> None:
        """The last point no longer says how the session is."""
        self.point = None
        self._due = 0.0

    def is_due(self, now: float, step: int, running: bool) -> bool:
        """Whether a new point is wanted: now and then while it trains, and once it stands still."""
        is_stale = self.point is None or self.point.step != step
        return is_stale and now >= (max(self._due, self._blocked) if running else self._blocked)

    def seconds(self) -> float:
        """How long a measurement takes."""
        return self._load.evaluation_seconds(self._session)

    def measure(self, observer: Observer) -> Point:
        """A new point of the curves."""
        start, busy = time.perf_counter(), time.thread_time()
        # Should it fail, it isn't tried again at once.
        self._blocked = start + SECONDS_AFTER_FAILURE
        self.point = point_of(observer.evaluate())
        self._blocked = 0.0
        self._load.add_evaluation(self._session, time.thread_time() - busy)
        self._due = start + self._load.evaluation_interval(self._session)
        return self.point

    def start_rate(self, seat: Place) -> None:
        """Training begins: measure its pace from here."""
        self._rate, self._rate_since = nan, time.perf_counter()
        seat.rate  # noqa: B018  every look begins a new measurement

    def rate(self, seat: Place) -> float:
        """Steps a second, measured over a while; NaN until that has passed."""
        now = time.perf_counter()
        if now - self._rate_since >= RATE_SECONDS:
            self._rate, self._rate_since = seat.rate, now
        return self._rate


def point_of(evaluation: dict[str, Any]) -> Point:
    """A point of the curves; what isn't finite counts as not measured."""
    training = evaluation["training"]
    validation = evaluation["validation"] or {}
    return Point(
        evaluation["step"],
        evaluation["epoch"],
        _finite(training["loss"]),
        _finite(training["accuracy"]),
        _finite(validation.get("loss")),
        _finite(validation.get("accuracy")),
    )


def steps_to_epoch(epoch: float, count: int, steps_per_epoch: float) -> int:
    """Batches until `count` more epochs are finished, the present one included."""
    begun = int(epoch + 1e-9)
    return max(1, ceil((begun + count - max(epoch, begun)) * steps_per_epoch - 1e-9))


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
