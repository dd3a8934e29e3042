"""Units that are silent whatever they see. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from engine.activations import Activation
from engine.activations.relu import LeakyReLU
from engine.doctor.check import Check, Finding, Remedy, Severity
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import with_layers
from engine.text import Text

MANY = 0.5
"""Share of a layer's units from which it is a warning; with all of them nothing flows any more."""


class DeadUnits(Check):
    """Rectified units whose output is zero on every sample: no gradient reaches them again."""

    kind: Literal["dead_units"] = "dead_units"
    title = Text("Dead units", "死亡单元")
    help = Text(
        "A rectified unit whose weighted sum is negative for every sample gives zero, gets no "
        "gradient and never recovers.",
        "如果修正线性单元的加权和对所有样本都为负，它就一直输出零，得不到梯度，再也不会恢复。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """One finding a layer with dead units."""
        for layer in evidence.hidden():
            activation = evidence.activation(layer)
            outputs = evidence.outputs[layer]
            silent = np.asarray(outputs.any(axis=1) == 0)
            silent[[clamp.unit for clamp in evidence.node(layer).clamps]] = False
            dead = np.flatnonzero(silent)
            if activation is None or not silences(activation) or not dead.size:
                continue
            yield Finding(
                self.kind,
                _severity(dead.size, len(outputs)),
                layer,
                f"graph.nodes.{layer}.layer.activation",
                _message(layer, dead, len(outputs)),
                _remedy(evidence, layer),
            )


def silences(activation: Activation) -> bool:
    """Whether negative sums give zero and let no gradient through, as with ReLU."""
    sums = np.array([[-1.0]])
    blocked = activation.reference_gradient(sums, np.ones_like(sums))
    return not activation.reference(sums).any() and not blocked.any()


def _severity(dead: int, units: int) -> Severity:
    if dead == units:
        return "serious"
    return "warning" if dead >= MANY * units else "notice"


def _message(layer: str, dead: np.ndarray[tuple[int], np.dtype[np.int64]], units: int) -> Text:
    which = ", ".join(str(unit + 1) for unit in dead[:8]) + (" …" if dead.size > 8 else "")
    return Text(
        f"In layer “{layer}” {dead.size} of {units} units gave zero for every sample looked at "
        f"(unit {which}). No gradient reaches them, so they can't recover.",
        f"层“{layer}”的 {units} 个单元中有 {dead.size} 个对所看的每个样本都输出零"
        f"（单元 {which}）。梯度到不了它们，所以它们无法恢复。",
    )


def _remedy(evidence: Evidence, layer: str) -> Remedy:
    leaky = LeakyReLU(slope=0.1)
    experiment = with_layers(
        evidence.experiment, [layer], lambda old: old.model_copy(update={"activation": leaky})
    )
    return Remedy(Text(f"Use Leaky ReLU in “{layer}”", f"在“{layer}”中改用 Leaky ReLU"), experiment)
