"""Moves a session through its run, forwards and back, in strides of five sizes.

Guarded by tests/engine/test_walker.py.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, inf
from typing import Literal

from engine.session import Session
from engine.timeline.timeline import Timeline

Level = Literal["instruction", "layer", "sample", "batch", "epoch"]
"""An instruction; those of one layer in one phase; a sample of the batch; a step; a pass."""
HandLevel = Literal["instruction", "layer", "sample", "batch"]


class Walker:
    """Feet on one session.

    Args:
        session: stands still while it is walked.
        timeline: its history.

    Attributes:
        sample: the place in the batch that is looked at, while one goes from sample to sample.
        on_step: called whenever a step has ended on the way forwards; true ends the walk there.
    """

    def __init__(self, session: Session, timeline: Timeline) -> None:
        self.session, self.timeline = session, timeline
        self.sample: int | None = None
        self.on_step: Callable[[], bool] = lambda: False

    # --- forwards -------------------------------------------------------------------------------

    def forward(self, level: HandLevel, count: int = 1) -> None:
        """Go on by `count` strides; a diverged network stays at its step."""
        for _ in range(count):
            if self.session.diverged and self.session.row == 0:
                return
            before = self.session.step
            self.timeline.train_on(self.session)
            match level:
                case "instruction":
                    self.session.advance(1)
                case "layer":
                    self.session.advance(self._end_of_layer() - self.session.row)
                case "sample":
                    if self._ends_batch():
                        self.session.finish_step()
                        self.timeline.train_on(self.session)
                        if self.on_step():
                            self.sample = None
                            return
                    self._next_sample()
                case "batch":
                    self.session.run(steps=1)
            self.timeline.reach(self.session.step)
            if self.session.row == 0 and self.session.step > before and self.on_step():
                return

    def _end_of_layer(self) -> int:
        rows = self.session.program.rows
        here = rows[self.session.row]
        for number in range(self.session.row, len(rows)):
            if (rows[number].layer, rows[number].phase) != (here.layer, here.phase):
                return number
        return len(rows)

    def _begin_of_layer(self, row: int) -> int:
        """The first instruction of the layer and phase to which the one before `row` belongs."""
        rows = self.session.program.rows
        here = rows[row - 1]
        while row > 0 and (rows[row - 1].layer, rows[row - 1].phase) == (here.layer, here.phase):
            row -= 1
        return row

    def _before_update(self) -> int:
        """The row at which everything is computed for every sample of the batch."""
        rows = self.session.program.rows
        updates = (number for number, row in enumerate(rows) if row.phase == "update")
        # Where every layer is frozen there is none; the last row is left for the end of the step.
        return next(updates, len(rows) - 1)

    def _ends_batch(self) -> bool:
        """Whether the next sample belongs to the next batch."""
        row, ready = self.session.row, self._before_update()
        return row > ready or (row == ready and self._is_last_sample())

    def _is_last_sample(self) -> bool:
        return self.sample is not None and self.sample >= self._last_sample()

    def _next_sample(self) -> None:
        session, ready = self.session, self._before_update()
        if session.row < ready or self.sample is None:
            session.advance(ready - session.row)
            self.sample = 0
        elif not self._is_last_sample():
            self.sample += 1

    # --- back -----------------------------------------------------------------------------------

    def back(self, level: Level, count: int = 1) -> None:
        """Undo `count` strides; at the first moment that can be visited it ends."""
        for _ in range(count):
            before = self.session.step, self.session.row, self.sample
            self._back(level)
            if (self.session.step, self.session.row, self.sample) == before:
                return

    def _back(self, level: Level) -> None:
        step, row = self.session.step, self.session.row
        if level == "sample":
            self._previous_sample()
            return
        self.sample = None if level in ("batch", "epoch") else self.sample
        if level == "epoch":
            self._visit(self._begin_of_epoch())
        elif row > 0:
            begin = {"instruction": row - 1, "layer": self._begin_of_layer(row)}
            self._visit(step, begin.get(level, 0))
        elif step > 0:
            self._visit(step - 1)
            last = len(self.session.program.rows)
            begin = {"instruction": last - 1, "layer": self._begin_of_layer(last)}
            if level != "batch" and self.session.step == step - 1:
                self.session.advance(begin[level])

    def _previous_sample(self) -> None:
        step, row, ready = self.session.step, self.session.row, self._before_update()
        if row == ready and self.sample is not None and self.sample > 0:
            self.sample -= 1
        elif row > ready or (row == 0 and step == 0):
            self.sample = self._last_sample() if row > ready else None
            self._visit(step, ready if row > ready else 0)
        elif step == 0:
            self.sample = None
            self._visit(0)
        else:
            self._visit(step - 1)
            if self.session.step == step - 1:
                self.session.advance(ready)
                self.sample = self._last_sample()

    def _last_sample(self) -> int:
        return self.session.material.plan.batch - 1

    def _begin_of_epoch(self) -> int:
        """The first step of the present pass, or of the one before if it has just begun."""
        session = self.session
        passes = session.epoch
        per_epoch = len(session.material.training) / session.material.plan.batch
        done = floor(passes + 1e-9)
        if session.row == 0 and (passes - done) * per_epoch < 1:
            done -= 1
        return max(0, session.step - floor((passes - done) * per_epoch + 1e-9))

    def _visit(self, step: int, row: int = 0) -> None:
        self.timeline.visit(self.session, step, row)

    def visit(
        self, step: int, row: int = 0, branch: int | None = None, seconds: float = inf
    ) -> None:
        """Go to any moment of the history; a way that takes longer than `seconds` ends before it.

        Raises:
            NeurariumError: there is no such branch.
        """
        self.sample = None
        self.timeline.visit(self.session, step, row, branch, seconds)
