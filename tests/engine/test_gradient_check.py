"""The live gradient check: right networks pass, a wrong gradient is named, kinks aren't blamed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from engine import presets
from engine.activations import Activation
from engine.activations.relu import ReLU
from engine.activations.sigmoid import Sigmoid
from engine.activations.tanh import Tanh
from engine.data.sources.curves import Sine
from engine.errors import NeurariumError
from engine.experiment import Data, Experiment
from engine.initializers import Zeros
from engine.insight.gradient_check import GradientChecker, LayerCheck, check_gradients
from engine.layers.dense import Dense
from engine.losses.mean_squared_error import MeanSquaredError
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.experiments import EXPERIMENTS
from tests.engine.test_divergence import CASES


def trained(experiment: Experiment, steps: int) -> Session:
    session = Session(experiment)
    session.run(steps=steps)
    return session


def by_key(checks: tuple[LayerCheck, ...]) -> dict[str, LayerCheck]:
    return {f"{check.layer}.{check.parameter}": check for check in checks}


@pytest.mark.parametrize("steps", [0, 37, 500])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_gradients_of_real_networks_are_right(name: str, steps: int) -> None:
    """Dropout with both penalties, views, a branch, digits; at the start and while learning."""
    session = trained(EXPERIMENTS[name](), steps)
    checks = check_gradients(session)
    assert list(by_key(checks)) == list(session.parameters())
    for check in checks:
        size = session.parameters()[f"{check.layer}.{check.parameter}"].size
        assert check.ok, check
        assert check.worst_error <= 1e-6
        assert check.checked + check.skipped == min(40, size)
        assert check.checked >= 0.9 * min(40, size), check


@pytest.mark.parametrize("kind", sorted(Activation.registry))
def test_every_activation_passes(kind: str) -> None:
    experiment = Experiment(
        graph=chain(
            ("hidden1", Dense(units=6, activation=Activation.registry[kind]())),
            ("hidden2", Dense(units=5, activation=Activation.registry[kind]())),
            ("answer", Dense(units=1)),
        )
    )
    assert all(check.ok for check in check_gradients(trained(experiment, 50)))


def test_the_session_is_left_alone() -> None:
    session = trained(EXPERIMENTS["dropout"](), 33)
    arena, state = session.arena.copy(), session.state.copy()
    check_gradients(session)
    assert np.array_equal(session.arena, arena)
    assert np.array_equal(session.state, state)


def test_the_gradient_is_that_of_the_next_step() -> None:
    """The same batch and the same dropout masks, before the penalties."""
    session = trained(EXPERIMENTS["dropout"](), 33)
    checker = GradientChecker(session)
    before_update = next(
        number for number, row in enumerate(session.program.rows) if row.phase == "update"
    )
    session.run_rows(0, before_update)
    for key, gradient in session.gradients().items():
        np.testing.assert_allclose(checker.analytic[key], gradient, rtol=2e-3, atol=1e-6)
    assert checker.loss == pytest.approx(session.loss, rel=1e-5)


@pytest.mark.parametrize("index", [(0, 0), (7, 1), (3, 5)])
def test_a_wrong_gradient_is_caught_and_named(index: tuple[int, int]) -> None:
    session = trained(presets.load("spiral"), 200)
    checker = GradientChecker(session)
    right = checker.analytic["hidden2.weights"][index]
    checker.analytic["hidden2.weights"][index] += 1e-3
    check = checker.check("hidden2.weights", 64)
    assert not check.ok
    assert (check.layer, check.parameter, check.worst_index) == ("hidden2", "weights", index)
    assert check.analytic == pytest.approx(right + 1e-3)
    assert check.numeric == pytest.approx(right, abs=1e-9)
    assert check.worst_error > 1e-3
    others = [checker.check(key, 64) for key in checker.analytic if key != "hidden2.weights"]
    assert all(other.ok for other in others)


def test_a_large_wrong_gradient_is_among_those_chosen() -> None:
    session = trained(presets.load("mnist"), 100)
    checker = GradientChecker(session)
    checker.analytic["hidden1.weights"][11, 406] = 0.5
    check = checker.check("hidden1.weights", 10)
    assert (check.ok, check.worst_index, check.checked) == (False, (11, 406), 10)


def test_a_wrong_backward_kernel_is_found_below_and_not_above(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake everybody makes once: the derivative of another function."""
    monkeypatch.setattr(Tanh, "backward_op", Sigmoid.backward_op)
    checks = by_key(check_gradients(trained(presets.load("spiral"), 10)))
    verdicts = {key: check.ok for key, check in checks.items()}
    assert verdicts == {
        "hidden1.weights": False,
        "hidden1.bias": False,
        "hidden2.weights": False,
        "hidden2.bias": False,
        "answer.weights": True,
        "answer.bias": True,
    }


def test_kinks_are_counted_and_not_blamed() -> None:
    """All sums of the hidden layer are exactly zero: every unit stands at the kink of its ReLU."""
    experiment = Experiment(
        data=Data(source=Sine(samples=40)),
        graph=chain(
            ("hidden", Dense(units=4, activation=ReLU(), weights=Zeros())),
            ("answer", Dense(units=1)),
        ),
        loss=MeanSquaredError(),
    )
    checks = by_key(check_gradients(Session(experiment)))
    assert all(check.ok for check in checks.values())
    assert (checks["hidden.bias"].checked, checks["hidden.bias"].skipped) == (0, 4)
    assert checks["hidden.bias"].worst_index is None
    assert (checks["answer.bias"].checked, checks["answer.bias"].skipped) == (1, 0)


def test_a_wrong_gradient_beside_a_kink_is_still_caught() -> None:
    session = trained(presets.load("moons"), 300)
    checker = GradientChecker(session)
    checker.analytic["hidden1.bias"] += 0.01
    check = checker.check("hidden1.bias", 40)
    assert not check.ok
    assert check.checked >= 6


def test_a_network_that_holds_infinity_is_refused_in_words() -> None:
    session = trained(CASES["a linear network explodes"], 5000)
    with pytest.raises(NeurariumError) as caught:
        check_gradients(session)
    assert caught.value.code == "not_finite"
    assert "NaN or infinity" in caught.value.message.en
    assert re.search(r"[\u4e00-\u9fff]", caught.value.message.zh)
