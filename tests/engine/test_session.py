"""What a notebook sees: shapes, keys, metrics, and the same run however it is cut."""

from __future__ import annotations

from math import ceil
from typing import Any, Literal

import numpy as np
import pytest

from engine import presets
from engine.activations.tanh import Tanh
from engine.errors import DataError, NeurariumError
from engine.experiment import Experiment, Seeds
from engine.layers.dense import Dense
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.experiments import EXPERIMENTS, with_dropout

Precision = Literal["float32", "float64"]
STEP_SIZE = 1e-6


# --- the notebook's view --------------------------------------------------------------------------


def test_parameters_have_the_orientation_of_pytorch() -> None:
    session = Session(presets.load("mnist"))
    shapes = {key: values.shape for key, values in session.parameters().items()}
    answer = shapes["answer.weights"]
    assert answer[0] == 10
    assert shapes["answer.bias"] == (10,)
    assert shapes["hidden1.weights"][1] == 784
    assert {key: values.shape for key, values in session.gradients().items()} == shapes


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_predictions_are_what_the_parameters_say(dtype: Precision, tolerance: float) -> None:
    session = Session(presets.load("spiral"), dtype=dtype)
    session.run(steps=200)
    points = np.random.default_rng(1).uniform(-6, 6, (300, 2)).astype(np.float32)
    p = session.parameters()
    values = session.prepared.transform(points).astype(np.float64)
    for layer in session.layout[1:-1]:
        values = values @ p[f"{layer.name}.weights"].T + p[f"{layer.name}.bias"]
        values = values if layer.name == "answer" else np.tanh(values)
    expected = 1 / (1 + np.exp(-values))
    found = session.predict(points)
    assert found.shape == (300, 1)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, atol=tolerance)


def test_predictions_take_samples_as_they_lie_in_the_data_set() -> None:
    session = Session(presets.load("mnist"))
    pictures = session.prepared.dataset.inputs[:130]
    probabilities = session.predict(pictures)
    assert probabilities.shape == (130, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    one_by_one = np.concatenate([session.predict(picture[None]) for picture in pictures[:5]])
    np.testing.assert_allclose(one_by_one, probabilities[:5], atol=1e-6)
    assert session.predict(pictures[:0]).shape == (0, 10)
    with pytest.raises(DataError) as caught:
        session.predict(pictures.reshape(130, 784))
    assert caught.value.code == "shape_mismatch"
    with pytest.raises(DataError) as caught:
        session.predict(np.full((1, 28, 28), np.nan))
    assert caught.value.code == "not_finite"


def test_predictions_of_values_are_values() -> None:
    session = Session(presets.load("curve"))
    session.run(epochs=300)
    x = session.prepared.raw_validation_inputs
    error = session.predict(x) - session.prepared.validation_targets
    assert (error**2).mean() == pytest.approx(session.evaluate("validation")["loss"], rel=1e-4)


def test_metrics_have_the_documented_keys_and_are_measured_over_all_samples() -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=321)
    metrics = session.metrics()
    assert set(metrics) == {"step", "epoch", "train", "validation"}
    assert metrics["step"] == 321
    prepared = session.prepared
    assert metrics["epoch"] == pytest.approx(321 * 10 / len(prepared.training_inputs))
    for part, inputs, targets in (
        ("train", prepared.raw_training_inputs, prepared.training_targets),
        ("validation", prepared.raw_validation_inputs, prepared.validation_targets),
    ):
        p = session.predict(inputs)[:, 0].astype(np.float64)
        loss = -np.where(targets == 1, np.log(p), np.log(1 - p)).mean()
        assert set(metrics[part]) == {"loss", "accuracy"}
        assert metrics[part]["loss"] == pytest.approx(loss, rel=1e-4)
        assert metrics[part]["accuracy"] == ((p > 0.5) == (targets == 1)).mean()
    assert session.evaluate("training") == metrics["train"]
    assert session.evaluate() == metrics["validation"]


def test_measuring_changes_nothing() -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=7)
    arena, state = session.arena.copy(), session.state.copy()
    session.metrics()
    session.predict(session.prepared.raw_training_inputs)
    assert np.array_equal(session.arena, arena)
    assert np.array_equal(session.state, state)


def test_regression_has_no_accuracy() -> None:
    metrics = Session(presets.load("curve")).metrics()
    assert set(metrics["train"]) == {"loss"}


def test_data_without_a_validation_part() -> None:
    document = presets.load("spiral").model_dump()
    document["data"]["validation_share"] = 0
    session = Session(Experiment.model_validate(document))
    assert session.metrics()["validation"] == {}
    with pytest.raises(NeurariumError) as caught:
        session.evaluate("validation")
    assert caught.value.code == "no_such_part"
    assert "validation share" in caught.value.hint.en


