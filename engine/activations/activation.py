"""What an activation function is.

Guarded by tests/engine/test_catalog*.py, which walk all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.figures import Figures, operand
from engine.arithmetic.live import Flow, Index, Live
from engine.arithmetic.quantity import Line
from engine.arithmetic.sums import Account, Addend, Sum
from engine.catalog import Described
from engine.instructions import Block, Emitter
from engine.kernels.abi import Op
from engine.text import Text

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """How every value `f(z)_j` that depends on one sum `z_i` changes with it.

    Attributes:
        units: the places j.
        values: ∂f(z)_j / ∂z_i.
        formula: TeX of the gradient by `z_i`, given that by `f(z)`.
        write: TeX with numbers of the slope at a place of `values`, fit to be a factor.
        figures: the arithmetic of a slope that stands alone.
    """

    units: tuple[int, ...]
    values: Array
    formula: str
    write: Callable[[int], str]
    figures: Figures | None = None


def one_slope(unit: int, figures: Figures) -> Slopes:
    """Of a function that treats every number by itself."""
    formula = r"\frac{\partial L}{\partial a}\, f'(z)"
    values = np.array([figures.value])
    return Slopes((unit,), values, formula, lambda _: operand(figures.value), figures)


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
    def explain_value(self, z: Array, unit: int) -> Figures:
        """`f(z)` of one unit; `z` are the sums of all units for one sample, `(units,)`."""

    @abstractmethod
    def explain_slopes(self, z: Array, values: Array, unit: int) -> Slopes:
        """How the values of all units change with the sum of one.

        `z` and `values` = f(z) are `(units,)`, as the arena holds them: where a function is flat,
        1 − f² of a rounded value is far from that of the exact one, and the kernels take the
        rounded one.
        """

    def account(self, live: Live, sums: Flow, index: Index, sample: int) -> Account:
        """How one output of a layer came about that applies this function to `sums`."""
        figures = self.explain_value(sums.column(sample), sums.place(index))
        links = tuple(sums.link(place, sample) for place in figures.places)
        called = live.output.call(index)
        name = Text(f"output of {called.en}", f"{called.zh} 的输出")
        return Account((Line("a", figures.formula, figures.filled, figures.value, links, name),))

    def paths(self, live: Live, sums: Flow, index: Index, sample: int) -> Sum:
        """The gradient by one of `sums`: upstream gradient times slope, for every unit reached."""
        unit = sums.place(index)
        slopes = self.explain_slopes(sums.column(sample), live.output.column(sample), unit)
        upstream = live.upstream
        gradients = upstream.column(sample)[list(slopes.units)]

        def show(place: int) -> Addend:
            index_there = live.output.index(slopes.units[place])
            through = live.output.call(index_there)
            links = (
                upstream.quantity(index_there, sample),
                live.output.quantity(index_there, sample),
                sums.link(unit, sample),
            )
            return Addend(
                Text(f"through {through.en}", f"经由 {through.zh}"),
                rf"{operand(gradients[place])} \cdot {slopes.write(place)}",
                tuple(dict.fromkeys(links)),
            )

        lead: tuple[Line, ...] = ()
        if slopes.figures is not None:
            figures, called = slopes.figures, live.output.call(index)
            name = Text(f"slope at {called.en}", f"{called.zh} 处的斜率")
            links = (sums.link(unit, sample),)
            lead = (Line("f'(z)", figures.formula, figures.filled, figures.value, links, name),)
        return Sum(slopes.formula, gradients * slopes.values, show, lead)

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

    def _constants(self, emitter: Emitter) -> int:
        """Where the constants stand; 0, the arena's zero, where there are none."""
        values = self.constants()
        return emitter.constant(*values) if values else 0

    def emit_forward(self, emitter: Emitter, inputs: Block, outputs: Block) -> None:
        constants = self._constants(emitter)
        emitter.emit(self.forward_op, inputs, outputs, inputs.size, constants, writes=(outputs,))

    def emit_backward(
        self, emitter: Emitter, blocks: tuple[Block, Block], gradients: tuple[Block, Block]
    ) -> None:
        constants = self._constants(emitter)
        operands = (*blocks, *gradients, blocks[0].size, constants)
        emitter.emit(self.backward_op, *operands, writes=(gradients[1],))

    @abstractmethod
    def value_at(self, z: float) -> Figures:
        """`f(z)` with its numbers."""

    @abstractmethod
    def slope_at(self, z: float, value: float) -> Figures:
        """`f′(z)` with its numbers; `value` is `f(z)` as the arena holds it."""

    def explain_value(self, z: Array, unit: int) -> Figures:
        return replace(self.value_at(float(z[unit])), places=(unit,))

    def explain_slopes(self, z: Array, values: Array, unit: int) -> Slopes:
        return one_slope(unit, self.slope_at(float(z[unit]), float(values[unit])))
