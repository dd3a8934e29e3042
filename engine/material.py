"""What a session builds its programs from: prepared samples, the resolved graph, encoded targets.

Preparation is shared: sessions with the same data and seed read the same arrays, so a class of
sixty browsers holds its digits once. Guarded by tests/engine/test_session.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.catalog import kind_of
from engine.data.preparation import Prepared, prepare
from engine.errors import GraphError, NeurariumError
from engine.experiment import Data, Experiment
from engine.graph import Resolved
from engine.layers.dense import Dense
from engine.limits import Limits
from engine.losses import Loss
from engine.program.builder import Samples
from engine.tasks import Plan
from engine.text import Text


@dataclass(frozen=True)
class Material:
    """Everything that follows from an experiment before a program is built.

    Attributes:
        prepared: samples of both parts, raw and preprocessed.
        training, validation: what gather rows read; `validation` is `None` without such a part.
        plan: graph, loss, optimizer, batch.
    """

    prepared: Prepared
    training: Samples
    validation: Samples | None
    plan: Plan


@dataclass(frozen=True)
class LayerInfo:
    """What the engine made of one layer."""

    name: str
    kind: str
    shape: tuple[int, ...]
    inputs: tuple[str, ...]
    parameters: int
    map_scale: float | None


def layer_infos(graph: Resolved) -> list[LayerInfo]:
    """The layers in order of computation."""
    return [
        LayerInfo(
            node.name,
            kind_of(type(node.layer)),
            graph.shapes[node.name],
            graph.sources[node.name],
            graph.parameter_count(node),
            max(map(abs, span)) if (span := node.layer.output_span()) else None,
        )
        for node in graph.nodes
    ]


def gather_material(experiment: Experiment, dtype: np.dtype[Any], limits: Limits) -> Material:
    """Prepare data, resolve the graph and check that they fit together and within `limits`.

    Raises:
        NeurariumError: naming the layer or field.
    """
    prepared = _prepared(experiment.data, experiment.seeds.data)
    dataset = prepared.dataset
    limits.check("samples", len(dataset.inputs), "data.source", Text("samples", "个样本"))
    experiment.loss.check(dataset)
    _check_units(experiment, limits)
    graph = experiment.graph.resolve(prepared.shape)
    size = experiment.loss.outputs(dataset)
    if dataset.problem == "regression":
        reason = Text(f"the data have {size} value(s) to predict", f"数据需要预测 {size} 个值")
    else:
        count = len(dataset.classes)
        reason = Text(
            f"the data have {count} classes and the loss needs {size}",
            f"数据有 {count} 类，损失需要 {size} 个",
        )
    graph.check_output(size, reason)
    count = sum(graph.parameter_count(node) for node in graph.nodes)
    limits.check("parameters", count, "graph", Text("parameters", "个参数"))
    training, validation = _samples(prepared, experiment.loss, dtype.name)
    penalties = (experiment.regularization.l1, experiment.regularization.l2)
    batch = min(experiment.batch_size, len(training))
    values = 3 * batch * sum(prod(shape) for shape in graph.shapes.values()) + 4 * count
    limits.check(
        "arena_bytes", values * dtype.itemsize, "graph", Text("bytes of memory", "字节内存")
    )
    plan = Plan(graph, experiment.loss, experiment.optimizer, penalties, batch, dtype)
    return Material(prepared, training, validation, plan)


def _check_units(experiment: Experiment, limits: Limits) -> None:
    for node in experiment.graph.nodes:
        if isinstance(node.layer, Dense):
            where = f"graph.nodes.{node.name}.layer.units"
            limits.check("units", node.layer.units, where, Text("units", "个单元"))


@lru_cache(maxsize=64)
def _prepared(data: Data, seed: int) -> Prepared:
    dataset = data.source.load(seed)
    return prepare(dataset, data.preprocessing, data.validation_share, seed)


_encoded: dict[tuple[int, str, str], tuple[Prepared, Samples, Samples | None]] = {}
_encoding = Lock()
_MOST_ENCODED = 64


def _samples(prepared: Prepared, loss: Loss, dtype: str) -> tuple[Samples, Samples | None]:
    """Both parts with encoded targets in `dtype`; made once for the same data, loss and type."""
    key = (id(prepared), type(loss).__name__, dtype)
    with _encoding:
        return _encode(key, prepared, loss, dtype)


def _encode(
    key: tuple[int, str, str], prepared: Prepared, loss: Loss, dtype: str
) -> tuple[Samples, Samples | None]:
    if key not in _encoded:
        while len(_encoded) >= _MOST_ENCODED:
            _encoded.pop(next(iter(_encoded)))
        parts = [
            _part(inputs, loss.encode(prepared.dataset, targets), dtype)
            for inputs, targets in (
                (prepared.training_inputs, prepared.training_targets),
                (prepared.validation_inputs, prepared.validation_targets),
            )
        ]
        # The prepared data are kept beside the samples, so that their id can't be given away.
        _encoded[key] = (prepared, parts[0], parts[1] if len(parts[1]) else None)
    return _encoded[key][1:]


def _part(inputs: NDArray[Any], targets: NDArray[Any], dtype: str) -> Samples:
    return Samples(np.ascontiguousarray(inputs, dtype), np.ascontiguousarray(targets, dtype))


def fitting_values(
    key: str, values: object, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """`values` as an array for the parameter `key`.

    Raises:
        NeurariumError: another shape, or a number that isn't finite in `dtype`.
    """
    try:
        with np.errstate(over="ignore"):
            array = np.asarray(values, dtype)
    except (TypeError, ValueError):
        array = np.full(shape, np.nan)
    if array.shape != shape or not np.isfinite(array).all():
        raise NeurariumError(
            "wrong_parameter_value",
            key,
            Text("The values don't fit this parameter.", "这些值与该参数不符。"),
            Text("Give finite numbers of the shape listed.", "请给出所列形状的有限数值。"),
            value=values,
            allowed=f"{shape}",
        )
    return array


def wrong_parameter(name: str, known: list[str]) -> GraphError:
    """The error for a parameter that the network doesn't have."""
    return GraphError(
        "unknown_parameter",
        name,
        Text(f"The network has no parameter “{name}”.", f"网络中没有参数“{name}”。"),
        Text("Use one of those listed.", "请使用列出的参数。"),
        value=name,
        allowed=known,
    )


def check_index(key: str, index: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Refuse an index that lies outside a parameter of `shape`.

    Raises:
        NeurariumError: `wrong_parameter_index`.
    """
    inside = len(index) == len(shape) and all(
        0 <= place < size for place, size in zip(index, shape, strict=True)
    )
    if not inside:
        raise NeurariumError(
            "wrong_parameter_index",
            key,
            Text("There is no such number in this parameter.", "该参数中没有这个数。"),
            Text("Choose an index inside the shape.", "请选择形状范围内的下标。"),
            value=f"[{', '.join(map(str, index))}]",
            allowed=f"{shape}",
        )
