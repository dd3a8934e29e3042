"""All moments of a session that can be visited, as a tree of branches within a memory budget.

    timeline = Timeline(session)
    session.run(steps=1000)
    timeline.note(session.snapshot())
    timeline.visit(session, step=400)       # the session as it was, to the last bit
    session.edit(other_experiment)
    timeline.changed(session, cause)        # a second branch begins at step 400

Guarded by tests/engine/test_timeline.py.
"""

from __future__ import annotations

from itertools import count
from math import inf
from time import perf_counter

from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.session import Session
from engine.snapshot import Snapshot
from engine.text import Text
from engine.timeline.branch import Branch, Segment, thin_out
from engine.timeline.causes import describe_change

BUDGET = 64_000_000
"""Bytes of moments that a session keeps."""
SLICE = 256
"""Steps replayed between two looks at the clock."""
BEGINNING = Text("the beginning", "起点")
TRAINED_ON = Text("trained on from here", "从这里继续训练")


class Timeline:
    """Where a session has been.

    The session itself stands somewhere on the present branch. Training on from a moment in the past
    walks the same way again; a change there begins a branch.

    Args:
        session: as it stands now.
        budget: bytes.

    Attributes:
        branches: by number.
        branch: the present one.
    """

    def __init__(self, session: Session, budget: int = BUDGET) -> None:
        self.budget = budget
        self._numbers = count(1)
        self.branches: dict[int, Branch] = {}
        self.branch = self._begin(session, None, 0, BEGINNING)

    # --- growing --------------------------------------------------------------------------------

    def note(self, moment: Snapshot) -> None:
        """Keep a moment of the present branch, taken at a step boundary."""
        self.reach(moment.step)
        if self.branch.segment(moment.step).keep(moment):
            self._thin_out()

    def reach(self, step: int) -> None:
        """The session stands at `step` of the present branch."""
        self.branch.end = max(self.branch.end, step)

    def changed(self, session: Session, cause: Text, end: int | None = None) -> None:
        """The session was changed by hand where it stands, at a step boundary.

        At the end of a branch that is a new segment, before it a new branch.

        Args:
            session: after the change.
            cause: what was changed, in a few words.
            end: where the session stood before the change, if that was later.
        """
        step = session.step
        self.reach(step if end is None else end)
        self._stand_on_owner(step)
        if step < self.branch.end:
            self.branch = self._begin(session, self.branch.number, step, cause)
            return
        segment = Segment(session.experiment, [session.snapshot()])
        if self.branch.segments[-1].start == step:
            # Nothing was trained since the last change: it is as if both had been one.
            self.branch.segments.pop()
        self.branch.segments.append(segment)
        self._thin_out()

    def fork(self, session: Session, cause: Text) -> None:
        """Begin a branch where the session stands, without any change."""
        self.reach(session.step)
        self._stand_on_owner(session.step)
        row = session.row
        if row:
            # A branch begins at a step boundary; the rows that were done are done again.
            self.visit(session, session.step)
        self.branch = self._begin(session, self.branch.number, session.step, cause)
        session.advance(row)

    def restarted(self, session: Session, cause: Text) -> None:
        """The session begins anew, as after a reset; a history of one branch gives way."""
        if len(self.branches) == 1:
            self.branches.clear()
        self.branch = self._begin(session, None, 0, cause)

    def train_on(self, session: Session) -> bool:
        """The session is about to train; returns whether that leads to another branch.

        Where something was changed later on, the same way can't be walked again by training alone:
        a branch begins. Before the fork of the present branch the way is its parent's.
        """
        before = self.branch
        self._stand_on_owner(session.step)
        if self.branch is not before:
            self.train_on(session)
            return True
        if self.branch.segment(session.step) is self.branch.segments[-1]:
            return False
        self.fork(session, TRAINED_ON)
        return True

    def _stand_on_owner(self, step: int) -> None:
        """Before the fork of the present branch, be on the one whose moments lie there."""
        self.branch = self._owner(self.branch, step)

    def _begin(self, session: Session, parent: int | None, fork: int, cause: Text) -> Branch:
        segment = Segment(session.experiment, [session.snapshot()])
        branch = Branch(next(self._numbers), parent, fork, cause, [segment], session.step)
        self.branches[branch.number] = branch
        self._thin_out()
        return branch

    # --- visiting -------------------------------------------------------------------------------

    def visit(
        self,
        session: Session,
        step: int,
        row: int = 0,
        branch: int | None = None,
        seconds: float = inf,
    ) -> None:
        """Bring `session` to a moment: everything is as it was then, to the last bit.

        Args:
            session: the one whose history this is.
            step: finished steps; one beyond the end of the branch means the end, one before the
                oldest moment that is kept means that one.
            row: rows of the next step that are done.
            branch: the present one if left out. What lies before its fork is found on its parent.
            seconds: for so long at most the way from the moment kept before it is replayed; a
                large network ends on an earlier step then.

        Raises:
            NeurariumError: there is no such branch.
        """
        self.reach(session.step)
        target = self._branch(self.branch.number if branch is None else branch)
        step = min(step, target.end)
        session.resume(*self.nearest(step, target.number))
        end = perf_counter() + seconds
        while session.step < step and not session.diverged:
            session.run(steps=min(SLICE, step - session.step))
            if perf_counter() > end:
                break
        if session.step == step and row > 0:
            session.advance(min(row, len(session.program.rows) - 1))
        self.branch = target

    def nearest(self, step: int, branch: int | None = None) -> tuple[Experiment, Snapshot]:
        """What ran at `step`, and the newest moment that is kept at or before it.

        Where everything so old is forgotten, that is the oldest moment kept.

        Raises:
            NeurariumError: there is no such branch.
        """
        target = self._branch(self.branch.number if branch is None else branch)
        segment = self._owner(target, step).segment(step)
        return segment.experiment, segment.before(step)

    def leads_elsewhere(self, session: Session, step: int, branch: int | None = None) -> bool:
        """Whether another network has to be built to visit a moment.

        Raises:
            NeurariumError: there is no such branch.
        """
        target = self._branch(self.branch.number if branch is None else branch)
        experiment, _ = self.nearest(min(step, target.end), target.number)
        return not experiment.runs_like(session.experiment)

    def _branch(self, number: int) -> Branch:
        try:
            return self.branches[number]
        except KeyError:
            raise NeurariumError(
                "unknown_branch",
                "branch",
                Text("There is no such branch.", "没有这个分支。"),
                Text("Choose one of those shown.", "请选择显示的分支之一。"),
                value=number,
                allowed=sorted(self.branches),
            ) from None

    def _owner(self, branch: Branch, step: int) -> Branch:
        """The branch whose moments `step` is found from."""
        while branch.parent in self.branches and step < branch.fork:
            branch = self.branches[branch.parent]
        return branch

    def path(self, number: int) -> list[tuple[Branch, int]]:
        """How one gets from the first step to the end of a branch: branches with their last step.

        Raises:
            NeurariumError: there is no such branch.
        """
        branch = self._branch(number)
        way = [(branch, branch.end)]
        while branch.parent in self.branches:
            way.append((self.branches[branch.parent], branch.fork))
            branch = self.branches[branch.parent]
        return way[::-1]

    # --- forgetting -----------------------------------------------------------------------------

    def remove(self, number: int) -> None:
        """Forget a branch.

        Raises:
            NeurariumError: there is no such branch, the session stands on it, or another one left
            it.
        """
        branch = self._branch(number)
        if branch is self.branch or any(one.parent == number for one in self.branches.values()):
            raise NeurariumError(
                "branch_in_use",
                "branch",
                Text("This branch is still in use.", "这个分支还在使用中。"),
                Text(
                    "Go to another branch, and remove those that left this one, first.",
                    "请先切换到别的分支，并删除由它分出的分支。",
                ),
                value=number,
            )
        del self.branches[number]

    @property
    def size(self) -> int:
        """Bytes of all moments."""
        return sum(branch.size() for branch in self.branches.values())

    def _thin_out(self) -> None:
        thin_out(list(self.branches.values()), self.budget)

    def adopt(self, branches: dict[int, Branch], present: int, session: Session) -> None:
        """Take a history over that was kept elsewhere; `session` stands on branch `present`.

        Where the session has been changed since, nobody knows at which step: it begins a branch
        that left the other one where that ends, so that no step is replayed as it never was.
        """
        self.branches = dict(branches)
        self.branch = self.branches[present]
        self._numbers = count(max(branches) + 1)
        known = self._owner(self.branch, session.step).segment(session.step).experiment
        if known.runs_like(session.experiment):
            self._thin_out()
            self.reach(session.step)
        else:
            cause = describe_change(known, session.experiment)
            left = min(session.step, self.branch.end)
            self.branch = self._begin(session, present, left, cause)
