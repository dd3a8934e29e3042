"""Mean squared error."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.kernels.abi import DIVERGED, FLAGS, Pointer, matrix, op, typed, vector
from engine.kernels.maths import is_finite
from engine.losses.loss import Array, Loss
from engine.text import Text


@op("outputs", "targets", "grad_outputs", "losses", "mean", "outputs:size", "batch:size")
def mean_squared_error(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """L = mean (y − t)²; ∂L/∂y = 2 (y − t) / count"""
    outputs, batch = row[6], row[7]
    y, t = matrix(arena, row[1], outputs, batch), matrix(arena, row[2], outputs, batch)
    gradient, losses = matrix(arena, row[3], outputs, batch), vector(arena, row[4], batch)
    scale = typed(arena, 1.0) / typed(arena, outputs)
    slope = typed(arena, 2.0) * scale / typed(arena, batch)
    for b in range(batch):
        losses[b] = typed(arena, 0.0)
    for o in range(outputs):
        for b in range(batch):
            error = y[o, b] - t[o, b]
            gradient[o, b] = slope * error
            losses[b] += scale * error * error
    total = typed(arena, 0.0)
    for b in range(batch):
        total += losses[b]
    arena[row[5]] = total / typed(arena, batch)
    if not is_finite(total):
        state[FLAGS] = DIVERGED


class MeanSquaredError(Loss):
    """L = mean over outputs and batch of (y − t)²."""

    kind: Literal["mean_squared_error"] = "mean_squared_error"
    title = Text("Mean squared error", "均方误差")
    help = Text(
        "The squared distance to the truth. The usual loss for numbers (regression).",
        "与真值之差的平方。回归问题的常用损失。",
    )
    formula = r"L = \frac{1}{n} \sum_i (y_i - t_i)^2"
    problems = ("classification", "regression")
    loss_op = mean_squared_error

    def link(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return outputs

    def reference(self, outputs: Array, targets: Array) -> Array:
        return np.asarray(((outputs - targets) ** 2).mean(axis=0))

    def reference_gradient(self, outputs: Array, targets: Array) -> Array:
        return 2 * (outputs - targets) / outputs.size
