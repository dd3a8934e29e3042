"""What the doctor looks at: copies and facts of a session at one step boundary.

Guarded by tests/engine/test_doctor.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engine.activations import Activation
from engine.doctor.data_facts import DataFacts, constant_loss, facts_of
from engine.errors import NeurariumError
from engine.evaluation import Forward, published
from engine.experiment import Experiment
from engine.graph import Node, Resolved
from engine.insight.divergence import Divergence
from engine.limits import Limits
from engine.material import gather_material
from engine.program.program import Program
from engine.session import Session

MOST_SAMPLES = 256
"""Training samples whose layer outputs are looked at, spread over the part."""


@dataclass(frozen=True)
class CurvePoint:
    """Loss and accuracy as they were measured at one step; `None` where there is no such number."""

    step: int
    training_loss: float
    validation_loss: float | None = None
    training_accuracy: float | None = None
    validation_accuracy: float | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """A session at one step boundary, for `examine`.

    Attributes:
        experiment, limits, precision: what runs, and what it may cost.
        graph: order and shapes of the layers.
        step: finished steps.
        batch: samples a step.
        points: measured loss and accuracy, oldest first.
        parameters, gradients: copies by key; gradients are those of the last batch.
        moved: ‖w − w′‖ / ‖w‖ since `before`, over all parameters, divided by the steps between: a
            lower bound of how far one update goes. `None` without an earlier moment.
        travelled: ‖w − w₀‖ / ‖w₀‖, how far the parameters are from where they began.
        outputs: by layer `(units, values)`, over some training samples; empty if diverged.
        inputs_of_output: the layer that gives the network's answer.
        constant_loss: of the best answer that doesn't look at the inputs.
        data: facts of the samples.
        diverged, divergence: whether and where the numbers ran away.
    """

    experiment: Experiment
    limits: Limits
    precision: str
    graph: Resolved
    step: int
    batch: int
    points: tuple[CurvePoint, ...]
    parameters: Mapping[str, NDArray[Any]]
    gradients: Mapping[str, NDArray[Any]]
    moved: float | None
    travelled: float
    outputs: Mapping[str, NDArray[Any]]
    inputs_of_output: str
    constant_loss: float
    data: DataFacts
    diverged: bool
    divergence: Divergence | None

    @property
    def finite(self) -> bool:
        """Whether the loss and all parameters are numbers."""
        return not self.diverged and all(
            bool(np.isfinite(values).all()) for values in self.parameters.values()
        )

    def activation(self, layer: str) -> Activation | None:
        """The activation function of a layer, if it has one."""
        found = getattr(self.node(layer).layer, "activation", None)
        return found if isinstance(found, Activation) else None

    def node(self, layer: str) -> Node:
        """A layer with what was done to it by hand."""
        return next(node for node in self.graph.nodes if node.name == layer)

    def hidden(self) -> list[str]:
        """Layers with an activation function, in order, without the one that gives the answer."""
        return [
            node.name
            for node in self.graph.nodes
            if node.name != self.inputs_of_output and self.activation(node.name) is not None
        ]

    def weights(self) -> list[str]:
        """Keys of the regularized parameters, in order of computation: weights, not biases."""
        return [
            f"{node.name}.{parameter.name}"
            for node in self.graph.nodes
            for parameter in node.layer.parameters(self.graph.input_shapes(node.name))
            if parameter.regularized
        ]

    def can_run(self, experiment: Experiment) -> bool:
        """Whether a changed experiment can be built here."""
        try:
            gather_material(experiment, np.dtype(self.precision), self.limits)
        except NeurariumError:
            return False
        return True


class _Eyes:
    """What is kept between two looks at the same program: a forward program, the beginning."""

    def __init__(self, session: Session) -> None:
        self.program: Program = session.program
        inputs = session.material.training.inputs
        step = -(-len(inputs) // MOST_SAMPLES)
        chosen = inputs[::step]
        self.forward = Forward(session.experiment.task, session.material.plan, len(chosen))
        self.forward.set_inputs(chosen)
        self.beginning = _flat(session.initial_parameters())
        self.constant_loss = constant_loss(session.experiment.loss, session.material.training)

    def outputs(self, session: Session) -> dict[str, NDArray[Any]]:
        """Every layer's output as `(units, values)`; the next look overwrites them."""
        forward = self.forward
        forward.published[:] = published(session.program, session.arena)
        forward.run()
        views = {
            name: forward.view(block) for name, block in forward.program.network.outputs.items()
        }
        return {name: view.reshape(len(view), -1) for name, view in views.items()}


_eyes: WeakKeyDictionary[Session, _Eyes] = WeakKeyDictionary()
_lock = Lock()


def gather_evidence(
    session: Session,
    points: Sequence[CurvePoint] = (),
    before: NDArray[Any] | None = None,
    steps_between: int = 0,
) -> Evidence:
    """Everything that the checks read, from a session at a step boundary.

    The forward-only program is kept for the next look at the same session, which overwrites
    `outputs`: examine the evidence of one session before you gather the next.

    Args:
        session: it isn't touched.
        points: measured loss and accuracy, oldest first.
        before: `parameters_now` at an earlier moment of the same network; one of another size is
            taken for none.
        steps_between: steps since then.
    """
    with _lock:
        eyes = _eyes.get(session)
        if eyes is None or eyes.program is not session.program:
            eyes = _eyes[session] = _Eyes(session)
    parameters = session.parameters()
    graph = session.material.plan.graph
    now = _flat(parameters)
    return Evidence(
        experiment=session.experiment,
        limits=session.limits,
        precision=session.precision,
        graph=graph,
        step=session.step,
        batch=session.material.plan.batch,
        points=tuple(points),
        parameters=parameters,
        gradients=session.gradients(),
        moved=_moved(now, before, steps_between),
        travelled=_distance(now, eyes.beginning),
        outputs={} if session.diverged else eyes.outputs(session),
        inputs_of_output=_answering(graph),
        constant_loss=eyes.constant_loss,
        data=facts_of(session.prepared),
        diverged=session.diverged,
        divergence=session.divergence(),
    )


def parameters_now(session: Session) -> NDArray[Any]:
    """A copy of all parameters at a stretch, to be handed to a later look as `before`."""
    return _flat(session.parameters())


def _flat(parameters: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    pieces = [np.asarray(values).reshape(-1) for values in parameters.values()]
    return np.concatenate(pieces) if pieces else np.zeros(0)


def _moved(now: NDArray[Any], before: NDArray[Any] | None, steps: int) -> float | None:
    if before is None or steps < 1 or before.shape != now.shape:
        return None
    return _distance(now, before) / steps


def _distance(now: NDArray[Any], then: NDArray[Any]) -> float:
    """‖now − then‖ / ‖then‖; where it began with nothing at all, ‖now‖ itself counts."""
    with np.errstate(over="ignore", invalid="ignore"):
        size = _norm(then)
        return _norm(now - then) / (size or 1.0)


def _norm(values: NDArray[Any]) -> float:
    """√(Σ v²) in double precision; without the linear algebra library, which wakes its threads."""
    return float(np.sqrt(np.square(values, dtype=np.float64).sum()))


def _answering(graph: Resolved) -> str:
    """The layer whose numbers are the network's answer, whatever views lie behind it."""
    views = {node.name for node in graph.nodes if node.layer.is_view}
    name = graph.output_name
    while name in views:
        name = graph.sources[name][0]
    return name
