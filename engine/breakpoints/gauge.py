"""One gauge of a training table, as Python holds it. Guarded by tests/engine/test_gauges.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.instructions import Block, Row
from engine.kernels.abi import Op, address_of, aligned
from engine.program.gauges import HIGH, LOW, OWN, READING, TRIPPED

PHASE = "watch"


@dataclass(frozen=True, eq=False)
class Gauge:
    """A row that stops the walk as soon as its reading leaves `[low, high]`.

    Attributes:
        op: one of `engine.program.gauges`.
        operands: all but the address of the memory.
        low, high: the band.
        remembered: values that its memory begins with.
        target: what it looks at, such as a layer; empty for the whole network.
        dtype: of the arena.
    """

    op: Op
    operands: tuple[Block | int, ...]
    low: float
    high: float
    remembered: NDArray[Any]
    target: str
    dtype: np.dtype[Any]
    memory: NDArray[Any] = field(init=False)

    def __post_init__(self) -> None:
        memory = aligned(OWN + self.remembered.size, self.dtype)
        object.__setattr__(self, "memory", memory)
        self.forget()

    def forget(self) -> None:
        """Begin anew, as if nothing had been seen."""
        self.memory[[LOW, HIGH, READING, TRIPPED]] = (self.low, self.high, 0, 0)
        self.memory[OWN:] = self.remembered

    def row(self) -> Row:
        """The instruction; it holds the address of the memory, which lives as long as this."""
        numbers = [item.offset if isinstance(item, Block) else item for item in self.operands]
        return Row(self.op, (*numbers, address_of(self.memory)), "", PHASE, ())

    @property
    def reading(self) -> float:
        """What it measured last."""
        return float(self.memory[READING])

    @property
    def tripped(self) -> bool:
        """Whether the reading has left the band since `rearm`."""
        return bool(self.memory[TRIPPED])

    def rearm(self) -> None:
        """Take note of the trip; the memory stays."""
        self.memory[TRIPPED] = 0

    @property
    def own(self) -> NDArray[Any]:
        """What it remembers."""
        return self.memory[OWN:]
