"""The rectified linear unit and its leaky variant."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.activations.activation import Array, Elementwise
from engine.arithmetic.figures import Figures, number, operand, product
from engine.catalog import described
from engine.kernels.abi import Pointer, op, typed, vector
from engine.text import Text


@op("inputs", "outputs", "size:size", "constants", title=Text("ReLU", "ReLU"))
def relu_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """y = max(0, z); NaN stays NaN, which a comparison with `<` guarantees"""
    z, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    zero = typed(arena, 0.0)
    for i in range(row[3]):
        y[i] = zero if z[i] < zero else z[i]


@op(
    "inputs",
    "outputs",
    "grad_outputs",
    "grad_inputs",
    "size:size",
    "constants",
    title=Text("gradient through ReLU", "经过 ReLU 的梯度"),
)
def relu_backward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂z = ∂L/∂y where y > 0, else 0"""
    y, upstream = vector(arena, row[2], row[5]), vector(arena, row[3], row[5])
    gradient = vector(arena, row[4], row[5])
    zero = typed(arena, 0.0)
    for i in range(row[5]):
        gradient[i] = upstream[i] if y[i] > zero else zero


@op("inputs", "outputs", "size:size", "constants", title=Text("leaky ReLU", "Leaky ReLU"))
def leaky_relu_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """y = z where z ≥ 0, else slope · z"""
    z, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    slope, zero = arena[row[4]], typed(arena, 0.0)
    for i in range(row[3]):
        y[i] = slope * z[i] if z[i] < zero else z[i]


@op(
    "inputs",
    "outputs",
    "grad_outputs",
    "grad_inputs",
    "size:size",
    "constants",
    title=Text("gradient through leaky ReLU", "经过 Leaky ReLU 的梯度"),
)
def leaky_relu_backward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂z = ∂L/∂y where z > 0, else slope · ∂L/∂y"""
    z, upstream = vector(arena, row[1], row[5]), vector(arena, row[3], row[5])
    gradient = vector(arena, row[4], row[5])
    slope, zero = arena[row[6]], typed(arena, 0.0)
    for i in range(row[5]):
        gradient[i] = upstream[i] if z[i] > zero else slope * upstream[i]


class ReLU(Elementwise):
    """f(z) = max(0, z), f′(z) = 1 where z > 0, else 0."""

    kind: Literal["relu"] = "relu"
    title = Text("ReLU", "ReLU")
    help = Text(
        "Lets positive numbers through and silences negative ones. "
        "A unit that is always negative is dead.",
        "正数通过，负数归零。始终为负的单元就“死”了。",
    )
    formula = r"f(z) = \max(0, z)"
    forward_op = relu_forward
    backward_op = relu_backward

    def value_at(self, z: float) -> Figures:
        return Figures(r"\max(0, z)", rf"\max(0, {number(z)})", 0.0 if z < 0 else z)

    def slope_at(self, z: float, value: float) -> Figures:
        return Figures("[z > 0]", f"[{number(z)} > 0]", float(z > 0))

    def reference(self, z: Array) -> Array:
        return np.maximum(z, 0)

    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        return gradient * (z > 0)


class LeakyReLU(Elementwise):
    """f(z) = z where z ≥ 0, else slope · z."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    title = Text("Leaky ReLU", "Leaky ReLU")
    help = Text(
        "Like ReLU, but negative numbers leak through a little, so that no unit dies.",
        "类似 ReLU，但让负数略微通过，因此单元不会“死掉”。",
    )
    formula = r"f(z) = \max(z, \alpha z)"
    forward_op = leaky_relu_forward
    backward_op = leaky_relu_backward
    slope: float = described(
        0.01,
        Text("Slope", "斜率"),
        Text("What is left of a negative number.", "负数保留的比例。"),
        minimum=0.0,
        maximum=1.0,
    )

    def constants(self) -> tuple[float, ...]:
        return (self.slope,)

    def value_at(self, z: float) -> Figures:
        filled = rf"\max({number(z)}, {product(self.slope, z)})"
        return Figures(r"\max(z, \alpha z)", filled, self.slope * z if z < 0 else z)

    def slope_at(self, z: float, value: float) -> Figures:
        shown = number(z)
        filled = rf"[{shown} > 0] + {operand(self.slope)} \cdot [{shown} \le 0]"
        value = 1.0 if z > 0 else self.slope
        return Figures(r"[z > 0] + \alpha\,[z \le 0]", filled, value)

    def reference(self, z: Array) -> Array:
        return np.where(z < 0, self.slope * z, z)

    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        return np.where(z > 0, gradient, self.slope * gradient)
