"""Adam (Kingma and Ba, 2015)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from engine.arithmetic.figures import fraction, number, operand, product
from engine.arithmetic.quantity import Line
from engine.catalog import described
from engine.kernels.abi import OPTIMIZER_START, STEP, Pointer, op, typed, vector
from engine.optimizers.optimizer import NEW_VALUE, Array, Moment, Optimizer, learning_rate
from engine.text import Text


@op(
    "parameters",
    "gradients",
    "constants",
    "size:size",
    "mean",
    "square",
    title=Text("update of all parameters (Adam)", "更新所有参数（Adam）"),
)
def adam_update(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; w −= η m̂ / (√v̂ + ε); constants are (η, β₁, β₂, ε)"""
    size, start = row[4], row[3]
    parameters, gradients = vector(arena, row[1], size), vector(arena, row[2], size)
    mean, square = vector(arena, row[5], size), vector(arena, row[6], size)
    rate, beta1, beta2, epsilon = arena[start], arena[start + 1], arena[start + 2], arena[start + 3]
    one = typed(arena, 1.0)
    step = np.float64(state[STEP] - state[OPTIMIZER_START]) + 1.0
    first = typed(arena, np.float64(rate) / (1.0 - np.float64(beta1) ** step))
    second = typed(arena, 1.0 / np.sqrt(1.0 - np.float64(beta2) ** step))
    for i in range(size):
        gradient = gradients[i]
        m = beta1 * mean[i] + (one - beta1) * gradient
        v = beta2 * square[i] + (one - beta2) * gradient * gradient
        mean[i] = m
        square[i] = v
        parameters[i] -= first * m / (np.sqrt(v) * second + epsilon)


class Adam(Optimizer):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − η m̂ / (√v̂ + ε), with bias correction."""

    kind: Literal["adam"] = "adam"
    title = Text("Adam", "Adam")
    help = Text(
        "Gives every weight a step size of its own, from the mean and the spread of its gradients.",
        "根据梯度的均值和波动，为每个权重单独调整步长。",
    )
    formula = r"w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \varepsilon}"
    slots = ("mean", "square")
    update_op = adam_update
    learning_rate: float = learning_rate(0.001)
    beta1: float = described(
        0.9,
        Text("β₁", "β₁"),
        Text("How slowly the mean of the gradients forgets.", "梯度均值遗忘的快慢。"),
        minimum=0.0,
        maximum=0.9999,
    )
    beta2: float = described(
        0.999,
        Text("β₂", "β₂"),
        Text("How slowly the mean of the squared gradients forgets.", "梯度平方均值遗忘的快慢。"),
        minimum=0.0,
        maximum=0.99999,
    )
    epsilon: float = described(
        1e-8,
        Text("ε", "ε"),
        Text("Keeps the division away from zero.", "避免除以零的小数。"),
        above=0.0,
        maximum=0.1,
        scale="logarithmic",
    )

    def constants(self) -> tuple[float, ...]:
        return (self.learning_rate, self.beta1, self.beta2, self.epsilon)

    def explain_update(self, moment: Moment) -> tuple[Line, ...]:
        g = moment.gradient
        mean = _mixed("m", "1", self.beta1, moment.slots[0], g)
        square = _mixed("v", "2", self.beta2, moment.slots[1], g * g)
        unbiased_mean = _corrected("m", "1", self.beta1, mean.value, moment.step)
        unbiased_square = _corrected("v", "2", self.beta2, square.value, moment.step)
        change = self.learning_rate * unbiased_mean.value
        change /= math.sqrt(unbiased_square.value) + self.epsilon
        above = product(self.learning_rate, unbiased_mean.value)
        below = rf"\sqrt{{{number(unbiased_square.value)}}} + {number(self.epsilon)}"
        formula = r"\eta \frac{\hat m}{\sqrt{\hat v} + \varepsilon}"
        moved = f"{number(moment.value)} - {operand(change)}"
        return (
            replace(mean, links=(moment.source,), name=Text("mean of the gradients", "梯度均值")),
            replace(square, links=(moment.source,), name=SQUARE),
            replace(unbiased_mean, name=Text("corrected mean", "校正后的均值")),
            replace(unbiased_square, name=Text("corrected mean square", "校正后的平方均值")),
            Line(r"\Delta", formula, fraction(above, below), change, (), Text("change", "变化量")),
            Line("w'", r"w - \Delta", moved, moment.value - change, (), NEW_VALUE),
        )

    def reference(
        self, parameters: Array, gradients: Array, slots: tuple[Array, ...], step: int
    ) -> tuple[Array, tuple[Array, ...]]:
        mean = self.beta1 * slots[0] + (1 - self.beta1) * gradients
        square = self.beta2 * slots[1] + (1 - self.beta2) * gradients**2
        corrected_mean = mean / (1 - self.beta1**step)
        corrected_square = square / (1 - self.beta2**step)
        change = self.learning_rate * corrected_mean / (np.sqrt(corrected_square) + self.epsilon)
        return parameters - change, (mean, square)


SQUARE = Text("mean of the squared gradients", "梯度平方的均值")


def _mixed(symbol: str, place: str, beta: float, old: float, new: float) -> Line:
    """A running mean takes up one more number."""
    value = beta * old + (1 - beta) * new
    power = "g" if symbol == "m" else "g^2"
    formula = rf"\beta_{place} {symbol} + (1 - \beta_{place})\, {power}"
    filled = rf"{product(beta, old)} + (1 - {number(beta)}) \cdot {operand(new)}"
    return Line(f"{symbol}'", formula, filled, value)


def _corrected(symbol: str, place: str, beta: float, mean: float, step: int) -> Line:
    """A running mean that began at zero, as if it had begun with its first number."""
    formula = rf"\frac{{{symbol}'}}{{1 - \beta_{place}^t}}"
    filled = fraction(number(mean), f"1 - {number(beta)}^{{{step}}}")
    return Line(rf"\hat {symbol}", formula, filled, mean / (1 - beta**step))
