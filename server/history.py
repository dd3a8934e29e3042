"""The curves of one session, bounded. Guarded by tests/server/test_history.py."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf

from server.hosts.base import Point
from server.protocol import History

MOST_POINTS = 4_000
"""When so many points are kept, every second one of the older half of them is dropped."""


class Curves:
    """Points of the curves, oldest first, each step at most once.

    Attributes:
        run: counts how often points were voided; a page that knows another run starts its curves
        anew.
    """

    def __init__(self, limit: int = MOST_POINTS) -> None:
        self._limit = limit
        self._points: list[Point] = []
        self._kept_to = -1
        self.run = 1

    @classmethod
    def restored(cls, points: Sequence[Point], run: int) -> Curves:
        """Curves as they were written down once."""
        curves = cls()
        curves._points = list(points)
        curves._kept_to, curves.run = curves.last_step, run
        return curves

    def __len__(self) -> int:
        return len(self._points)

    @property
    def last_step(self) -> int:
        """Step of the newest point; -1 without points."""
        return self._points[-1].step if self._points else -1

    def add(self, point: Point) -> None:
        """Add the newest point; one at the same step is replaced, later ones are dropped."""
        del self._points[self._index_after(point.step - 1) :]
        self._points.append(point)
        self._kept_to = min(self._kept_to, point.step - 1)
        if len(self._points) > self._limit:
            middle = self._limit // 2
            self._points[:middle] = self._points[:middle:2]
            self._kept_to = -1

    def rewind(self, step: int) -> None:
        """Void the points after `step`; with -1 all of them."""
        del self._points[self._index_after(step) :]
        self._kept_to = min(self._kept_to, step)
        self.run += 1

    def changes(self) -> tuple[int, Sequence[Point]]:
        """A step, and the points that replace all those after it that were written down before.

        From now on they count as written; `put_back` tells that they were not.
        """
        after, self._kept_to = self._kept_to, self.last_step
        return after, self.between(after, inf)

    def put_back(self, after: int) -> None:
        """Points after step `after` were not written down."""
        self._kept_to = min(self._kept_to, after)

    def between(self, after: float, before: float) -> Sequence[Point]:
        """The points with `after` < step < `before`."""
        if not self._points or self._points[-1].step <= after:
            return []
        last = bisect_left(self._points, before, key=lambda point: point.step)
        return self._points[self._index_after(after) : last]

    def message(self, points: Sequence[Point] | None = None, *, restart: bool = False) -> str:
        """A `History` of `points` (all of them if left out) as JSON."""
        chosen = self._points if points is None else points
        return History(
            restart=restart,
            run=self.run,
            step=[point.step for point in chosen],
            epoch=[point.epoch for point in chosen],
            training_loss=[point.training_loss for point in chosen],
            training_accuracy=[point.training_accuracy for point in chosen],
            validation_loss=[point.validation_loss for point in chosen],
            validation_accuracy=[point.validation_accuracy for point in chosen],
        ).model_dump_json()

    def catch_up(self, run: int, after: float) -> str:
        """What a page lacks that has seen curves of `run` up to step `after`, as JSON.

        A page that has seen more than there is knows points that a killed server took with it.
        """
        if run != self.run or after > self.last_step:
            return self.message(restart=True)
        return self.message(self.between(after, inf))

    def _index_after(self, step: float) -> int:
        return bisect_right(self._points, step, key=lambda point: point.step)
