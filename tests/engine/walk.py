"""Every member of a family, with every field at several values, and data for every loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from engine.activations import Activation
from engine.catalog import FAMILIES, Described, fields_of
from engine.data.dataset import Dataset, Problem
from engine.errors import GraphError
from engine.graph import Graph
from engine.layers import Layer
from engine.layers.dense import Dense
from engine.layers.merge import Concatenate
from engine.layers.ports import Input, Output
from engine.layers.shapes import Flatten, Reshape
from engine.losses import Loss
from engine.text import Text
from tests.engine.harness import graph_of

SHAPES = ((1,), (3,), (8,), (17,), (1, 1), (2, 3), (2, 3, 5))
"""Of one sample: alone, odd, one vector wide, one more than two vectors, pictures."""
BRANCHES = (((3,), (3,)), ((2, 3), (2, 3)), ((3,), (5,)), ((2, 3), (4, 3)), ((8,), (8,), (8,)))
DTYPES = ("float64", "float32")
BATCHES = (1, 7, 10, 33)
"""Samples: alone, odd, a usual number, more than four vectors."""
PROBLEMS: tuple[Problem, ...] = ("classification", "regression")


def members_of(family: type[Described]) -> list[Any]:
    return [pytest.param(member, id=kind) for kind, member in sorted(family.registry.items())]


def variants(member: type[Any]) -> Iterator[Any]:
    """The member as it comes, then with each field at other values that it allows."""
    yield member()
    for field in fields_of(member):
        for value in other_values(field):
            yield member.model_validate({field["name"]: value})


def other_values(field: dict[str, Any]) -> list[Any]:
    if field["type"] == "choice":
        return list(field["values"])
    if field["type"] == "boolean":
        return [False, True]
    if field["type"].startswith("member:"):
        family = FAMILIES[field["type"].partition(":")[2]]
        return [{"kind": kind} for kind in sorted(family.registry)]
    if field["type"] == "integer":
        return [size for size in (1, 3, 17) if field["minimum"] <= size <= field["maximum"]]
    if field["type"] == "number":
        ends = [field["maximum"], *([] if field["exclusive"] else [field["minimum"]])]
        return [*ends, field["minimum"] + 0.3 * (field["maximum"] - field["minimum"])]
    return []


def problems_for(loss: Loss, count: int) -> list[Dataset]:
    generator = np.random.default_rng(count)
    inputs = generator.normal(size=(count, 2)).astype(np.float32)
    sets = []
    for classes in (2, 3, 10):
        names = tuple(Text(str(number), str(number)) for number in range(classes))
        targets = generator.integers(0, classes, count)
        sets.append(Dataset(inputs, targets, "classification", classes=names))
    for outputs in (1, 3):
        values = generator.normal(size=(count, outputs)).astype(np.float32)
        sets.append(Dataset(inputs, values, "regression"))
    return [dataset for dataset in sets if dataset.problem in loss.problems]


def accepted(layer: Layer) -> list[tuple[tuple[int, ...], ...]]:
    """The lists of input shapes, of those tried, that a layer takes."""
    tries = list(BRANCHES) if layer.variadic else [(shape,) for shape in SHAPES]
    fitting = []
    for shapes in tries:
        try:
            layer.infer("layer", shapes)
        except GraphError:
            continue
        fitting.append(shapes)
    return fitting


def network_around(layer: Layer, shapes: Sequence[tuple[int, ...]]) -> Graph:
    """A small network with `layer` inside; its first input has a second consumer.

    Every input comes from a dense layer through a view; what `layer` gives is put beside its first
    input, so that gradients reach a shared layer on two ways.
    """
    layers: list[tuple[str, Layer]] = [("input", Input()), ("member", layer)]
    edges: list[tuple[str, str]] = []
    for number, shape in enumerate(shapes):
        dense = Dense(units=int(np.prod(shape)), activation=Activation.registry["tanh"]())
        layers.extend([(f"dense{number}", dense), (f"view{number}", Reshape(shape=shape))])
        edges.extend([("input", f"dense{number}"), (f"dense{number}", f"view{number}")])
        edges.append((f"view{number}", "member"))
    layers.extend((name, Flatten()) for name in ("flat", "beside"))
    layers.extend([("joined", Concatenate()), ("answer", Dense(units=2)), ("output", Output())])
    edges.extend([("member", "flat"), ("view0", "beside"), ("flat", "joined")])
    edges.extend([("beside", "joined"), ("joined", "answer"), ("answer", "output")])
    return graph_of(layers, edges)
