"""Dropout (Srivastava et al., 2014), inverted: nothing is scaled when the network is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from engine.arithmetic.figures import fraction, number, product
from engine.arithmetic.live import Index, Live
from engine.arithmetic.quantity import Line
from engine.arithmetic.sums import Account, Addend, Sum, alone
from engine.catalog import described
from engine.instructions import Emitter
from engine.instructions.emitter import copy
from engine.kernels.abi import DROPOUT_SEED, STEP, Pointer, op, typed, vector
from engine.kernels.random import random_bits, random_key
from engine.layers.layer import Array, Layer, Shape, Site
from engine.text import Text


@op(
    "inputs",
    "outputs",
    "mask",
    "size:size",
    "rate",
    "salt:size",
    title=Text("units silenced at random", "随机静默单元"),
)
def dropout_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """y = x · m; m is 0 with probability `rate`, else 1 / (1 − rate), by seed, step and element"""
    size = row[4]
    x, y = vector(arena, row[1], size), vector(arena, row[2], size)
    mask = vector(arena, row[3], size)
    rate, one, zero = arena[row[5]], typed(arena, 1.0), typed(arena, 0.0)
    scale = one / (one - rate)
    limit = rate * typed(arena, 4294967296.0)
    key = random_key(state[DROPOUT_SEED], state[STEP], row[6])
    for i in range(size):
        mask[i] = zero if typed(arena, random_bits(key, i)) < limit else scale
    for i in range(size):
        y[i] = x[i] * mask[i]


@op(
    "mask",
    "grad_outputs",
    "grad_inputs",
    "size:size",
    title=Text("gradient of what was not silenced", "未静默单元的梯度"),
)
def dropout_backward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂x = ∂L/∂y · m"""
    size = row[4]
    mask, upstream = vector(arena, row[1], size), vector(arena, row[2], size)
    gradient = vector(arena, row[3], size)
    for i in range(size):
        gradient[i] = upstream[i] * mask[i]


class Dropout(Layer):
    """While training, silences each number with probability `rate` and enlarges the others."""

    kind: Literal["dropout"] = "dropout"
    title = Text("Dropout", "Dropout（随机失活）")
    help = Text(
        "While training, silences random units, so that the network can't rely on any one of them. "
        "When the network is used or measured, nothing is silenced.",
        "训练时随机让部分单元静默，使网络不依赖任何单个单元；使用或检验网络时不起作用。",
    )
    formula = r"y = \frac{m \odot x}{1 - p}, \quad m \sim \text{Bernoulli}(1 - p)"
    rate: float = described(
        0.2,
        Text("Rate", "失活率"),
        Text("The share of units that is silenced.", "被静默的单元比例。"),
        minimum=0.0,
        maximum=0.95,
    )

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        return inputs[0]

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        inputs, output = site.inputs[0], site.output
        if not site.training:
            emitter.emit(copy, inputs, output, inputs.size, writes=(output,))
            return
        mask = emitter.block("mask", inputs.shape)
        site.memory["mask"] = mask
        rate = emitter.constant(self.rate)
        operands = (inputs, output, mask, inputs.size, rate, emitter.salt())
        emitter.emit(dropout_forward, *operands, writes=(mask, output))

    def emit_backward(self, emitter: Emitter, site: Site) -> None:
        target, upstream = site.input_gradients[0], site.output_gradient
        if target is not None and upstream is not None:
            operands = (site.memory["mask"], upstream, target, target.size)
            emitter.emit(dropout_backward, *operands, writes=(target,))

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        if live.own("mask") is None:
            return live.passed_on(index, sample)
        source, mask = live.inputs[0], self._mask_line(live, index, sample)
        x, called = source.at(index, sample), live.output.call(index)
        name = Text(f"output of {called.en}", f"{called.zh} 的输出")
        links = (source.quantity(index, sample),)
        line = Line("y", "m x", product(mask.value, x), mask.value * x, links, name)
        return Account((mask, line))

    def explain_input_gradient(self, live: Live, port: int, index: Index, sample: int) -> Sum:
        mask, called = self._mask_line(live, index, sample), live.output.call(index)
        upstream = live.upstream.at(index, sample)
        addend = Addend(
            Text(f"through {called.en}", f"经由 {called.zh}"),
            product(upstream, mask.value),
            (live.upstream.quantity(index, sample),),
        )
        formula = r"\frac{\partial L}{\partial y}\, m"
        return alone(formula, upstream * mask.value, addend, (mask,))

    def _mask_line(self, live: Live, index: Index, sample: int) -> Line:
        """The factor that chance chose in this step."""
        mask = live.own("mask")
        assert mask is not None, "only training draws masks, and only training goes back"
        value, called = float(mask[(*index, sample)]), live.output.call(index)
        name = Text(f"mask of {called.en}", f"{called.zh} 的掩码")
        if value == 0:
            return Line("m", "0", "0", 0.0, (), name)
        filled = fraction("1", f"1 - {number(self.rate)}")
        return Line("m", r"\frac{1}{1 - p}", filled, 1 / (1 - self.rate), (), name)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return inputs[0]
