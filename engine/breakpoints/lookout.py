"""Training that stops at the very step at which a condition is met.

Guarded by tests/engine/test_breakpoints.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.breakpoints.reading import read
from engine.breakpoints.watch import Watch
from engine.kernels.abi import COLUMNS, FLAGS, aligned
from engine.program.executor import run, run_rows
from engine.program.gauges import due_gauge
from engine.program.program import Program, Words, link
from engine.session import Session
from engine.text import Text

LONGEST_SLICE = 0.05
"""Seconds of training between two readings of the watches."""
MOST_STEPS = 1_000_000
"""Of one slice."""
NEVER = 2**62
"""A step that isn't reached."""

OnValues = Callable[[int, tuple[float, ...]], object]
"""Called with the step and the watched values."""


class Lookout:
    """Breakpoints of one session.

    Gauges look at every step: their rows stand at the end of the table, in which a tripped one
    ends the walk. Conditions without gauges are due at certain steps; one more row ends the walk
    there. So a stop is exact either way, whoever walks the table, and the arena is bit for bit what
    it would be without breakpoints.

    Gauges remember what they saw from one walk to the next. When the session has moved otherwise
    in between, they have to begin anew: see `refresh`.

    Args:
        session: what is trained.
        conditions: where to stop.

    Attributes:
        table: the training table with the gauges behind it; it changes with the program.

    Raises:
        NeurariumError: a condition names something that the network doesn't have.
    """

    def __init__(self, session: Session, conditions: Sequence[Condition]) -> None:
        self._session = session
        self._conditions = tuple(dict.fromkeys(conditions))
        self._build()

    def _build(self) -> None:
        """Gauges and table for the session's present program."""
        session = self._session
        for condition in self._conditions:
            condition.check_targets(session)
        self._program: Program = session.program
        graph = session.material.plan.graph
        self._gauges: dict[Condition, tuple[Gauge, ...]] = {
            condition: condition.gauges(session.program, graph) for condition in self._conditions
        }
        self._clock = Gauge(due_gauge, (NEVER,), 0.0, 0.0, np.zeros(0), "", session.dtype)
        self.table = _extended(session.program, [*self._all_gauges(), self._clock])
        self.arm()

    def _all_gauges(self) -> list[Gauge]:
        return [gauge for gauges in self._gauges.values() for gauge in gauges]

    @property
    def is_current(self) -> bool:
        """Whether the session still has the program that `table` belongs to."""
        return self._session.program is self._program

    @property
    def tripped(self) -> bool:
        """Whether a walk may have ended because of a condition: `reason` has to say."""
        return self._clock.tripped or any(gauge.tripped for gauge in self._all_gauges())

    def arm(self) -> None:
        """Have the walk end at the first step after the present one at which a look is due."""
        step = self._session.step
        due = [when for one in self._conditions if (when := one.due(step)) is not None]
        self.table[-1, 1] = self.due = min(due, default=NEVER)

    def refresh(self) -> None:
        """Follow an edit, a reset or a restored moment: what was seen before counts no more.

        Raises:
            NeurariumError: a condition names something that the network doesn't have any more.
        """
        if not self.is_current:
            self._build()
            return
        for gauge in (*self._all_gauges(), self._clock):
            gauge.forget()
        self.arm()

    def observe(self) -> None:
        """Have the gauges look at the step that has just ended, where nobody walked `table`."""
        first = len(self._program.table)
        run_rows(self._session.arena, self.table, self._session.state, first, len(self.table) - 1)

    def readings(self) -> tuple[float, ...]:
        """What the gauges measured in the last step, in the order of their conditions."""
        return tuple(gauge.reading for gauge in self._all_gauges())

    def reason(self) -> Text | None:
        """Why training should stop at this step boundary; afterwards the walk can go on.

        Whoever walks `table` asks when the walk has ended before its time. The stop flag is taken
        back, unless the loss isn't finite.
        """
        session = self._session
        gauges = self._all_gauges()
        if self.tripped and np.isfinite(session.loss):
            session.state[FLAGS] = 0
        probe = Probe(session, self._gauges)
        found = [
            reason
            for condition in self._conditions
            if self._is_suspect(condition)
            if (reason := condition.is_met(probe)) is not None
        ]
        for gauge in (*gauges, self._clock):
            gauge.rearm()
        self.arm()
        if not found:
            return None
        return Text(" ".join(one.en for one in found), "".join(one.zh for one in found))

    def _is_suspect(self, condition: Condition) -> bool:
        """Whether a condition may be met at this step boundary."""
        step = self._session.step
        tripped = any(gauge.tripped for gauge in self._gauges[condition])
        return tripped or self._session.diverged or condition.due(step - 1) == step


def run_until(
    session: Session,
    steps: int,
    conditions: Sequence[Condition],
    watches: Sequence[Watch] = (),
    on_values: OnValues | None = None,
) -> Text | None:
    """Train at most `steps` steps, up to the first at which a condition is met.

    A condition is looked at after a step, never before the first one, so that running again leaves
    a stop behind.

    Args:
        session: what is trained.
        steps: batches.
        conditions: where to stop.
        watches: what to read out on the way.
        on_values: called with the step and the watches' values about every `LONGEST_SLICE`
            seconds and at the end.

    Returns:
        The reasons to stop; `None` after all steps, or if the network diverges and no condition
        asks for that.

    Raises:
        NeurariumError: a condition or watch names something that the network doesn't have.
    """
    lookout = Lookout(session, conditions)
    for watch in watches:
        watch.check_targets(session)
    session.checkpoint()
    end = session.step + steps
    slice_steps, reason = 1, None
    while session.step < end and reason is None and not session.diverged:
        began, before = perf_counter(), session.step
        run(session.arena, lookout.table, session.state, min(slice_steps, end - before))
        reason = lookout.reason() if lookout.tripped or session.diverged else None
        seconds = max(perf_counter() - began, 1e-9)
        pace = (session.step - before) / seconds
        slice_steps = max(1, min(MOST_STEPS, int(LONGEST_SLICE * pace)))
        if on_values is not None and watches:
            on_values(session.step, read(session, watches))
    return reason


def _extended(program: Program, gauges: Sequence[Gauge]) -> Words:
    """The training table with the gauges' rows behind it."""
    rows = link(tuple(gauge.row() for gauge in gauges), program.dtype)
    size = len(program.table) + len(rows)
    table = aligned(size * COLUMNS, np.dtype(np.int64)).reshape(-1, COLUMNS)
    table[: len(program.table)] = program.table
    table[len(program.table) :] = rows
    return table
