"""Stops when gradients get too large or too small. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.breakpoints.targets import check_layer, layer_field, learning_layers
from engine.catalog import described
from engine.graph import Resolved
from engine.instructions import Block
from engine.program.gauges import norm_gauge
from engine.program.program import Program
from engine.session import Session
from engine.text import Text


class GradientLeavesBand(Condition):
    """The norm of a layer's gradient, or of all, is below `low` or above `high`."""

    kind: Literal["gradient_leaves_band"] = "gradient_leaves_band"
    title = Text("Gradient leaves a band", "梯度超出范围")
    help = Text(
        "Stops when the norm of the gradient by a layer's parameters, or by all of them, is below "
        "the lower or above the upper bound in any step.",
        "只要有一步中某层参数（或全部参数）的梯度范数低于下界或高于上界，就停止。",
    )
    formula = r"\lVert \nabla_\theta L \rVert \notin [a, b]"
    layer: str = layer_field(
        Text("The layer concerned; empty for the whole network.", "所涉及的层；留空表示整个网络。"),
        Text("the whole network", "整个网络"),
    )
    low: float = described(
        0.0,
        Text("Lower bound", "下界"),
        Text("Smaller norms stop training.", "范数小于它时停止训练。"),
        minimum=0.0,
        maximum=1e6,
    )
    high: float = described(
        100.0,
        Text("Upper bound", "上界"),
        Text("Larger norms stop training.", "范数大于它时停止训练。"),
        minimum=0.0,
        maximum=1e6,
        scale="logarithmic",
    )

    def gauges(self, program: Program, graph: Resolved) -> tuple[Gauge, ...]:
        """One, over the stretch of all gradients concerned."""
        block = self._block(program)
        nothing, operands = np.zeros(0), (block, block.size)
        return (
            Gauge(norm_gauge, operands, self.low, self.high, nothing, self.layer, program.dtype),
        )

    def _block(self, program: Program) -> Block:
        network = program.network
        if not self.layer:
            return network.gradient_region
        own = [
            block
            for key, block in network.gradients.items()
            if key.rpartition(".")[0] == self.layer
        ]
        # A layer's parameters lie one behind the other; the gaps between them hold zeros.
        start, end = own[0].offset, own[-1].offset + own[-1].size
        return Block(f"gradient:{self.layer}", start, (end - start,))

    def is_met(self, probe: Probe) -> Text | None:
        """With the norm and the bound that it broke."""
        (gauge,) = probe.gauges(self)
        if not gauge.tripped:
            return None
        where = (
            Text(f" of layer “{self.layer}”", f"层“{self.layer}”的") if self.layer else Text("", "")
        )
        side = self._side(gauge.reading)
        return Text(
            f"Step {probe.step:,}: the gradient norm{where.en} is {gauge.reading:.4g}, {side.en}.",
            f"第 {probe.step} 步：{where.zh}梯度范数是 {gauge.reading:.4g}，{side.zh}。",
        )

    def _side(self, norm: float) -> Text:
        """Where it left the band."""
        if norm < self.low:
            return Text(f"below {self.low:.4g}", f"低于 {self.low:.4g}")
        if norm > self.high:
            return Text(f"above {self.high:.4g}", f"高于 {self.high:.4g}")
        return Text("not a number", "不是数")

    def check_targets(self, session: Session) -> None:
        if self.layer:
            check_layer(self.layer, learning_layers(session))
