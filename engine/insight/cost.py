"""What each layer costs: memory, arithmetic, and seconds measured on a copy.

Guarded by tests/engine/test_cost.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import prod
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from engine.instructions import Row
from engine.program.executor import run_rows
from engine.program.program import Program, Words
from engine.session import Session

LONGEST = 0.05
"""Seconds that a whole measurement may take; a step that is longer is run once all the same."""
SHARE = 0.7
"""Of that time what the repeats may take; the rest is for copying and for the first look."""
MOST_LOOPS = 256
"""Times that a layer's rows are repeated within one call, which hides the cost of calling."""
EXTENTS = ("size:size", "rows:size", "columns:size", "units:size", "outputs:size", "batch:size")
"""Operands that tell how far an op's loops run; together they count the elements it visits."""
DEPTH = "depth:size"
"""The operand of products: how many multiply-adds each element takes."""


@dataclass(frozen=True)
class Work:
    """What some rows do in one step.

    Attributes:
        multiply_adds: of matrix products, per sample.
        elements: numbers that all other rows visit, per sample.
        seconds: per step, of the whole batch.
    """

    multiply_adds: float
    elements: float
    seconds: float

    def __add__(self, other: Work) -> Work:
        return Work(
            self.multiply_adds + other.multiply_adds,
            self.elements + other.elements,
            self.seconds + other.seconds,
        )


NOTHING = Work(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs.

    Attributes:
        layer: its name.
        parameters: numbers that it learns.
        activations: numbers that it gives for one sample.
        memory_bytes: of the arena, for the batch: parameters, their gradients, the optimizer's
            memory, activations with their gradients and whatever else the layer keeps. A layer
            that only changes the shape has no memory of its own.
        forward, backward: its rows' work.
    """

    layer: str
    parameters: int
    activations: int
    memory_bytes: int
    forward: Work
    backward: Work


@dataclass(frozen=True)
class Cost:
    """What one training step costs.

    Attributes:
        layers: in order of computation.
        batch: samples a step.
        parameters, memory_bytes: of all layers.
        forward, backward: of all layers.
        data, loss, update: fetching the batch, the loss, moving the parameters.
    """

    layers: tuple[LayerCost, ...]
    batch: int
    parameters: int
    memory_bytes: int
    forward: Work
    backward: Work
    data: Work
    loss: Work
    update: Work

    @property
    def seconds(self) -> float:
        """Of one step: the sum of all parts."""
        return sum(part.seconds for part in self._parts().values())

    def shares(self) -> dict[str, float]:
        """Of the time: `data`, `forward`, `loss`, `backward` and `update`; they add up to 1."""
        whole = self.seconds or 1.0
        return {phase: part.seconds / whole for phase, part in self._parts().items()}

    def _parts(self) -> dict[str, Work]:
        return {
            "data": self.data,
            "forward": self.forward,
            "loss": self.loss,
            "backward": self.backward,
            "update": self.update,
        }


def cost_of(session: Session, repeats: int = 5) -> Cost:
    """Count and measure every layer's share of a training step.

    Times are the median over `repeats` runs of the layer's rows alone, on a copy of the arena and
    of the state. Its numbers lie in the cache then, so a large network's real step is somewhat
    slower than the sum. All of it takes about `LONGEST` seconds; a step that takes longer itself
    is run once.

    Args:
        session: a session at a step boundary; it isn't touched.
        repeats: measurements of each layer.
    """
    program, plan = session.program, session.material.plan
    seconds = _measure(session, repeats)
    work: dict[tuple[str, str], Work] = {}
    for key, rows in groupby(program.rows, key=_part_of):
        done = _counted(rows, plan.batch, seconds.get(key, 0.0))
        work[key] = work.get(key, NOTHING) + done
        seconds.pop(key, None)  # rows that come in two stretches are timed together
    layers = tuple(
        LayerCost(
            node.name,
            plan.graph.parameter_count(node),
            prod(plan.graph.shapes[node.name]),
            _memory(program, node.name, len(plan.optimizer.slots)),
            work.get(("forward", node.name), NOTHING),
            work.get(("backward", node.name), NOTHING),
        )
        for node in plan.graph.nodes
    )
    phases = {phase: _total(work, phase) for phase, _ in work}
    return Cost(
        layers,
        plan.batch,
        sum(layer.parameters for layer in layers),
        sum(layer.memory_bytes for layer in layers),
        *(phases.get(name, NOTHING) for name in ("forward", "backward", "data", "loss", "update")),
    )


def _part_of(row: Row) -> tuple[str, str]:
    return row.phase, row.layer


def _total(work: Mapping[tuple[str, str], Work], phase: str) -> Work:
    return sum((done for (name, _), done in work.items() if name == phase), NOTHING)


def _counted(rows: Iterable[Row], batch: int, seconds: float) -> Work:
    """Work of rows, per sample; the names of an op's operands tell how far its loops run."""
    multiply_adds = elements = 0
    for row in rows:
        operands = dict(zip(row.op.operands, row.operands, strict=True))
        extents = [operands[name] for name in EXTENTS if name in operands]
        count = prod(extents) if extents else sum(block.size for block in row.writes)
        if DEPTH in operands:
            multiply_adds += count * operands[DEPTH]
        else:
            elements += count
    return Work(multiply_adds / batch, elements / batch, seconds)


def _memory(program: Program, layer: str, slots: int) -> int:
    """Bytes of the blocks that are a layer's own, without the gaps up to the next cache line."""
    parameters = program.network.parameters
    learned = sum(block.size for key, block in parameters.items() if _owner(key) == layer)
    own = sum(block.size for name, block in program.plan.blocks.items() if _owner(name) == layer)
    return (own + (1 + slots) * learned) * program.dtype.itemsize


def _owner(name: str) -> str:
    """The layer that a block such as `hidden1.sums` belongs to."""
    return name.partition(".")[0] if "." in name else ""


def _measure(session: Session, repeats: int) -> dict[tuple[str, str], float]:
    """Seconds a step by phase and layer, on a copy."""
    arena, state = session.arena.copy(), session.state.copy()
    parts: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(session.program.rows):
        parts.setdefault(_part_of(row), []).append(number)
    began = perf_counter()
    once = {
        key: _timed(arena, session.program.table[numbers], state) for key, numbers in parts.items()
    }
    left = LONGEST * SHARE - (perf_counter() - began)
    if left < sum(once.values()):
        return once
    each = left / len(parts) / max(1, repeats)
    return {
        key: _repeated(arena, session.program.table[numbers], state, each, repeats)
        for key, numbers in parts.items()
    }


def _repeated(arena: Any, table: Words, state: Any, budget: float, repeats: int) -> float:
    """The median of `repeats` timings that take about `budget` seconds each."""
    first = min(_timed(arena, table, state), _timed(arena, table, state))
    loops = int(np.clip(budget / max(first, 1e-7), 1, MOST_LOOPS))
    many = np.ascontiguousarray(np.tile(table, (loops, 1)))
    nothing = min(_timed(arena, table[:0], state) for _ in range(3))
    times = []
    end = perf_counter() + budget * repeats
    for _ in range(max(1, repeats)):
        times.append(max(0.0, _timed(arena, many, state) - nothing) / loops)
        if perf_counter() > end:
            break
    return median(times)


def _timed(arena: Any, table: Words, state: Any) -> float:
    """Seconds that the rows of `table` take, called once."""
    began = perf_counter()
    run_rows(arena, np.ascontiguousarray(table), state, 0, len(table))
    return perf_counter() - began
