"""Layers that bring several branches together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from engine.arithmetic.figures import number, product
from engine.arithmetic.live import Index, Live
from engine.arithmetic.quantity import Line
from engine.arithmetic.sums import Account, Addend, Sum, alone
from engine.instructions import Emitter
from engine.instructions.emitter import copy
from engine.kernels.abi import Pointer, op, vector
from engine.layers.layer import Array, Layer, Shape, Site, wrong_shape
from engine.text import Text


@op("left", "right", "sum", "size:size", title=Text("sum of the inputs", "各输入之和"))
def addition(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """sum = left + right"""
    left, right = vector(arena, row[1], row[4]), vector(arena, row[2], row[4])
    total = vector(arena, row[3], row[4])
    for i in range(row[4]):
        total[i] = left[i] + right[i]


class Add(Layer):
    """y = x₁ + x₂ + …; all inputs have the same shape."""

    kind: Literal["add"] = "add"
    title = Text("Add", "相加")
    help = Text(
        "Adds its inputs number by number. "
        "With a branch around some layers this is a skip connection.",
        "把各输入逐个数相加。绕过若干层再相加就是跳跃连接。",
    )
    formula = r"y = \sum_i x_i"
    variadic = True

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        if any(shape != inputs[0] for shape in inputs):
            raise wrong_shape(
                name,
                inputs,
                Text("inputs of one shape", "形状相同的输入"),
                Text(
                    "Give the layers before it the same number of units, or use Concatenate.",
                    "让前面各层的单元数相同，或改用“拼接”。",
                ),
            )
        return inputs[0]

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        output = site.output
        if len(site.inputs) == 1:
            emitter.emit(copy, site.inputs[0], output, output.size, writes=(output,))
            return
        left = site.inputs[0]
        for right in site.inputs[1:]:
            emitter.emit(addition, left, right, output, output.size, writes=(output,))
            left = output

    def emit_backward(self, emitter: Emitter, site: Site) -> None:
        for target in site.input_gradients:
            if target is not None and site.output_gradient is not None:
                operands = (site.output_gradient, target, target.size)
                emitter.emit(copy, *operands, writes=(target,), title=HANDED_BACK)

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        values = np.array([source.at(index, sample) for source in live.inputs])

        def show(place: int) -> Addend:
            source = live.inputs[place]
            called = source.call(index)
            return Addend(
                Text(f"from {called.en}", f"来自 {called.zh}"),
                number(values[place]),
                (source.quantity(index, sample),),
            )

        called = live.output.call(index)
        name = Text(f"output of {called.en}", f"{called.zh} 的输出")
        return Sum(r"\sum_i x_i", values, show).account(name, "y")

    def explain_input_gradient(self, live: Live, port: int, index: Index, sample: int) -> Sum:
        return handed_back(live, index, sample)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return np.asarray(np.sum(np.stack(inputs), axis=0))


class Concatenate(Layer):
    """y = [x₁, x₂, …] along the first axis; the other axes are equal."""

    kind: Literal["concatenate"] = "concatenate"
    title = Text("Concatenate", "拼接")
    help = Text(
        "Puts its inputs one behind the other, so that the next layer sees all of them.",
        "把各输入依次排在一起，让下一层看到全部。",
    )
    formula = r"y = [x_1, x_2, \dots]"
    variadic = True

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        if any(shape[1:] != inputs[0][1:] for shape in inputs):
            raise wrong_shape(
                name,
                inputs,
                Text("inputs that differ in their first size only", "仅第一维不同的输入"),
                Text("Put a Flatten layer on the branches.", "在各分支上加“展平”层。"),
            )
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        offset = site.output.offset
        for block in site.inputs:
            operands = (block, offset, block.size)
            emitter.emit(copy, *operands, writes=(site.output,), title=PUT_BEHIND)
            offset += block.size

    def emit_backward(self, emitter: Emitter, site: Site) -> None:
        assert site.output_gradient is not None, "a backward program has gradients"
        offset = site.output_gradient.offset
        for block, target in zip(site.inputs, site.input_gradients, strict=True):
            if target is not None:
                operands = (offset, target, block.size)
                emitter.emit(copy, *operands, writes=(target,), title=HANDED_BACK)
            offset += block.size

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        first = index[0]
        for source in live.inputs:
            if first < source.shape[0]:
                break
            first -= source.shape[0]
        at = (first, *index[1:])
        value, called = source.at(at, sample), live.output.call(index)
        name = Text(f"output of {called.en}", f"{called.zh} 的输出")
        link = source.quantity(at, sample)
        return Account((Line("y", "x", number(value), value, (link,), name),))

    def explain_input_gradient(self, live: Live, port: int, index: Index, sample: int) -> Sum:
        before = sum(source.shape[0] for source in live.inputs[:port])
        return handed_back(live, (before + index[0], *index[1:]), sample)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return np.concatenate(list(inputs), axis=0)


PUT_BEHIND = Text("one input put in its place", "把一个输入放到位")
HANDED_BACK = Text("gradient handed to one input", "把梯度交给一个输入")
"""Titles of rows that copy one of several inputs, or the gradient by it."""


def handed_back(live: Live, index: Index, sample: int) -> Sum:
    """The gradient by the output at `index`, which reaches one input as it is."""
    gradient, called = live.upstream.at(index, sample), live.output.call(index)
    addend = Addend(
        Text(f"through {called.en}", f"经由 {called.zh}"),
        product(gradient, 1),
        (live.upstream.quantity(index, sample),),
    )
    return alone(r"\frac{\partial L}{\partial y} \cdot 1", gradient, addend)
