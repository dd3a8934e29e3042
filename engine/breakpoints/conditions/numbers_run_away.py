"""Stops at NaN and infinity. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.graph import Resolved
from engine.program.gauges import finite_gauge
from engine.program.program import Program
from engine.text import Text


class NumbersRunAway(Condition):
    """The loss or any parameter is NaN or infinite."""

    kind: Literal["numbers_run_away"] = "numbers_run_away"
    title = Text("NaN or infinity", "NaN 或无穷大")
    help = Text(
        "Stops at the first step after which a parameter isn't a finite number. Without it, "
        "training stops when the loss shows it, one step later or more.",
        "在某个参数不再是有限数的第一步停止。没有这个断点时，要等损失显现出来才停，至少晚一步。",
    )

    def gauges(self, program: Program, graph: Resolved) -> tuple[Gauge, ...]:
        """One over all parameters; the loss is looked at by its own row."""
        region = program.network.parameter_region
        operands = (region, region.size)
        return (Gauge(finite_gauge, operands, 0.0, 0.0, np.zeros(0), "", program.dtype),)

    def is_met(self, probe: Probe) -> Text | None:
        """With the parameter, or the instruction where the loss was lost."""
        if probe.diverged:
            found = probe.divergence
            return found.message if found is not None else None
        (gauge,) = probe.gauges(self)
        if not gauge.tripped:
            return None
        key = next(
            key for key in probe.network.parameters if not np.isfinite(probe.parameter(key)).all()
        )
        count = int((~np.isfinite(probe.parameter(key))).sum())
        return Text(
            f"Step {probe.step:,}: {count} value(s) of the parameter “{key}” are NaN or infinite.",
            f"第 {probe.step} 步：参数“{key}”中有 {count} 个值是 NaN 或无穷大。",
        )
