"""How far an update moves a parameter. Guarded by tests/engine/test_watches.py."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.breakpoints.probe import Probe, norm
from engine.breakpoints.targets import check_parameter, layer_field, parameter_field
from engine.breakpoints.watch import Watch
from engine.session import Session
from engine.text import Text


class UpdateRatio(Watch):
    """‖Δw‖ / ‖w‖ of the step that comes next."""

    kind: Literal["update_ratio"] = "update_ratio"
    title = Text("Update ratio", "更新比例")
    help = Text(
        "How far the next update moves a parameter, relative to its size. About 0.001 is usual; "
        "much more is restless, much less is slow.",
        "下一次更新使参数移动自身大小的多少。通常约为 0.001；大得多会不稳定，小得多会很慢。",
    )
    formula = r"\lVert \Delta w \rVert / \lVert w \rVert"
    looks_ahead: ClassVar[bool] = True
    layer: str = layer_field(Text("The layer concerned.", "所涉及的层。"))
    parameter: str = parameter_field()

    def value(self, probe: Probe) -> float:
        """NaN inside a step, and for a parameter that is all zeros."""
        key = f"{self.layer}.{self.parameter}"
        ahead, now = probe.parameter_ahead(key), probe.parameter(key)
        size = norm(now)
        if ahead is None or not size:
            return float("nan")
        return norm(np.subtract(ahead, now, dtype=np.float64)) / size

    def label(self) -> Text:
        name = f"{self.layer}.{self.parameter}"
        return Text(f"‖Δ‖ / ‖{name}‖", f"‖Δ‖ / ‖{name}‖")

    def check_targets(self, session: Session) -> None:
        check_parameter(session, self.layer, self.parameter)
