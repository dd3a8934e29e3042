"""What a loss is.

Guarded by tests/engine/test_catalog*.py, which walk all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.activations.activation import Activation
from engine.arithmetic.live import Flow
from engine.arithmetic.quantity import Line
from engine.arithmetic.sums import Sum
from engine.catalog import Described, kind_of
from engine.data.dataset import Dataset, Problem
from engine.errors import NeurariumError
from engine.instructions import Block, Emitter
from engine.kernels.abi import Op
from engine.text import Text

Array = NDArray[np.float64]


class Loss(Described):
    """How wrong the network's answers are; the mean over the batch is what training lowers.

    Subclasses name an op with the operands `outputs, targets, grad_outputs, losses, mean,
    outputs:size, batch:size` that fills the gradient of the mean, the loss of every sample and the
    mean, and that marks the state as diverged when the mean isn't finite.
    """

    family: ClassVar[str] = "loss"
    problems: ClassVar[tuple[Problem, ...]]
    """What it can be used for."""
    loss_op: ClassVar[Op]
    link_activation: ClassVar[Activation | None] = None
    """What turns raw outputs into what a person sees; nothing where they are values already."""

    @classmethod
    def traits(cls) -> dict[str, Any]:
        return {"problems": list(cls.problems)}

    def outputs(self, dataset: Dataset) -> int:
        """How many numbers the network must give for this data."""
        if dataset.problem == "regression":
            return int(dataset.targets.shape[1])
        classes = len(dataset.classes)
        return 1 if classes == 2 else classes

    def encode(self, dataset: Dataset, targets: NDArray[Any]) -> NDArray[np.float32]:
        """Targets as the loss compares them, `(samples, outputs)`: values, 0/1, or one-hot."""
        if dataset.problem == "regression":
            return targets.astype(np.float32)
        width = self.outputs(dataset)
        if width == 1:
            return targets.astype(np.float32).reshape(-1, 1)
        return np.asarray(np.eye(width, dtype=np.float32)[targets])

    def check(self, dataset: Dataset) -> None:
        """Refuse data that this loss makes no sense for.

        Raises:
            NeurariumError: `loss_mismatch`.
        """
        if dataset.problem not in self.problems:
            fitting = sorted(
                kind for kind, loss in Loss.registry.items() if dataset.problem in loss.problems
            )
            raise NeurariumError(
                "loss_mismatch",
                "loss",
                Text(
                    f"“{self.title.en}” can't be used for {dataset.problem} data.",
                    f"“{self.title.zh}”不能用于这类数据。",
                ),
                Text("Choose another loss.", "请换一种损失函数。"),
                value=kind_of(type(self)),
                allowed=fitting,
            )

    def emit(self, emitter: Emitter, blocks: tuple[Block, Block, Block], report: Block) -> None:
        """The row for `blocks` = (outputs, targets, gradient); the mean goes to `report`."""
        outputs, targets, gradient = blocks
        losses = emitter.block("losses", (outputs.batch,))
        operands = (outputs, targets, gradient, losses, report, outputs.features, outputs.batch)
        emitter.emit(self.loss_op, *operands, writes=(report, losses, gradient))

    def emit_link(self, emitter: Emitter, outputs: Block) -> Block:
        """Rows for `link`; returns where the result lies."""
        if self.link_activation is None:
            return outputs
        shown = emitter.block("prediction", outputs.shape)
        self.link_activation.emit_forward(emitter, outputs, shown)
        return shown

    @abstractmethod
    def explain_sample(self, outputs: Flow, targets: Array, sample: int) -> Sum:
        """The loss of one sample, as a sum over the outputs; `targets` is `(outputs,)`."""

    @abstractmethod
    def explain_gradient(self, outputs: Flow, targets: Array, unit: int, sample: int) -> Sum:
        """The gradient of the mean loss by one output of one sample."""

    def probability_line(self, outputs: Flow, unit: int, sample: int) -> Line:
        """What the link function makes of one output."""
        assert self.link_activation is not None, "a loss of values has no probabilities"
        figures = self.link_activation.explain_value(outputs.column(sample), unit)
        called = outputs.call(outputs.index(unit))
        return Line(
            "p",
            figures.formula,
            figures.filled,
            figures.value,
            tuple(outputs.link(place, sample) for place in figures.places),
            Text(f"probability at {called.en}", f"{called.zh} 的概率"),
        )

    @abstractmethod
    def link(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """What a person sees of raw outputs `(outputs, …)`: values or probabilities."""

    @abstractmethod
    def reference(self, outputs: Array, targets: Array) -> Array:
        """Loss of every sample in plain NumPy; both arguments are `(outputs, batch)`."""

    @abstractmethod
    def reference_gradient(self, outputs: Array, targets: Array) -> Array:
        """Gradient of the mean loss by the outputs, in plain NumPy."""

    def correct(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each sample is classified rightly; both arguments are `(outputs, batch)`."""
        if outputs.shape[0] == 1:
            answers = self.link(outputs)[0] > 0.5
            return np.asarray(answers == (targets[0] > 0.5))
        return np.asarray(outputs.argmax(axis=0) == targets.argmax(axis=0))


FROM_LOSS = Text("from the loss", "来自损失")
"""The label of a gradient that the loss itself gives."""
