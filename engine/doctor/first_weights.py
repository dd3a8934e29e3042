"""Weights that begin too large. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from engine.doctor.check import Remedy
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import with_layers
from engine.initializers import Xavier
from engine.text import Text

TOO_WIDE = 3.0
"""How many times as wide as Xavier's weights may be that aren't to blame."""


def wide_layers(evidence: Evidence) -> list[str]:
    """Layers whose weights begin much wider than their sizes ask for."""
    graph, usual = evidence.graph, Xavier()
    return [
        node.name
        for node in graph.nodes
        for parameter in node.layer.parameters(graph.input_shapes(node.name))
        if parameter.regularized and hasattr(node.layer, "weights")
        if parameter.initializer.spread(*parameter.fan) > TOO_WIDE * usual.spread(*parameter.fan)
    ]


def with_usual_weights(evidence: Evidence) -> Remedy | None:
    """A new beginning with Xavier weights in those layers; `None` where there are none."""
    wide = wide_layers(evidence)
    if not wide:
        return None
    experiment = with_layers(
        evidence.experiment,
        wide,
        lambda old: old.model_copy(update={"weights": Xavier()}),
        anew=True,
    )
    return Remedy(
        Text("Begin anew with Xavier weights", "改用 Xavier 初始权重，重新开始"), experiment
    )
