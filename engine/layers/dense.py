"""The fully connected layer, with an activation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from engine.activations import Activation, Linear
from engine.catalog import described, union_of
from engine.initializers import Initializer, Xavier, Zeros
from engine.instructions import Block, Emitter
from engine.kernels.abi import Pointer, matrix, op, pointer_to, typed, vector
from engine.kernels.simd import multiply
from engine.layers.layer import Array, Layer, Parameter, Shape, Site, wrong_shape
from engine.text import Text

if TYPE_CHECKING:
    AnyActivation = Activation
    AnyInitializer = Initializer
else:
    AnyActivation = union_of(Activation)
    AnyInitializer = union_of(Initializer)


@op("inputs", "weights", "bias", "outputs", "features:size", "units:size", "batch:size")
def dense_forward(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """z = W x + b; W (units, features), x (features, batch), b (units,), z (units, batch)"""
    features, units, batch = row[5], row[6], row[7]
    layout = (features, 1, batch, batch, units, batch, features, 1)
    inputs, weights = pointer_to(arena, row[1]), pointer_to(arena, row[2])
    bias, outputs = pointer_to(arena, row[3]), pointer_to(arena, row[4])
    multiply(weights, inputs, outputs, bias, layout)


@op(
    "inputs_by_sample",
    "grad_outputs",
    "grad_weights",
    "grad_bias",
    "features:size",
    "units:size",
    "batch:size",
    "input_line:size",
)
def dense_backward_parameters(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂W = ∂L/∂z xᵀ and ∂L/∂b = Σ over the batch of ∂L/∂z; x is stored sample by sample"""
    features, units, batch, line = row[5], row[6], row[7], row[8]
    layout = (batch, 1, line, features, units, features, batch, 0)
    inputs, upstream = pointer_to(arena, row[1]), pointer_to(arena, row[2])
    multiply(upstream, inputs, pointer_to(arena, row[3]), arena, layout)
    gradients, bias = matrix(arena, row[2], units, batch), vector(arena, row[4], units)
    for unit in range(units):
        total = typed(arena, 0.0)
        for sample in range(batch):
            total += gradients[unit, sample]
        bias[unit] = total


@op("weights", "grad_outputs", "grad_inputs", "features:size", "units:size", "batch:size")
def dense_backward_inputs(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """∂L/∂x = Wᵀ ∂L/∂z"""
    features, units, batch = row[4], row[5], row[6]
    layout = (1, features, batch, batch, features, batch, units, 0)
    weights, upstream = pointer_to(arena, row[1]), pointer_to(arena, row[2])
    multiply(weights, upstream, pointer_to(arena, row[3]), arena, layout)


class Dense(Layer):
    """a = f(W x + b): every unit sees every input.

    Shapes: x `(features, batch)`, W `(units, features)`, b `(units,)`, a `(units, batch)`.
    """

    kind: Literal["dense"] = "dense"
    title = Text("Dense", "全连接")
    help = Text(
        "Every unit adds up all inputs, each times its own weight, plus a bias, and sends the sum through "
        "the activation.",
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
        operands = (inputs, site.parameters["weights"], site.parameters["bias"], sums)
        sizes = (inputs.features, self.units, inputs.batch)
        emitter.emit(dense_forward, *operands, *sizes, writes=(sums,))
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
        sizes = (inputs.features, self.units, inputs.batch)
        self._emit_parameter_gradients(emitter, site, upstream)
        if site.input_gradients[0] is not None:
            target = site.input_gradients[0]
            operands = (site.parameters["weights"], upstream, target)
            emitter.emit(dense_backward_inputs, *operands, *sizes, writes=(target,))

    def _emit_parameter_gradients(self, emitter: Emitter, site: Site, upstream: Block) -> None:
        inputs = site.inputs[0]
        samples = emitter.transposed(inputs)
        weights, bias = site.gradients["weights"], site.gradients["bias"]
        sizes = (inputs.features, self.units, inputs.batch, samples.shape[1])
        operands = (samples, upstream, weights, bias)
        emitter.emit(dense_backward_parameters, *operands, *sizes, writes=(weights, bias))

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        sums = parameters["weights"] @ inputs[0] + parameters["bias"][:, None]
        return self.activation.reference(sums)
