"""The identity."""

from __future__ import annotations

from typing import Literal

from engine.activations.activation import Activation, Array, Slopes, one_slope
from engine.arithmetic.figures import Figures, number
from engine.instructions import Block, Emitter
from engine.instructions.emitter import copy
from engine.text import Text


class Linear(Activation):
    """f(z) = z, f′(z) = 1."""

    kind: Literal["linear"] = "linear"
    title = Text("Linear", "线性")
    help = Text(
        "Hands the weighted sum on as it is. Right for the last layer.",
        "原样输出加权和。适合最后一层。",
    )
    formula = r"f(z) = z"

    def is_identity(self) -> bool:
        return True

    def emit_forward(self, emitter: Emitter, inputs: Block, outputs: Block) -> None:
        emitter.emit(copy, inputs, outputs, inputs.size, writes=(outputs,))

    def emit_backward(
        self, emitter: Emitter, blocks: tuple[Block, Block], gradients: tuple[Block, Block]
    ) -> None:
        emitter.emit(copy, *gradients, blocks[0].size, writes=(gradients[1],))

    def explain_value(self, z: Array, unit: int) -> Figures:
        return Figures("z", number(z[unit]), float(z[unit]), (unit,))

    def explain_slopes(self, z: Array, values: Array, unit: int) -> Slopes:
        return one_slope(unit, Figures("1", "1", 1.0))

    def reference(self, z: Array) -> Array:
        return z

    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        return gradient
