"""Gradients that grow on their way back. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.doctor.check import Check, Finding, Remedy
from engine.doctor.checks.unscaled_inputs import is_unscaled
from engine.doctor.evidence import Evidence
from engine.doctor.first_weights import wide_layers, with_usual_weights
from engine.doctor.gradients import gradient_sizes
from engine.doctor.remedies import lower_rate, standardized
from engine.text import Text

GROWN, WILD = 1e3, 1e6
"""How many times the last layer's gradient the first layer's is: a warning, serious."""
LARGE, HUGE = 1e2, 1e4
"""Typical size of a gradient: a warning, serious."""
FEWEST = 3
"""Layers with weights: in fewer of them nothing can grow on the way."""


class ExplodingGradients(Check):
    """The first layers get gradients so large that a step throws them anywhere."""

    kind: Literal["exploding_gradients"] = "exploding_gradients"
    title = Text("Exploding gradients", "梯度爆炸")
    help = Text(
        "On the way back every layer multiplies the gradient by its weights. Large weights in many "
        "layers, or large inputs, make steps that throw the parameters anywhere.",
        "反向传播时，每一层都把梯度乘以自己的权重。许多层的权重都大，或输入很大，"
        "一步更新就会把参数甩到别处。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding, at the layer with the largest gradient."""
        sizes = gradient_sizes(evidence)
        if not sizes:
            return
        worst = max(sizes, key=lambda layer: sizes[layer])
        largest, last = sizes[worst], list(sizes.values())[-1]
        ratio = largest / last if len(sizes) >= FEWEST and last > 0 else 1.0
        if largest < LARGE and (ratio < GROWN or largest < 1):
            return
        severity: Literal["serious", "warning"]
        severity = "serious" if largest >= HUGE or ratio >= WILD else "warning"
        message = _message(worst, largest, last)
        control, remedy = _remedy(evidence)
        yield Finding(self.kind, severity, worst, control, message, remedy)


def _message(worst: str, largest: float, last: float) -> Text:
    return Text(
        f"The gradient has a typical size of {largest:.3g} in layer “{worst}”; in the last layer "
        f"it is {last:.3g}. Sizes below 1 are usual.",
        f"层“{worst}”中梯度的典型大小是 {largest:.3g}，最后一层是 {last:.3g}。通常小于 1。",
    )


def _remedy(evidence: Evidence) -> tuple[str, Remedy | None]:
    """(control, remedy): inputs, first weights or learning rate, whatever is to blame."""
    if is_unscaled(evidence):
        return "data.preprocessing", standardized(evidence.experiment)
    wide = wide_layers(evidence)
    if wide:
        return f"graph.nodes.{wide[0]}.layer.weights", with_usual_weights(evidence)
    return "optimizer.learning_rate", lower_rate(evidence.experiment)
