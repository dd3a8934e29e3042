"""An activation function as a layer of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from engine.activations import Activation
from engine.activations.relu import ReLU
from engine.arithmetic.live import Index, Live
from engine.arithmetic.sums import Account, Sum
from engine.catalog import described, union_of
from engine.instructions import Emitter
from engine.layers.layer import Array, Layer, Shape, Site
from engine.text import Text

if TYPE_CHECKING:
    AnyActivation = Activation
else:
    AnyActivation = union_of(Activation)


class ActivationLayer(Layer):
    """a = f(x), number by number (softmax: over the features)."""

    kind: Literal["activation"] = "activation"
    title = Text("Activation", "激活")
    help = Text(
        "Bends what comes in with an activation function; it learns nothing itself.",
        "用激活函数弯曲输入；自身不学习任何参数。",
    )
    formula = r"a = f(x)"
    activation: AnyActivation = described(
        ReLU(),
        Text("Function", "函数"),
        Text("The function that is applied.", "所应用的函数。"),
    )

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        return inputs[0]

    def output_span(self) -> tuple[float, float] | None:
        return self.activation.span

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        self.activation.emit_forward(emitter, site.inputs[0], site.output)

    def emit_backward(self, emitter: Emitter, site: Site) -> None:
        target, upstream = site.input_gradients[0], site.output_gradient
        if target is not None and upstream is not None:
            blocks = (site.inputs[0], site.output)
            self.activation.emit_backward(emitter, blocks, (upstream, target))

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        return self.activation.account(live, live.inputs[0], index, sample)

    def explain_input_gradient(self, live: Live, port: int, index: Index, sample: int) -> Sum:
        return self.activation.paths(live, live.inputs[0], index, sample)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        units = inputs[0].reshape(-1, inputs[0].shape[-1])
        return self.activation.reference(units).reshape(inputs[0].shape)
