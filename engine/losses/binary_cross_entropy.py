"""Binary cross-entropy, from logits."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.activations.sigmoid import Sigmoid
from engine.arithmetic.figures import fraction, number, operand, share
from engine.arithmetic.live import Flow
from engine.arithmetic.sums import Addend, Sum, alone
from engine.kernels.abi import DIVERGED, FLAGS, Pointer, matrix, op, typed, vector
from engine.kernels.maths import exponential, is_finite, logarithm
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
    title=Text("binary cross-entropy and its gradient", "二元交叉熵及其梯度"),
)
def binary_cross_entropy(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """L = max(z, 0) − z t + ln(1 + e^−|z|); ∂L/∂z = (σ(z) − t) / count; stable for every z"""
    outputs, batch = row[6], row[7]
    z, t = matrix(arena, row[1], outputs, batch), matrix(arena, row[2], outputs, batch)
    gradient, losses = matrix(arena, row[3], outputs, batch), vector(arena, row[4], batch)
    one, zero = typed(arena, 1.0), typed(arena, 0.0)
    scale = one / typed(arena, outputs)
    slope = scale / typed(arena, batch)
    for b in range(batch):
        losses[b] = zero
    for o in range(outputs):
        for b in range(batch):
            logit = z[o, b]
            small = exponential(-abs(logit))
            share = one / (one + small)
            probability = small * share if logit < zero else share
            gradient[o, b] = slope * (probability - t[o, b])
            positive = zero if logit < zero else logit
            losses[b] += scale * (positive - logit * t[o, b] + logarithm(one + small))
    total = zero
    for b in range(batch):
        total += losses[b]
    arena[row[5]] = total / typed(arena, batch)
    if not is_finite(total):
        state[FLAGS] = DIVERGED


class BinaryCrossEntropy(Loss):
    """L = −t ln σ(z) − (1 − t) ln(1 − σ(z)), mean over outputs and batch."""

    kind: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    title = Text("Binary cross-entropy", "二元交叉熵")
    help = Text(
        "For yes/no questions. Takes the raw output (the logit) and applies the sigmoid itself, "
        "so leave the last layer linear.",
        "用于是/否问题。直接接收原始输出（logit），自带 sigmoid，所以最后一层保持线性。",
    )
    formula = r"L = -t \ln \sigma(z) - (1 - t) \ln(1 - \sigma(z))"
    problems = ("classification",)
    loss_op = binary_cross_entropy
    link_activation = Sigmoid()

    def explain_sample(self, outputs: Flow, targets: Array, sample: int) -> Sum:
        z = outputs.column(sample)
        count = len(z)
        losses = np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))

        def show(unit: int) -> Addend:
            called = outputs.call(outputs.index(unit))
            shown, yes, no = number(z[unit]), number(-targets[unit]), operand(1 - targets[unit])
            answer = rf"{yes} \cdot \ln \sigma({shown}) - {no} \cdot \ln(1 - \sigma({shown}))"
            return Addend(
                Text(f"cross-entropy at {called.en}", f"{called.zh} 处的交叉熵"),
                answer if count == 1 else fraction(answer, str(count)),
                (outputs.link(unit, sample),),
            )

        formula = self.formula.removeprefix("L = ")
        if count > 1:
            return Sum(rf"\frac{{1}}{{n}} \sum_i \left({formula}\right)", losses / count, show)
        return Sum(formula, losses, show, (self.probability_line(outputs, 0, sample),))

    def explain_gradient(self, outputs: Flow, targets: Array, unit: int, sample: int) -> Sum:
        line = self.probability_line(outputs, unit, sample)
        count = len(targets)
        filled = fraction(
            f"{share(line.value)} - {operand(targets[unit])}",
            rf"{count} \cdot {outputs.batch}",
        )
        return alone(
            r"\frac{p - t}{n B}",
            (line.value - targets[unit]) / (count * outputs.batch),
            Addend(FROM_LOSS, filled, (outputs.link(unit, sample),)),
            (line,),
        )

    def link(self, outputs: NDArray[Any]) -> NDArray[Any]:
        # tanh is the overflow-free form of the logistic function.
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * outputs))

    def reference(self, outputs: Array, targets: Array) -> Array:
        losses = np.maximum(outputs, 0) - outputs * targets + np.log1p(np.exp(-np.abs(outputs)))
        return np.asarray(losses.mean(axis=0))

    def reference_gradient(self, outputs: Array, targets: Array) -> Array:
        return (1 / (1 + np.exp(-outputs)) - targets) / outputs.size
