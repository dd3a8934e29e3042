"""The live numbers around one layer, as its part of an explanation reads them.

Guarded by tests/engine/test_explanation.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.figures import number
from engine.arithmetic.quantity import Kind, Line, Quantity
from engine.arithmetic.sums import Account
from engine.text import Text

Numbers = NDArray[Any]
Index = tuple[int, ...]


@dataclass(frozen=True)
class Flow:
    """Numbers of one layer for a batch, `(*shape, batch)`: its outputs, its gradients.

    Attributes:
        layer: whose they are.
        kind: what they are.
        values: as the arena holds them.
        call: what people call the unit at an index.
    """

    layer: str
    kind: Kind
    values: Numbers
    call: Callable[[Index], Text]

    @property
    def shape(self) -> Index:
        """Of one sample."""
        return self.values.shape[:-1]

    @property
    def batch(self) -> int:
        """Samples."""
        return int(self.values.shape[-1])

    def at(self, index: Index, sample: int) -> float:
        """One number."""
        return float(self.values[(*index, sample)])

    def column(self, sample: int) -> NDArray[np.float64]:
        """All numbers of one sample in row-major order."""
        return self.values[..., sample].astype(np.float64).reshape(-1)

    def place(self, index: Index) -> int:
        """Where an index stands in row-major order."""
        return place_of(index, self.shape)

    def index(self, place: int) -> Index:
        """The index at a place in row-major order."""
        return index_at(place, self.shape)

    def quantity(self, index: Index, sample: int) -> Quantity:
        """A link to one number."""
        return Quantity(self.kind, self.layer, index=index, sample=sample)

    def link(self, place: int, sample: int) -> Quantity:
        """A link to the number at a place in row-major order."""
        return self.quantity(self.index(place), sample)


@dataclass(frozen=True)
class Live:
    """What a layer's explanation may read.

    Attributes:
        name: of the layer.
        inputs: outputs of the layers before.
        output: what the layer gave.
        gradient: by the output; `None` where it isn't computed.
        parameters: as the step used them.
        flows: the layer's own numbers of another kind: its weighted sums, the gradient by them.
        own: a block that the layer asked for, by the name it gave it; `None` without such a block.
    """

    name: str
    inputs: tuple[Flow, ...]
    output: Flow
    gradient: Flow | None
    parameters: Mapping[str, Numbers]
    flows: Mapping[Kind, Flow]
    own: Callable[[str], Numbers | None]

    @property
    def upstream(self) -> Flow:
        """The gradient by the output, in a backward explanation."""
        assert self.gradient is not None, "a layer that hands gradients on has one"
        return self.gradient

    def parameter(self, name: str, index: Index) -> Quantity:
        """A link to one number of a parameter."""
        return Quantity("parameter", self.name, name, index)

    def passed_on(self, index: Index, sample: int) -> Account:
        """The account of a layer that gives its input in another shape."""
        source = self.inputs[0]
        at = source.index(self.output.place(index))
        value, link = source.at(at, sample), source.quantity(at, sample)
        called = self.output.call(index)
        name = Text(f"output of {called.en}", f"{called.zh} 的输出")
        return Account((Line("y", "x", number(value), value, (link,), name),))


def place_of(index: Index, shape: Index) -> int:
    """Where an index stands in row-major order; for a few numbers quicker than NumPy's own."""
    place = 0
    for axis, size in zip(index, shape, strict=True):
        place = place * size + axis
    return place


def index_at(place: int, shape: Index) -> Index:
    """The index at a place in row-major order."""
    axes = []
    for size in reversed(shape):
        place, axis = divmod(place, size)
        axes.append(axis)
    return tuple(reversed(axes))


def unit_called(layer: str, index: Index) -> Text:
    """`unit 3 of hidden1`, `row 3, column 5 of digits`; people count from 1."""
    places = [place + 1 for place in index]
    if len(places) == 1:
        return Text(f"unit {places[0]} of {layer}", f"{layer} 的单元 {places[0]}")
    if len(places) == 2:
        row, column = places
        return Text(
            f"row {row}, column {column} of {layer}", f"{layer} 的第 {row} 行第 {column} 列"
        )
    numbers = ", ".join(map(str, places))
    return Text(f"number ({numbers}) of {layer}", f"{layer} 的第 ({numbers}) 个数")


def sample_called(sample: int) -> Text:
    """`sample 3 of the batch`."""
    return Text(f"sample {sample + 1} of the batch", f"批中第 {sample + 1} 个样本")
