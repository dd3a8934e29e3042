"""Changing a network while it learns: what stays, what begins anew; a failure changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import presets
from engine.activations import Activation
from engine.data.preprocessing import Features
from engine.data.sources import Spiral
from engine.errors import GraphError, NeurariumError
from engine.experiment import Data, Experiment, Regularization, Seeds
from engine.graph import Position
from engine.kernels.abi import CURSOR, EPOCH
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.limits import Limits
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers import StochasticGradientDescent
from engine.optimizers.adam import Adam
from engine.optimizers.momentum import Momentum
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.harness import Array

TANH = Activation.registry["tanh"]()


def network(*hidden: int, dropout: float | None = None, first: Any = TANH) -> Any:
    layers: list[tuple[str, Any]] = [
        (f"hidden{number}", Dense(units=units, activation=first if number == 1 else TANH))
        for number, units in enumerate(hidden, 1)
    ]
    if dropout is not None:
        layers.append(("drop", Dropout(rate=dropout)))
    return chain(*layers, ("answer", Dense(units=1)))


def experiment(**changes: Any) -> Experiment:
    plain = Experiment(
        data=Data(source=Spiral(samples=101)),
        graph=network(8, 6),
        optimizer=Momentum(learning_rate=0.02),
        batch_size=7,
    )
    return plain.model_copy(update=changes)


def trained(steps: int = 100, **changes: Any) -> Session:
    session = Session(experiment(**changes))
    session.run(steps=steps)
    return session


def memory(session: Session, slot: str) -> dict[str, Array]:
    """The optimizer's array for every parameter."""
    region = session.program.network.parameter_region
    start = session.program.plan.blocks[f"optimizer:{slot}"].offset - region.offset
    return {
        key: session.arena[block.offset + start :][: block.size].reshape(block.shape).copy()
        for key, block in session.program.network.parameters.items()
    }


