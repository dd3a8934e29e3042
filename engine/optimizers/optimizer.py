"""What an optimizer is.

Guarded by tests/engine/test_catalog*.py, which walk all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.figures import product
from engine.arithmetic.quantity import Line, Quantity
from engine.arithmetic.sums import Addend, Sum
from engine.catalog import Described, described
from engine.instructions import Block, Emitter
from engine.kernels.abi import Op, Pointer, op, typed, vector
from engine.text import Text

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moment:
    """One parameter before its update.

    Attributes:
        value: the old parameter.
        gradient: by it.
        slots: what the optimizer remembers for it, in the order of `Optimizer.slots`.
        step: since the optimizer's memory began, from 1.
        source: a link to the gradient.
    """

    value: float
    gradient: float
    slots: Sequence[float]
    step: int
    source: Quantity


NEW_VALUE = Text("new value", "新值")
"""What the last line of an update gives."""


def learning_rate(default: float) -> Any:
    """The field that every optimizer has."""
    return described(
        default,
        Text("Learning rate", "学习率"),
        Text("How far one update moves the weights.", "每次更新移动权重的幅度。"),
        above=0.0,
        maximum=100.0,
        scale="logarithmic",
    )


class Optimizer(Described):
    """The rule that turns gradients into new parameters.

    Subclasses name an op with the operands `parameters, gradients, constants, size:size` followed
    by one block for each of `slots`; it treats all parameters of the network as one vector.
    """

    family: ClassVar[str] = "optimizer"
    slots: ClassVar[tuple[str, ...]] = ()
    """Arrays it remembers for every parameter, such as `velocity`."""
    update_op: ClassVar[Op]

    @abstractmethod
    def constants(self) -> tuple[float, ...]:
        """Hyper-parameters in the order that the kernel reads them."""

    def emit(
        self, emitter: Emitter, parameters: Block, gradients: Block, slots: tuple[Block, ...]
    ) -> None:
        """The update row."""
        constants = emitter.constant(*self.constants())
        operands = (parameters, gradients, constants, parameters.size)
        emitter.emit(self.update_op, *operands, *slots, writes=(parameters, *slots))

    @abstractmethod
    def explain_update(self, moment: Moment) -> tuple[Line, ...]:
        """The arithmetic of one parameter's update; the last line gives the new value."""

    @abstractmethod
    def reference(
        self, parameters: Array, gradients: Array, slots: tuple[Array, ...], step: int
    ) -> tuple[Array, tuple[Array, ...]]:
        """(new parameters, new slots) in plain NumPy; `step` counts from 1."""


@op(
    "weights",
    "gradients",
    "constants",
    "size:size",
    title=Text("penalty added to the gradient of the weights", "权重的梯度加上正则项"),
)
def regularization(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂w += λ₂ w + λ₁ sign(w); constants are (λ₁, λ₂)"""
    weights, gradients = vector(arena, row[1], row[4]), vector(arena, row[2], row[4])
    l1, l2, zero = arena[row[3]], arena[row[3] + 1], typed(arena, 0.0)
    for i in range(row[4]):
        sign = l1 if weights[i] > zero else (-l1 if weights[i] < zero else zero)
        gradients[i] += l2 * weights[i] + sign


def explain_penalty(weight: float, penalties: tuple[float, float], source: Quantity) -> Sum:
    """What `regularization` adds to the gradient of one weight; `source` links to the weight."""
    l1, l2 = penalties
    sign = float(np.sign(weight))
    parts = [
        (r"\lambda_2 w", l2 * weight, product(l2, weight), Text("L2 penalty", "L2 正则项")),
        (
            r"\lambda_1 \operatorname{sign} w",
            l1 * sign,
            product(l1, sign),
            Text("L1 penalty", "L1 正则项"),
        ),
    ]
    parts = [part for part, factor in zip(parts, (l2, l1), strict=True) if factor]
    return Sum(
        " + ".join(formula for formula, *_ in parts),
        np.array([value for _, value, *_ in parts]),
        lambda place: Addend(parts[place][3], parts[place][2], (source,)),
    )
