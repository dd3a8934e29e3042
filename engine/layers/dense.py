"""The fully connected layer, with an activation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from engine.activations import Activation, Linear
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


@op("grad_outputs", "grad_bias", "units:size", "batch:size")
def bias_gradient(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂b = Σ over the batch of ∂L/∂z; z (units, batch), b (units,)"""
    units, batch = row[3], row[4]
    gradients, bias = matrix(arena, row[1], units, batch), vector(arena, row[2], units)
    for unit in range(units):
        total = typed(arena, 0.0)
        for sample in range(batch):
            total += gradients[unit, sample]
        bias[unit] = total


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
        emitter.product(site.parameters["weights"], inputs, sums, start=site.parameters["bias"])
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
        emitter.product(upstream, emitter.transposed(inputs), site.gradients["weights"])
        bias, sizes = site.gradients["bias"], (self.units, inputs.batch)
        emitter.emit(bias_gradient, upstream, bias, *sizes, writes=(bias,))
        target = site.input_gradients[0]
        if target is not None:
            emitter.product(site.parameters["weights"], upstream, target, transposed=True)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        sums = parameters["weights"] @ inputs[0] + parameters["bias"][:, None]
        return self.activation.reference(sums)
