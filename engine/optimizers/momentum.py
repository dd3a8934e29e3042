"""Gradient descent with momentum (Polyak, 1964)."""

from __future__ import annotations

from typing import Literal

from engine.arithmetic.figures import added, number, product
from engine.arithmetic.quantity import Line
from engine.catalog import described
from engine.kernels.abi import Pointer, op, vector
from engine.optimizers.optimizer import NEW_VALUE, Array, Moment, Optimizer, learning_rate
from engine.text import Text


@op(
    "parameters",
    "gradients",
    "constants",
    "size:size",
    "velocity",
    title=Text("update of all parameters (momentum)", "更新所有参数（动量）"),
)
def momentum_update(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """v ← μ v + g; w −= η v; constants are (η, μ)"""
    parameters, gradients = vector(arena, row[1], row[4]), vector(arena, row[2], row[4])
    velocity = vector(arena, row[5], row[4])
    rate, momentum = arena[row[3]], arena[row[3] + 1]
    for i in range(row[4]):
        velocity[i] = momentum * velocity[i] + gradients[i]
        parameters[i] -= rate * velocity[i]


class Momentum(Optimizer):
    """v ← μ v + g; w ← w − η v."""

    kind: Literal["momentum"] = "momentum"
    title = Text("Momentum", "动量")
    help = Text(
        "Like a ball rolling downhill: past gradients keep pushing, which smooths zigzags.",
        "像滚下山坡的球：过去的梯度继续推动，使之字形路线变平滑。",
    )
    formula = r"v \leftarrow \mu v + g, \quad w \leftarrow w - \eta v"
    slots = ("velocity",)
    update_op = momentum_update
    learning_rate: float = learning_rate(0.03)
    momentum: float = described(
        0.9,
        Text("Momentum", "动量系数"),
        Text("The share of the last velocity that is kept.", "保留上一步速度的比例。"),
        minimum=0.0,
        maximum=0.999,
    )

    def constants(self) -> tuple[float, ...]:
        return (self.learning_rate, self.momentum)

    def explain_update(self, moment: Moment) -> tuple[Line, ...]:
        velocity = self.momentum * moment.slots[0] + moment.gradient
        gathered = added((product(self.momentum, moment.slots[0]), number(moment.gradient)))
        moved = f"{number(moment.value)} - {product(self.learning_rate, velocity)}"
        value = moment.value - self.learning_rate * velocity
        name = Text("velocity", "速度")
        return (
            Line("v'", r"\mu v + g", gathered, velocity, (moment.source,), name),
            Line("w'", r"w - \eta v'", moved, value, (), NEW_VALUE),
        )

    def reference(
        self, parameters: Array, gradients: Array, slots: tuple[Array, ...], step: int
    ) -> tuple[Array, tuple[Array, ...]]:
        velocity = self.momentum * slots[0] + gradients
        return parameters - self.learning_rate * velocity, (velocity,)
