"""What can be observed of a network. Guarded by tests/engine/test_observer.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from engine.layers.ports import Output
from engine.program.program import Program
from engine.tasks import Plan

Quantity = Literal[
    "map",
    "activation",
    "weights",
    "bias",
    "weight_gradient",
    "bias_gradient",
    "link",
    "prediction",
]
MOST_MAPS = 64
"""Layers with more units are shown as a strip of one sample's activations instead."""
MOST_VALUES = 300_000
"""Larger parameter arrays are not streamed."""
ITEM_BYTES = {"float32": 4, "uint8": 1}


@dataclass(frozen=True)
class TensorSpec:
    """One thing that can be observed; its key is its place in `Observer.tensors`."""

    layer: str
    quantity: Quantity
    shape: tuple[int, ...]
    dtype: Literal["float32", "uint8"] = "float32"

    @property
    def bytes(self) -> int:
        """Size of its numbers."""
        return prod(self.shape) * ITEM_BYTES[self.dtype]


def specs_of(
    plan: Plan, program: Program, cells: tuple[int, ...], gallery: int
) -> Iterator[TensorSpec]:
    """Everything that can be observed of a network, layer by layer.

    Args:
        plan: how the network is put together.
        program: any program of it.
        cells: of a response map, such as `(32, 32)`; empty where the inputs can't be drawn.
        gallery: samples whose predictions are shown.
    """
    parameters = program.network.parameters
    for node in plan.graph.nodes:
        shape = plan.graph.shapes[node.name]
        if cells and len(shape) == 1 and shape[0] <= MOST_MAPS:
            yield TensorSpec(node.name, "map", (*shape, *cells), "uint8")
        yield TensorSpec(node.name, "activation", shape)
        weights = parameters.get(f"{node.name}.weights")
        bias = parameters.get(f"{node.name}.bias")
        if weights is not None:
            yield TensorSpec(node.name, "link", (2,))
            if weights.size <= MOST_VALUES:
                yield TensorSpec(node.name, "weights", weights.shape)
                yield TensorSpec(node.name, "weight_gradient", weights.shape)
        if bias is not None:
            yield TensorSpec(node.name, "bias", bias.shape)
            yield TensorSpec(node.name, "bias_gradient", bias.shape)
        if isinstance(node.layer, Output) and gallery:
            yield TensorSpec(node.name, "prediction", (gallery, prod(shape)))
