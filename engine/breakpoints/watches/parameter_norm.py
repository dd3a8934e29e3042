"""The size of a parameter. Guarded by tests/engine/test_watches.py."""

from __future__ import annotations

from typing import Literal

from engine.breakpoints.probe import Probe, norm
from engine.breakpoints.targets import check_parameter, layer_field, parameter_field
from engine.breakpoints.watch import Watch
from engine.session import Session
from engine.text import Text


class ParameterNorm(Watch):
    """‖w‖, the square root of the sum of squares."""

    kind: Literal["parameter_norm"] = "parameter_norm"
    title = Text("Norm of a parameter", "参数的范数")
    help = Text(
        "The square root of the sum of its squared numbers: how large it is as a whole.",
        "各数平方和的平方根：它整体上有多大。",
    )
    formula = r"\lVert w \rVert_2"
    layer: str = layer_field(Text("The layer concerned.", "所涉及的层。"))
    parameter: str = parameter_field()

    def value(self, probe: Probe) -> float:
        """In double precision."""
        return norm(probe.parameter(f"{self.layer}.{self.parameter}"))

    def label(self) -> Text:
        name = f"‖{self.layer}.{self.parameter}‖"
        return Text(name, name)

    def check_targets(self, session: Session) -> None:
        check_parameter(session, self.layer, self.parameter)
