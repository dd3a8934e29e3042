"""Stops when a unit falls silent. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from math import prod
from typing import Literal

import numpy as np

from engine.activations import Activation
from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.breakpoints.targets import check_layer, layer_field
from engine.catalog import described
from engine.doctor.checks.dead_units import silences
from engine.graph import Resolved
from engine.program.gauges import silence_gauge
from engine.program.program import Program
from engine.session import Session
from engine.text import Text


class UnitDies(Condition):
    """A rectified unit gave zero for every sample of the last n batches."""

    kind: Literal["unit_dies"] = "unit_dies"
    title = Text("A unit dies", "单元死亡")
    help = Text(
        "Stops when a rectified unit has given zero for every sample of that many batches in a "
        "row: it is dead, or near enough.",
        "当某个修正线性单元在连续若干个批次中对每个样本都输出零时停止：它已经死了，或差不多了。",
    )
    layer: str = layer_field(
        Text(
            "The layer concerned; empty for all layers whose units can die.",
            "所涉及的层；留空表示所有单元可能死亡的层。",
        ),
        Text("all layers", "所有层"),
    )
    steps: int = described(
        100,
        Text("Steps", "步数"),
        Text("For how many batches in a row it is silent.", "连续多少个批次都静默。"),
        minimum=1,
        maximum=1_000_000,
        scale="logarithmic",
    )

    def gauges(self, program: Program, graph: Resolved) -> tuple[Gauge, ...]:
        """One a layer."""
        layers = [self.layer] if self.layer else mortal_layers(graph)
        return tuple(self._gauge(program, layer) for layer in layers)

    def _gauge(self, program: Program, layer: str) -> Gauge:
        block = program.network.outputs[layer]
        units = block.shape[0]
        operands = (block, units, prod(block.shape[1:]))
        high = self.steps - 0.5
        return Gauge(silence_gauge, operands, 0.0, high, np.zeros(units), layer, program.dtype)

    def is_met(self, probe: Probe) -> Text | None:
        """With the first unit that fell silent for so long."""
        dead = next((gauge for gauge in probe.gauges(self) if gauge.tripped), None)
        if dead is None:
            return None
        unit = int(dead.own.argmax()) + 1
        return Text(
            f"Step {probe.step:,}: unit {unit} of layer “{dead.target}” has given zero for every "
            f"sample of the last {dead.reading:.0f} batches.",
            f"第 {probe.step} 步：层“{dead.target}”的单元 {unit} 在最近 {dead.reading:.0f} 个批次中"
            "对每个样本都输出零。",
        )

    def check_targets(self, session: Session) -> None:
        if self.layer:
            check_layer(self.layer, mortal_layers(session.material.plan.graph))


def mortal_layers(graph: Resolved) -> list[str]:
    """Layers whose activation gives zero, and no gradient, for negative sums."""
    return [
        node.name
        for node in graph.nodes
        if isinstance(activation := getattr(node.layer, "activation", None), Activation)
        if silences(activation)
    ]
