"""What an activation function is.

Guarded by tests/engine/test_catalog*.py, which walk all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.catalog import Described
from engine.instructions import Block, Emitter
from engine.kernels.abi import Op

Array = NDArray[np.float64]


class Activation(Described):
    """A function of a layer's weighted sums `z`, with its derivative."""

    family: ClassVar[str] = "activation"
    span: ClassVar[tuple[float, float] | None] = None
    """The values it can give, where they are bounded."""

    @classmethod
    def traits(cls) -> dict[str, Any]:
        return {"span": list(cls.span) if cls.span else None}

    def is_identity(self) -> bool:
        """True when no row is needed."""
        return False

    @abstractmethod
    def emit_forward(self, emitter: Emitter, inputs: Block, outputs: Block) -> None:
        """Rows for `outputs = f(inputs)`."""

    @abstractmethod
    def emit_backward(
        self, emitter: Emitter, blocks: tuple[Block, Block], gradients: tuple[Block, Block]
    ) -> None:
        """Rows for the gradient: `blocks` are (inputs, outputs), `gradients` (of outputs, of
        inputs).
        """

    @abstractmethod
    def reference(self, z: Array) -> Array:
        """`f(z)` in plain NumPy; the first axis is the units, the last the batch."""

    @abstractmethod
    def reference_gradient(self, z: Array, gradient: Array) -> Array:
        """Gradient by `z`, given the gradient by `f(z)`, in plain NumPy."""


class Elementwise(Activation):
    """An activation that treats every number by itself.

    Subclasses name two ops with the operands `inputs, outputs, size, constants` and
    `inputs, outputs, grad_outputs, grad_inputs, size, constants`.
    """

    forward_op: ClassVar[Op]
    backward_op: ClassVar[Op]

    def constants(self) -> tuple[float, ...]:
        """Numbers that the kernels need, such as a slope."""
        return ()

    def emit_forward(self, emitter: Emitter, inputs: Block, outputs: Block) -> None:
        constants = emitter.constant(*self.constants())
        emitter.emit(self.forward_op, inputs, outputs, inputs.size, constants, writes=(outputs,))

    def emit_backward(
        self, emitter: Emitter, blocks: tuple[Block, Block], gradients: tuple[Block, Block]
    ) -> None:
        constants = emitter.constant(*self.constants())
        operands = (*blocks, *gradients, blocks[0].size, constants)
        emitter.emit(self.backward_op, *operands, writes=(gradients[1],))
