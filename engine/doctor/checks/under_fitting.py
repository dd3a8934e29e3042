"""A network too small for its task. Guarded by tests/engine/test_doctor_curves.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from engine.activations.tanh import Tanh
from engine.doctor.check import Check, Finding, Remedy, Severity
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import with_layer_before, with_layers
from engine.doctor.trends import change, training_losses
from engine.layers.dense import Dense
from engine.text import Text

FEWEST_POINTS, FEWEST_EPOCHS = 6, 40
"""Before that nothing can be said."""
FALLING, RISING = -0.03, 0.1
"""Relative change of the loss: outside of these it still gets better, or suffers otherwise."""
NEAR = 0.05
"""Share of their size that the parameters have at least moved: otherwise the steps are too small.
"""
HIGH, NO_BETTER = 0.6, 0.9
"""Share of a constant answer's loss: a notice, a warning."""
UNITS, MOST_UNITS = 8, 16_384


class UnderFitting(Check):
    """The training loss stays high and doesn't move any more."""

    kind: Literal["under_fitting"] = "under_fitting"
    title = Text("Under-fitting", "欠拟合")
    help = Text(
        "The network does little better than one that doesn't look at its inputs, and it has "
        "stopped getting better. It may be too small for the task, or lack the right features.",
        "网络比根本不看输入的答案好不了多少，而且不再进步。它可能太小，或缺少合适的特征。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding."""
        losses = training_losses(evidence.points)
        epochs = evidence.step * evidence.batch / max(1, evidence.data.training)
        if len(losses) < FEWEST_POINTS or epochs < FEWEST_EPOCHS:
            return
        now = float(np.median(losses[-3:]))
        share = now / max(evidence.constant_loss, 1e-12)
        resting = FALLING < change(losses) < RISING and evidence.travelled >= NEAR
        if share < HIGH or not resting:
            return
        message = Text(
            f"The training loss stays at {now:.3g}; an answer that ignores the inputs has "
            f"{evidence.constant_loss:.3g}. More units or other features may help.",
            f"训练损失停在 {now:.3g}；完全不看输入的答案是 {evidence.constant_loss:.3g}。"
            "增加单元或换用其他特征也许有帮助。",
        )
        severity: Severity = "warning" if share >= NO_BETTER else "notice"
        yield Finding(self.kind, severity, None, "graph", message, _remedy(evidence))


def _remedy(evidence: Evidence) -> Remedy | None:
    """Twice the units in every hidden dense layer, or a first hidden layer."""
    names = evidence.hidden()
    layers = {node.name: node.layer for node in evidence.graph.nodes}
    dense = [name for name in names if isinstance(layers[name], Dense)]
    if dense:
        label = Text("Double the hidden units", "隐藏单元加倍")
        return Remedy(label, with_layers(evidence.experiment, dense, _doubled))
    answer = evidence.inputs_of_output
    if len(evidence.graph.sources[answer]) != 1 or not isinstance(layers[answer], Dense):
        return None
    layer = Dense(units=UNITS, activation=Tanh())
    label = Text(f"Add a hidden layer of {UNITS} units", f"增加一个有 {UNITS} 个单元的隐藏层")
    return Remedy(label, with_layer_before(evidence.experiment, answer, layer))


def _doubled(layer: object) -> Dense:
    assert isinstance(layer, Dense), "only dense layers are chosen"
    return layer.model_copy(update={"units": min(MOST_UNITS, 2 * layer.units)})
