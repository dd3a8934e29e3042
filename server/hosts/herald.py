"""Says what has become of one session, in the words of the protocol.

Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

from typing import Literal

from engine import NeurariumError, Session
from engine.breakpoints import Guard
from engine.observer import Inspection
from engine.timeline import Branch, Timeline
from server.errors import as_problem
from server.hosts.base import Placement
from server.hosts.describing import inspected, words
from server.hosts.outlet import Outlet
from server.protocol import (
    BranchInfo,
    BreakpointNote,
    Breakpoints,
    Divergence,
    ExperimentMessage,
    Layout,
    Problem,
    SlowMotion,
    Status,
    TimelineMessage,
)

Doing = Literal["running", "paused", "diverged"]


class Herald:
    """The voice of one session.

    Args:
        placement: names it.
        session, guard: what is told about.
        outlet: carries it to everyone who watches.

    Attributes:
        told: the status that was told last.
        pace: steps a second that were asked for; `None` for as fast as possible.
        motion: the slow motion that goes on, if one does.
    """

    def __init__(
        self, placement: Placement, session: Session, guard: Guard, outlet: Outlet
    ) -> None:
        self._placement, self._session, self._guard = placement, session, guard
        self._outlet = outlet
        self.told: Doing = "paused"
        self.pace: float | None = None
        self.motion: SlowMotion | None = None

    def doing(self) -> Doing:
        """What the session does now."""
        # A walk that ended for a look raises the same flag.
        has_ended = self._session.diverged and self._session.row == 0
        if has_ended and not self._guard.is_undecided:
            return "diverged"
        return "running" if self._guard.running or self.motion is not None else "paused"

    def tell_layout(self, layout: Layout) -> None:
        """What stays the same until the next edit."""
        self._outlet.message(self._placement, layout)

    def tell_experiment(self, revision: int) -> None:
        """The document that runs."""
        document = self._session.experiment.model_dump(mode="json")
        message = ExperimentMessage(revision=revision, experiment=document)
        self._outlet.message(self._placement, message)

    def tell_inspected(self, inspection: Inspection) -> None:
        """The sample that is looked at."""
        self._outlet.message(self._placement, inspected(inspection))

    def tell_status(
        self, branch: int, sample: int | None, divergence: Divergence | None = None
    ) -> None:
        """What the session does and where it stands.

        Args:
            branch: it stands on.
            sample: of the batch, while one goes from sample to sample.
            divergence: where training went wrong, once that is known.
        """
        self.told = self.doing()
        session = self._session
        message = Status(
            status=self.told,
            steps_per_second=self.pace,
            step=session.step,
            epoch=session.epoch,
            row=session.row,
            sample=sample,
            branch=branch,
            motion=None if self.motion is None else self.motion.level,
            divergence=divergence,
            stopped=None if self._guard.stopped is None else words(self._guard.stopped),
        )
        self._outlet.message(self._placement, message)

    def tell_breakpoints(self) -> None:
        """Where training stops."""
        pairs = zip(self._guard.conditions, self._guard.problems, strict=True)
        notes = [
            BreakpointNote(condition=condition.model_dump(mode="json"), problem=_problem(problem))
            for condition, problem in pairs
        ]
        self._outlet.message(self._placement, Breakpoints(breakpoints=notes))

    def tell_timeline(self, timeline: Timeline) -> None:
        """The branches of the history."""
        branches = list(timeline.branches.values())
        message = TimelineMessage(
            current=timeline.branch.number,
            branches=[_branch_info(branch) for branch in branches],
            moments=sum(len(part.moments) for branch in branches for part in branch.segments),
            bytes=timeline.size,
            budget=timeline.budget,
        )
        self._outlet.message(self._placement, message)


def _problem(error: NeurariumError | None) -> Problem | None:
    return None if error is None else as_problem(error)


def _branch_info(branch: Branch) -> BranchInfo:
    return BranchInfo(
        number=branch.number,
        parent=branch.parent,
        fork=branch.fork,
        start=branch.start,
        end=branch.end,
        cause=words(branch.cause),
        changes=[segment.start for segment in branch.segments[1:]],
    )
