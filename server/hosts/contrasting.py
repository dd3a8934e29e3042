"""What sets two runs apart, on the wire. Guarded by tests/server/test_twinning.py."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.twin import Comparison, Distance, LayerDistance, Measure
from server.hosts.describing import words
from server.protocol import (
    Apart,
    LayerApart,
    LayerUnlike,
    Measured,
    Pair,
    ParameterApart,
    TwinComparison,
)


def comparison_message(found: Comparison) -> TwinComparison:
    """A whole comparison."""
    mine, twin = found.prediction or (None, None)
    return TwinComparison(
        layers=[_layer(layer) for layer in found.layers],
        unlike=[LayerUnlike(layer=one.layer, reason=words(one.reason)) for one in found.unlike],
        part=found.part,
        samples=found.samples,
        differing=found.differing,
        mine=_measured(found.mine),
        twin=_measured(found.twin),
        mine_prediction=None if mine is None else numbers(mine),
        twin_prediction=None if twin is None else numbers(twin),
    )


def pair(name: str, mine: NDArray[Any], twin: NDArray[Any]) -> Pair:
    """The same numbers of both runs; both arrays have the same shape."""
    return Pair(name=name, shape=list(mine.shape), mine=numbers(mine), twin=numbers(twin))


def numbers(values: NDArray[Any]) -> list[float | None]:
    """All numbers row by row."""
    flat = np.asarray(values, np.float64).ravel().tolist()
    return [_number(value) for value in flat]


def _layer(layer: LayerDistance) -> LayerApart:
    return LayerApart(
        layer=layer.layer,
        shape=list(layer.shape),
        parameters=[
            ParameterApart(
                parameter=one.parameter, shape=list(one.shape), apart=_apart(one.distance)
            )
            for one in layer.parameters
        ],
        activation=None if layer.activation is None else _apart(layer.activation),
    )


def _apart(found: Distance) -> Apart:
    return Apart(
        size=_number(found.size),
        norm=_number(found.norm),
        relative=_number(found.relative),
        largest=_number(found.largest),
        index=list(found.index),
    )


def _measured(found: Measure) -> Measured:
    return Measured(
        batch_loss=_number(found.batch_loss),
        loss=_number(found.loss),
        accuracy=found.accuracy,
    )


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
