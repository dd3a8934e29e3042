"""What another input changes, against the layers' own references in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import presets
from engine.errors import DataError
from engine.experiment import Experiment
from engine.insight.nudging import compare_inputs
from engine.session import Session
from tests.engine.experiments import with_dropout

Doubles = NDArray[np.float64]
PRESETS = ["spiral", "skip", "iris", "curve", "surface", "mnist"]


def trained(experiment: Experiment, steps: int = 200) -> Session:
    session = Session(experiment)
    session.run(steps=steps)
    return session


def nudged(session: Session, feature: int, by: float) -> tuple[Doubles, Doubles]:
    """The first sample, and the same with one number changed."""
    original = session.prepared.raw_training_inputs[0].astype(np.float64).ravel()
    changed = original.copy()
    changed[feature] += by
    return original, changed


def outputs_of(session: Session, sample: Doubles) -> Mapping[str, Doubles]:
    """Every layer's outputs for a sample, by the layers' references; of the last one the answer."""
    graph, parameters = session.material.plan.graph, session.parameters()
    prepared = session.prepared
    raw = sample.astype(np.float32).reshape(1, *prepared.dataset.inputs.shape[1:])
    seen = np.moveaxis(prepared.transform(raw).astype(np.float64), 0, -1)
    found: dict[str, Doubles] = {}
    for node in graph.nodes:
        sources = graph.sources[node.name]
        own = {
            key.rpartition(".")[2]: values.astype(np.float64)
            for key, values in parameters.items()
            if key.rpartition(".")[0] == node.name
        }
        inputs = [found[source] for source in sources] or [seen]
        found[node.name] = np.asarray(node.layer.reference(inputs, own), np.float64)
    last = graph.output_name
    found[last] = np.asarray(session.experiment.loss.link(found[last]), np.float64)
    return {name: values.ravel() for name, values in found.items()}


@pytest.mark.parametrize("name", PRESETS)
def test_every_layer_moves_as_its_reference_does(name: str) -> None:
    session = trained(presets.load(name))
    original, changed = nudged(
        session, feature=session.prepared.raw_training_inputs[0].size // 2, by=0.75
    )
    found = compare_inputs(session, original.tolist(), changed.tolist())
    before, after = outputs_of(session, original), outputs_of(session, changed)
    assert found.step == session.step
    views = {node.name for node in session.material.plan.graph.nodes if node.layer.is_view}
    last = session.material.plan.graph.output_name
    assert {shift.layer for shift in found.layers} == set(before) - (views - {last})
    for shift in found.layers:
        a, b = before[shift.layer], after[shift.layer]
        assert shift.distance == pytest.approx(float(np.linalg.norm(b - a)), rel=1e-3, abs=1e-5)
        assert shift.length == pytest.approx(float(np.linalg.norm(a)), rel=1e-4, abs=1e-5)
        assert shift.before == pytest.approx(a[shift.unit], rel=1e-4, abs=1e-5)
        assert shift.after == pytest.approx(b[shift.unit], rel=1e-4, abs=1e-5)
        largest = float(np.abs(b - a).max())
        assert abs(shift.after - shift.before) == pytest.approx(largest, rel=1e-3, abs=1e-5)
    assert found.layers[0].distance > 0


@pytest.mark.parametrize("name", PRESETS)
def test_the_prediction_is_the_sessions_own(name: str) -> None:
    session = trained(presets.load(name))
    original, changed = nudged(session, feature=0, by=-0.5)
    found = compare_inputs(session, original.tolist(), changed.tolist())
    shape = session.prepared.dataset.inputs.shape[1:]
    expected = session.predict(np.stack([original, changed]).reshape(2, *shape)).astype(np.float64)
    if session.prepared.dataset.problem == "classification" and expected.shape[1] == 1:
        expected = np.hstack([1 - expected, expected])
    np.testing.assert_allclose([found.before, found.after], expected, rtol=1e-5, atol=1e-6)
    if session.prepared.dataset.problem == "classification":
        assert sum(found.after) == pytest.approx(1, abs=1e-5)


def test_the_same_input_twice_moves_nothing() -> None:
    session = trained(with_dropout())
    original, _ = nudged(session, 0, 0)
    moment = session.snapshot()
    found = compare_inputs(session, original.tolist(), original.tolist())
    assert found.before == found.after
    assert {shift.distance for shift in found.layers} == {0.0}
    assert np.array_equal(session.arena, moment.arena)
    assert np.array_equal(session.state, moment.state)


def test_it_is_of_the_parameters_of_the_moment() -> None:
    session = trained(presets.load("spiral"), 10)
    original, changed = (sample.tolist() for sample in nudged(session, 1, 1.0))
    early = compare_inputs(session, original, changed)
    session.run(steps=500)
    late = compare_inputs(session, original, changed)
    assert (early.step, late.step) == (10, 510)
    assert early.before != late.before
    # Between two steps of slow motion as well: the parameters are those of the last finished one.
    session.advance(1)
    assert compare_inputs(session, original, changed) == late


def test_a_network_without_finite_numbers_is_told_as_it_is() -> None:
    session = trained(presets.load("curve"), 1)
    weights = session.program.network.parameters["hidden1.weights"]
    session.program.view(session.arena, weights)[:] = np.nan
    original, changed = nudged(session, 0, 1.0)
    found = compare_inputs(session, original.tolist(), changed.tolist())
    shifts = {shift.layer: shift for shift in found.layers}
    assert np.isnan([found.before, found.after]).all()
    assert np.isnan(shifts["hidden1"].distance)
    assert shifts["input"].distance == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "code"),
    [([1.0], "wrong_inputs"), ([0.0, 1.0, 2.0], "wrong_inputs"), ([0.0, 1e39], "not_finite")],
)
def test_an_input_that_does_not_fit_is_refused(values: list[float], code: str) -> None:
    session = trained(presets.load("spiral"), 1)
    for original, changed in (([0.0, 0.0], values), (values, [0.0, 0.0])):
        with pytest.raises(DataError) as caught:
            compare_inputs(session, original, changed)
        assert caught.value.code == code
