"""Plain stochastic gradient descent."""

from __future__ import annotations

from typing import Literal

from engine.arithmetic.figures import number, product
from engine.arithmetic.quantity import Line
from engine.kernels.abi import Pointer, op, vector
from engine.optimizers.optimizer import NEW_VALUE, Array, Moment, Optimizer, learning_rate
from engine.text import Text


@op(
    "parameters",
    "gradients",
    "constants",
    "size:size",
    title=Text("update of all parameters (SGD)", "更新所有参数（SGD）"),
)
def sgd_update(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """w −= η g; constants are (η,)"""
    parameters, gradients = vector(arena, row[1], row[4]), vector(arena, row[2], row[4])
    rate = arena[row[3]]
    for i in range(row[4]):
        parameters[i] -= rate * gradients[i]


class StochasticGradientDescent(Optimizer):
    """w ← w − η g."""

    kind: Literal["sgd"] = "sgd"
    title = Text("SGD", "SGD（随机梯度下降）")
    help = Text(
        "Stochastic gradient descent: every batch moves each weight a little against its gradient.",
        "随机梯度下降：每个批次让权重沿梯度的反方向移动一小步。",
    )
    formula = r"w \leftarrow w - \eta g"
    update_op = sgd_update
    learning_rate: float = learning_rate(0.03)

    def constants(self) -> tuple[float, ...]:
        return (self.learning_rate,)

    def explain_update(self, moment: Moment) -> tuple[Line, ...]:
        value = moment.value - self.learning_rate * moment.gradient
        filled = f"{number(moment.value)} - {product(self.learning_rate, moment.gradient)}"
        return (Line("w'", r"w - \eta g", filled, value, (moment.source,), NEW_VALUE),)

    def reference(
        self, parameters: Array, gradients: Array, slots: tuple[Array, ...], step: int
    ) -> tuple[Array, tuple[Array, ...]]:
        return parameters - self.learning_rate * gradients, ()
