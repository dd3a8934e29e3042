"""What a network costs: counted from its rows, measured on a copy."""

from __future__ import annotations

import time
from math import prod

import numpy as np
import pytest

from engine import presets
from engine.activations.tanh import Tanh
from engine.data.sources import Spiral
from engine.experiment import Data, Experiment
from engine.insight.cost import LONGEST, Cost, cost_of
from engine.layers.dense import Dense
from engine.optimizers.adam import Adam
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.experiments import EXPERIMENTS


def wide(units: int = 64) -> Experiment:
    """2 → units → units → 1, tanh, batches of 32."""
    return Experiment(
        data=Data(source=Spiral()),
        graph=chain(
            ("hidden1", Dense(units=units, activation=Tanh())),
            ("hidden2", Dense(units=units, activation=Tanh())),
            ("answer", Dense(units=1)),
        ),
        optimizer=Adam(),
        batch_size=32,
    )


@pytest.fixture(params=sorted(EXPERIMENTS))
def session(request: pytest.FixtureRequest) -> Session:
    session = Session(EXPERIMENTS[request.param]())
    session.run(steps=20)
    return session


def test_layers_add_up_to_the_session(session: Session) -> None:
    cost = cost_of(session)
    assert [layer.layer for layer in cost.layers] == [info.name for info in session.layout]
    parameters = sum(values.size for values in session.parameters().values())
    assert sum(layer.parameters for layer in cost.layers) == cost.parameters == parameters
    assert [layer.activations for layer in cost.layers] == [
        prod(info.shape) for info in session.layout
    ]
    assert sum(cost.shares().values()) == pytest.approx(1)
    assert cost.seconds == pytest.approx(
        cost.data.seconds
        + cost.loss.seconds
        + cost.update.seconds
        + sum(layer.forward.seconds + layer.backward.seconds for layer in cost.layers)
    )


def test_every_block_but_the_data_belongs_to_one_layer(session: Session) -> None:
    blocks = session.program.plan.blocks
    data = ("report", "targets", "inputs_by_sample", "order")
    known = sum(block.size for name, block in blocks.items() if name.split(".")[-1] not in data)
    slots = session.material.plan.optimizer.slots
    regions = [session.program.plan.blocks[f"optimizer:{slot}"] for slot in slots]
    known -= sum(block.size for block in regions)
    known += len(slots) * sum(values.size for values in session.parameters().values())
    assert cost_of(session).memory_bytes == known * session.dtype.itemsize


def test_the_live_arena_is_left_alone(session: Session) -> None:
    arena, state = session.arena.copy(), session.state.copy()
    twin = session.fork()
    cost_of(session)
    assert np.array_equal(session.arena, arena)
    assert np.array_equal(session.state, state)
    session.run(steps=10)
    twin.run(steps=10)
    assert np.array_equal(session.arena, twin.arena)


def test_multiply_adds_are_those_of_the_textbook() -> None:
    """Forwards in × out; backwards as much for the weights, and again for the inputs."""
    cost = cost_of(Session(wide()))
    forward = {layer.layer: layer.forward.multiply_adds for layer in cost.layers}
    backward = {layer.layer: layer.backward.multiply_adds for layer in cost.layers}
    assert forward == {
        "input": 0,
        "hidden1": 2 * 64,
        "hidden2": 64 * 64,
        "answer": 64,
        "output": 0,
    }
    assert backward == {
        "input": 0,
        "hidden1": 2 * 64,
        "hidden2": 2 * 64 * 64,
        "answer": 2 * 64,
        "output": 0,
    }
    assert cost.forward.multiply_adds == sum(forward.values())
    assert cost.backward.multiply_adds == sum(backward.values())


def test_elements_are_those_that_the_other_rows_visit() -> None:
    cost = cost_of(Session(wide()))
    hidden = next(layer for layer in cost.layers if layer.layer == "hidden2")
    assert hidden.forward.elements == 64, "tanh"
    # The gradient of tanh, the sum for the bias, and the layer before laid out by sample.
    assert hidden.backward.elements == 3 * 64
    size = Session(wide()).program.network.parameter_region.size
    assert cost.update.elements == size / 32
    assert cost.loss.elements == 1


def test_a_known_layer_has_a_known_size() -> None:
    cost = cost_of(Session(wide()))
    answer = next(layer for layer in cost.layers if layer.layer == "answer")
    learned = 64 + 1
    # Parameters, gradients, two slots of Adam; the output and its gradient for 32 samples.
    assert answer.memory_bytes == 4 * (learned * (2 + 2) + 2 * 32)


def test_a_layer_that_only_changes_the_shape_costs_nothing() -> None:
    cost = cost_of(Session(presets.load("mnist")))
    flatten = next(layer for layer in cost.layers if layer.layer == "flatten")
    assert flatten.activations == 784
    assert (flatten.memory_bytes, flatten.forward.seconds, flatten.forward.elements) == (0, 0, 0)


def measured(experiment: Experiment) -> tuple[Cost, float]:
    session = Session(experiment)
    session.run(steps=20)
    best = np.inf
    for _ in range(5):
        began = time.perf_counter()
        session.run(steps=50)
        best = min(best, (time.perf_counter() - began) / 50)
    return cost_of(session), best


def test_the_parts_take_about_as_long_as_a_step() -> None:
    cost, step = measured(wide(256))
    assert 0.2 * step < cost.seconds < 5 * step
    hidden2 = next(layer for layer in cost.layers if layer.layer == "hidden2")
    assert hidden2.forward.seconds > 0
    heaviest = max(cost.layers, key=lambda layer: layer.forward.seconds + layer.backward.seconds)
    assert heaviest.layer == "hidden2", "256 × 256 of the weights are there"


def test_a_measurement_is_short() -> None:
    session = Session(presets.load("mnist"))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        cost_of(session)
        times.append(time.perf_counter() - began)
    assert min(times) < 1.5 * LONGEST


def test_a_network_larger_than_the_time_is_still_measured() -> None:
    session = Session(wide(2048).model_copy(update={"batch_size": 256}))
    cost = cost_of(session)
    assert cost.forward.seconds > 0
    assert cost.backward.seconds > cost.forward.seconds
