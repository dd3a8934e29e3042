"""Whole training runs against a plain NumPy twin that shares no code with the engine."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from engine.activations import Activation
from engine.catalog import kind_of
from engine.data.sources import Spiral
from engine.data.sources.curves import Sine
from engine.data.sources.tables import Iris
from engine.experiment import Data, Experiment, Regularization, Seeds
from engine.initializers import Normal
from engine.layers.dense import Dense
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.reference import Twin, batches

STEPS = 50
SOURCES: dict[str, tuple[Any, int]] = {
    "binary_cross_entropy": (Spiral(samples=61), 1),
    "categorical_cross_entropy": (Iris(), 3),
    "mean_squared_error": (Sine(samples=61), 1),
}
RATES = {"sgd": 0.1, "momentum": 0.02, "adam": 0.01}
HIDDEN = (("tanh", "relu"), ("sigmoid", "leaky_relu"), ("linear", "tanh"))


def experiment(
    loss: str, optimizer: str, hidden: tuple[str, str], penalties: tuple[float, float]
) -> Experiment:
    source, outputs = SOURCES[loss]
    layers = [
        (f"hidden{number}", Dense(units=units, activation=Activation.registry[kind]()))
        for number, (units, kind) in enumerate(zip((7, 5), hidden, strict=True), 1)
    ]
    last = Dense(units=outputs, bias=Normal(deviation=0.1))
    return Experiment(
        data=Data(source=source),
        graph=chain(*layers, ("answer", last)),
        loss=Loss.registry[loss](),
        optimizer=Optimizer.registry[optimizer](learning_rate=RATES[optimizer]),
        regularization=Regularization(l1=penalties[0], l2=penalties[1]),
        batch_size=8,
        seeds=Seeds(data=2, weights=3, batches=4),
    )


def twin_of(session: Session, hidden: tuple[str, str]) -> Twin:
    parts = session.experiment
    return Twin(
        names=("hidden1", "hidden2", "answer"),
        activations=(*hidden, "linear"),
        parameters=session.parameters(),
        loss=kind_of(type(parts.loss)),
        optimizer=kind_of(type(parts.optimizer)),
        settings=parts.optimizer.model_dump(exclude={"kind"}),
        penalties=(parts.regularization.l1, parts.regularization.l2),
    )


@pytest.mark.parametrize("penalties", [(0.0, 0.0), (0.01, 0.02)])
@pytest.mark.parametrize(("loss", "optimizer"), list(product(SOURCES, RATES)))
def test_a_run_is_that_of_the_plain_twin(
    loss: str, optimizer: str, penalties: tuple[float, float]
) -> None:
    for hidden in HIDDEN:
        session = Session(experiment(loss, optimizer, hidden, penalties), dtype="float64")
        twin = twin_of(session, hidden)
        samples = session.material.training
        stream = batches(len(samples), 8, session.experiment.seeds.batches)
        for _ in range(STEPS):
            chosen = next(stream)
            inputs, targets = samples.inputs[chosen], samples.targets[chosen]
            expected = twin.step(inputs.astype(np.float64), targets.astype(np.float64))
            session.run(steps=1)
            assert session.loss == pytest.approx(expected, abs=1e-10)
        for key, values in session.parameters().items():
            np.testing.assert_allclose(values, twin.parameters[key], rtol=0, atol=1e-10)


def test_every_named_choice_is_met_by_the_twin() -> None:
    """A loss or optimizer that the twin doesn't know would go without an outside opinion."""
    assert set(SOURCES) == set(Loss.registry)
    assert set(RATES) == set(Optimizer.registry)


def test_single_precision_follows_double_precision_for_a_while() -> None:
    document = experiment("binary_cross_entropy", "sgd", ("tanh", "tanh"), (0.0, 0.0))
    single, double = Session(document), Session(document, dtype="float64")
    single.run(steps=STEPS)
    double.run(steps=STEPS)
    for key, values in double.parameters().items():
        np.testing.assert_allclose(single.parameters()[key], values, rtol=0, atol=1e-5)
