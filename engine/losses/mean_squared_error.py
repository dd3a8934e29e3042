"""Mean squared error."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.figures import fraction, number, operand
from engine.arithmetic.live import Flow
from engine.arithmetic.sums import Addend, Sum, alone
from engine.kernels.abi import DIVERGED, FLAGS, Pointer, matrix, op, typed, vector
from engine.kernels.maths import is_finite
from engine.losses.loss import FROM_LOSS, Array, Loss
from engine.text import Text


@op(
    "outputs",
    "targets",
    "grad_outputs",
    "losses",
    "mean",
    "outputs:size",
    "batch:size",
    title=Text("mean squared error and its gradient", "均方误差及其梯度"),
)
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

    def explain_sample(self, outputs: Flow, targets: Array, sample: int) -> Sum:
        values = outputs.column(sample)
        count = len(values)

        def show(unit: int) -> Addend:
            called = outputs.call(outputs.index(unit))
            square = f"({number(values[unit])} - {operand(targets[unit])})^2"
            filled = square if count == 1 else fraction(square, str(count))
            return Addend(
                Text(f"error at {called.en}", f"{called.zh} 处的误差"),
                filled,
                (outputs.link(unit, sample),),
            )

        return Sum(r"\frac{1}{n} \sum_i (y_i - t_i)^2", (values - targets) ** 2 / count, show)

    def explain_gradient(self, outputs: Flow, targets: Array, unit: int, sample: int) -> Sum:
        values = outputs.column(sample)
        error = values[unit] - targets[unit]
        above = rf"2 \cdot ({number(values[unit])} - {operand(targets[unit])})"
        filled = fraction(above, rf"{len(values)} \cdot {outputs.batch}")
        return alone(
            r"\frac{2\,(y - t)}{n B}",
            2 * error / (len(values) * outputs.batch),
            Addend(FROM_LOSS, filled, (outputs.link(unit, sample),)),
        )

    def link(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return outputs

    def reference(self, outputs: Array, targets: Array) -> Array:
        return np.asarray(((outputs - targets) ** 2).mean(axis=0))

    def reference_gradient(self, outputs: Array, targets: Array) -> Array:
        return 2 * (outputs - targets) / outputs.size
