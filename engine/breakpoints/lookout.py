"""Training that stops at the very step at which a condition is met.

Guarded by tests/engine/test_breakpoints.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.breakpoints.watch import Watch
from engine.kernels.abi import COLUMNS, FLAGS, aligned
from engine.program.executor import run
from engine.program.program import Program, Words, link
from engine.session import Session
from engine.text import Text

LONGEST_SLICE = 0.05
"""Seconds of training between two looks of Python, at which watches are read."""
MOST_STEPS = 1_000_000
"""Of one slice."""

OnValues = Callable[[int, tuple[float, ...]], object]
"""Called with the step and the watched values."""


class Lookout:
    """Breakpoints and watches of one session.

    Gauges look at every step: their rows stand at the end of the table, in which a tripped one
    ends the walk. Conditions without gauges are due at certain steps, and a slice ends there. So a
    stop is exact either way, and the arena is bit for bit what it would be without breakpoints.

    Gauges remember what they saw from one `run` to the next. When the session has moved otherwise
    in between, they begin anew.

    Args:
        session: what is trained.
        conditions: where to stop.
        watches: what to read out on the way.

    Attributes:
        table: the training table with the gauges behind it; it changes with the program.

    Raises:
        NeurariumError: a condition or watch names something that the network doesn't have.
    """

    def __init__(
        self, session: Session, conditions: Sequence[Condition], watches: Sequence[Watch] = ()
    ) -> None:
        self._session = session
        self._conditions = tuple(dict.fromkeys(conditions))
        self._watches = tuple(watches)
        self._step_before = any(watch.needs_step_before for watch in watches)
        self._before: NDArray[Any] | None = None
        self._pace = 0.0
        self._build()

    def _build(self) -> None:
        """Gauges and table for the session's present program."""
        session = self._session
        for condition in self._conditions:
            condition.check_targets(session)
        for watch in self._watches:
            watch.check_targets(session)
        self._program: Program = session.program
        graph = session.material.plan.graph
        self._gauges: dict[Condition, tuple[Gauge, ...]] = {
            condition: condition.gauges(session.program, graph) for condition in self._conditions
        }
        self.table = _extended(session.program, self._all_gauges())
        self._step = session.step

    def _all_gauges(self) -> list[Gauge]:
        return [gauge for gauges in self._gauges.values() for gauge in gauges]

    def run(self, steps: int, on_values: OnValues | None = None) -> Text | None:
        """Train at most `steps` steps, up to the first at which a condition is met.

        A condition is looked at after a step, never before the first one, so that running again
        leaves a stop behind: by one step, if the condition is still met after it.

        Args:
            steps: batches.
            on_values: called with the step and the watches' values about every `LONGEST_SLICE`
                seconds and at the end.

        Returns:
            The reasons to stop; `None` after all steps, or if the network diverges and no
            condition asks for that.
        """
        session = self._session
        self._refresh()
        session.checkpoint()
        left = steps
        reason = None
        while left > 0 and reason is None and not session.diverged:
            left -= self._slice(min(left, self._until_due()))
            reason = self.reason()
            if on_values is not None and self._watches:
                on_values(session.step, self.values())
        return reason

    def values(self) -> tuple[float, ...]:
        """What the watches read at this step boundary."""
        probe = Probe(self._session, self._gauges, self._before)
        return tuple(watch.value(probe) for watch in self._watches)

    def readings(self) -> tuple[float, ...]:
        """What the gauges measured in the last step, in the order of their conditions."""
        return tuple(gauge.reading for gauge in self._all_gauges())

    def forget(self) -> None:
        """Let all gauges begin anew, as if nothing had been seen."""
        for gauge in self._all_gauges():
            gauge.forget()
        self._before = None
        self._step = self._session.step

    def _refresh(self) -> None:
        """Follow an edit, a reset or a restored moment."""
        if self._session.program is not self._program:
            self._build()
            self._before = None
        elif self._session.step != self._step:
            self.forget()

    def _until_due(self) -> int:
        """Steps to the next look of Python."""
        step = self._session.step
        due = [when for one in self._conditions if (when := one.due(step)) is not None]
        steps = int(LONGEST_SLICE / self._pace) if self._pace else 1
        return max(1, min(steps, MOST_STEPS, *(when - step for when in due)))

    def _slice(self, steps: int) -> int:
        """Train up to `steps` steps; returns how many were done."""
        began = perf_counter()
        session = self._session
        done = 0
        self._before = None
        if self._step_before:
            # The last step by itself: its update is what the update ratios measure.
            done = run(session.arena, self.table, session.state, steps - 1)
            if session.diverged:
                return self._done(began, done)
            region = session.program.network.parameter_region
            self._before = session.program.view(session.arena, region).copy()
        done += run(session.arena, self.table, session.state, steps - done)
        return self._done(began, done)

    def _done(self, began: float, steps: int) -> int:
        """Note the pace; returns `steps`."""
        self._step = self._session.step
        if steps:
            self._pace = (perf_counter() - began) / steps
        return steps

    def reason(self) -> Text | None:
        """Why training should stop at this step boundary; takes back the flag of tripped gauges.

        `run` asks this itself. Whoever walks `table` otherwise, as a scheduler's workers do, asks
        when the walk has ended before its time.
        """
        session = self._session
        gauges = self._all_gauges()
        tripped = any(gauge.tripped for gauge in gauges)
        if tripped and np.isfinite(session.loss):
            session.state[FLAGS] = 0
        probe = Probe(session, self._gauges, self._before)
        found = [
            reason
            for condition in self._conditions
            if self._is_suspect(condition)
            if (reason := condition.is_met(probe)) is not None
        ]
        for gauge in gauges:
            gauge.rearm()
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
    """Train at most `steps` steps, up to the first at which a condition is met; see `Lookout`.

    Raises:
        NeurariumError: a condition or watch names something that the network doesn't have.
    """
    return Lookout(session, conditions, watches).run(steps, on_values)


def _extended(program: Program, gauges: Sequence[Gauge]) -> Words:
    """The training table with the gauges' rows behind it."""
    rows = link(tuple(gauge.row() for gauge in gauges), program.dtype)
    size = len(program.table) + len(rows)
    table = aligned(size * COLUMNS, np.dtype(np.int64)).reshape(-1, COLUMNS)
    table[: len(program.table)] = program.table
    table[len(program.table) :] = rows
    return table
