"""When the numbers run away: the step, instruction and layer are those where it truly began."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import presets
from engine.activations import Activation
from engine.data.sources import Spiral
from engine.data.sources.curves import Sine
from engine.experiment import Data, Experiment, Regularization
from engine.kernels.abi import FLAGS, STEP
from engine.layers.dense import Dense
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers import StochasticGradientDescent
from engine.optimizers.momentum import Momentum
from engine.presets.preset import chain
from engine.session import Session


def network(kind: str, *units: int) -> Any:
    activation = Activation.registry[kind]()
    layers = [
        (f"hidden{number}", Dense(units=count, activation=activation))
        for number, count in enumerate(units, 1)
    ]
    return chain(*layers, ("answer", Dense(units=1)))


def wild(kind: str, rate: float, l2: float = 0.0, **changes: Any) -> Experiment:
    return Experiment(
        data=Data(source=Spiral(samples=50)),
        graph=network(kind, 6, 5),
        loss=MeanSquaredError(),
        optimizer=StochasticGradientDescent(learning_rate=rate),
        regularization=Regularization(l2=l2),
    ).model_copy(update=changes)


CASES = {
    "a linear network explodes": wild("linear", 3.0),
    "a network of rectifiers explodes": wild("relu", 10.0),
    "momentum overshoots": wild("leaky_relu", 1.0, optimizer=Momentum(learning_rate=5.0)),
    "on a curve": wild("relu", 50.0, data=Data(source=Sine(samples=50))),
    # Penalties this strong double every weight; a saturated unit hides an infinite one for a while.
    "penalties explode behind saturated units": wild("tanh", 0.3, l2=10.0),
    "penalties explode slowly": wild("sigmoid", 0.23, l2=9.5),
}


def where_it_began(experiment: Experiment) -> tuple[int, int]:
    """(step, row), by looking at every number after every instruction from the very start.

    A step counts when it ends with a parameter or the loss lost; an infinite activation that a
    bounded function swallows does no harm.
    """
    session = Session(experiment)
    network = session.program.network
    while True:
        before = session.snapshot()
        session.run(steps=1)
        region = session.program.view(session.arena, network.parameter_region)
        if session.diverged or not np.isfinite(region).all():
            break
    step = before.step
    session.restore(before)
    for number, row in enumerate(session.program.rows):
        session.run_rows(number, number + 1)
        written = [session.program.view(session.arena, block) for block in row.writes]
        if not all(np.isfinite(values).all() for values in written):
            return step + 1, number
    raise AssertionError("the step that lost a number has no instruction that lost it")


@pytest.mark.parametrize("name", CASES)
def test_the_report_is_true(name: str) -> None:
    experiment = CASES[name]
    session = Session(experiment)
    done = session.run(steps=20_000)
    assert session.diverged
    assert session.step == done < 20_000
    found = session.divergence()
    assert found is not None
    assert (found.step, found.row) == where_it_began(experiment)
    row = session.program.rows[found.row]
    assert (found.operation, found.layer) == (row.op.name, row.layer)
    assert found.healthy_step == 0
    place = f"layer “{row.layer}”" if row.layer else "the update"
    assert place in found.message.en
    assert f"step {found.step}" in found.message.en
    assert f"第 {found.step} 步" in found.message.zh
    assert session.divergence() is found, "looked for once"


def test_the_search_starts_at_the_last_checkpoint_and_disturbs_nothing() -> None:
    experiment = CASES["penalties explode slowly"]
    whole = Session(experiment)
    whole.run(steps=20_000)
    session = Session(experiment)
    session.run(steps=5)
    session.checkpoint()
    session.run(steps=20_000)
    arena = session.arena.copy()
    found, expected = session.divergence(), whole.divergence()
    assert found is not None
    assert expected is not None
    assert (found.step, found.row) == (expected.step, expected.row)
    assert found.healthy_step == 5
    assert np.array_equal(session.arena, arena, equal_nan=True)


def test_a_healthy_session_has_no_divergence() -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=100)
    assert not session.diverged
    assert session.divergence() is None


def test_going_back_returns_to_the_healthy_moment() -> None:
    session = Session(CASES["a network of rectifiers explodes"])
    session.edit(wild("relu", 0.01))
    session.run(steps=25)
    healthy = session.parameters()
    session.edit(CASES["a network of rectifiers explodes"])
    session.run(steps=5000)
    assert session.diverged
    assert session.run(steps=5) == 0, "it stands still"
    session.go_back()
    assert not session.diverged
    assert session.divergence() is None
    assert session.step == 25
    for key, values in session.parameters().items():
        assert np.array_equal(values, healthy[key])
    session.edit(wild("relu", 0.01))
    assert session.run(steps=100) == 100
    assert np.isfinite(session.loss)


@pytest.mark.parametrize("name", CASES)
def test_one_can_go_on_from_the_moment_one_goes_back_to(name: str) -> None:
    session = Session(CASES[name])
    while not session.diverged:
        session.run(steps=1)
    found = session.divergence()
    session.go_back()
    assert found is not None
    assert session.step == found.healthy_step < found.step
    calm = StochasticGradientDescent(learning_rate=1e-5)
    regularization = Regularization(l2=0.0)
    changes = {"optimizer": calm, "regularization": regularization}
    session.edit(session.experiment.model_copy(update=changes))
    assert session.run(steps=500) == 500


def test_a_moment_from_before_heals() -> None:
    session = Session(CASES["a linear network explodes"])
    moment = session.snapshot()
    session.run(steps=5000)
    assert session.diverged
    session.restore(moment)
    assert not session.diverged
    assert session.divergence() is None


def test_setting_all_parameters_heals_and_setting_one_may_not() -> None:
    session = Session(CASES["a linear network explodes"])
    start = session.parameters()
    session.run(steps=5000)
    session.set_parameter("hidden1.weights", (0, 0), 1.0)
    healed = all(np.isfinite(values).all() for values in session.parameters().values())
    assert session.diverged != healed
    session.set_parameters(start)
    assert not session.diverged
    assert session.state[FLAGS] == 0
    assert session.run(steps=1) == 1


def test_what_was_set_by_hand_is_part_of_the_story() -> None:
    """The replay starts behind the change, so that it finds the same end."""
    session = Session(wild("relu", 0.5))
    session.run(steps=5)
    session.set_parameter("hidden1.weights", (0, 0), 3e38)
    session.set_parameter("hidden2.weights", (0, 0), 3e38)
    while not session.diverged:
        session.run_rows(0, len(session.program.rows))
        session.state[STEP] += np.uint64(1)
    found = session.divergence()
    assert found is not None
    assert found.healthy_step == 5
    assert found.step == session.step
    assert session.program.rows[found.row].phase in ("forward", "loss")
