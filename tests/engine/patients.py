"""Networks and data that are ill in exactly one way, and how their evidence is gathered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine import presets
from engine.activations import Activation
from engine.activations.relu import LeakyReLU, ReLU
from engine.activations.sigmoid import Sigmoid
from engine.activations.tanh import Tanh
from engine.data.preprocessing import Standardize
from engine.data.sources import Spiral
from engine.data.sources.plane import ExclusiveOr, Moons
from engine.data.sources.points import Points
from engine.doctor import CurvePoint, Evidence, Finding, examine, gather_evidence, parameters_now
from engine.experiment import Data, Experiment
from engine.graph import Graph
from engine.initializers import He, Initializer, Normal, Xavier, Zeros
from engine.layers.dense import Dense
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers import StochasticGradientDescent
from engine.optimizers.adam import Adam
from engine.presets.preset import chain
from engine.session import Session


def deep(activation: Activation, weights: Initializer, layers: int, units: int = 8) -> Graph:
    """Many equal layers, one after the other."""
    hidden = [
        (f"hidden{number}", Dense(units=units, activation=activation, weights=weights))
        for number in range(1, layers + 1)
    ]
    return chain(*hidden, ("answer", Dense(units=1)))


def spiral(rate: float, graph: Graph | None = None) -> Experiment:
    """A spiral with two hidden layers of tanh, or another graph, and plain descent."""
    return Experiment(
        data=Data(source=Spiral()),
        graph=graph or deep(Tanh(), Xavier(), 2),
        optimizer=StochasticGradientDescent(learning_rate=rate),
    )


def squared(rate: float) -> Experiment:
    """Nothing bounds the outputs or the gradients of this one."""
    return spiral(rate, deep(LeakyReLU(slope=0.5), He(), 2)).model_copy(
        update={"loss": MeanSquaredError()}
    )


def drawn(*groups: tuple[int, int], repeat: int = 1) -> Points:
    """Points of `(class, count)` groups, each around a place of its own; each `repeat` times."""
    generator = np.random.default_rng(4)
    points = [
        (round(float(x), 3), round(float(y), 3), label)
        for label, count in groups
        for x, y in generator.normal((2.0 * label, -1.0 * label), 0.8, (count, 2))
    ]
    return Points(points=tuple(points * repeat))


def noisy() -> Experiment:
    """A few noisy samples and far too many units: they can be learned by heart."""
    return Experiment(
        data=Data(source=Moons(samples=60, noise=0.8)),
        graph=deep(Tanh(), Xavier(), 2, units=64),
        optimizer=Adam(learning_rate=0.01),
    )


def linear() -> Experiment:
    """No hidden layer for a pattern that no straight line separates."""
    return Experiment(
        data=Data(source=ExclusiveOr()),
        graph=chain(("answer", Dense(units=1))),
        optimizer=StochasticGradientDescent(learning_rate=0.1),
    )


def classes(*groups: tuple[int, int], repeat: int = 1) -> Experiment:
    return Experiment(
        data=Data(source=drawn(*groups, repeat=repeat)), graph=deep(Tanh(), Xavier(), 1)
    )


def penguins(*steps: Standardize) -> Experiment:
    preset = presets.load("penguins")
    return preset.model_copy(
        update={"data": preset.data.model_copy(update={"preprocessing": steps})}
    )


def killed(units: int) -> Callable[[Session], None]:
    """Push the sums of the first units so far below zero that no sample lifts them."""

    def kill(session: Session) -> None:
        bias = session.parameters()["hidden1.bias"]
        bias[:units] = -1e3
        session.set_parameters({"hidden1.bias": bias})

    return kill


@dataclass(frozen=True)
class Patient:
    """One illness: the network that has it, and the same network in good health.

    Attributes:
        ill, healthy: experiments.
        steps, looks: how long they train, and how often their curves are measured.
        harm: what is done to the ill one before it trains.
        control: the field that the finding names.
        layer: the layer that it names.
    """

    ill: Experiment
    healthy: Experiment
    control: str
    layer: str | None = None
    steps: int = 400
    looks: int = 10
    harm: Callable[[Session], None] = lambda session: None


PATIENTS: dict[str, Patient] = {
    "dead_units": Patient(
        presets.load("moons"),
        presets.load("moons"),
        "graph.nodes.hidden1.layer.activation",
        "hidden1",
        harm=killed(5),
    ),
    "saturation": Patient(
        spiral(0.01, deep(Tanh(), Normal(deviation=10.0), 2)),
        spiral(0.03),
        "graph.nodes.hidden2.layer.weights",
        "hidden2",
    ),
    "vanishing_gradients": Patient(
        spiral(0.03, deep(Sigmoid(), Xavier(), 9)),
        spiral(0.03, deep(ReLU(), He(), 9)),
        "graph.nodes.hidden1.layer.activation",
        "hidden1",
    ),
    "exploding_gradients": Patient(
        spiral(1e-12, deep(ReLU(), Normal(deviation=4.0), 8)),
        spiral(0.01, deep(ReLU(), He(), 8)),
        "graph.nodes.hidden1.layer.weights",
        steps=5,
    ),
    "symmetric_weights": Patient(
        spiral(0.1, deep(Tanh(), Zeros(), 2)),
        spiral(0.1),
        "graph.nodes.hidden1.layer.weights",
        "hidden1",
    ),
    "runaway_numbers": Patient(
        squared(0.5),
        squared(0.01),
        "optimizer.learning_rate",
    ),
    "learning_rate_too_large": Patient(spiral(30.0), spiral(0.1), "optimizer.learning_rate"),
    "learning_rate_too_small": Patient(spiral(1e-7), spiral(0.1), "optimizer.learning_rate"),
    "over_fitting": Patient(
        noisy(), presets.load("moons"), "regularization.l2", steps=3000, looks=30
    ),
    "under_fitting": Patient(linear(), presets.load("xor"), "graph", steps=3000),
    "class_imbalance": Patient(
        classes((0, 90), (1, 6)), classes((0, 50), (1, 46)), "data.source", steps=20
    ),
    "unscaled_inputs": Patient(penguins(), penguins(Standardize()), "data.preprocessing", steps=20),
    "leakage": Patient(
        classes((0, 30), (1, 30), repeat=2), classes((0, 60), (1, 60)), "data.source", steps=20
    ),
}
"""By the kind of the check that must find it."""


def measured(session: Session) -> CurvePoint:
    """A point of the curves, from all samples."""
    parts = session.metrics()
    training, validation = parts["train"], parts["validation"]
    return CurvePoint(
        session.step,
        training["loss"],
        validation.get("loss"),
        training.get("accuracy"),
        validation.get("accuracy"),
    )


def watched(session: Session, steps: int, looks: int) -> Evidence:
    """Train, measure `looks` times at equal distances, and gather the evidence of the last look."""
    points = [measured(session)]
    before, between = parameters_now(session), 0
    for _ in range(looks):
        before, between = parameters_now(session), steps // looks or 1
        session.run(steps=between)
        points.append(measured(session))
    return gather_evidence(session, points, before, between)


def examined(experiment: Experiment, patient: Patient) -> tuple[Finding, ...]:
    """What the doctor finds when `experiment` is trained as the patient is, unharmed."""
    return examine(watched(Session(experiment), patient.steps, patient.looks))


def found_ill(patient: Patient) -> tuple[Finding, ...]:
    """What the doctor finds in the ill network."""
    session = Session(patient.ill)
    patient.harm(session)
    return examine(watched(session, patient.steps, patient.looks))
