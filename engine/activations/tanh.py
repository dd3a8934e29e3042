"""The hyperbolic tangent."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from engine.activations.activation import Array, Elementwise
from engine.arithmetic.figures import Figures, number
from engine.kernels.abi import Pointer, op, typed, vector
from engine.kernels.maths import hyperbolic_tangent
from engine.text import Text


@op("inputs", "outputs", "size:size", "constants", title=Text("tanh", "Tanh"))
def tanh_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """y = tanh z"""
    z, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        y[i] = hyperbolic_tangent(z[i])


@op(
    "inputs",
    "outputs",
    "grad_outputs",
    "grad_inputs",
    "size:size",
    "constants",
    title=Text("gradient through tanh", "经过 Tanh 的梯度"),
)
def tanh_backward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂z = ∂L/∂y · (1 − y²)"""
    y, upstream = vector(arena, row[2], row[5]), vector(arena, row[3], row[5])
    gradient = vector(arena, row[4], row[5])
    one = typed(arena, 1.0)
    for i in range(row[5]):
        gradient[i] = upstream[i] * (one - y[i] * y[i])


class Tanh(Elementwise):
    """f(z) = tanh z, f′(z) = 1 − f²; values in (−1, 1)."""

    kind: Literal["tanh"] = "tanh"
    title = Text("Tanh", "Tanh")
    help = Text(
        "Squeezes any number into −1 … 1, with zero in the middle. Flat far from zero.",
        "把任意数压缩到 −1 与 1 之间，以零为中心。远离零处曲线平坦。",
    )
    formula = r"f(z) = \tanh z"
    span = (-1.0, 1.0)
    forward_op = tanh_forward
    backward_op = tanh_backward

    def value_at(self, z: float) -> Figures:
        return Figures(r"\tanh z", rf"\tanh({number(z)})", math.tanh(z))

    def slope_at(self, z: float, value: float) -> Figures:
        return Figures(r"1 - \tanh^2 z", rf"1 - \tanh^2({number(z)})", 1 - value * value)

    def reference(self, z: Array) -> Array:
        return np.tanh(z)

    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        return np.asarray(gradient * (1 - np.tanh(z) ** 2))
