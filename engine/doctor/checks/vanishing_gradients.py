"""Gradients that fade on their way back. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.activations import Activation
from engine.activations.relu import ReLU
from engine.doctor.check import Check, Finding, Remedy
from engine.doctor.evidence import Evidence
from engine.doctor.gradients import gradient_sizes
from engine.doctor.remedies import with_layers
from engine.initializers import He
from engine.layers import Layer
from engine.text import Text

FADED, GONE = 1e-4, 1e-7
"""Of the last layer's gradient, what is left of it in the first: a warning, serious."""
FEWEST = 3
"""Layers with weights: in fewer of them nothing can fade on the way."""


class VanishingGradients(Check):
    """The first layers get next to no gradient and stay as they began."""

    kind: Literal["vanishing_gradients"] = "vanishing_gradients"
    title = Text("Vanishing gradients", "梯度消失")
    help = Text(
        "On the way back every layer multiplies the gradient by the slope of its activation. Many "
        "small slopes in a row leave nothing for the first layers to learn from.",
        "反向传播时，每一层都把梯度乘以激活函数的斜率。连续许多小斜率相乘，"
        "前面的层就没有什么可学的了。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding, at the first layer with weights."""
        sizes = gradient_sizes(evidence)
        # Zero is another illness: a dead or an all-zero layer lets nothing through at all.
        if len(sizes) < FEWEST or min(sizes.values()) <= 0:
            return
        first, *_, last = sizes
        smallest, largest = sizes[first], sizes[last]
        ratio = smallest / largest
        if ratio > FADED:
            return
        message = Text(
            f"The gradient has a typical size of {largest:.2g} in the last layer “{last}” and of "
            f"{smallest:.2g} in the first layer “{first}”: {ratio:.1g} of it is left.",
            f"梯度的典型大小在最后一层“{last}”是 {largest:.2g}，到第一层“{first}”只有 "
            f"{smallest:.2g}：只剩下 {ratio:.1g} 倍。",
        )
        severity: Literal["serious", "warning"] = "serious" if ratio <= GONE else "warning"
        control = f"graph.nodes.{first}.layer.activation"
        yield Finding(self.kind, severity, first, control, message, _remedy(evidence))


def _remedy(evidence: Evidence) -> Remedy | None:
    """Rectified units instead of bounded ones, whose slopes are small."""
    bounded = [name for name in evidence.hidden() if _is_bounded(evidence.activation(name))]
    if not bounded:
        return None
    experiment = with_layers(evidence.experiment, bounded, _rectified, anew=True)
    label = Text("Begin anew with ReLU and He weights", "改用 ReLU 和 He 初始权重，重新开始")
    return Remedy(label, experiment)


def _is_bounded(activation: Activation | None) -> bool:
    return activation is not None and activation.span is not None


def _rectified(layer: Layer) -> Layer:
    changes: dict[str, object] = {"activation": ReLU()}
    if hasattr(layer, "weights"):
        changes["weights"] = He()
    return layer.model_copy(update=changes)
