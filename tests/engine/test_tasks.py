"""Tasks: the ways in which a network's rows are put together, for every task of the catalog."""

from __future__ import annotations

import numpy as np
import pytest

from engine import presets
from engine.evaluation import Evaluator, Forward, published
from engine.program.executor import run
from engine.program.program import new_state
from engine.session import Session
from engine.tasks import Task
from tests.engine.walk import members_of


@pytest.fixture(scope="module")
def session() -> Session:
    trained = Session(presets.load("penguins"))
    trained.run(steps=40)
    return trained


@pytest.mark.parametrize("member", members_of(Task))
def test_one_walk_through_the_training_table_learns(member: type[Task], session: Session) -> None:
    plan, samples = session.material.plan, session.material.training
    program = member().training(plan, samples)
    arena, state = program.new_arena(), new_state()
    for key, values in session.parameters().items():
        program.view(arena, program.network.parameters[key])[...] = values
    before = program.view(arena, program.network.parameter_region).copy()
    assert run(arena, program.table, state, 3) == 3
    assert not np.array_equal(program.view(arena, program.network.parameter_region), before)
    assert np.isfinite(arena[program.network.report.offset])


@pytest.mark.parametrize("member", members_of(Task))
@pytest.mark.parametrize("most", [None, 1, 50, 10_000])
def test_measuring_agrees_with_the_references(
    member: type[Task], most: int | None, session: Session
) -> None:
    """Whatever the batch, every sample counts once."""
    plan, samples = session.material.plan, session.material.training
    evaluator = Evaluator(member(), plan, samples, most)
    evaluator.published[:] = published(session.program, session.arena)
    region = evaluator.program.network.parameter_region
    parameters = evaluator.program.view(evaluator.arena, region)
    before = parameters.copy()
    count = min(most or len(samples), len(samples))
    forward = Forward(member(), plan, 7)
    forward.published[:] = evaluator.published
    outputs = forward.answers(samples.inputs[:count]).T.astype(np.float64)
    targets = samples.targets[:count].T.astype(np.float64)
    for _ in range(2):
        metrics = evaluator.measure(classify=True)
        assert metrics.loss == pytest.approx(plan.loss.reference(outputs, targets).mean(), rel=1e-5)
        assert metrics.accuracy == plan.loss.correct(outputs, targets).mean()
    assert np.array_equal(parameters, before), "measuring teaches nothing"
    assert evaluator.measure(classify=False).as_dict() == {"loss": metrics.loss}


@pytest.mark.parametrize("member", members_of(Task))
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_a_forward_program_gives_every_layer_as_its_reference_does(
    member: type[Task], batch: int, session: Session
) -> None:
    plan, samples = session.material.plan, session.material.training
    forward = Forward(member(), plan, batch)
    forward.published[:] = published(session.program, session.arena)
    forward.set_inputs(samples.inputs[:batch])
    forward.run()
    graph, parameters = plan.graph, session.parameters()
    for node in graph.nodes:
        found = forward.view(forward.output(node.name))
        sources = [forward.view(forward.output(name)) for name in graph.sources[node.name]]
        inputs = sources or [np.moveaxis(samples.inputs[:batch], 0, -1)]
        own = {
            key.rpartition(".")[2]: values.astype(np.float64)
            for key, values in parameters.items()
            if key.rpartition(".")[0] == node.name
        }
        expected = node.layer.reference([values.astype(np.float64) for values in inputs], own)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_broken_network_measures_as_broken_and_can_be_measured_again(session: Session) -> None:
    plan, samples = session.material.plan, session.material.training
    evaluator = Evaluator(session.experiment.task, plan, samples)
    evaluator.published[:] = np.nan
    assert np.isnan(evaluator.measure(classify=True).loss)
    evaluator.published[:] = published(session.program, session.arena)
    assert evaluator.measure(classify=True).loss == pytest.approx(
        session.evaluate("training")["loss"]
    )
