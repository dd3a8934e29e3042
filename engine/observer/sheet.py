"""Some tensors side by side in one buffer, written by rows like those that train.

One call of the executor makes a whole look: it computes the network and writes every picture and
number to where it will be sent from. In Python, tensor by tensor, a look took several times as
long. Guarded by tests/engine/test_observer.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import Forward
from engine.instructions import Block, Emitter, Plan, Row
from engine.kernels.abi import address_of, aligned
from engine.observer.specs import TensorSpec
from engine.program.executor import prepared_rows
from engine.program.pictures import picture, root_mean_square, to_float32
from engine.program.program import link

ALIGNMENT = 16
"""Every tensor starts on a multiple of so many bytes."""
PROBABILITY = (0.0, 1.0)
UNSCALED = (0.0, 1.0)
"""The range that stands beside numbers that are sent as they are."""

View = Literal["plane", "sample", "gallery"]
"""A forward-only program: over the whole input plane, of the one sample that is looked at, of the
gallery's samples."""
SHOWN: Mapping[str, View] = {"map": "plane", "activation": "sample", "prediction": "gallery"}
"""Quantity → the program that it comes from; the others are read out of the parameters."""


@dataclass(frozen=True)
class Tensor:
    """One observed thing. An element `q` of a uint8 array means `low + (high − low) · q / 255`."""

    key: int
    array: NDArray[Any]
    low: float
    high: float


class _Exposure:
    """A forward-only program with the rows that show it.

    Args:
        forward: the program.
        rows: what to write.
        computed: whether they show more than parameters, so that the program has to run.
    """

    def __init__(self, forward: Forward, rows: Sequence[Row], computed: bool) -> None:
        own = forward.program.rows
        table = link((*own, *rows), forward.program.dtype)
        self._published = forward.published
        self._run = prepared_rows(forward.arena, table, 0 if computed else len(own))

    def expose(self, published: NDArray[Any]) -> None:
        """Write everything, for a network with these parameters."""
        self._published[:] = published
        self._run()


class Sheet:
    """The tensors `keys` of a network.

    Args:
        keys: places in `specs`, ascending.
        specs: everything that can be observed.
        views: the programs that the chosen tensors need; parameters are read from the first one.
        ranges: the fixed range of a layer's map, by layer name; others are measured each time.

    Attributes:
        specs: of the chosen tensors.
        buffer: all their bytes.
        offsets: where each begins in the buffer.
        ranges: float32 `(tensors, 2)`, the lowest and the highest value of each picture.
    """

    def __init__(
        self,
        keys: Sequence[int],
        specs: Sequence[TensorSpec],
        views: Mapping[View, Forward],
        ranges: Mapping[str, tuple[float, float]],
    ) -> None:
        self.keys = tuple(keys)
        self.specs = tuple(specs[key] for key in keys)
        self.offsets: list[int] = []
        size = 0
        for spec in self.specs:
            self.offsets.append(size)
            size += -(-spec.bytes // ALIGNMENT) * ALIGNMENT
        self.buffer = aligned(max(size, ALIGNMENT), np.dtype(np.uint8))[:size]
        self.ranges = aligned(max(1, 2 * len(self.keys)), np.dtype(np.float32))
        self.ranges = self.ranges[: 2 * len(self.keys)].reshape(-1, 2)
        self._measured: list[int] = []
        anywhere = next(iter(views))
        self._exposures = [
            self._expose(view, forward, ranges, anywhere) for view, forward in views.items()
        ]

    def _expose(
        self,
        view: View,
        forward: Forward,
        ranges: Mapping[str, tuple[float, float]],
        anywhere: View,
    ) -> _Exposure:
        emitter = Emitter(Plan())
        computed = False
        for index, spec in enumerate(self.specs):
            if SHOWN.get(spec.quantity, anywhere) == view:
                computed |= spec.quantity in SHOWN
                self._emit(emitter, forward, index, ranges)
        return _Exposure(forward, emitter.rows, computed)

    def _emit(
        self,
        emitter: Emitter,
        forward: Forward,
        index: int,
        ranges: Mapping[str, tuple[float, float]],
    ) -> None:
        """The rows of one tensor."""
        spec, network = self.specs[index], forward.program.network
        target = address_of(self.buffer) + self.offsets[index]
        self.ranges[index] = UNSCALED
        match spec.quantity:
            case "map":
                block = forward.shown(spec.layer)
                fixed = ranges.get(spec.layer)
                self.ranges[index] = fixed or UNSCALED
                if fixed is None:
                    self._measured.append(index)
                limits = address_of(self.ranges) + 2 * self.ranges.itemsize * index
                emitter.emit(picture, block, block.size, int(fixed is None), limits, target)
            case "activation":
                block = forward.shown(spec.layer)
                emitter.emit(to_float32, block, 1, block.size, target)
            case "prediction":
                block = forward.shown(spec.layer)
                emitter.emit(to_float32, block, block.features, block.batch, target)
            case "link":
                key = f"{spec.layer}.weights"
                for place, blocks in enumerate((network.parameters, network.gradients)):
                    block = blocks[key]
                    emitter.emit(root_mean_square, block, block.size, target + 4 * place)
            case _:
                block = self._parameter(spec, forward)
                emitter.emit(to_float32, block, 1, block.size, target)

    def _parameter(self, spec: TensorSpec, forward: Forward) -> Block:
        network = forward.program.network
        name = "bias" if spec.quantity.startswith("bias") else "weights"
        is_gradient = spec.quantity.endswith("gradient")
        return (network.gradients if is_gradient else network.parameters)[f"{spec.layer}.{name}"]

    def fill(self, published: NDArray[Any]) -> None:
        """Write all tensors of the network with these parameters. Releases the GIL."""
        for exposure in self._exposures:
            exposure.expose(published)

    def measured(self) -> list[tuple[int, float, float]]:
        """(place in `keys`, low, high) of every picture whose range is measured at each look."""
        return [(number, *self.ranges[number].tolist()) for number in self._measured]

    def tensors(self) -> tuple[Tensor, ...]:
        """What was written last, as arrays over the buffer."""
        found = []
        for number, spec in enumerate(self.specs):
            start = self.offsets[number]
            array = self.buffer[start : start + spec.bytes].view(spec.dtype).reshape(spec.shape)
            low, high = self.ranges[number].tolist()
            found.append(Tensor(self.keys[number], array, low, high))
        return tuple(found)
