"""Small arenas for single rows, programs for small graphs, and central finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.graph import Edge, Graph, Node
from engine.instructions import Block, Emitter, Plan
from engine.instructions.arena import CONSTANTS
from engine.kernels.abi import BATCH_SEED, CURSOR, DROPOUT_SEED, EPOCH, STEP
from engine.layers import Layer
from engine.losses import Loss
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers import Optimizer, StochasticGradientDescent
from engine.program.builder import Samples
from engine.program.executor import run, run_rows
from engine.program.program import Program, link, new_state
from engine.tasks import Plan as TaskPlan
from engine.tasks import Supervised

Array = NDArray[Any]
Doubles = NDArray[np.float64]

GUARD = -12345.0
"""Stands wherever no block is; a kernel that writes there has left its blocks."""

TOLERANCE = {"float64": 1e-11, "float32": 5e-6}
"""How far a kernel may be from its reference, relative to the largest number met (at least 1)."""

STEP_SIZE = 2e-6
"""Of finite differences: rounding and curvature both stay near 1e-9 of a value around 1."""


class Bench:
    """A few blocks and rows on an arena of their own, with guards around every block."""

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self.plan = Plan()
        self.emitter = Emitter(self.plan)
        self.state = new_state()
        self._values: dict[str, Array] = {}

    def place(self, name: str, values: Array) -> Block:
        """A block that starts with these values."""
        self._values[name] = np.asarray(values)
        return self.plan.allocate(name, self._values[name].shape)

    def room(self, name: str, shape: tuple[int, ...]) -> Block:
        """A block that some row is to fill."""
        return self.plan.allocate(name, shape)

    def load(self) -> None:
        """Make the arena; every row must have been emitted."""
        self.arena = np.full(self.plan.size + CONSTANTS, GUARD, self.dtype)
        self.arena[:CONSTANTS] = 0
        self.arena[: len(self.plan.constants)] = self.plan.constants
        self._outside = np.ones(len(self.arena), np.bool_)
        self._outside[:CONSTANTS] = False
        for block in self.plan.blocks.values():
            self._outside[block.offset : block.offset + block.size] = False
            self.read(block)[...] = 0
        for name, values in self._values.items():
            self.read(self.plan.blocks[name])[...] = values
        self.table = link(tuple(self.emitter.rows), self.dtype)

    def run(self, first: int = 0, end: int | None = None) -> None:
        """Run the rows `first` … `end - 1` and check the guards."""
        run_rows(self.arena, self.table, self.state, first, len(self.table) if end is None else end)
        assert (self.arena[self._outside] == GUARD).all(), "a kernel wrote outside its blocks"
        assert self.arena[0] == 0, "a kernel overwrote the arena's zero"

    def read(self, block: Block) -> Array:
        """A block's present values; writing into them changes the arena."""
        return self.arena[block.offset : block.offset + block.size].reshape(block.shape)


class Trainer:
    """A training program for a graph and samples, and its arena."""

    def __init__(
        self,
        graph: Graph,
        samples: Samples,
        loss: Loss | None = None,
        optimizer: Optimizer | None = None,
        dtype: str = "float64",
        batch: int | None = None,
    ) -> None:
        self.samples = samples
        resolved = graph.resolve(samples.inputs.shape[1:])
        self.plan = TaskPlan(
            resolved,
            loss or MeanSquaredError(),
            optimizer or StochasticGradientDescent(learning_rate=0.01),
            (0.0, 0.0),
            batch or len(samples),
            np.dtype(dtype),
        )
        self.program: Program = Supervised().training(self.plan, samples)
        self.arena = self.program.new_arena()
        self.state = new_state()
        self.state[[BATCH_SEED, DROPOUT_SEED]] = 7
        self.parameters = self.program.view(self.arena, self.program.network.parameter_region)
        self.gradients = self.program.view(self.arena, self.program.network.gradient_region)

    def draw(self, seed: int, spread: float = 0.6) -> None:
        """Fill all parameters with random numbers."""
        generator = np.random.default_rng(seed)
        for block in self.program.network.parameters.values():
            values = generator.normal(0, spread, block.shape)
            self.program.view(self.arena, block)[...] = values

    def measure(self) -> float:
        """Loss of the first batch, with its gradients; nothing is learned, nothing advances."""
        self.state[[CURSOR, EPOCH]] = 0
        end = sum(row.phase != "update" for row in self.program.rows)
        run_rows(self.arena, self.program.table, self.state, 0, end)
        return float(self.arena[self.program.network.report.offset])

    def train(self, steps: int) -> int:
        """Whole steps; returns how many were done."""
        return run(self.arena, self.program.table, self.state, steps)

    def places(self) -> Iterator[int]:
        """Arena offsets of all parameters, without the padding between them."""
        for block in self.program.network.parameters.values():
            yield from range(block.offset, block.offset + block.size)


def slopes(measure: Callable[[], float], values: Array, places: Iterable[int]) -> Doubles:
    """Central finite differences of `measure()` by `values[place]` for every place."""
    found = []
    for place in places:
        before = values[place]
        values[place] = before + STEP_SIZE
        above = measure()
        values[place] = before - STEP_SIZE
        below = measure()
        values[place] = before
        found.append((above - below) / (2 * STEP_SIZE))
    return np.array(found)


def assert_same_slopes(computed: Array, measured: Array) -> None:
    """Within 1e-6 of the largest slope met."""
    scale = max(float(np.abs(measured).max(initial=0)), 1e-3)
    np.testing.assert_allclose(computed, measured, rtol=0, atol=1e-6 * scale)


def some_places(size: int, most: int, generator: np.random.Generator) -> list[int]:
    """All places of a flat array, or a random choice where there are more than `most`."""
    if size <= most:
        return list(range(size))
    return sorted(int(place) for place in generator.choice(size, most, replace=False))


def graph_of(layers: Sequence[tuple[str, Layer]], edges: Sequence[tuple[str, str]]) -> Graph:
    """A graph from names, layers and (source, target) pairs."""
    return Graph(
        nodes=tuple(Node(name=name, layer=layer) for name, layer in layers),
        edges=tuple(Edge(source=source, target=target) for source, target in edges),
    )


def random_samples(shape: tuple[int, ...], outputs: int, count: int, seed: int = 3) -> Samples:
    """Normally distributed float64 inputs and targets."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(count, *shape))
    return Samples(inputs, generator.normal(size=(count, outputs)))


def assert_close(computed: Array, expected: Array, dtype: str) -> None:
    """Within the tolerance of `dtype`."""
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(computed, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def assert_step_lowers_loss(trainer: Trainer) -> None:
    """One step, measured with the same batch and the same chance before and after."""
    before = trainer.measure()
    trainer.state[:3] = 0
    assert trainer.train(1) == 1
    trainer.state[STEP] = 0
    after = trainer.measure()
    assert after < before
