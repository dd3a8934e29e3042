"""What every activation, loss and optimizer computes, against references and slopes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from engine.activations import Activation
from engine.catalog import kind_of
from engine.data.dataset import Dataset
from engine.errors import NeurariumError
from engine.kernels.abi import FLAGS, OPTIMIZER_START, STEP
from engine.layers.dense import Dense
from engine.losses import Loss
from engine.optimizers import Optimizer
from tests.engine.harness import (
    Array,
    Bench,
    Doubles,
    Trainer,
    assert_close,
    assert_same_slopes,
    assert_step_lowers_loss,
    random_samples,
    slopes,
    some_places,
)
from tests.engine.walk import (
    BATCHES,
    DTYPES,
    PROBLEMS,
    members_of,
    network_around,
    problems_for,
    variants,
)

# --- activations --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Activation))
def test_an_activation_computes_what_its_reference_says(
    member: type[Activation], dtype: str
) -> None:
    for activation, units, batch in product(variants(member), (1, 3, 8, 17), BATCHES):
        generator = np.random.default_rng(units * batch)
        bench = Bench(dtype)
        z = bench.place("z", generator.normal(0, 3, (units, batch)))
        y, gradient = bench.room("y", z.shape), bench.room("gradient", z.shape)
        upstream = bench.place("upstream", generator.normal(size=z.shape))
        activation.emit_forward(bench.emitter, z, y)
        activation.emit_backward(bench.emitter, (z, y), (upstream, gradient))
        bench.load()
        values = bench.read(z).astype(np.float64)
        weights = bench.read(upstream).astype(np.float64)
        bench.run()
        expected = activation.reference(values)
        assert_close(bench.read(y), expected, dtype)
        assert_close(bench.read(gradient), activation.reference_gradient(values, weights), dtype)
        if activation.span is not None:
            low, high = activation.span
            assert low <= bench.read(y).min() <= bench.read(y).max() <= high
        if activation.is_identity():
            assert np.array_equal(expected, values)


@pytest.mark.parametrize("member", members_of(Activation))
def test_the_derivative_of_an_activation_is_its_slope(member: type[Activation]) -> None:
    for activation in variants(member):
        values = np.random.default_rng(8).normal(0, 2, (5, 7))
        weights = np.random.default_rng(9).normal(size=values.shape)

        def measure(
            activation: Activation = activation, values: Array = values, weights: Array = weights
        ) -> float:
            return float((activation.reference(values) * weights).sum())

        computed = activation.reference_gradient(values, weights).ravel()
        assert_same_slopes(computed, slopes(measure, values.reshape(-1), range(values.size)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Activation))
def test_an_activation_hands_nan_on_and_bears_large_numbers(
    member: type[Activation], dtype: str
) -> None:
    for activation in variants(member):
        bench = Bench(dtype)
        z = bench.place("z", np.array([[np.nan, 1e4, -1e4, 0.0, 100.0, -100.0]] * 3))
        y = bench.room("y", z.shape)
        activation.emit_forward(bench.emitter, z, y)
        bench.load()
        bench.run()
        assert np.isnan(bench.read(y)[:, 0]).all(), "NaN must not be hidden"
        assert np.isfinite(bench.read(y)[:, 1:]).all()


# --- losses -------------------------------------------------------------------------------------


class Scale:
    """One loss on a bench, with random outputs and fitting targets."""

    def __init__(self, loss: Loss, dataset: Dataset, dtype: str, spread: float = 2.0) -> None:
        encoded = loss.encode(dataset, dataset.targets).T
        generator = np.random.default_rng(encoded.size)
        self.bench = Bench(dtype)
        self.outputs = self.bench.place("outputs", generator.normal(0, spread, encoded.shape))
        self.targets = self.bench.place("targets", encoded)
        self.gradient = self.bench.room("gradient", encoded.shape)
        self.report = self.bench.room("report", (1,))
        blocks = (self.outputs, self.targets, self.gradient)
        with self.bench.emitter.during("loss", "output"):
            loss.emit(self.bench.emitter, blocks, self.report)
        self.bench.load()

    def measure(self) -> float:
        self.bench.run()
        return float(self.bench.read(self.report)[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_computes_what_its_reference_says(member: type[Loss], dtype: str) -> None:
    for loss, batch in product(variants(member), BATCHES):
        for dataset in problems_for(loss, batch):
            scale = Scale(loss, dataset, dtype)
            outputs = scale.bench.read(scale.outputs).astype(np.float64)
            targets = scale.bench.read(scale.targets).astype(np.float64)
            mean = scale.measure()
            expected = loss.reference(outputs, targets)
            losses = scale.bench.plan.blocks["output.losses"]
            assert expected.shape == (batch,)
            assert_close(scale.bench.read(losses), expected, dtype)
            assert_close(np.array(mean), expected.mean(), dtype)
            slope = loss.reference_gradient(outputs, targets)
            assert_close(scale.bench.read(scale.gradient), slope, dtype)
            assert scale.bench.state[FLAGS] == 0


@pytest.mark.parametrize("member", members_of(Loss))
def test_the_gradient_of_a_loss_is_its_slope(member: type[Loss]) -> None:
    for loss, batch in product(variants(member), (1, 7, 33)):
        for dataset in problems_for(loss, batch):
            scale = Scale(loss, dataset, "float64")
            scale.measure()
            values = scale.bench.read(scale.outputs).reshape(-1)
            places = some_places(len(values), 30, np.random.default_rng(1))
            computed = scale.bench.read(scale.gradient).reshape(-1)[places].copy()
            assert_same_slopes(computed, slopes(scale.measure, values, places))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_is_stable_for_large_outputs_and_reports_nan(member: type[Loss], dtype: str) -> None:
    for loss in variants(member):
        for dataset in problems_for(loss, 7):
            scale = Scale(loss, dataset, dtype, spread=1000.0)
            assert np.isfinite(scale.measure())
            assert np.isfinite(scale.bench.read(scale.gradient)).all()
            assert scale.bench.state[FLAGS] == 0
            for wrong in (np.nan, np.inf, -np.inf):
                broken = Scale(loss, dataset, dtype)
                broken.bench.read(broken.outputs)[0, 3] = wrong
                broken.measure()
                assert broken.bench.state[FLAGS] == 1, f"{wrong} went unnoticed"


@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_knows_right_from_wrong(member: type[Loss]) -> None:
    for loss in variants(member):
        for dataset in problems_for(loss, 33):
            targets = loss.encode(dataset, dataset.targets).T
            if dataset.problem == "regression":
                assert np.array_equal(targets.T, dataset.targets)
                continue
            right = (targets - 0.25) * 8
            assert loss.correct(right, targets).all()
            assert not loss.correct((1 - targets - 0.75) * 8, targets).any()
            shown = loss.link(right)
            assert shown.shape == right.shape
            assert np.array_equal(shown > 0.5, targets > 0.5)


@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_refuses_data_that_it_makes_no_sense_for(member: type[Loss]) -> None:
    loss = member()
    for dataset in problems_for(loss, 5):
        loss.check(dataset)
    for problem in PROBLEMS:
        if problem in loss.problems:
            continue
        other = Dataset(np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32), problem)
        with pytest.raises(NeurariumError) as caught:
            loss.check(other)
        assert caught.value.code == "loss_mismatch"
        assert caught.value.value == kind_of(member)
        assert kind_of(member) not in str(caught.value.allowed).split(", ")


# --- optimizers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Optimizer))
def test_an_optimizer_computes_what_its_reference_says(member: type[Optimizer], dtype: str) -> None:
    """Over several steps, with a memory that began at step 3 and padding behind the parameters."""
    tolerance = {"float64": 1e-12, "float32": 2e-4}[dtype]
    for optimizer, size in product(variants(member), (1, 37)):
        generator = np.random.default_rng(size)
        bench = Bench(dtype)
        start = np.append(generator.normal(size=size), np.zeros(11))
        parameters = bench.place("parameters", start)
        gradients = bench.room("gradients", start.shape)
        slots = tuple(bench.room(slot, start.shape) for slot in optimizer.slots)
        optimizer.emit(bench.emitter, parameters, gradients, slots)
        bench.load()
        expected: Doubles = bench.read(parameters).astype(np.float64)
        memory = tuple(np.zeros(start.shape) for _ in slots)
        bench.state[OPTIMIZER_START] = 3
        for step in range(1, 8):
            bench.read(gradients)[:size] = generator.normal(size=size)
            slope = bench.read(gradients).astype(np.float64)
            expected, memory = optimizer.reference(expected, slope, memory, step)
            bench.state[STEP] = 3 + step - 1
            bench.run()
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(
                bench.read(parameters), expected, rtol=0, atol=tolerance * scale
            )
            for block, values in zip(slots, memory, strict=True):
                np.testing.assert_allclose(
                    bench.read(block), values, rtol=tolerance, atol=tolerance
                )
            assert not bench.read(parameters)[size:].any(), "padding must stay zero"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Optimizer))
def test_a_step_of_every_optimizer_lowers_the_loss(member: type[Optimizer], dtype: str) -> None:
    for optimizer in variants(member):
        careful = optimizer.model_copy(update={"learning_rate": 1e-3})
        graph = network_around(Dense(units=5), ((3,),))
        trainer = Trainer(graph, random_samples((3,), 2, 20), optimizer=careful, dtype=dtype)
        trainer.draw(seed=6, spread=0.4)
        assert_step_lowers_loss(trainer)