def same_values(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


# --- structure ----------------------------------------------------------------------------------


def test_layers_that_stay_keep_what_they_learned() -> None:
    session = trained()
    before, velocity = session.parameters(), memory(session, "velocity")
    session.edit(experiment(graph=network(8, 6, dropout=0.2)))
    assert same_values(session.parameters(), before)
    assert same_values(memory(session, "velocity"), velocity)
    assert session.step == 100
    relu = Activation.registry["relu"]()
    session.edit(experiment(graph=network(8, 6, first=relu)))
    assert same_values(session.parameters(), before)
    assert session.run(steps=10) == 10


def test_one_neuron_more_keeps_the_others() -> None:
    session = trained()
    before, velocity = session.parameters(), memory(session, "velocity")
    session.edit(experiment(graph=network(9, 6)))
    after, carried = session.parameters(), memory(session, "velocity")
    fresh = Session(experiment(graph=network(9, 6))).parameters()
    assert np.array_equal(after["hidden1.weights"][:8], before["hidden1.weights"])
    assert np.array_equal(after["hidden1.weights"][8:], fresh["hidden1.weights"][8:])
    assert np.array_equal(after["hidden2.weights"][:, :8], before["hidden2.weights"])
    assert np.array_equal(after["hidden2.weights"][:, 8:], fresh["hidden2.weights"][:, 8:])
    assert np.array_equal(after["answer.weights"], before["answer.weights"])
    assert np.array_equal(carried["hidden2.weights"][:, :8], velocity["hidden2.weights"])
    assert not carried["hidden2.weights"][:, 8:].any()
    assert not carried["hidden1.bias"][8:].any()


def test_one_neuron_less_keeps_the_first_ones() -> None:
    session = trained()
    before = session.parameters()
    session.edit(experiment(graph=network(7, 6)))
    after = session.parameters()
    assert np.array_equal(after["hidden1.weights"], before["hidden1.weights"][:7])
    assert np.array_equal(after["hidden2.weights"], before["hidden2.weights"][:, :7])


def test_a_new_layer_begins_and_the_others_go_on() -> None:
    session = trained()
    before = session.parameters()
    session.edit(experiment(graph=network(8, 6, 6)))
    after = session.parameters()
    fresh = Session(experiment(graph=network(8, 6, 6))).parameters()
    for key, values in after.items():
        expected = before.get(key, fresh[key])
        assert np.array_equal(values, expected)
    session.edit(experiment())
    assert same_values(session.parameters(), before), "taking it out again loses nothing"
    session.edit(experiment(graph=network(8, 6, 6)))
    assert np.array_equal(session.parameters()["hidden3.weights"], fresh["hidden3.weights"])


def test_another_weights_seed_starts_anew() -> None:
    session = trained()
    session.edit(experiment(seeds=Seeds(weights=5)))
    fresh = Session(experiment(seeds=Seeds(weights=5)))
    assert np.array_equal(session.arena, fresh.arena)
    assert np.array_equal(session.state, fresh.state)


def test_positions_and_titles_change_nothing() -> None:
    session, other = trained(), trained()
    document = experiment(title="Another").model_dump()
    document["graph"]["nodes"][1]["position"] = {"x": 10, "y": 20}
    session.edit(Experiment.model_validate(document))
    assert session.experiment.title == "Another"
    assert_goes_on_like(session, other)


# --- training -----------------------------------------------------------------------------------


def assert_goes_on_like(session: Session, other: Session, steps: int = 50) -> None:
    """From the next whole step on, both are the same to the last bit."""
    session.run(steps=steps)
    other.run(steps=steps)
    assert np.array_equal(session.arena, other.arena)
    assert np.array_equal(session.state, other.state)


OPTIMIZERS = [
    (StochasticGradientDescent(learning_rate=0.1), StochasticGradientDescent(learning_rate=0.02)),
    (Momentum(learning_rate=0.05), Momentum(learning_rate=0.01, momentum=0.5)),
    (Adam(learning_rate=0.01), Adam(learning_rate=0.001)),
]


@pytest.mark.parametrize(("first", "second"), OPTIMIZERS)
def test_another_learning_rate_changes_nothing_but_the_learning_rate(
    first: Any, second: Any
) -> None:
    graph = network(8, 6, dropout=0.2)
    session = trained(optimizer=first, graph=graph)
    other = Session(experiment(optimizer=second, graph=graph))
    constants = len(other.program.plan.constants)
    other.arena[constants:] = session.arena[constants:]
    other.state[:] = session.state
    session.edit(experiment(optimizer=second, graph=graph))
    assert_goes_on_like(session, other)


def test_an_edit_to_the_same_experiment_changes_nothing() -> None:
    session, other = trained(), trained()
    session.edit(experiment())
    assert_goes_on_like(session, other)


def test_a_new_title_or_place_on_the_canvas_rebuilds_nothing() -> None:
    session, other = trained(), trained()
    program, arena = session.program, session.arena
    node = session.experiment.graph.nodes[0]
    moved = node.model_copy(update={"position": Position(x=40.0, y=-3.0)})
    graph = session.experiment.graph.model_copy(
        update={"nodes": (moved, *session.experiment.graph.nodes[1:])}
    )
    drawn = session.experiment.model_copy(update={"graph": graph, "title": "Mine"})
    session.edit(drawn)
    assert session.experiment == drawn
    assert session.program is program and session.arena is arena
    assert_goes_on_like(session, other)


def test_there_and_back_again_changes_nothing() -> None:
    session, other = trained(), trained()
    session.edit(experiment(regularization=Regularization(l1=0.1)))
    session.edit(experiment(batch_size=20))
    session.edit(experiment(optimizer=Momentum(learning_rate=1.0)))
    session.edit(experiment())
    assert_goes_on_like(session, other)


def test_another_kind_of_optimizer_begins_with_an_empty_memory() -> None:
    """Adam's first step moves every weight by the learning rate, whatever the step count."""
    session = trained()
    session.edit(experiment(optimizer=Adam(learning_rate=0.01)))
    assert not memory(session, "square")["hidden1.weights"].any()
    before = session.parameters()
    session.run(steps=1)
    after = session.parameters()
    for key, values in session.gradients().items():
        moved = np.abs(after[key] - before[key])[np.abs(values) > 1e-5]
        np.testing.assert_allclose(moved, 0.01, rtol=2e-2)
    assert session.step == 101


def test_another_batch_size_goes_on_in_the_same_pass() -> None:
    session, other = trained(3), trained(3)
    session.edit(experiment(batch_size=5))
    assert session.epoch == other.epoch
    order = session.program.plan.blocks["order"]
    was = other.program.view(other.arena, other.program.plan.blocks["order"])
    assert np.array_equal(session.program.view(session.arena, order), was)
    session.run(steps=1)
    assert session.state[CURSOR] == other.state[CURSOR] + 5


def test_penalties_begin_to_pull() -> None:
    session = trained()
    before = np.abs(session.parameters()["hidden1.weights"]).sum()
    session.edit(experiment(regularization=Regularization(l2=1.0)))
    session.run(steps=100)
    assert np.abs(session.parameters()["hidden1.weights"]).sum() < 0.5 * before


def test_another_loss_keeps_the_network() -> None:
    session = trained()
    before = session.parameters()
    session.edit(experiment(loss=MeanSquaredError()))
    assert same_values(session.parameters(), before)
    assert session.epoch == trained().epoch
    assert session.run(steps=10) == 10


# --- data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"data": Data(source=Spiral(samples=101, noise=0.4))},
        {"data": Data(source=Spiral(samples=60))},
        {"data": Data(source=Spiral(samples=101), validation_share=0.2)},
        {"seeds": Seeds(data=3)},
        {"seeds": Seeds(batches=3)},
    ],
)
def test_other_data_keep_the_network_and_start_a_pass_of_their_own(
    changes: dict[str, Any],
) -> None:
    session = trained(101)
    before, step, epoch = session.parameters(), session.step, session.epoch
    assert session.state[CURSOR] > 0
    session.edit(experiment(**changes))
    assert same_values(session.parameters(), before)
    assert session.step == step
    assert session.state[CURSOR] == 0
    assert session.state[EPOCH] == int(epoch) + 1
    count, batch = len(session.material.training), session.material.plan.batch
    session.run(steps=count)
    assert session.epoch == int(epoch) + 1 + batch


