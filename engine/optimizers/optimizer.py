"""What an optimizer is.

Guarded by tests/engine/test_catalog*.py, which walk all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.catalog import Described, described
from engine.instructions import Block, Emitter
from engine.kernels.abi import Op, Pointer, op, typed, vector
from engine.text import Text

Array = NDArray[np.float64]


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
    def reference(
        self, parameters: Array, gradients: Array, slots: tuple[Array, ...], step: int
    ) -> tuple[Array, tuple[Array, ...]]:
        """(new parameters, new slots) in plain NumPy; `step` counts from 1."""


@op("weights", "gradients", "constants", "size:size")
def regularization(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂w += λ₂ w + λ₁ sign(w); constants are (λ₁, λ₂)"""
    weights, gradients = vector(arena, row[1], row[4]), vector(arena, row[2], row[4])
    l1, l2, zero = arena[row[3]], arena[row[3] + 1], typed(arena, 0.0)
    for i in range(row[4]):
        sign = l1 if weights[i] > zero else (-l1 if weights[i] < zero else zero)
        gradients[i] += l2 * weights[i] + sign
