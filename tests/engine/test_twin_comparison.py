"""The numbers that set two networks apart, against plain NumPy."""

from __future__ import annotations

from math import isinf, isnan

import numpy as np
import pytest

from engine import presets
from engine.experiment import Experiment
from engine.layers.dense import Dense
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.optimizers.adam import Adam
from engine.presets.preset import chain
from engine.session import Session
from engine.twin import Comparison, Onlooker, compare, distance
from tests.engine.experiments import EXPERIMENTS


def pair(one: Experiment, other: Experiment, steps: int = 40) -> tuple[Session, Session]:
    sessions = Session(one), Session(other)
    for session in sessions:
        session.run(steps=steps)
    return sessions


def fast(experiment: Experiment) -> Experiment:
    return experiment.model_copy(update={"optimizer": Adam(learning_rate=0.05)})


def compared(a: Session, b: Session, sample: int = 0) -> Comparison:
    prepared = a.prepared
    inputs = (
        prepared.validation_inputs
        if len(prepared.validation_inputs)
        else (prepared.training_inputs)
    )
    return compare(Onlooker(a), Onlooker(b), inputs[sample : sample + 1])


def test_a_distance_is_what_numpy_says() -> None:
    a, b = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[3.0, 1.0], [0.5, 0.0]])
    found = distance(a, b)
    assert found.size == 5
    assert found.norm == pytest.approx(np.linalg.norm(b - a))
    assert found.relative == pytest.approx(np.linalg.norm(b - a) / 5)
    assert (found.largest, found.index) == (-3.0, (0, 1))


def test_a_distance_from_zero_and_of_broken_numbers_is_told_too() -> None:
    zeros = np.zeros(3)
    assert distance(zeros, zeros).relative == 0
    assert isinf(distance(zeros, np.ones(3)).relative)
    broken = distance(np.ones(3), np.array([1.0, np.nan, 5.0]))
    assert isnan(broken.norm) and isnan(broken.largest) and broken.index == (1,)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_weights_of_every_layer_are_compared(name: str) -> None:
    experiment = EXPERIMENTS[name]()
    a, b = pair(experiment, fast(experiment))
    mine, other = a.parameters(), b.parameters()
    found = compared(a, b)
    assert not found.unlike
    keys = {f"{layer.layer}.{one.parameter}" for layer in found.layers for one in layer.parameters}
    assert keys == set(mine)
    for layer in found.layers:
        for one in layer.parameters:
            key = f"{layer.layer}.{one.parameter}"
            was, now = mine[key].astype(np.float64), other[key].astype(np.float64)
            assert one.shape == was.shape
            assert one.distance.norm == pytest.approx(np.linalg.norm((now - was).ravel()))
            assert one.distance.size == pytest.approx(np.linalg.norm(was.ravel()))
            assert one.distance.largest == (now - was)[one.distance.index]
            assert abs(one.distance.largest) == np.abs(now - was).max()
            assert one.distance.norm > 0


@pytest.mark.parametrize("name", ["spiral", "mnist", "iris", "curve"])
def test_losses_and_accuracy_are_those_of_each_session(name: str) -> None:
    experiment = presets.load(name)
    a, b = pair(experiment, fast(experiment))
    found = compared(a, b)
    assert found.part == "validation"
    for session, measure in ((a, found.mine), (b, found.twin)):
        assert measure.batch_loss == session.loss
        samples = session.material.validation
        assert samples is not None
        if len(samples) > found.samples:
            continue  # Only the first ones are measured.
        metrics = session.evaluate("validation")
        assert measure.loss == pytest.approx(metrics["loss"], rel=1e-5)
        if "accuracy" in metrics:
            assert measure.accuracy == pytest.approx(metrics["accuracy"])
        else:
            assert measure.accuracy is None


@pytest.mark.parametrize("name", ["spiral", "iris"])
def test_samples_that_are_judged_differently_are_counted(name: str) -> None:
    experiment = presets.load(name)
    a, b = pair(experiment, fast(experiment), steps=150)
    raw = a.prepared.raw_validation_inputs
    one, other = a.predict(raw), b.predict(raw)
    if one.shape[1] == 1:
        expected = int(((one[:, 0] > 0.5) != (other[:, 0] > 0.5)).sum())
    else:
        expected = int((one.argmax(axis=1) != other.argmax(axis=1)).sum())
    found = compared(a, b)
    assert found.differing == expected
    assert found.samples == len(raw)
    if name == "spiral":
        assert expected > 0, "there is something to count"


