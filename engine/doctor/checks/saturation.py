"""Bounded units pushed to their limits. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.activations.activation import Elementwise
from engine.doctor.check import Check, Finding, Remedy
from engine.doctor.checks.unscaled_inputs import is_unscaled
from engine.doctor.evidence import Evidence
from engine.doctor.first_weights import wide_layers, with_usual_weights
from engine.doctor.remedies import begun_anew, lower_rate, standardized
from engine.text import Text

NEAR = 0.005
"""Distance from a bound, as a share of the span: there tanh has 2 % of its largest slope left."""
ALWAYS = 0.9
"""Share of the samples on which a saturated unit stands near a bound."""
MANY, MOST = 0.5, 0.9
"""Share of a layer's units from which it is a warning, and from which it is serious."""


class Saturation(Check):
    """Sigmoid-like units that always stand at the flat ends of their curve."""

    kind: Literal["saturation"] = "saturation"
    title = Text("Saturated units", "饱和单元")
    help = Text(
        "A tanh or sigmoid far from zero is flat: the unit answers almost the same for every "
        "sample, and hardly any gradient passes through it.",
        "远离零处，tanh 或 sigmoid 曲线是平的：单元对每个样本的回答几乎一样，梯度也几乎通不过。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """One finding a layer of which at least half is saturated."""
        for node in evidence.graph.nodes:
            span = node.layer.output_span()
            # Units that compete, as in a softmax, stand near 0 and 1 when they work well.
            by_itself = isinstance(evidence.activation(node.name), Elementwise)
            if span is None or not by_itself or node.name not in evidence.hidden():
                continue
            saturated = saturated_units(evidence.outputs[node.name], span)
            share = float(saturated.mean())
            if share < MANY:
                continue
            yield Finding(
                self.kind,
                "serious" if share >= MOST else "warning",
                node.name,
                f"graph.nodes.{node.name}.layer.weights",
                _message(node.name, int(saturated.sum()), len(saturated), span),
                _remedy(evidence),
            )


def saturated_units(outputs: NDArray[Any], span: tuple[float, float]) -> NDArray[np.bool_]:
    """Of the units in `outputs` `(units, values)` those that almost always stand at a bound."""
    low, high = span
    margin = NEAR * (high - low)
    near = (outputs < low + margin) | (outputs > high - margin)
    return np.asarray(near.mean(axis=1) >= ALWAYS)


def _message(layer: str, saturated: int, units: int, span: tuple[float, float]) -> Text:
    low, high = (f"{bound:g}".replace("-", "−") for bound in span)
    return Text(
        f"In layer “{layer}” {saturated} of {units} units stand at {low} or {high} for nearly "
        "every sample. The curve is flat there, so hardly any gradient passes.",
        f"层“{layer}”的 {units} 个单元中有 {saturated} 个对几乎每个样本都停在 {low} 或 {high}。"
        "那里曲线是平的，梯度几乎通不过。",
    )


def _remedy(evidence: Evidence) -> Remedy | None:
    """Scaled inputs where they are to blame, else smaller weights or smaller steps, anew."""
    if is_unscaled(evidence):
        return standardized(evidence.experiment)
    slower = lower_rate(evidence.experiment)
    if wide_layers(evidence) or slower is None:
        return with_usual_weights(evidence)
    label = Text(f"{slower.label.en}, from new weights", f"{slower.label.zh}，从新的权重开始")
    return Remedy(label, begun_anew(slower.experiment))
