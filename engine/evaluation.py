"""Measuring and using a network without changing it: forward-only programs over its parameters.

Guarded by tests/engine/test_session.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.instructions import Block
from engine.kernels.abi import CURSOR, FLAGS
from engine.program.builder import Samples
from engine.program.executor import run, run_rows
from engine.program.program import Program, new_state
from engine.tasks import Plan, Task

LARGEST_BATCH = 128
"""Samples measured at a time: the activations of a wide layer still fit the second-level cache."""


@dataclass(frozen=True)
class Metrics:
    """How well a network does on some samples.

    Attributes:
        loss: mean over the samples.
        accuracy: share of samples classified rightly; `None` for regression.
    """

    loss: float
    accuracy: float | None

    def as_dict(self) -> dict[str, float]:
        """`{"loss": …, "accuracy": …}`, without accuracy for regression."""
        if self.accuracy is None:
            return {"loss": self.loss}
        return {"loss": self.loss, "accuracy": self.accuracy}


class Forward:
    """A forward-only program with an arena of its own.

    Args:
        task, plan: how the network is put together.
        batch: samples at a time.
    """

    def __init__(self, task: Task, plan: Plan, batch: int) -> None:
        self.batch = batch
        self.plan = plan
        self.program = task.forward(plan, batch)
        self.arena = self.program.new_arena()
        self._state = new_state()

    @property
    def published(self) -> NDArray[Any]:
        """The part of the arena that must hold the network's parameters."""
        return published(self.program, self.arena)

    def set_inputs(self, inputs: NDArray[Any]) -> None:
        """Put samples `(samples, *shape)`, at most `batch`, into the input block."""
        block = self.output(self.plan.graph.input_name)
        flat = inputs.reshape(len(inputs), -1)
        self.view(block).reshape(block.features, block.batch)[:, : len(flat)] = flat.T

    def run(self) -> None:
        """Compute every layer's output. Releases the GIL."""
        program = self.program
        run_rows(self.arena, program.table, self._state, 0, len(program.rows))

    def output(self, layer: str) -> Block:
        """Where a layer's output lies."""
        return self.program.network.outputs[layer]

    def shown(self, layer: str) -> Block:
        """What a person sees of a layer: its output; of the last one, values or probabilities."""
        network = self.program.network
        is_last = layer == self.plan.graph.output_name
        return network.prediction if is_last and network.prediction else network.outputs[layer]

    def view(self, block: Block) -> NDArray[Any]:
        """A block of this arena."""
        return self.program.view(self.arena, block)

    def answers(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Raw outputs `(samples, outputs)` for any number of samples `(samples, *shape)`."""
        block = self.output(self.plan.graph.output_name)
        answers = np.empty((len(inputs), block.features), self.program.dtype)
        for start in range(0, len(inputs), self.batch):
            piece = inputs[start : start + self.batch]
            self.set_inputs(piece)
            self.run()
            answers[start : start + len(piece)] = self.view(block)[:, : len(piece)].T
        return answers


class Evaluator:
    """Measures loss and accuracy on one part of the data.

    Args:
        task, plan: how the network is put together.
        samples: the part.
        most: at most this many samples, the first ones.
    """

    def __init__(self, task: Task, plan: Plan, samples: Samples, most: int | None = None) -> None:
        self.count = len(samples) if most is None else min(most, len(samples))
        batch = min(self.count, LARGEST_BATCH)
        self._loss = plan.loss
        self.program = task.evaluation(plan, samples, batch)
        self.arena = self.program.new_arena()
        self._state = new_state()
        self._batch = batch
        self._output = self.program.network.outputs[plan.graph.output_name]

    @property
    def published(self) -> NDArray[Any]:
        """The part of the arena that must hold the network's parameters."""
        return published(self.program, self.arena)

    def measure(self, classify: bool) -> Metrics:
        """Loss and, with `classify`, accuracy over all samples of the part. Releases the GIL."""
        blocks = self.program.plan.blocks
        output = self.program.view(self.arena, self._output)
        losses = self.program.view(self.arena, self._losses())
        targets = self.program.view(self.arena, blocks["targets"])
        self._state[CURSOR] = 0
        loss, right, left = 0.0, 0, self.count
        while left > 0:
            self._state[FLAGS] = 0
            run(self.arena, self.program.table, self._state, 1)
            valid = min(left, self._batch)
            loss += float(losses[:valid].sum(dtype=np.float64))
            if classify:
                right += int(self._loss.correct(output[:, :valid], targets[:, :valid]).sum())
            left -= valid
        return Metrics(loss / self.count, right / self.count if classify else None)

    def _losses(self) -> Block:
        return next(
            block for name, block in self.program.plan.blocks.items() if name.endswith(".losses")
        )


def published(program: Program, arena: NDArray[Any]) -> NDArray[Any]:
    """The parameters, gradients and the report: what observers copy from a training arena."""
    start, end = program.network.published
    return arena[start:end]
