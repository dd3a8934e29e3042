"""One line of history, made of stretches without a change.

Between two kept moments of a segment every step is found again by replaying: the same experiment
and the same seeds give the same numbers to the last bit. Guarded by tests/engine/test_timeline.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from engine.experiment import Experiment
from engine.snapshot import Snapshot
from engine.text import Text

FIRST_COUNTS = 4.0
"""How much more the moment that begins a segment is worth: without it, the steps up to the next one
can't be visited any more."""


@dataclass
class Segment:
    """A stretch of a branch on which nothing was changed.

    Attributes:
        experiment: what was trained.
        moments: kept ones, the oldest first; never empty.
    """

    experiment: Experiment
    moments: list[Snapshot]

    @cached_property
    def document(self) -> str:
        """The experiment as JSON."""
        return self.experiment.model_dump_json()

    @property
    def start(self) -> int:
        """The first step that can be visited."""
        return self.moments[0].step

    def keep(self, moment: Snapshot) -> bool:
        """Add a moment in its place; false if its step is kept already."""
        place = bisect_left(self.moments, moment.step, key=_step)
        if place < len(self.moments) and self.moments[place].step == moment.step:
            return False
        self.moments.insert(place, moment)
        return True

    def before(self, step: int) -> Snapshot:
        """The newest moment at or before `step`; the first one if there is none."""
        return self.moments[max(0, bisect_right(self.moments, step, key=_step) - 1)]


@dataclass
class Branch:
    """A line of history.

    Attributes:
        number: its name, from 1.
        parent: the branch it left; `None` for one that begins with the initial weights.
        fork: the step at which it left; 0 without a parent.
        cause: what made it another one.
        segments: the oldest first; never empty.
        end: the farthest step it reached.
    """

    number: int
    parent: int | None
    fork: int
    cause: Text
    segments: list[Segment]
    end: int

    @property
    def start(self) -> int:
        """The first step of its own that can be visited."""
        return self.segments[0].start

    def segment(self, step: int) -> Segment:
        """The segment in which `step` lies; the first one if it lies before all of them."""
        place = bisect_right(self.segments, step, key=lambda segment: segment.start)
        return self.segments[max(0, place - 1)]

    def copy(self) -> Branch:
        """Another branch with the very same moments."""
        # Whatever was derived from an experiment comes along.
        segments = [copy(one) for one in self.segments]
        for one in segments:
            one.moments = list(one.moments)
        return replace(self, segments=segments)

    def size(self) -> int:
        """Bytes of all kept moments."""
        return sum(_bytes(moment) for segment in self.segments for moment in segment.moments)

    def most_dispensable(self) -> tuple[float, Segment, Snapshot] | None:
        """The moment that would be missed least, with how much it would be.

        That is the gap it would leave, in steps to replay, divided by how long ago it was: moments
        end up dense lately and sparse long ago. `None` where a branch has a single moment.
        """
        places = [(segment, moment) for segment in self.segments for moment in segment.moments]
        if len(places) == 1:
            return None
        steps = [moment.step for _, moment in places] + [self.end]
        best: tuple[float, Segment, Snapshot] | None = None
        for index, (segment, moment) in enumerate(places):
            is_first = moment is segment.moments[0]
            before = steps[index - 1] if not is_first else steps[index]
            gap = steps[index + 1] - before
            value = (gap + 1) / (self.end - steps[index] + 1) * (FIRST_COUNTS if is_first else 1.0)
            if best is None or value < best[0]:
                best = (value, segment, moment)
        return best

    def drop(self, segment: Segment, moment: Snapshot) -> None:
        """Forget a moment, and its segment if that was the last one in it."""
        # By identity: arrays inside make moments incomparable.
        segment.moments = [other for other in segment.moments if other is not moment]
        if not segment.moments:
            self.segments = [other for other in self.segments if other is not segment]


def thin_out(branches: Sequence[Branch], most: int) -> None:
    """Forget the moments that are missed least until the rest fits into `most` bytes.

    Every branch keeps one, however large it is.
    """
    size = sum(branch.size() for branch in branches)
    while size > most:
        dispensable = [
            (*found, branch)
            for branch in branches
            if (found := branch.most_dispensable()) is not None
        ]
        if not dispensable:
            return
        _, segment, moment, branch = min(dispensable, key=lambda found: found[0])
        branch.drop(segment, moment)
        size -= _bytes(moment)


def _step(moment: Snapshot) -> int:
    return moment.step


def _bytes(moment: Snapshot) -> int:
    return moment.arena.nbytes + moment.state.nbytes
