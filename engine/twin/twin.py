"""A second session that goes wherever the first one goes. Guarded by tests/engine/test_twin.py."""

from __future__ import annotations

from math import inf
from time import perf_counter
from typing import Literal

from engine.experiment import Experiment
from engine.session import Session
from engine.text import Text
from engine.timeline import Timeline, describe_change

SECONDS_BETWEEN_MOMENTS = 0.1
"""Of training; what lies between two moments is replayed in as long."""
SHARE_OF_TRAINING = 0.01
"""Share of its time that a twin may spend on copies."""
BYTES_PER_SECOND = 2e9
"""How fast an arena is copied, on a slow machine."""
STRIDE_SECONDS = 0.02
"""Of training between two looks at the clock."""
MOST_STEPS = 100_000
"""Of one stride."""
BY_NOW_THE_SAME = Text("the same settings by now", "目前设置相同")

Stand = Literal["together", "catching_up", "before", "diverged"]
"""Both stand at the same step; the twin is on its way; it begins later; it got no farther."""


class Twin:
    """Another run beside a first one. Made by `engine.twin.beginning`.

    The first session is looked at but never moved.

    Args:
        first: the session that is followed.
        session: the twin.
        timeline: its history, which it goes back by.
        from_step: where it begins.
        change: what it becomes there; `None` if it is that already.

    Attributes:
        session, timeline, from_step: as above.
        along: number and cause of the branch that it goes along with, if that is what it does.
    """

    def __init__(
        self,
        first: Session,
        session: Session,
        timeline: Timeline,
        from_step: int,
        change: Experiment | None = None,
    ) -> None:
        self._first = first
        self.session, self.timeline, self.from_step = session, timeline, from_step
        self.along: tuple[int, Text] | None = None
        self._change = change
        self._stride, self._seconds = 1, 0.0
        self._change_where_it_begins()

    # --- what it is -----------------------------------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        """What it trains."""
        return self._change or self.session.experiment

    def difference(self) -> Text:
        """What sets it apart from what the first one trains now, in a few words."""
        if self.along is not None:
            number, cause = self.along
            return Text(f"as on branch {number}: {cause.en}", f"如分支 {number}：{cause.zh}")
        if self.experiment.runs_like(self._first.experiment):
            return BY_NOW_THE_SAME
        return describe_change(self._first.experiment, self.experiment)

    def stand(self, step: int) -> Stand:
        """How the twin stands to a first one that stands at `step`."""
        if step < self.first_step(step):
            return "before"
        if self._change is None and self.session.step == step:
            return "together"
        return "diverged" if self.session.diverged else "catching_up"

    def first_step(self, step: int) -> int:
        """The first step from `step` on at which the twin can stand: not before it begins, and not
        before the oldest moment that it still keeps.
        """
        _, moment = self.timeline.nearest(step)
        return max(step, self.from_step, 0 if self._change else moment.step)

    # --- following ------------------------------------------------------------------------------

    def follow(self, step: int, row: int = 0, seconds: float = inf) -> Stand:
        """Come to the first one's side, by training on or by going back.

        Args:
            step: finished steps.
            row: rows of the next step that are done; a twin whose step has other rows stays at the
                step boundary.
            seconds: for so long at most; the next call goes on from there.

        Returns:
            How the twin stands now. Where it can't stand it doesn't move.
        """
        end = perf_counter() + seconds
        if self._change is not None:
            self._train(self.from_step, end)
            self._change_where_it_begins()
        if self._change is None and self.first_step(step) == step:
            self._go_near(step, row)
            self._train(step, end)
            if self.session.step == step and row > 0 and self.walks_alike:
                self.session.advance(row - self.session.row)
        return self.stand(step)

    @property
    def walks_alike(self) -> bool:
        """Whether a step has as many rows as one of the first session, so that both can stand at
        the same row.
        """
        return len(self.session.program.rows) == len(self._first.program.rows)

    def leads_elsewhere(self, step: int) -> bool:
        """Whether another network has to be built on the way to `step`."""
        if self._change is not None:
            return True
        experiment, _ = self.timeline.nearest(step)
        return not experiment.runs_like(self.session.experiment)

    def _change_where_it_begins(self) -> None:
        """Make the change once the twin stands where it begins; it can't get nearer if it has
        diverged, and begins with its last healthy moment then, as after any edit.
        """
        session = self.session
        if self._change is None or (session.step < self.from_step and not session.diverged):
            return
        session.edit(self._change)
        self._change, self.from_step = None, session.step
        self.timeline = Timeline(session, self.timeline.budget)

    def _go_near(self, step: int, row: int) -> None:
        """Stand on the stretch of history that leads to a moment, before it."""
        session = self.session
        experiment, moment = self.timeline.nearest(step)
        is_on_the_way = moment.step <= session.step
        if not is_on_the_way or (session.step, session.row) > (step, row):
            session.resume(experiment, moment)

    def _train(self, step: int, end: float) -> None:
        """Train up to `step`, until it diverges or the clock shows `end`."""
        session = self.session
        while session.step < step and not session.diverged:
            began = perf_counter()
            done = session.run(steps=min(self._stride, step - session.step))
            now = perf_counter()
            pace = max(1, done) * STRIDE_SECONDS / max(now - began, 1e-9)
            self._stride = int(min(max(1.0, pace), 2 * self._stride, MOST_STEPS))
            self._seconds += now - began
            self._keep_moment()
            if now >= end:
                return

    def _keep_moment(self) -> None:
        """Keep where it stands, if the last moment is long enough ago."""
        session, branch = self.session, self.timeline.branch
        copying = session.arena.nbytes / BYTES_PER_SECOND / SHARE_OF_TRAINING
        is_due = self._seconds >= max(SECONDS_BETWEEN_MOMENTS, copying)
        # What lies before the branch's fork is its parent's.
        if is_due and session.step >= branch.fork and not session.diverged:
            self.timeline.note(session.snapshot())
            self._seconds = 0.0
