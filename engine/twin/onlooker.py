"""What a session makes of given samples, without changing it. Guarded by tests/engine/test_twin.py.

Forward-only programs over a copy of its parameters, as in `engine.observer`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import LARGEST_BATCH, Forward, published
from engine.session import Part, Session

MOST_JUDGED = 2_000
"""Samples that predictions are compared on; the first ones, as in live measurements."""

Array = NDArray[np.float64]


class Onlooker:
    """Eyes on one session that stands still while they are used; make new ones after an edit.

    Args:
        session: what to look at.

    Attributes:
        session: the same.
        part: whose samples are judged: validation, or training where there is no such part.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._program = session.program
        self._one = self._forward(1)
        validation = session.material.validation
        self.part: Part = "training" if validation is None else "validation"
        samples = session.material.training if validation is None else validation
        self._inputs = samples.inputs[:MOST_JUDGED]
        self._targets = samples.targets[:MOST_JUDGED].astype(np.float64).T
        self._many = self._forward(min(LARGEST_BATCH, len(self._inputs)))

    def _forward(self, batch: int) -> Forward:
        return Forward(self.session.experiment.task, self.session.material.plan, batch)

    @property
    def is_valid(self) -> bool:
        """False after an edit."""
        return self.session.program is self._program

    def activations(self, inputs: NDArray[Any]) -> dict[str, Array]:
        """Every layer's output for one preprocessed sample `(1, *shape)`, by layer.

        Of the last layer it is what a person sees: values or probabilities.
        """
        forward, graph = self._one, self.session.material.plan.graph
        forward.published[:] = published(self.session.program, self.session.arena)
        forward.set_inputs(inputs)
        forward.run()
        return {
            node.name: forward.view(forward.shown(node.name))
            .astype(np.float64)
            .reshape(graph.shapes[node.name])
            for node in graph.nodes
        }

    def answers(self, inputs: NDArray[Any] | None = None) -> Array:
        """Raw outputs `(outputs, samples)` for preprocessed samples; for those that are judged if
        left out.
        """
        self._many.published[:] = published(self.session.program, self.session.arena)
        found = self._many.answers(self._inputs if inputs is None else inputs)
        return found.astype(np.float64).T

    @property
    def classifies(self) -> bool:
        """Whether the answers choose a class."""
        return self.session.prepared.dataset.problem == "classification"

    def chosen(self, answers: Array) -> NDArray[np.int64]:
        """The class that each of `answers` `(outputs, samples)` chooses."""
        if len(answers) == 1:
            return np.asarray(self.session.experiment.loss.link(answers)[0] > 0.5, np.int64)
        return np.asarray(answers.argmax(axis=0), np.int64)

    def shares(self, answer: Array) -> Array:
        """The prediction for one sample: a number for every class, or the values `(outputs,)`."""
        if self.classifies and len(answer) == 1:
            return np.array([1 - answer[0], answer[0]])
        return answer

    def loss(self, answers: Array) -> float:
        """Mean loss of `answers` `(outputs, samples)`."""
        with np.errstate(all="ignore"):  # of a diverged network that is NaN, without a word
            losses = self.session.experiment.loss.reference(answers, self._targets)
        return float(losses.mean())

    def accuracy(self, answers: Array) -> float | None:
        """The share of `answers` that choose rightly; `None` for regression."""
        if not self.classifies:
            return None
        return float(self.session.experiment.loss.correct(answers, self._targets).mean())
