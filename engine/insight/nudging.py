"""Nudging an input: what becomes of the prediction, and of every layer on the way to it.

Guarded by tests/engine/test_nudging.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import Forward, published
from engine.session import Session

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class LayerShift:
    """How far the outputs of one layer moved.

    Attributes:
        layer: its name.
        distance: ‖a′ − a‖, the Euclidean length of the change.
        length: ‖a‖, that of its outputs for the first input.
        unit: the output that moved most, counted through the layer's shape row by row.
        before, after: that output for the first and for the second input.
    """

    layer: str
    distance: float
    length: float
    unit: int
    before: float
    after: float


@dataclass(frozen=True)
class InputComparison:
    """What a network makes of two inputs, with the same parameters.

    Attributes:
        step: finished steps of these parameters.
        before, after: the prediction for each input: one probability a class (both, where the
            network gives that of the second class only), or the values.
        layers: in order of computation, without those that only pass on what arrives; of the last
            one what a person sees of it, values or probabilities.
    """

    step: int
    before: tuple[float, ...]
    after: tuple[float, ...]
    layers: tuple[LayerShift, ...]


def compare_inputs(
    session: Session, original: Collection[float], changed: Collection[float]
) -> InputComparison:
    """Send two inputs through the network, as it is now, and say what differs.

    Both take one forward pass of a batch of two, so nothing but the inputs can make a difference;
    dropout lets everything pass. The session isn't touched.

    Args:
        session: whose parameters and preprocessing are used.
        original: raw numbers of a sample, row by row.
        changed: the same for the other one.

    Raises:
        DataError: too many or too few numbers, or one that isn't finite.
    """
    prepared = session.prepared
    raw = np.concatenate([prepared.raw_sample(original), prepared.raw_sample(changed)])
    forward = Forward(session.experiment.task, session.material.plan, len(raw))
    forward.set_inputs(prepared.transform(raw))
    forward.published[:] = published(session.program, session.arena)
    forward.run()
    graph = session.material.plan.graph
    shown = [
        node.name
        for node in graph.nodes
        if not node.layer.is_view or node.name == graph.output_name
    ]
    before, after = _shown(forward, graph.output_name)
    if prepared.dataset.problem == "classification":
        before, after = _all_classes(before), _all_classes(after)
    return InputComparison(
        session.step,
        tuple(before.tolist()),
        tuple(after.tolist()),
        tuple(_shift(name, *_shown(forward, name)) for name in shown),
    )


def _shown(forward: Forward, layer: str) -> tuple[Doubles, Doubles]:
    """What a person sees of a layer, for each of the two inputs."""
    block = forward.shown(layer)
    values: NDArray[Any] = forward.view(block).reshape(block.features, block.batch)
    return values[:, 0].astype(np.float64), values[:, 1].astype(np.float64)


def _all_classes(probabilities: Doubles) -> Doubles:
    """One probability a class: a single output is that of the second of two."""
    if len(probabilities) > 1:
        return probabilities
    return np.concatenate([1 - probabilities, probabilities])


def _shift(layer: str, before: Doubles, after: Doubles) -> LayerShift:
    with np.errstate(invalid="ignore", over="ignore"):  # a diverged network gives NaN here
        moved = np.abs(after - before)
        distance, length = float(np.linalg.norm(moved)), float(np.linalg.norm(before))
    unit = int(np.argmax(moved))
    return LayerShift(layer, distance, length, unit, float(before[unit]), float(after[unit]))
