"""Opens the step in progress: its instructions, their numbers, and how each number came about.

Guarded by tests/server/test_explaining.py.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import Session, Snapshot
from engine.evaluation import Forward, published
from engine.explanation import quantity as engine_quantity
from engine.explanation.explain import explain
from engine.explanation.listing import Operand as FoundOperand
from engine.explanation.listing import listing, operand_values
from engine.explanation.scene import Scene
from engine.program.program import Program, new_state
from engine.timeline import Timeline
from server.errors import refuse
from server.hosts.describing import words
from server.hosts.stage import Stage
from server.protocol import (
    Explain,
    Explanation,
    Line,
    Look,
    OperandValues,
    Quantity,
    Term,
)

MOST_ROWS, MOST_COLUMNS = 128, 32
"""Of an operand's numbers that are shown."""


class Explainer:
    """Explains the numbers of one session that stands still.

    Args:
        stage: the session with all that belongs to it.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._scene: Scene | None = None
        self._place: tuple[Any, ...] = ()

    def explain(self, command: Explain) -> Explanation:
        """How one number came about.

        Raises:
            NeurariumError: training runs; there is no such number; it isn't computed yet.
        """
        self._check_rest()
        scene = self._batch() if command.of == "batch" else self._inspected()
        asked = command.quantity
        found = explain(
            scene,
            engine_quantity.Quantity(
                asked.kind, asked.layer, asked.parameter, tuple(asked.index), asked.sample
            ),
        )
        return explanation_message(found)

    def look(self, command: Look) -> list[OperandValues]:
        """The numbers that an instruction reads and fills, as they are now.

        Raises:
            NeurariumError: training runs, or there is no such instruction.
        """
        self._check_rest()
        session = self._stage.session
        rows = len(session.program.rows)
        if command.row >= rows:
            raise refuse("unknown_row", "row", value=command.row, allowed=f"0 … {rows - 1}")
        found = listing(session.program)[command.row]
        return [
            _operand_values(session.program, session.arena, operand)
            for operand in (*found.inputs, *found.outputs)
        ]

    def _check_rest(self) -> None:
        if self._stage.seat.running:
            raise refuse("not_paused", "session")

    def _batch(self) -> Scene:
        """The step in progress, or between two steps the one that ended last."""
        session, timeline = self._stage.session, self._stage.recorder.timeline
        place = (session.program, timeline.branch, session.step, session.row)
        if self._scene is None or self._place != place:
            with self._stage.around.building, self._stage.seat.exclusive():
                self._scene = scene_of(session, timeline)
            self._place = place
        elif not np.array_equal(self._scene.now, session.arena):
            # A number was changed by hand.
            self._scene = None
            return self._batch()
        return self._scene

    def _inspected(self) -> Scene:
        """The sample that the watchers look at, with the present parameters."""
        session = self._stage.session
        forward = Forward(session.experiment.task, session.material.plan, 1)
        forward.set_inputs(self._stage.camera.observer.inputs)
        forward.published[:] = published(session.program, session.arena)
        forward.run()
        rows = len(forward.program.rows)
        arena = forward.arena
        return Scene(
            session.experiment, session.material, forward.program, arena, arena, new_state(), rows
        )


def scene_of(session: Session, timeline: Timeline) -> Scene:
    """The step that `session` stands in, or the last one; the session is left where it was.

    The arena that the step began with is found in the history. Right after a change by hand there
    is no last step: nothing has been computed since.
    """
    begin = session.step if session.row else session.step - 1
    rows = session.row or len(session.program.rows)
    now, before = session.snapshot(), None
    if session.row or timeline.branch.segment(session.step).start < session.step:
        before = _moment(session, timeline, begin)
        session.resume(session.experiment, now)
    program, material = session.program, session.material
    if before is None:
        return Scene(session.experiment, material, program, now.arena, now.arena, now.state, 0)
    return Scene(session.experiment, material, program, before.arena, now.arena, before.state, rows)


def _moment(session: Session, timeline: Timeline, step: int) -> Snapshot | None:
    """A moment of the stretch on which the session stands; `None` if it is forgotten."""
    timeline.visit(session, step)
    if session.step != step:
        return None
    moment = session.snapshot()
    timeline.note(moment)
    return moment


def _operand_values(program: Program, arena: NDArray[Any], operand: FoundOperand) -> OperandValues:
    values = operand_values(program, arena, operand)
    matrix = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(-1, 1)
    shown = matrix[:MOST_ROWS, :MOST_COLUMNS]
    return OperandValues(
        name=operand.name,
        block=operand.block,
        shape=list(operand.shape),
        writes=operand.writes,
        rows=shown.shape[0],
        columns=shown.shape[1],
        values=[_number(value) for value in shown.ravel().tolist()],
    )


def explanation_message(found: engine_quantity.Explanation) -> Explanation:
    """An explanation on the wire."""
    return Explanation(
        quantity=_quantity(found.quantity),
        title=words(found.title),
        value=_number(found.value),
        lines=[
            Line(
                symbol=line.symbol,
                formula=line.formula,
                filled=line.filled,
                value=_number(line.value),
                links=[_quantity(link) for link in line.links],
            )
            for line in found.lines
        ],
        terms=[
            Term(
                label=words(term.label),
                filled=term.filled,
                value=_number(term.value),
                links=[_quantity(link) for link in term.links],
            )
            for term in found.terms
        ],
        text=words(found.text),
        row=found.row,
    )


def _quantity(found: engine_quantity.Quantity) -> Quantity:
    return Quantity(
        kind=found.kind,
        layer=found.layer,
        parameter=found.parameter,
        index=list(found.index),
        sample=found.sample,
    )


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None
