"""The fully connected layer, with an activation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.activations import Activation, Linear
from engine.arithmetic.figures import number, product
from engine.arithmetic.live import Index, Live, sample_called
from engine.arithmetic.sums import Account, Addend, Sum
from engine.catalog import described, union_of
from engine.initializers import Initializer, Xavier, Zeros
from engine.instructions import Emitter
from engine.kernels.abi import Pointer, matrix, op, typed, vector
from engine.layers.layer import Array, Layer, Parameter, Shape, Site, wrong_shape
from engine.text import Text

if TYPE_CHECKING:
    AnyActivation = Activation
    AnyInitializer = Initializer
else:
    AnyActivation = union_of(Activation)
    AnyInitializer = union_of(Initializer)


@op(
    "grad_outputs",
    "grad_bias",
    "units:size",
    "batch:size",
    title=Text("gradient of the bias", "偏置的梯度"),
)
def bias_gradient(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂b = Σ over the batch of ∂L/∂z; z (units, batch), b (units,)"""
    units, batch = row[3], row[4]
    gradients, bias = matrix(arena, row[1], units, batch), vector(arena, row[2], units)
    for unit in range(units):
        total = typed(arena, 0.0)
        for sample in range(batch):
            total += gradients[unit, sample]
        bias[unit] = total


SUMS = Text("weighted sums", "加权和")
WEIGHTS_GRADIENT = Text("gradient of the weights", "权重的梯度")
INPUTS_GRADIENT = Text("gradient by the inputs", "对输入的梯度")
"""Titles of the three products."""


