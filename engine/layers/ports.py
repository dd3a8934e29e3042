"""Where data enters and leaves a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from engine.arithmetic.figures import number
from engine.arithmetic.live import Index, Live
from engine.arithmetic.quantity import Line
from engine.arithmetic.sums import Account
from engine.instructions import Emitter
from engine.layers.layer import Array, Layer, Shape, Site
from engine.text import Text


class Input(Layer):
    """The samples of a batch, after preprocessing; the data decide its shape."""

    kind: Literal["input"] = "input"
    title = Text("Input", "输入")
    help = Text("Where the samples enter the network.", "样本从这里进入网络。")
    input_ports = ()

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        """The data's shape; the graph passes it as the only input."""
        return inputs[0]

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        """Nothing: the gather row fills the block."""

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        value, called = live.output.at(index, sample), live.output.call(index)
        name = Text(f"{called.en} after preprocessing", f"预处理后的 {called.zh}")
        return Account((Line("x", "x", number(value), value, (), name),))

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return inputs[0]


class Output(Layer):
    """The network's answer, which the loss compares with the truth."""

    kind: Literal["output"] = "output"
    title = Text("Output", "输出")
    help = Text(
        "The network's answer. The loss compares it with the truth, "
        "and the error flows back from here.",
        "网络的答案。损失把它与真值比较，误差从这里向后传播。",
    )
    output_ports = ()
    is_view = True

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        return inputs[0]

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        return live.passed_on(index, sample)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return inputs[0]
