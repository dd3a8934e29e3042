"""What a unit is worth is what the network loses when it is held at 0."""

from __future__ import annotations

import numpy as np
import pytest

from engine import presets
from engine.activations.tanh import Tanh
from engine.experiment import Data, Experiment
from engine.graph import Clamp
from engine.insight.ablation import rank_units
from engine.layers.dense import Dense
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.experiments import with_dropout


def trained(experiment: Experiment, steps: int = 300) -> Session:
    session = Session(experiment)
    session.run(steps=steps)
    return session


def held(experiment: Experiment, layer: str, unit: int) -> Experiment:
    nodes = tuple(
        node.model_copy(update={"clamps": (Clamp(unit=unit),)}) if node.name == layer else node
        for node in experiment.graph.nodes
    )
    graph = experiment.graph.model_copy(update={"nodes": nodes})
    return experiment.model_copy(update={"graph": graph})


@pytest.mark.parametrize("name", ["spiral", "skip"])
def test_every_unit_is_worth_what_holding_it_at_zero_costs(name: str) -> None:
    experiment = presets.load(name)
    small = experiment.data.source.model_copy(update={"samples": 120})
    experiment = experiment.model_copy(
        update={"data": experiment.data.model_copy(update={"source": small})}
    )
    session = trained(experiment)
    before = session.snapshot()
    found = rank_units(session)
    assert [one.change for one in found] == sorted((one.change for one in found), reverse=True)
    assert np.array_equal(session.arena, before.arena)
    whole = session.evaluate("validation")["loss"]
    for ablation in found[:3] + found[-3:]:
        other = Session(held(experiment, ablation.layer, ablation.unit))
        other.set_parameters(session.parameters())
        assert ablation.loss == pytest.approx(other.evaluate("validation")["loss"], rel=1e-5)
        assert ablation.change == pytest.approx(ablation.loss - whole, abs=1e-5)


def test_a_unit_that_nobody_listens_to_is_worth_nothing() -> None:
    graph = chain(("hidden", Dense(units=4, activation=Tanh())), ("answer", Dense(units=1)))
    session = trained(with_dropout().model_copy(update={"graph": graph}))
    weights = session.parameters()["answer.weights"]
    weights[0, 2] = 0
    session.set_parameters({"answer.weights": weights})
    worth = {one.unit: one.change for one in rank_units(session)}
    assert worth[2] == 0
    assert max(worth.values()) > 0
    assert {one.layer for one in rank_units(session)} == {"hidden"}


def test_without_a_validation_part_the_training_part_counts() -> None:
    experiment = with_dropout()
    data = Data(source=experiment.data.source, validation_share=0.0)
    session = trained(experiment.model_copy(update={"data": data}), 50)
    assert {one.layer for one in rank_units(session)} == {"hidden", "drop"}