class Dense(Layer):
    """a = f(W x + b): every unit sees every input.

    Shapes: x `(features, batch)`, W `(units, features)`, b `(units,)`, a `(units, batch)`.
    """

    kind: Literal["dense"] = "dense"
    title = Text("Dense", "全连接")
    help = Text(
        "Every unit adds up all inputs, each times its own weight, plus a bias, and sends the sum "
        "through the activation.",
        "每个单元把所有输入乘以各自的权重后相加，再加偏置，然后送入激活函数。",
    )
    formula = r"a = f(W x + b)"
    units: int = described(
        8,
        Text("Units", "单元数"),
        Text("How many neurons the layer has.", "这一层有多少个神经元。"),
        minimum=1,
        maximum=16384,
        scale="logarithmic",
    )
    activation: AnyActivation = described(
        Linear(),
        Text("Activation", "激活函数"),
        Text("What each unit does with its weighted sum.", "每个单元如何处理自己的加权和。"),
    )
    weights: AnyInitializer = described(
        Xavier(),
        Text("Initial weights", "权重初始化"),
        Text("How the weights start.", "权重从什么值开始。"),
    )
    bias: AnyInitializer = described(
        Zeros(),
        Text("Initial bias", "偏置初始化"),
        Text("How the biases start.", "偏置从什么值开始。"),
    )

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        if len(inputs[0]) != 1:
            raise wrong_shape(
                name,
                inputs,
                Text("a flat list of features", "一维特征"),
                Text(
                    "Put a Flatten layer before it (the + on the edge).",
                    "在它前面插入一个“展平”层（点连线上的 +）。",
                ),
            )
        return (self.units,)

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        features = inputs[0][0]
        fan = (features, self.units)
        return (
            Parameter("weights", (self.units, features), self.weights, fan, regularized=True),
            Parameter("bias", (self.units,), self.bias, fan, regularized=False),
        )

    def output_span(self) -> tuple[float, float] | None:
        return self.activation.span

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        inputs, output = site.inputs[0], site.output
        sums = output
        if not self.activation.is_identity():
            sums = emitter.block("sums", output.shape)
        # z = W x + b
        weights, bias = site.parameters["weights"], site.parameters["bias"]
        emitter.product(weights, inputs, sums, start=bias, title=SUMS)
        if sums is not output:
            self.activation.emit_forward(emitter, sums, output)
        site.memory["sums"] = sums

    def emit_backward(self, emitter: Emitter, site: Site) -> None:
        inputs, output, upstream = site.inputs[0], site.output, site.output_gradient
        assert upstream is not None, "a backward program has gradients"
        sums = site.memory["sums"]
        if sums is not output:
            gradient = emitter.block("grad_sums", output.shape)
            self.activation.emit_backward(emitter, (sums, output), (upstream, gradient))
            upstream = gradient
        # ∂L/∂W = ∂L/∂z xᵀ, ∂L/∂b = Σ ∂L/∂z, ∂L/∂x = Wᵀ ∂L/∂z
        if not site.frozen:
            by_sample, gradient = emitter.transposed(inputs), site.gradients["weights"]
            emitter.product(upstream, by_sample, gradient, title=WEIGHTS_GRADIENT)
            bias, sizes = site.gradients["bias"], (self.units, inputs.batch)
            emitter.emit(bias_gradient, upstream, bias, *sizes, writes=(bias,))
        target = site.input_gradients[0]
        if target is not None:
            weights = site.parameters["weights"]
            emitter.product(weights, upstream, target, transposed=True, title=INPUTS_GRADIENT)

    def sum_blocks(self) -> tuple[str, str]:
        if self.activation.is_identity():
            return "output", "grad_output"
        return "sums", "grad_sums"

    def explain_sum(self, live: Live, index: Index, sample: int) -> Account:
        unit, source = index[0], live.inputs[0]
        weights = live.parameters["weights"][unit].astype(np.float64)
        bias, inputs = float(live.parameters["bias"][unit]), source.column(sample)
        factors = list(zip(weights.tolist(), inputs.tolist(), strict=True))

        def show(place: int) -> Addend:
            if place == len(factors):
                label = Text("the bias", "偏置")
                return Addend(label, number(bias), (live.parameter("bias", (unit,)),))
            called = source.call((place,))
            return Addend(
                Text(f"from {called.en}", f"来自 {called.zh}"),
                product(*factors[place]),
                (live.parameter("weights", (unit, place)), source.quantity((place,), sample)),
            )

        called = live.output.call(index)
        name = Text(f"weighted sum of {called.en}", f"{called.zh} 的加权和")
        values = np.append(weights * inputs, bias)
        return Sum(r"\sum_i w_i x_i + b", values, show).account(name, "z")

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        return self.activation.account(live, live.flows["sum"], index, sample)

    def explain_sum_gradient(self, live: Live, index: Index, sample: int) -> Sum:
        return self.activation.paths(live, live.flows["sum"], index, sample)

    def explain_input_gradient(self, live: Live, port: int, index: Index, sample: int) -> Sum:
        (place,), gradients = index, live.flows["sum_gradient"]
        weights = live.parameters["weights"][:, place].astype(np.float64)
        upstream = gradients.column(sample)

        def show(unit: int) -> Addend:
            called = live.output.call((unit,))
            return Addend(
                Text(f"through {called.en}", f"经由 {called.zh}"),
                product(upstream[unit], weights[unit]),
                (gradients.quantity((unit,), sample), live.parameter("weights", (unit, place))),
            )

        formula = r"\sum_u \frac{\partial L}{\partial z_u}\, w_u"
        return Sum(formula, upstream * weights, show)

    def explain_parameter_gradient(self, live: Live, parameter: str, index: Index) -> Sum:
        gradients, source = live.flows["sum_gradient"], live.inputs[0]
        upstream = gradients.values[index[0]].astype(np.float64)
        if parameter == "bias":
            return Sum(
                r"\sum_s \frac{\partial L}{\partial z_s}",
                upstream,
                lambda sample: Addend(
                    sample_called(sample),
                    number(upstream[sample]),
                    (gradients.quantity(index, sample),),
                ),
            )
        unit, place = index
        inputs = source.values[place].astype(np.float64)

        def show(sample: int) -> Addend:
            links = (gradients.quantity((unit,), sample), source.quantity((place,), sample))
            return Addend(sample_called(sample), product(upstream[sample], inputs[sample]), links)

        formula = r"\sum_s \frac{\partial L}{\partial z_s}\, x_s"
        return Sum(formula, upstream * inputs, show)

    def call_parameter(self, live: Live, parameter: str, index: Index) -> Text:
        unit = live.output.call((index[0],))
        if parameter == "bias":
            return Text(f"bias of {unit.en}", f"{unit.zh} 的偏置")
        source = live.inputs[0].call((index[1],))
        return Text(f"weight from {source.en} to {unit.en}", f"从 {source.zh} 到 {unit.zh} 的权重")

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        sums = parameters["weights"] @ inputs[0] + parameters["bias"][:, None]
        return self.activation.reference(sums)