def test_other_data_before_the_first_step_leave_the_count_at_zero() -> None:
    for changes in ({"data": Data(source=Spiral(samples=60))}, {"seeds": Seeds(batches=3)}):
        session = Session(experiment())
        session.edit(experiment(**changes))
        assert session.epoch == 0
        fresh = Session(experiment(**changes))
        assert_goes_on_like(session, fresh)


def test_other_features_start_the_first_layer_anew_and_keep_the_rest() -> None:
    session = trained()
    before = session.parameters()
    steps = (Features(features=("x2", "x1")),)
    changed = experiment(data=Data(source=Spiral(samples=101), preprocessing=steps))
    session.edit(changed)
    after, fresh = session.parameters(), Session(changed).parameters()
    assert np.array_equal(after["hidden1.weights"], fresh["hidden1.weights"])
    assert np.array_equal(after["hidden2.weights"], before["hidden2.weights"])


def test_going_from_points_to_pictures_and_back() -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=10)
    session.edit(presets.load("mnist"))
    assert session.run(steps=3) == 3
    assert session.predict(session.prepared.dataset.inputs[:2]).shape == (2, 10)
    session.edit(presets.load("curve"))
    assert session.run(steps=3) == 3
    assert "accuracy" not in session.metrics()["train"]


def test_measuring_follows_the_edit() -> None:
    session = trained()
    session.metrics()
    session.predict(np.zeros((1, 2)))
    changed = experiment(graph=network(3), data=Data(source=Spiral(samples=60)))
    session.edit(changed)
    metrics, values = session.metrics(), session.predict(np.ones((4, 2)))
    fresh = Session(changed)
    fresh.set_parameters(session.parameters())
    assert fresh.evaluate("training") == metrics["train"]
    assert np.array_equal(fresh.predict(np.ones((4, 2))), values)


# --- failure ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"graph": chain(("drop", Dropout()))},
        {"graph": network(8, 16384)},
        {"data": Data(source=presets.load("mnist").data.source)},
        {"loss": presets.load("iris").loss},
    ],
)
def test_a_failed_edit_leaves_the_session_as_it_was(changes: dict[str, Any]) -> None:
    session = Session(experiment(), limits=Limits(units=1000))
    other = trained(20)
    session.run(steps=20)
    arena, state = session.arena, session.state
    before = (arena.copy(), state.copy(), session.experiment, session.program)
    with pytest.raises(NeurariumError):
        session.edit(experiment(**changes))
    assert session.arena is arena
    assert np.array_equal(session.arena, before[0])
    assert np.array_equal(session.state, before[1])
    assert session.experiment is before[2]
    assert session.program is before[3]
    assert_goes_on_like(session, other)


def test_a_failed_edit_says_why() -> None:
    with pytest.raises(GraphError) as caught:
        trained().edit(experiment(graph=chain(("flat", Dropout()))))
    assert caught.value.where == "graph.nodes.flat"


def test_an_edit_of_a_diverged_session_goes_on_from_its_last_healthy_moment() -> None:
    wild = experiment(
        loss=MeanSquaredError(), optimizer=StochasticGradientDescent(learning_rate=100)
    )
    session = Session(experiment(loss=MeanSquaredError()))
    session.run(steps=50)
    session.edit(wild)
    healthy = session.parameters()
    session.run(steps=2000)
    assert session.diverged
    session.edit(experiment(loss=MeanSquaredError()))
    assert not session.diverged
    assert session.divergence() is None
    assert session.step == 50
    assert same_values(session.parameters(), healthy)
    assert session.run(steps=20) == 20
    assert np.isfinite(session.loss)
