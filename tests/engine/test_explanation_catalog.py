"""Every member of the catalog says how its numbers come about, at several values of its fields.

Nothing here knows a member by name: a class without its part of the explanation fails.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.activations import Activation
from engine.data.sources import Spiral
from engine.data.sources.curves import Sine
from engine.data.sources.tables import Iris
from engine.experiment import Data, Experiment
from engine.explanation.quantity import Quantity
from engine.layers import Layer
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.losses import Loss
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.optimizers import Optimizer
from engine.presets.preset import chain
from tests.engine.scenes import checked, quantities, trained
from tests.engine.walk import accepted, members_of, network_around, variants

SOURCES = (Spiral(samples=30), Iris(), Sine(samples=30))

INSIDE = [
    pytest.param(member, id=kind)
    for kind, member in sorted(Layer.registry.items())
    if member.input_ports and member.output_ports
]


def explained(experiment: Experiment, each: int = 4, steps: int = 2) -> set[tuple[str, str]]:
    """Check a step of training; returns the kinds of numbers met, with their layers."""
    scene = trained(experiment, "float64", steps)
    met: set[tuple[str, str]] = set()
    for quantity in quantities(scene, each):
        checked(scene, quantity)
        met.add((quantity.kind, quantity.layer))
    return met


@pytest.mark.parametrize("member", INSIDE)
def test_every_layer_explains_its_numbers(member: type[Layer]) -> None:
    for layer in variants(member):
        for shapes in accepted(layer)[:3]:
            met = explained(
                Experiment(
                    data=Data(source=Spiral(samples=30)),
                    graph=network_around(layer, shapes),
                    loss=CategoricalCrossEntropy(),
                    batch_size=5,
                )
            )
            assert {("output", "member"), ("output_gradient", "member")} <= met
            assert ("output_gradient", "dense0") in met, "what the layer sends back"
            learns = bool(layer.parameters(shapes))
            assert (("parameter_gradient", "member") in met) == learns
            assert (("sum_gradient", "member") in met) == (layer.sum_blocks() is not None)


@pytest.mark.parametrize("member", members_of(Activation))
def test_every_activation_explains_value_and_slope(member: type[Activation]) -> None:
    for activation in variants(member):
        layers: list[tuple[str, Layer]] = [
            ("inside", Dense(units=5, activation=activation)),
            ("alone", ActivationLayer(activation=activation)),
            ("answer", Dense(units=1)),
        ]
        data = Data(source=Spiral(samples=30))
        met = explained(Experiment(data=data, graph=chain(*layers), batch_size=4), each=10)
        assert {("sum_gradient", "inside"), ("output_gradient", "inside")} <= met


@pytest.mark.parametrize("member", members_of(Loss))
def test_every_loss_explains_samples_and_gradient(member: type[Loss]) -> None:
    count = 0
    for loss in variants(member):
        for source in SOURCES:
            if source.problem not in loss.problems:
                continue
            for batch in (1, 7):
                met = explained(_fitting(loss, source, batch), each=20)
                assert {("loss", ""), ("output_gradient", "output")} <= met
                count += 1
    assert count >= 2


def _fitting(loss: Loss, source: Any, batch: int) -> Experiment:
    """An experiment whose answer is as wide as the loss wants it for this data."""
    outputs = loss.outputs(source.load(1))
    graph = chain(("answer", Dense(units=outputs)))
    return Experiment(data=Data(source=source), graph=graph, loss=loss, batch_size=batch)


@pytest.mark.parametrize("member", members_of(Optimizer))
def test_every_optimizer_explains_its_update(member: type[Optimizer]) -> None:
    for optimizer in variants(member):
        if optimizer.learning_rate > 1:
            optimizer = optimizer.model_copy(update={"learning_rate": 1.0})
        graph = chain(("hidden", Dense(units=3)), ("answer", Dense(units=1)))
        data = Data(source=Spiral(samples=30))
        experiment = Experiment(data=data, graph=graph, optimizer=optimizer, batch_size=4)
        for steps in (0, 4):
            scene = trained(experiment, "float64", steps)
            for index in ((0, 0), (2, 1)):
                explanation = checked(scene, Quantity("parameter", "hidden", "weights", index))
                old, *_, new = explanation.lines
                assert old.value != new.value
                gradients = {link for line in explanation.lines for link in line.links}
                (gradient,) = gradients
                assert gradient.kind == "parameter_gradient"
                checked(scene, gradient)


def test_a_layer_without_its_part_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("explain_sum", "explain_input_gradient", "explain_parameter_gradient"):
        with monkeypatch.context() as patch:
            patch.setattr(Dense, method, getattr(Layer, method))
            with pytest.raises(NotImplementedError, match="Dense"):
                test_every_layer_explains_its_numbers(Dense)
