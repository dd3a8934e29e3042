"""Categorical cross-entropy, from logits."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.activations.softmax import Softmax
from engine.arithmetic.figures import fraction, number, operand, share
from engine.arithmetic.live import Flow
from engine.arithmetic.sums import Addend, Sum, alone
from engine.data.dataset import Dataset
from engine.instructions import Block, Emitter
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
    "scratch",
    title=Text("categorical cross-entropy and its gradient", "多类交叉熵及其梯度"),
)
def categorical_cross_entropy(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """L = ln Σ eᶻ − Σ t z; ∂L/∂z = (softmax(z) − t) / batch; the largest z is taken off first"""
    outputs, batch = row[6], row[7]
    z, t = matrix(arena, row[1], outputs, batch), matrix(arena, row[2], outputs, batch)
    gradient, losses = matrix(arena, row[3], outputs, batch), vector(arena, row[4], batch)
    highest, total = vector(arena, row[8], batch), vector(arena, row[8] + batch, batch)
    zero = typed(arena, 0.0)
    scale = typed(arena, 1.0) / typed(arena, batch)
    for b in range(batch):
        highest[b] = z[0, b]
        total[b] = zero
        losses[b] = zero
    for o in range(1, outputs):
        for b in range(batch):
            highest[b] = highest[b] if z[o, b] < highest[b] else z[o, b]
    for o in range(outputs):
        for b in range(batch):
            gradient[o, b] = exponential(z[o, b] - highest[b])
            total[b] += gradient[o, b]
    for o in range(outputs):
        for b in range(batch):
            gradient[o, b] = scale * (gradient[o, b] / total[b] - t[o, b])
            losses[b] -= t[o, b] * (z[o, b] - highest[b])
    for b in range(batch):
        losses[b] += logarithm(total[b])
    mean = zero
    for b in range(batch):
        mean += losses[b]
    arena[row[5]] = mean * scale
    if not is_finite(mean):
        state[FLAGS] = DIVERGED


class CategoricalCrossEntropy(Loss):
    """L = −Σ t ln softmax(z), mean over the batch; targets are one-hot."""

    kind: Literal["categorical_cross_entropy"] = "categorical_cross_entropy"
    title = Text("Categorical cross-entropy", "多类交叉熵")
    help = Text(
        "For choosing one of several classes. Takes raw outputs (logits) and applies softmax "
        "itself, so leave the last layer linear.",
        "用于多选一。直接接收原始输出（logit），自带 softmax，所以最后一层保持线性。",
    )
    formula = r"L = -\sum_i t_i \ln \frac{e^{z_i}}{\sum_j e^{z_j}}"
    problems = ("classification",)
    loss_op = categorical_cross_entropy
    link_activation = Softmax()

    def outputs(self, dataset: Dataset) -> int:
        return len(dataset.classes)

    def emit(self, emitter: Emitter, blocks: tuple[Block, Block, Block], report: Block) -> None:
        outputs, targets, gradient = blocks
        losses = emitter.block("losses", (outputs.batch,))
        scratch = emitter.block("loss_scratch", (2, outputs.batch))
        sizes = (outputs.features, outputs.batch)
        operands = (outputs, targets, gradient, losses, report, *sizes, scratch)
        emitter.emit(self.loss_op, *operands, writes=(report, losses, gradient, scratch))

    def explain_sample(self, outputs: Flow, targets: Array, sample: int) -> Sum:
        z = outputs.column(sample)
        shifted = z - z.max()
        logarithms = shifted - np.log(np.exp(shifted).sum())

        def show(unit: int) -> Addend:
            called = outputs.call(outputs.index(unit))
            share = rf"\frac{{e^{{{number(z[unit])}}}}}{{\sum_j e^{{z_j}}}}"
            return Addend(
                Text(f"cross-entropy at {called.en}", f"{called.zh} 处的交叉熵"),
                rf"{number(-targets[unit])} \cdot \ln {share}",
                (outputs.link(unit, sample),),
            )

        line = self.probability_line(outputs, int(targets.argmax()), sample)
        losses = np.where(targets == 0, 0.0, -targets * logarithms)
        return Sum(self.formula.removeprefix("L = "), losses, show, (line,))

    def explain_gradient(self, outputs: Flow, targets: Array, unit: int, sample: int) -> Sum:
        line = self.probability_line(outputs, unit, sample)
        above = f"{share(line.value)} - {operand(targets[unit])}"
        return alone(
            r"\frac{p - t}{B}",
            (line.value - targets[unit]) / outputs.batch,
            Addend(FROM_LOSS, fraction(above, str(outputs.batch)), line.links),
            (line,),
        )

    def link(self, outputs: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(invalid="ignore"):  # a broken network's answer is NaN, without a word
            shifted = np.exp(outputs - outputs.max(axis=0))
        return np.asarray(shifted / shifted.sum(axis=0))

    def reference(self, outputs: Array, targets: Array) -> Array:
        shifted = outputs - outputs.max(axis=0)
        log_sum = np.log(np.exp(shifted).sum(axis=0))
        return np.asarray(log_sum - (targets * shifted).sum(axis=0))

    def reference_gradient(self, outputs: Array, targets: Array) -> Array:
        return np.asarray((self.link(outputs) - targets) / outputs.shape[1])
