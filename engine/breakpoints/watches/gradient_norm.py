"""The size of a gradient. Guarded by tests/engine/test_watches.py."""

from __future__ import annotations

from typing import Literal

from engine.breakpoints.probe import Probe, norm
from engine.breakpoints.targets import check_parameter, layer_field, parameter_field
from engine.breakpoints.watch import Watch
from engine.session import Session
from engine.text import Text


class GradientNorm(Watch):
    """‖∂L/∂w‖ of the last batch, with the penalties, as the update used it."""

    kind: Literal["gradient_norm"] = "gradient_norm"
    title = Text("Norm of a gradient", "梯度的范数")
    help = Text(
        "How large the gradient by a parameter was in the last step: the square root of the sum of "
        "its squared numbers.",
        "上一步中某个参数的梯度有多大：各数平方和的平方根。",
    )
    formula = r"\lVert \partial L / \partial w \rVert_2"
    layer: str = layer_field(Text("The layer concerned.", "所涉及的层。"))
    parameter: str = parameter_field()

    def value(self, probe: Probe) -> float:
        """In double precision."""
        return norm(probe.gradient(f"{self.layer}.{self.parameter}"))

    def label(self) -> Text:
        name = f"‖∂L/∂ {self.layer}.{self.parameter}‖"
        return Text(name, name)

    def check_targets(self, session: Session) -> None:
        check_parameter(session, self.layer, self.parameter)
