"""Stops at a step. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from typing import Literal

from engine.breakpoints.condition import Condition
from engine.breakpoints.probe import Probe
from engine.catalog import described
from engine.text import Text


class AtStep(Condition):
    """The step with this number is finished."""

    kind: Literal["at_step"] = "at_step"
    title = Text("At a step", "到达某一步")
    help = Text("Stops when that many steps are finished.", "完成这么多步后停止。")
    step: int = described(
        1_000,
        Text("Step", "步数"),
        Text("Counted from the start of the run.", "从训练开始算起。"),
        minimum=1,
        maximum=1_000_000_000,
        scale="logarithmic",
    )

    def due(self, step: int) -> int | None:
        """That step, until it is over."""
        return self.step if step < self.step else None

    def is_met(self, probe: Probe) -> Text | None:
        """At that step only."""
        if probe.step != self.step:
            return None
        return Text(f"Step {self.step:,} is finished.", f"第 {self.step} 步已完成。")
