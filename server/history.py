"""The curves of one session, bounded: a line for each branch.

Guarded by tests/server/test_history.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf
from typing import Generic, Protocol, TypeVar

from server.hosts.base import Point, Stretch
from server.protocol import BranchInfo, History

MOST_POINTS = 4_000
"""When so many points of a line are kept, every second one of its older half is dropped."""


class Stepped(Protocol):
    """Something that belongs to a step."""

    @property
    def step(self) -> int:
        """The step."""


At = TypeVar("At", bound=Stepped)


class Line(Generic[At]):
    """Points of one branch, oldest first, each step at most once.

    Args:
        points: as they were written down once.
    """

    def __init__(self, points: Sequence[At] = (), limit: int = MOST_POINTS) -> None:
        self._limit = limit
        self._points = list(points)
        self._kept_to = self.last_step

    def __len__(self) -> int:
        return len(self._points)

    @property
    def last_step(self) -> int:
        """Step of the newest point; -1 without points."""
        return self._points[-1].step if self._points else -1

    def add(self, point: At) -> None:
        """Add a point; one at the same step is replaced."""
        place = self._index_after(point.step - 1)
        is_there = place < len(self._points) and self._points[place].step == point.step
        if is_there and self._points[place] == point:
            # The past is walked once more.
            return
        self._points[place : place + is_there] = [point]
        self._kept_to = min(self._kept_to, point.step - 1)
        if len(self._points) > self._limit:
            middle = self._limit // 2
            self._points[:middle] = self._points[:middle:2]
            self._kept_to = -1

    def cut(self, step: int) -> None:
        """Void the points after `step`; with -1 all of them."""
        del self._points[self._index_after(step) :]
        self._kept_to = min(self._kept_to, step)

    def changes(self) -> tuple[int, Sequence[At]]:
        """A step, and the points that replace all those after it that were written down before."""
        after, self._kept_to = self._kept_to, self.last_step
        return after, self.between(after, inf)

    def put_back(self, after: int) -> None:
        """Points after step `after` were not written down."""
        self._kept_to = min(self._kept_to, after)

    def between(self, after: float, before: float) -> Sequence[At]:
        """The points with `after` < step < `before`."""
        if not self._points or self._points[-1].step <= after:
            return []
        last = bisect_left(self._points, before, key=lambda point: point.step)
        return self._points[self._index_after(after) : last]

    def all(self) -> Sequence[At]:
        """All points."""
        return self._points

    def _index_after(self, step: float) -> int:
        return bisect_right(self._points, step, key=lambda point: point.step)


class Curves:
    """A line for each branch of a session's history; new points belong to the present one.

    Attributes:
        current: number of the present branch.
        run: counts how often points were voided or branches changed; a page that knows another run
        starts its curves anew.
    """

    def __init__(self, limit: int = MOST_POINTS) -> None:
        self._limit = limit
        self.current = 1
        self.lines: dict[int, Line[Point]] = {1: Line((), limit)}
        self.run = 1

    @classmethod
    def restored(cls, stretches: Sequence[Stretch], run: int) -> Curves:
        """Curves as they were written down once."""
        curves = cls()
        curves.lines |= {one.branch: Line(one.points) for one in stretches}
        curves.run = run
        return curves

    @property
    def line(self) -> Line[Point]:
        """Of the present branch."""
        return self.lines[self.current]

    def __len__(self) -> int:
        return len(self.line)

    @property
    def last_step(self) -> int:
        """Step of the newest point of the present branch; -1 without points."""
        return self.line.last_step

    def add(self, point: Point) -> None:
        """Add a point of the present branch; one at the same step is replaced."""
        self.line.add(point)

    def rewind(self, step: int) -> None:
        """Void the present branch's points after `step`; with -1 all of them."""
        self.line.cut(step)
        self.run += 1

    def follow(self, branches: Sequence[BranchInfo], current: int) -> bool:
        """Take over which branches there are; returns whether that changes anything.

        A new branch begins with a copy of its parent's points up to the fork.
        """
        known = {branch.number: branch for branch in branches}
        if known.keys() == self.lines.keys() and current == self.current:
            return False
        for number, branch in sorted(known.items()):
            if number not in self.lines:
                parent = self.lines.get(branch.parent or 0)
                points = parent.between(-inf, branch.fork + 1) if parent is not None else ()
                line = self.lines[number] = Line(points, self._limit)
                line.put_back(-1)
        self.lines = {number: line for number, line in self.lines.items() if number in known}
        self.current = current
        self.run += 1
        return True

    def changes(self) -> tuple[Stretch, ...]:
        """For each branch a step, and the points that replace all that were written down after it.

        From now on they count as written; `put_back` tells that they were not.
        """
        return tuple(Stretch(number, *line.changes()) for number, line in self.lines.items())

    def put_back(self, stretches: Sequence[Stretch]) -> None:
        """These were not written down."""
        for number, after, _ in stretches:
            if number in self.lines:
                self.lines[number].put_back(after)

    def all(self) -> tuple[Stretch, ...]:
        """All points of all branches."""
        return tuple(
            Stretch(number, -1, line.between(-inf, inf)) for number, line in self.lines.items()
        )

    def between(self, after: float, before: float) -> Sequence[Point]:
        """The present branch's points with `after` < step < `before`."""
        return self.line.between(after, before)

    def message(self, points: Sequence[Point] | None = None, *, restart: bool = False) -> str:
        """A `History` of points of the present branch (all of them if left out) as JSON."""
        chosen = self.line.between(-inf, inf) if points is None else points
        return self._history(self.current, chosen, restart)

    def restart(self) -> list[str]:
        """Everything anew, as JSON: the present branch, then the others."""
        others = [number for number in self.lines if number != self.current]
        rest = [self._history(number, self.lines[number].between(-inf, inf)) for number in others]
        return [self.message(restart=True), *rest]

    def catch_up(self, run: int, after: float) -> list[str]:
        """What a page lacks that has seen curves of `run` up to step `after`, as JSON.

        A page that has seen more than there is knows points that a killed server took with it.
        """
        if run != self.run or after > self.last_step:
            return self.restart()
        return [self.message(self.between(after, inf))]

    def _history(self, branch: int, points: Sequence[Point], restart: bool = False) -> str:
        return History(
            branch=branch,
            restart=restart,
            run=self.run,
            step=[point.step for point in points],
            epoch=[point.epoch for point in points],
            training_loss=[point.training_loss for point in points],
            training_accuracy=[point.training_accuracy for point in points],
            validation_loss=[point.validation_loss for point in points],
            validation_accuracy=[point.validation_accuracy for point in points],
        ).model_dump_json()
