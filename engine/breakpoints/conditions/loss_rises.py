"""Stops when the loss goes up again. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.catalog import described
from engine.graph import Resolved
from engine.program.gauges import LOWEST, OWN, WINDOW, rise_gauge
from engine.program.program import Program
from engine.text import Text


class LossRises(Condition):
    """The mean of the last batch losses is `factor` times the lowest such mean so far."""

    kind: Literal["loss_rises"] = "loss_rises"
    title = Text("Loss rises", "损失上升")
    help = Text(
        "Stops when the mean loss of the last steps is that many times the lowest such mean since "
        "watching began. The more steps, the less the noise of single batches matters.",
        "当最近若干步的平均损失达到开始观察以来最低平均值的若干倍时停止。"
        "步数越多，单个批次的噪声影响越小。",
    )
    formula = r"\bar L_n(t) > f \cdot \min_{s \le t} \bar L_n(s)"
    factor: float = described(
        2.0,
        Text("Factor", "倍数"),
        Text("How many times the lowest mean it must be.", "达到最低平均值的多少倍。"),
        minimum=1.01,
        maximum=1000.0,
        scale="logarithmic",
    )
    steps: int = described(
        50,
        Text("Steps", "步数"),
        Text("Over how many batches the loss is averaged.", "对多少个批次的损失取平均。"),
        minimum=1,
        maximum=10_000,
        scale="logarithmic",
    )

    def gauges(self, program: Program, graph: Resolved) -> tuple[Gauge, ...]:
        """One, on the loss of the batch."""
        memory = np.zeros(WINDOW - OWN + 2 * self.steps)
        memory[LOWEST - OWN] = np.inf
        operands = (program.network.report, self.steps)
        return (Gauge(rise_gauge, operands, 0.0, self.factor, memory, "", program.dtype),)

    def is_met(self, probe: Probe) -> Text | None:
        """With the present mean and the lowest one."""
        (gauge,) = probe.gauges(self)
        if not gauge.tripped:
            return None
        lowest = float(gauge.memory[LOWEST])
        now = gauge.reading * lowest
        return Text(
            f"Step {probe.step:,}: the mean loss of the last {self.steps} steps is {now:.4g}, "
            f"{gauge.reading:.3g} times its lowest value {lowest:.4g}.",
            f"第 {probe.step} 步：最近 {self.steps} 步的平均损失是 {now:.4g}，"
            f"是最低值 {lowest:.4g} 的 {gauge.reading:.3g} 倍。",
        )