def test_the_prediction_for_one_sample_is_told_class_by_class() -> None:
    for name, classes in (("spiral", 2), ("iris", 3)):
        experiment = presets.load(name)
        a, b = pair(experiment, fast(experiment))
        found = compared(a, b, sample=3).prediction
        assert found is not None
        for session, shares in zip((a, b), found, strict=True):
            assert shares.shape == (classes,)
            assert shares.sum() == pytest.approx(1, abs=1e-5)
            expected = session.predict(session.prepared.raw_validation_inputs[3:4])[0]
            assert shares[-1] == pytest.approx(expected[-1], abs=1e-5)


def test_activations_are_compared_for_the_sample_that_is_looked_at() -> None:
    experiment = presets.load("spiral")
    a, b = pair(experiment, fast(experiment))
    found = compared(a, b, sample=5)
    eyes = [Onlooker(session) for session in (a, b)]
    inputs = a.prepared.validation_inputs[5:6]
    here, there = (one.activations(inputs) for one in eyes)
    for layer in found.layers:
        assert layer.activation is not None
        gap = there[layer.layer] - here[layer.layer]
        assert layer.activation.norm == pytest.approx(np.linalg.norm(gap.ravel()))
    hidden = here["hidden1"]
    weights = a.parameters()
    sums = weights["hidden1.weights"] @ inputs[0] + weights["hidden1.bias"]
    assert hidden == pytest.approx(np.tanh(sums), abs=1e-5)


def test_the_same_network_is_nowhere_apart() -> None:
    a, b = pair(presets.load("spiral"), presets.load("spiral"))
    found = compared(a, b)
    assert found.differing == 0
    assert all(one.distance.norm == 0 for layer in found.layers for one in layer.parameters)
    assert all(layer.activation and layer.activation.norm == 0 for layer in found.layers)
    assert found.mine == found.twin


def test_layers_without_a_counterpart_are_listed_and_not_compared() -> None:
    experiment = presets.load("spiral")
    wide = chain(
        ("hidden1", Dense(units=5)), ("between", Dense(units=3)), ("answer", Dense(units=1))
    )
    a, b = Session(experiment), Session(experiment.model_copy(update={"graph": wide}))
    found = compared(a, b)
    names = {one.layer for one in found.unlike}
    assert {"hidden1", "between"} <= names
    assert not names & {layer.layer for layer in found.layers}
    assert all(one.reason.en and one.reason.zh for one in found.unlike)
    shape = next(one for one in found.unlike if one.layer == "hidden1").reason.en
    assert "5" in shape and "8" in shape
    assert found.prediction is not None


def test_other_data_are_not_compared_sample_by_sample() -> None:
    experiment = presets.load("spiral")
    seeds = experiment.seeds.model_copy(update={"data": 9})
    a, b = pair(experiment, experiment.model_copy(update={"seeds": seeds}))
    found = compared(a, b)
    assert (found.samples, found.differing, found.prediction) == (0, None, None)
    assert all(layer.activation is None for layer in found.layers)
    assert found.layers[0].parameters[0].distance.norm > 0


def test_one_output_and_two_name_the_same_classes() -> None:
    experiment = presets.load("spiral")
    two = chain(("hidden1", Dense(units=8)), ("answer", Dense(units=2)))
    update = {"graph": two, "loss": CategoricalCrossEntropy()}
    a, b = pair(experiment, experiment.model_copy(update=update))
    found = compared(a, b)
    assert found.differing is not None
    assert found.prediction is not None
    assert found.prediction[0].shape == found.prediction[1].shape == (2,)


def test_eyes_know_that_the_network_has_changed() -> None:
    session = Session(presets.load("spiral"))
    eyes = Onlooker(session)
    assert eyes.is_valid
    session.edit(fast(presets.load("spiral")))
    assert not eyes.is_valid
