"""Softmax: the units of a layer share one unit of probability."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.activations.activation import Activation, Array, Slopes
from engine.arithmetic.figures import Figures, fraction, number, share
from engine.arithmetic.sums import MOST_WRITTEN, largest
from engine.instructions import Block, Emitter
from engine.kernels.abi import Pointer, matrix, op, typed, vector
from engine.kernels.maths import exponential
from engine.text import Text


@op("inputs", "outputs", "scratch", "units:size", "batch:size", title=Text("softmax", "Softmax"))
def softmax_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """y[u] = exp(z[u] − max z) / Σ exp(z − max z), for every sample"""
    units, batch = row[4], row[5]
    z, y = matrix(arena, row[1], units, batch), matrix(arena, row[2], units, batch)
    highest, total = vector(arena, row[3], batch), vector(arena, row[3] + batch, batch)
    for b in range(batch):
        highest[b] = z[0, b]
        total[b] = typed(arena, 0.0)
    for u in range(1, units):
        for b in range(batch):
            highest[b] = highest[b] if z[u, b] < highest[b] else z[u, b]
    for u in range(units):
        for b in range(batch):
            y[u, b] = exponential(z[u, b] - highest[b])
            total[b] += y[u, b]
    for u in range(units):
        for b in range(batch):
            y[u, b] = y[u, b] / total[b]


@op(
    "outputs",
    "grad_outputs",
    "grad_inputs",
    "scratch",
    "units:size",
    "batch:size",
    title=Text("gradient through softmax", "经过 Softmax 的梯度"),
)
def softmax_backward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂z[u] = y[u] · (∂L/∂y[u] − Σ ∂L/∂y · y)"""
    units, batch = row[5], row[6]
    y, upstream = matrix(arena, row[1], units, batch), matrix(arena, row[2], units, batch)
    gradient, mixed = matrix(arena, row[3], units, batch), vector(arena, row[4], batch)
    for b in range(batch):
        mixed[b] = typed(arena, 0.0)
    for u in range(units):
        for b in range(batch):
            mixed[b] += y[u, b] * upstream[u, b]
    for u in range(units):
        for b in range(batch):
            gradient[u, b] = y[u, b] * (upstream[u, b] - mixed[b])


class Softmax(Activation):
    """f(z)ᵢ = eᶻⁱ / Σ eᶻʲ; positive values that sum to 1 over the units."""

    kind: Literal["softmax"] = "softmax"
    title = Text("Softmax", "Softmax")
    help = Text(
        "Turns a layer's numbers into probabilities that add up to 1. The cross-entropy losses do "
        "this by themselves, so leave the last layer linear for them.",
        "把一层的数值变成总和为 1 的概率。交叉熵损失自带这一步，所以用它们时最后一层保持线性。",
    )
    formula = r"f(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}"
    span = (0.0, 1.0)

    def emit_forward(self, emitter: Emitter, inputs: Block, outputs: Block) -> None:
        scratch = emitter.block("softmax_scratch", (2, inputs.batch))
        operands = (inputs, outputs, scratch, inputs.features, inputs.batch)
        emitter.emit(softmax_forward, *operands, writes=(outputs, scratch))

    def emit_backward(
        self, emitter: Emitter, blocks: tuple[Block, Block], gradients: tuple[Block, Block]
    ) -> None:
        outputs = blocks[1]
        scratch = emitter.block("softmax_mixed", (1, outputs.batch))
        operands = (outputs, *gradients, scratch, outputs.features, outputs.batch)
        emitter.emit(softmax_backward, *operands, writes=(gradients[1], scratch))

    def explain_value(self, z: Array, unit: int) -> Figures:
        written = largest(z, MOST_WRITTEN)
        powers = [f"e^{{{number(z[place])}}}" for place in written]
        below = " + ".join(powers) + (r" + \dots" if len(z) > len(written) else "")
        return Figures(
            r"\frac{e^{z_i}}{\sum_j e^{z_j}}",
            fraction(f"e^{{{number(z[unit])}}}", below),
            float(shares(z)[unit]),
            tuple(dict.fromkeys((unit, *written))),
        )

    def explain_slopes(self, z: Array, values: Array, unit: int) -> Slopes:
        y, same = values, np.arange(len(z)) == unit

        def write(place: int) -> str:
            return rf"{share(y[place])} \cdot ({int(same[place])} - {share(y[unit])})"

        formula = r"\sum_j \frac{\partial L}{\partial a_j}\, a_j\, (\delta_{ij} - a_i)"
        return Slopes(tuple(range(len(z))), y * (same - y[unit]), formula, write)

    def reference(self, z: Array) -> Array:
        shifted = np.exp(z - z.max(axis=0))
        return np.asarray(shifted / shifted.sum(axis=0))

    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        y = self.reference(z)
        return np.asarray(y * (gradient - (gradient * y).sum(axis=0)))


def shares(z: Array) -> Array:
    """Softmax of one sample's numbers; a broken network's are NaN, without a word."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(z - z.max())
        return np.asarray(powers / powers.sum())
