"""Frozen layers stay as they are; units held by hand give what they were told, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.activations.tanh import Tanh
from engine.errors import NeurariumError
from engine.experiment import Experiment, Regularization
from engine.explanation.explain import explain
from engine.explanation.listing import listing
from engine.graph import MOST_CLAMPS, Clamp
from engine.layers.dense import Dense
from engine.layers.ports import Input, Output
from engine.optimizers import Optimizer, StochasticGradientDescent
from engine.optimizers.adam import Adam
from engine.optimizers.momentum import Momentum
from engine.presets.preset import chain
from engine.session import Session
from engine.timeline import Timeline, Walker
from engine.timeline.walker import HandLevel
from tests.engine.experiments import with_dropout
from tests.engine.harness import Trainer, assert_same_slopes, graph_of, random_samples, slopes
from tests.engine.scenes import checked, quantities, scene_of, trained

LAYERS = (
    ("first", Dense(units=5, activation=Tanh())),
    ("second", Dense(units=4, activation=Tanh())),
    ("third", Dense(units=3)),
    ("answer", Dense(units=1)),
)


def experiment(optimizer: Optimizer | None = None, **nodes: dict[str, Any]) -> Experiment:
    """Four dense layers; `nodes` says what is done to each."""
    graph = chain(*LAYERS)
    changed = tuple(node.model_copy(update=nodes.get(node.name, {})) for node in graph.nodes)
    return with_dropout().model_copy(
        update={
            "graph": graph.model_copy(update={"nodes": changed}),
            "optimizer": optimizer or Adam(learning_rate=0.01),
            "regularization": Regularization(l1=0.001, l2=0.01),
        }
    )


FROZEN: dict[str, Any] = {"frozen": True}


def held(*clamps: tuple[int, float]) -> dict[str, Any]:
    return {"clamps": tuple(Clamp(unit=unit, value=value) for unit, value in clamps)}


def of_layer(session: Session, layer: str) -> list[Any]:
    return [value for key, value in session.parameters().items() if key.startswith(f"{layer}.")]


def same(before: list[Any], after: list[Any]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


OPTIMIZERS = [StochasticGradientDescent(learning_rate=0.1), Momentum(), Adam()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda one: one.kind)
@pytest.mark.parametrize("frozen", [("first",), ("second",), ("first", "third"), ("answer",)])
def test_frozen_layers_keep_their_parameters_and_the_others_learn(
    optimizer: Optimizer, frozen: tuple[str, ...]
) -> None:
    session = Session(experiment(optimizer))
    session.run(steps=30)
    session.edit(experiment(optimizer, **dict.fromkeys(frozen, FROZEN)))
    before = {name: of_layer(session, name) for name, _ in LAYERS}
    session.run(steps=30)
    for name, _ in LAYERS:
        assert same(before[name], of_layer(session, name)) == (name in frozen)


def test_what_learns_beside_a_frozen_layer_moves_as_the_reference_says() -> None:
    optimizer = Adam(learning_rate=0.05)
    session = Session(experiment(optimizer, second=FROZEN), "float64")
    before = session.parameters()
    session.run(steps=1)
    gradients = session.gradients()
    for key, value in session.parameters().items():
        if key.startswith("second."):
            assert np.array_equal(value, before[key])
            continue
        zeros = np.zeros_like(value)
        expected, _ = optimizer.reference(before[key], gradients[key], (zeros, zeros), 1)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)


def test_a_thawed_layer_goes_on_with_what_its_optimizer_remembered() -> None:
    session = Session(experiment())
    session.run(steps=20)
    slot = session.program.plan.blocks["optimizer:mean"]
    remembered = session.program.view(session.arena, slot).copy()
    session.edit(experiment(first=FROZEN))
    session.edit(experiment())
    assert np.array_equal(session.program.view(session.arena, slot), remembered)


def test_nothing_is_computed_that_a_frozen_beginning_doesnt_need() -> None:
    whole = len(Session(experiment()).program.rows)
    partly = Session(experiment(first=FROZEN, second=FROZEN)).program
    assert len(partly.rows) < whole
    assert not any(row.phase == "backward" and row.layer == "first" for row in partly.rows)


def test_a_network_that_is_frozen_altogether_still_steps() -> None:
    session = Session(experiment(None, **{name: FROZEN for name, _ in LAYERS}))
    before = [value for name, _ in LAYERS for value in of_layer(session, name)]
    walker = Walker(session, Timeline(session))
    levels: list[HandLevel] = ["instruction", "layer", "sample", "sample"]
    for level in levels:
        walker.forward(level)
    session.run(steps=5)
    assert same(before, [value for name, _ in LAYERS for value in of_layer(session, name)])
    assert session.loss > 0


def test_a_held_unit_gives_its_value_to_every_sample_whoever_asks() -> None:
    session = Session(experiment(second=held((1, 0.25), (3, 0.0))))
    session.run(steps=10)
    output = session.program.view(session.arena, session.program.network.outputs["second"])
    assert (output[1] == 0.25).all() and (output[3] == 0).all()
    assert not (output[0] == output[0][0]).all()
    loss = session.evaluate("validation")["loss"]
    key = "second.weights"
    values = session.parameters()[key]
    session.set_parameters({key: values + np.array([[0.0], [5.0], [0.0], [5.0]], np.float32)})
    assert session.evaluate("validation")["loss"] == loss


def test_a_held_input_is_the_same_for_every_sample() -> None:
    session = Session(experiment(input=held((0, 0.5))))
    inputs = session.prepared.raw_validation_inputs[:4].copy()
    answers = session.predict(inputs)
    inputs[:, 0] += 3
    assert np.array_equal(session.predict(inputs), answers)
    session.run(steps=1)
    gradient = session.gradients()["first.weights"]
    bias = session.gradients()["first.bias"]
    penalty = Session(experiment(input=held((0, 0.5)))).parameters()["first.weights"][:, 0]
    expected = 0.5 * bias + 0.01 * penalty + 0.001 * np.sign(penalty)
    np.testing.assert_allclose(gradient[:, 0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("place", ["first", "answer", "both"])
def test_gradients_past_held_units_are_those_of_finite_differences(place: str) -> None:
    graph = graph_of(
        [
            ("input", Input()),
            ("first", Dense(units=5, activation=Tanh())),
            ("answer", Dense(units=2)),
            ("output", Output()),
        ],
        [("input", "first"), ("first", "answer"), ("answer", "output")],
    )
    clamps = {"first": held((2, 0.7)), "answer": held((0, -0.3))}
    chosen = clamps if place == "both" else {place: clamps[place]}
    nodes = tuple(node.model_copy(update=chosen.get(node.name, {})) for node in graph.nodes)
    trainer = Trainer(graph.model_copy(update={"nodes": nodes}), random_samples((3,), 2, 7))
    trainer.draw(5)
    trainer.measure()
    offset = trainer.program.network.gradient_region.offset
    start = trainer.program.network.parameter_region.offset
    places = list(trainer.places())
    computed = trainer.arena[[offset + one - start for one in places]]
    assert_same_slopes(computed, slopes(trainer.measure, trainer.arena, places))
    assert (computed == 0).any() and (computed != 0).any()


OPERATED = experiment(
    first=held((2, 0.7)), second=FROZEN, third=held((0, 0.0)), input=held((1, -1.0))
)


def test_frozen_and_held_numbers_are_explained() -> None:
    scene = trained(OPERATED, "float64")
    explained = 0
    for quantity in quantities(scene, each=12):
        try:
            checked(scene, quantity)
            explained += 1
        except NeurariumError as error:
            assert error.code == "not_in_program"
            assert (quantity.kind, quantity.layer) == ("parameter_gradient", "second")
    assert explained > 100
    lines = [
        explain(scene, quantity).lines[-1].name.en
        for quantity in quantities(scene, each=50)
        if quantity.kind == "output" and quantity.layer == "first" and quantity.index == (2,)
    ]
    assert set(lines) == {"held by hand"}


def test_the_listing_of_an_operated_network_names_existing_numbers() -> None:
    session = Session(OPERATED)
    scene_of(session)
    blocks = session.program.plan.blocks
    for instruction in listing(session.program):
        for operand in (*instruction.inputs, *instruction.outputs):
            whole = blocks.get(operand.block)
            size = int(np.prod(operand.shape))
            assert whole is None or size <= whole.size
            assert operand.offset + size <= session.program.plan.size
    updates = [one for one in listing(session.program) if one.phase == "update"]
    sizes = [int(np.prod(one.inputs[0].shape)) for one in updates if "adam" in one.operation]
    assert len(sizes) == 2
    assert sum(sizes) < session.program.network.parameter_region.size


@pytest.mark.parametrize(
    ("nodes", "code", "allowed"),
    [
        ({"first": held((5, 0.0))}, "wrong_clamp", "0 … 4"),
        ({"output": held((0, 0.0))}, "wrong_clamp", "none"),
        ({"first": held((1, 0.0), (1, 2.0))}, "clamped_twice", None),
    ],
)
def test_units_that_cant_be_held_are_refused_at_their_layer(
    nodes: dict[str, Any], code: str, allowed: str | None
) -> None:
    session = Session(experiment())
    with pytest.raises(NeurariumError) as caught:
        session.edit(experiment(**nodes))
    error = caught.value
    assert (error.code, error.where) == (code, f"graph.nodes.{next(iter(nodes))}")
    assert error.allowed == allowed
    session.run(steps=1)


def test_more_units_than_the_limit_are_refused() -> None:
    with pytest.raises(ValidationError):
        Clamp(unit=-1)
    many = held(*((unit, 1.0) for unit in range(MOST_CLAMPS + 1)))
    document = experiment(first=many).model_dump(mode="json")
    with pytest.raises(ValidationError):
        Experiment.model_validate(document)
    layers = [(f"wide{number}", Dense(units=MOST_CLAMPS)) for number in range(9)]
    graph = chain(*layers, ("answer", Dense(units=1)))
    full = held(*((unit, 1.0) for unit in range(MOST_CLAMPS)))
    nodes = tuple(
        node.model_copy(update=full if node.name.startswith("wide") else {}) for node in graph.nodes
    )
    with pytest.raises(NeurariumError, match="Too many units"):
        Session(
            with_dropout().model_copy(update={"graph": graph.model_copy(update={"nodes": nodes})})
        )