def test_steps_and_epochs() -> None:
    session = Session(presets.load("spiral"))
    count, batch = len(session.material.training), session.experiment.batch_size
    assert session.run(steps=3) == 3
    assert session.run(epochs=3) == ceil(3 * count / batch)
    assert session.epoch >= 3
    assert session.step == 3 + ceil(3 * count / batch)
    assert session.run(epochs=0.1) == ceil(0.1 * count / batch)
    assert session.run(steps=0) == 0
    with pytest.raises(ValueError, match="either steps or epochs"):
        session.run()
    with pytest.raises(ValueError, match="either steps or epochs"):
        session.run(steps=1, epochs=1)


def test_a_batch_is_at_most_the_training_part() -> None:
    document = presets.load("iris").model_dump()
    document["batch_size"] = 4096
    session = Session(Experiment.model_validate(document))
    count = len(session.material.training)
    assert session.material.plan.batch == count
    session.run(steps=2)
    assert session.epoch == 2


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=10)
    assert capsys.readouterr() == ("", "")
    session.run(steps=30_000, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "20,000/30,000 steps" in shown.err
    assert "30,000/30,000 steps" in shown.err


def test_the_layout_tells_what_was_built() -> None:
    layers = {layer.name: layer for layer in Session(presets.load("skip")).layout}
    assert layers["hidden2"].inputs == ("hidden1",)
    assert layers["sum"].inputs == ("hidden1", "hidden2")
    assert layers["hidden1"].shape == (8,)
    assert layers["hidden2"].parameters == 8 * 8 + 8
    assert layers["hidden1"].map_scale == 1, "tanh stays within one"
    assert layers["answer"].map_scale is None
    assert layers["sum"].kind == "add"


# --- gradients and parameters ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spiral", "skip", "dropout"])
def test_gradients_are_the_slopes_of_the_last_batch(name: str) -> None:
    session = Session(EXPERIMENTS[name](), dtype="float64")
    session.run(steps=20)
    before, start = session.snapshot(), session.parameters()
    session.run(steps=1)
    gradients = session.gradients()
    rows = sum(row.phase != "update" for row in session.program.rows)
    penalties = session.experiment.regularization

    def loss(key: str, index: tuple[int, ...], value: float) -> float:
        session.restore(before)
        session.set_parameter(key, index, value)
        session.run_rows(0, rows)
        penalty = 0.0
        for other, values in session.parameters().items():
            if other.endswith("weights"):
                penalty += (
                    penalties.l1 * np.abs(values).sum() + penalties.l2 / 2 * (values**2).sum()
                )
        return session.loss + penalty

    for key, values in gradients.items():
        for index in list(np.ndindex(values.shape))[:6]:
            value = float(start[key][index])
            above, below = (loss(key, index, value + h) for h in (STEP_SIZE, -STEP_SIZE))
            measured = (above - below) / (2 * STEP_SIZE)
            assert values[index] == pytest.approx(measured, rel=1e-6, abs=1e-8)


def test_parameters_can_be_set() -> None:
    session = Session(presets.load("spiral"))
    new = {key: np.full_like(values, 0.25) for key, values in session.parameters().items()}
    session.set_parameters({"hidden1.weights": new["hidden1.weights"]})
    found = session.parameters()
    assert (found["hidden1.weights"] == 0.25).all()
    assert not (found["hidden2.weights"] == 0.25).any()
    session.set_parameters(new)
    assert all((values == 0.25).all() for values in session.parameters().values())
    session.set_parameter("answer.weights", (0, 3), -2.0)
    assert session.parameters()["answer.weights"][0, 3] == -2


def test_parameters_are_copies() -> None:
    session = Session(presets.load("spiral"))
    session.parameters()["hidden1.weights"][:] = 9
    session.gradients()["hidden1.weights"][:] = 9
    assert not (session.parameters()["hidden1.weights"] == 9).any()
    assert not session.gradients()["hidden1.weights"].any()


@pytest.mark.parametrize(
    ("values", "code", "where", "allowed"),
    [
        ({"hidden9.weights": np.zeros(3)}, "unknown_parameter", "hidden9.weights", "answer.bias"),
        ({"answer.bias": np.zeros(3)}, "wrong_parameter_value", "answer.bias", "1"),
        ({"answer.bias": np.array([np.nan])}, "wrong_parameter_value", "answer.bias", "1"),
        ({"answer.bias": np.array([1e300])}, "wrong_parameter_value", "answer.bias", "1"),
        ({"answer.bias": ["one"]}, "wrong_parameter_value", "answer.bias", "1"),
        ({"answer.bias": None}, "wrong_parameter_value", "answer.bias", "1"),
    ],
)
def test_wrong_parameters_are_refused_and_change_nothing(
    values: Any, code: str, where: str, allowed: str
) -> None:
    session = Session(presets.load("spiral"))
    arena = session.arena.copy()
    good = {"hidden1.bias": np.ones_like(session.parameters()["hidden1.bias"])}
    with pytest.raises(NeurariumError) as caught:
        session.set_parameters(good | values)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert allowed in str(caught.value.allowed)
    assert np.array_equal(session.arena, arena)


@pytest.mark.parametrize(
    ("key", "index", "value"),
    [
        ("hidden9.weights", (0, 0), 1.0),
        ("hidden1.weights", (0,), 1.0),
        ("hidden1.weights", (0, 99), 1.0),
        ("hidden1.weights", (-1, 0), 1.0),
        ("hidden1.weights", (0, 0), float("inf")),
        ("hidden1.weights", (0, 0), 1e39),
    ],
)
def test_a_wrong_single_parameter_is_refused(
    key: str, index: tuple[int, ...], value: float
) -> None:
    session = Session(presets.load("spiral"))
    arena = session.arena.copy()
    with pytest.raises(NeurariumError) as caught:
        session.set_parameter(key, index, value)
    assert caught.value.where == key
    assert np.array_equal(session.arena, arena)


# --- chance -------------------------------------------------------------------------------------


def seeded(**seeds: int) -> Session:
    experiment = with_dropout()
    return Session(experiment.model_copy(update={"seeds": Seeds(**seeds)}))


def order(session: Session) -> list[float]:
    session.run_rows(0, 1)
    block = session.program.plan.blocks["order"]
    return list(session.program.view(session.arena, block))


def test_each_seed_changes_what_it_is_for_and_nothing_else() -> None:
    plain, data, weights, batches = (
        seeded(),
        seeded(data=2),
        seeded(weights=2),
        seeded(batches=2),
    )
    samples = plain.prepared.training_inputs
    assert not np.array_equal(data.prepared.training_inputs, samples)
    assert np.array_equal(weights.prepared.training_inputs, samples)
    assert np.array_equal(batches.prepared.training_inputs, samples)
    start = plain.parameters()["hidden.weights"]
    assert np.array_equal(data.parameters()["hidden.weights"], start)
    assert not np.array_equal(weights.parameters()["hidden.weights"], start)
    assert np.array_equal(batches.parameters()["hidden.weights"], start)
    shuffled = order(plain)
    assert order(data) == shuffled
    assert order(weights) == shuffled
    assert order(batches) != shuffled


def test_another_layer_leaves_the_beginnings_of_the_others_alone() -> None:
    before = Session(with_dropout()).parameters()
    graph = chain(
        ("hidden", Dense(units=9, activation=Tanh())),
        ("more", Dense(units=9, activation=Tanh())),
        ("answer", Dense(units=1)),
    )
    after = Session(with_dropout().model_copy(update={"graph": graph})).parameters()
    for key, values in before.items():
        assert np.array_equal(after[key], values)
    assert not np.array_equal(after["more.weights"], np.zeros((9, 9)))


def test_dropout_is_random_while_training_only() -> None:
    session = Session(with_dropout())
    session.run(steps=5)
    mask = session.program.view(session.arena, session.program.plan.blocks["drop.mask"]).copy()
    assert set(np.unique(mask)) == {0, np.float32(1 / (1 - 0.3))}
    session.run(steps=1)
    other = session.program.view(session.arena, session.program.plan.blocks["drop.mask"])
    assert not np.array_equal(mask, other)
    points = session.prepared.raw_validation_inputs
    assert np.array_equal(session.predict(points), session.predict(points))
    assert session.evaluate() == session.evaluate()


def test_dropout_silences_the_share_that_it_says() -> None:
    session = Session(with_dropout())
    masks = []
    for _ in range(400):
        session.run(steps=1)
        masks.append(
            session.program.view(session.arena, session.program.plan.blocks["drop.mask"]) == 0
        )
    assert np.mean(masks) == pytest.approx(0.3, abs=0.01)


# --- sharing ------------------------------------------------------------------------------------


def test_sessions_with_the_same_data_share_it() -> None:
    one, other = Session(presets.load("mnist")), Session(presets.load("mnist"))
    assert one.material.training is other.material.training
    assert not np.shares_memory(one.arena, other.arena)
    inputs = one.material.training.inputs
    addresses = {array.ctypes.data for array in one.program.keep}
    assert inputs.ctypes.data in addresses, "the table reads the shared samples themselves"


def test_the_two_precisions_do_not_mix() -> None:
    single, double = Session(presets.load("spiral")), Session(presets.load("spiral"), "float64")
    assert single.arena.dtype == single.predict(np.zeros((1, 2))).dtype == np.float32
    assert double.arena.dtype == double.predict(np.zeros((1, 2))).dtype == np.float64
    assert double.fork().arena.dtype == np.float64
    with pytest.raises(NeurariumError):
        double.restore(single.snapshot())
