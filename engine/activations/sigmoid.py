"""The logistic function."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from engine.activations.activation import Array, Elementwise
from engine.arithmetic.figures import Figures, number, operand
from engine.kernels.abi import Pointer, op, typed, vector
from engine.kernels.maths import exponential
from engine.text import Text


@op("inputs", "outputs", "size:size", "constants", title=Text("sigmoid", "Sigmoid"))
def sigmoid_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """y = 1 / (1 + exp(−z))"""
    z, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    one = typed(arena, 1.0)
    for i in range(row[3]):
        y[i] = one / (one + exponential(-z[i]))


@op(
    "inputs",
    "outputs",
    "grad_outputs",
    "grad_inputs",
    "size:size",
    "constants",
    title=Text("gradient through the sigmoid", "经过 Sigmoid 的梯度"),
)
def sigmoid_backward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂z = ∂L/∂y · y (1 − y)"""
    y, upstream = vector(arena, row[2], row[5]), vector(arena, row[3], row[5])
    gradient = vector(arena, row[4], row[5])
    one = typed(arena, 1.0)
    for i in range(row[5]):
        gradient[i] = upstream[i] * y[i] * (one - y[i])


class Sigmoid(Elementwise):
    """f(z) = 1 / (1 + e⁻ᶻ), f′(z) = f (1 − f); values in (0, 1)."""

    kind: Literal["sigmoid"] = "sigmoid"
    title = Text("Sigmoid", "Sigmoid")
    help = Text(
        "Squeezes any number into 0 … 1. Far from zero it is flat, so little gradient passes.",
        "把任意数压缩到 0 与 1 之间。远离零处曲线平坦，几乎没有梯度通过。",
    )
    formula = r"f(z) = \frac{1}{1 + e^{-z}}"
    span = (0.0, 1.0)
    forward_op = sigmoid_forward
    backward_op = sigmoid_backward

    def value_at(self, z: float) -> Figures:
        exponent = f"-{operand(z)}" if z else "0"
        filled = rf"\frac{{1}}{{1 + e^{{{exponent}}}}}"
        return Figures(r"\frac{1}{1 + e^{-z}}", filled, logistic(z))

    def slope_at(self, z: float, value: float) -> Figures:
        share = rf"\sigma({number(z)})"
        filled = rf"{share}\,(1 - {share})"
        return Figures(r"\sigma(z)\,(1 - \sigma(z))", filled, value * (1 - value))

    def reference(self, z: Array) -> Array:
        return 1 / (1 + np.exp(-z))

    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        y = self.reference(z)
        return gradient * y * (1 - y)


def logistic(z: float) -> float:
    """1 / (1 + e⁻ᶻ) without overflow."""
    small = math.exp(-abs(z))
    return small / (1 + small) if z < 0 else 1 / (1 + small)
