"""What a task is: the ways in which one network's rows are put together.

Guarded by tests/engine/test_tasks.py.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from engine.catalog import Described
from engine.graph import Resolved
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.program.builder import Samples
from engine.program.program import Program


@dataclass(frozen=True)
class Plan:
    """What a task builds programs from.

    Attributes:
        graph: order and shapes.
        loss, optimizer: as chosen.
        penalties: (L1, L2).
        batch: samples a step, at most the size of the training part.
        dtype: float32 or float64.
    """

    graph: Resolved
    loss: Loss
    optimizer: Optimizer
    penalties: tuple[float, float]
    batch: int
    dtype: np.dtype[Any]


class Task(Described):
    """How a network is trained, measured and used."""

    family: ClassVar[str] = "task"

    @abstractmethod
    def training(self, plan: Plan, samples: Samples) -> Program:
        """One walk through the table is one training step."""

    @abstractmethod
    def evaluation(self, plan: Plan, samples: Samples, batch: int) -> Program:
        """One walk measures the next `batch` samples, in order; nothing is learned."""

    @abstractmethod
    def forward(self, plan: Plan, batch: int) -> Program:
        """One walk computes every layer's output for whatever stands in the input block."""
