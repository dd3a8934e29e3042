"""Finds the instruction where NaN or infinity began. Guarded by tests/engine/test_divergence.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.abi import FLAGS, STEP
from engine.program.executor import run, run_rows
from engine.program.program import Program
from engine.text import Text


@dataclass(frozen=True)
class Divergence:
    """Where training left the finite numbers.

    Attributes:
        step: the step that went wrong, counted from 1 as finished steps are.
        row: the instruction's line in the table.
        operation: the instruction's name.
        layer: the layer it belongs to; empty for the update.
        message: the same in words.
        healthy_step: the step that one can go back to; from before the parameters ran away.
    """

    step: int
    row: int
    operation: str
    layer: str
    message: Text
    healthy_step: int


def find_divergence(
    program: Program,
    checkpoint: tuple[NDArray[Any], NDArray[np.uint64]],
    stopped: int,
    healthy: int,
) -> Divergence:
    """Replay from a checkpoint (arena and state) to `stopped` (finished steps), watch every row.

    The loss shows a divergence one step after an update caused it, so the last two steps are
    watched.

    Args:
        program: what has run.
        checkpoint: where to begin; finite.
        stopped: the step at which training stood still.
        healthy: the step that one can go back to, to be told.
    """
    copy, memory = (numbers.copy() for numbers in checkpoint)
    run(copy, program.table, memory, max(0, stopped - 2 - int(memory[STEP])))
    for step in range(int(memory[STEP]), stopped):
        for number, row in enumerate(program.rows):
            run_rows(copy, program.table, memory, number, number + 1)
            if any(not np.isfinite(program.view(copy, block)).all() for block in row.writes):
                return _described(program, step + 1, number, healthy)
        memory[STEP] += np.uint64(1)
        memory[FLAGS] = 0
    return _described(program, stopped, len(program.rows) - 1, healthy)


def _described(program: Program, step: int, number: int, healthy: int) -> Divergence:
    row = program.rows[number]
    place = (
        Text(f"layer “{row.layer}” ({row.phase})", f"层“{row.layer}”（{row.phase}）")
        if row.layer
        else Text("the update of the parameters", "参数更新")
    )
    message = Text(
        f"In step {step} the instruction {row.op.name} in {place.en} gave NaN or infinity. "
        "The learning rate is probably too large.",
        f"在第 {step} 步，{place.zh}的指令 {row.op.name} 得到了 NaN 或无穷大。学习率可能太大了。",
    )
    return Divergence(step, number, row.op.name, row.layer, message, healthy)
