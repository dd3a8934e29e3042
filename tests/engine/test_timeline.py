"""Any moment of a run can be visited, to the last bit, and any moment can branch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine import presets
from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.optimizers.adam import Adam
from engine.session import Session
from engine.text import Text
from engine.timeline import Timeline
from tests.engine.experiments import EXPERIMENTS, with_dropout

CHANGE = Text("another rate", "另一个学习率")


def same(one: Session, other: Session) -> bool:
    return np.array_equal(one.arena, other.arena) and np.array_equal(one.state, other.state)


def straight(experiment: Experiment, steps: int, rows: int = 0) -> Session:
    """A session that went to a moment without any detour."""
    session = Session(experiment)
    session.run(steps=steps)
    session.advance(rows)
    return session


def trained(experiment: Experiment, steps: int, every: int) -> tuple[Session, Timeline]:
    session = Session(experiment)
    timeline = Timeline(session)
    for _ in range(0, steps, every):
        session.run(steps=every)
        timeline.note(session.snapshot())
    return session, timeline


def with_rate(experiment: Experiment, rate: float) -> Experiment:
    return experiment.model_copy(update={"optimizer": Adam(learning_rate=rate)})


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_kind_of_network_is_found_again_as_it_was(name: str) -> None:
    experiment = EXPERIMENTS[name]()
    session, timeline = trained(experiment, 40, every=15)
    for step, row in ((7, 0), (40, 0), (15, 3), (0, 1), (23, 2)):
        timeline.visit(session, step, row)
        assert (session.step, session.row) == (step, row)
        assert same(session, straight(experiment, step, row))


def test_a_visit_stays_within_what_there_is() -> None:
    session, timeline = trained(with_dropout(), 30, every=10)
    timeline.visit(session, 10_000)
    assert session.step == 30
    timeline.visit(session, 12, 10_000)
    assert (session.step, session.row) == (12, len(session.program.rows) - 1)


def test_training_on_from_the_past_walks_the_same_way() -> None:
    session, timeline = trained(with_dropout(), 60, every=20)
    timeline.visit(session, 15, 4)
    assert not timeline.train_on(session)
    session.run(steps=45)
    assert same(session, straight(with_dropout(), 60))
    assert list(timeline.branches) == [1]


def test_a_change_at_the_end_goes_on_with_the_same_branch() -> None:
    session, timeline = trained(with_dropout(), 30, every=10)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, CHANGE)
    session.run(steps=20)
    timeline.note(session.snapshot())
    expected = session.snapshot()
    timeline.visit(session, 25)
    assert same(session, straight(with_dropout(), 25))
    timeline.visit(session, 50)
    assert list(timeline.branches) == [1]
    assert session.experiment == with_rate(with_dropout(), 0.1)
    assert np.array_equal(session.arena, expected.arena)


def test_a_change_in_the_past_begins_a_branch_and_leaves_the_other_one_alone() -> None:
    session, timeline = trained(with_dropout(), 50, every=10)
    timeline.visit(session, 20)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, CHANGE)
    session.run(steps=40)
    timeline.note(session.snapshot())
    branch = timeline.branches[2]
    assert (branch.parent, branch.fork, branch.end, branch.cause) == (1, 20, 60, CHANGE)
    timeline.visit(session, 50, branch=1)
    assert same(session, straight(with_dropout(), 50))
    timeline.visit(session, 45, branch=2)
    assert session.experiment.optimizer == Adam(learning_rate=0.1)
    assert session.step == 45


def test_the_past_of_a_branch_is_its_parents() -> None:
    session, timeline = trained(with_dropout(), 30, every=10)
    timeline.visit(session, 20)
    timeline.fork(session, CHANGE)
    timeline.visit(session, 5)
    assert timeline.branch.number == 2
    assert same(session, straight(with_dropout(), 5))
    assert [(branch.number, last) for branch, last in timeline.path(2)] == [(1, 20), (2, 20)]


def test_training_before_a_later_change_begins_a_branch() -> None:
    session, timeline = trained(with_dropout(), 20, every=10)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, CHANGE)
    session.run(steps=10)
    timeline.note(session.snapshot())
    timeline.visit(session, 10)
    assert timeline.train_on(session)
    assert (timeline.branch.parent, timeline.branch.fork) == (1, 10)
    session.run(steps=30)
    assert same(session, straight(with_dropout(), 40))


def test_changes_without_training_between_them_are_one() -> None:
    session, timeline = trained(with_dropout(), 20, every=10)
    for rate in (0.1, 0.2, 0.3):
        session.edit(with_rate(with_dropout(), rate))
        timeline.changed(session, CHANGE)
    assert len(timeline.branch.segments) == 2
    assert timeline.branch.segments[-1].experiment == with_rate(with_dropout(), 0.3)


def test_an_edit_after_divergence_begins_a_branch_at_the_healthy_moment() -> None:
    wild = presets.load("spiral").model_copy(update={"optimizer": Adam(learning_rate=99.0)})
    session = Session(wild)
    timeline = Timeline(session)
    key = next(iter(session.parameters()))
    session.set_parameter(key, (0, 0), 1e6)
    timeline.changed(session, CHANGE)
    session.run(steps=5)
    session.checkpoint()
    region = session.program.network.parameter_region
    session.program.view(session.arena, region)[:] = np.inf
    session.run(steps=5)
    assert session.diverged
    reached = session.step
    session.edit(with_rate(wild, 0.01))
    timeline.changed(session, CHANGE, end=reached)
    assert timeline.branch.parent == 1
    assert timeline.branch.fork == session.step < reached


def test_a_reset_of_a_single_branch_takes_its_place() -> None:
    session, timeline = trained(with_dropout(), 20, every=10)
    session.reset()
    timeline.restarted(session, CHANGE)
    assert [branch.end for branch in timeline.branches.values()] == [0]
    session.run(steps=8)
    timeline.fork(session, CHANGE)
    session.reset()
    timeline.restarted(session, CHANGE)
    assert [branch.parent for branch in timeline.branches.values()] == [None, 2, None]


def test_moments_stay_within_their_budget_dense_lately_and_sparse_long_ago() -> None:
    experiment = with_dropout()
    session = Session(experiment)
    one = session.arena.nbytes + session.state.nbytes
    timeline = Timeline(session, budget=12 * one)
    for _ in range(300):
        session.run(steps=2)
        timeline.note(session.snapshot())
        assert timeline.size <= timeline.budget
    steps = [moment.step for moment in timeline.branch.segments[0].moments]
    gaps = np.diff(steps)
    assert steps[0] == 0
    assert len(steps) == 12
    assert gaps[-1] < gaps[1]
    timeline.visit(session, 301)
    assert same(session, straight(experiment, 301))


def test_a_step_whose_moments_are_forgotten_leads_to_the_oldest_there_is() -> None:
    session = Session(with_dropout())
    timeline = Timeline(session, budget=session.arena.nbytes + session.state.nbytes)
    session.run(steps=10)
    timeline.note(session.snapshot())
    timeline.visit(session, 3, 2)
    assert session.step in (3, 10)
    assert same(session, straight(with_dropout(), session.step, session.row))


def test_a_long_way_ends_early_on_a_step_that_is_exact() -> None:
    session = Session(with_dropout())
    timeline = Timeline(session)
    session.run(steps=5_000)
    timeline.reach(session.step)
    timeline.visit(session, 4_999, seconds=1e-6)
    assert 0 < session.step < 4_999
    assert same(session, straight(with_dropout(), session.step))
    assert timeline.branch.end == 5_000


def test_only_another_network_has_to_be_built() -> None:
    session, timeline = trained(with_dropout(), 20, every=10)
    assert not timeline.leads_elsewhere(session, 5)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, CHANGE)
    assert timeline.leads_elsewhere(session, 5)
    assert not timeline.leads_elsewhere(session, 20)
    with pytest.raises(NeurariumError):
        timeline.leads_elsewhere(session, 1, branch=9)


def test_unknown_branches_and_those_in_use_are_refused() -> None:
    session, timeline = trained(with_dropout(), 10, every=10)
    with pytest.raises(NeurariumError) as caught:
        timeline.visit(session, 1, branch=7)
    assert (caught.value.code, caught.value.value) == ("unknown_branch", "7")
    timeline.fork(session, CHANGE)
    for number in (1, 2):
        with pytest.raises(NeurariumError, match="still in use"):
            timeline.remove(number)
    timeline.visit(session, 10, branch=1)
    timeline.remove(2)
    assert list(timeline.branches) == [1]


ACTIONS = some.one_of(
    some.tuples(some.just("batches"), some.integers(1, 12)),
    some.tuples(some.just("rows"), some.integers(1, 40)),
    some.tuples(some.just("visit"), some.integers(0, 60)),
    some.tuples(some.just("visit rows"), some.integers(0, 60)),
    some.tuples(some.just("fork"), some.just(0)),
    some.tuples(some.just("note"), some.just(0)),
)


@settings(max_examples=60, deadline=None)
@given(some.lists(ACTIONS, max_size=12))
def test_whatever_the_detours_a_moment_is_the_same(actions: list[tuple[str, int]]) -> None:
    session = Session(with_dropout())
    timeline = Timeline(session, budget=8 * (session.arena.nbytes + session.state.nbytes))
    for action, number in actions:
        perform(session, timeline, action, number)
    assert same(session, straight(with_dropout(), session.step, session.row))


def perform(session: Session, timeline: Timeline, action: str, number: int) -> None:
    match action:
        case "batches":
            timeline.train_on(session)
            session.run(steps=number)
        case "rows":
            for _ in range(number):
                session.advance(1)
        case "visit":
            timeline.visit(session, number)
        case "visit rows":
            timeline.visit(session, number, number % len(session.program.rows))
        case "fork":
            session.finish_step()
            timeline.fork(session, CHANGE)
        case "note":
            session.finish_step()
            timeline.note(session.snapshot())


def test_a_snapshot_of_another_network_changes_nothing() -> None:
    session = straight(with_dropout(), 5)
    before: Any = session.arena.copy()
    foreign = Session(presets.load("spiral")).snapshot()
    with pytest.raises(NeurariumError):
        session.resume(with_rate(with_dropout(), 0.5), foreign)
    assert np.array_equal(session.arena, before)
    assert session.experiment == with_dropout()
    session.run(steps=5)
    assert same(session, straight(with_dropout(), 10))


def test_training_on_before_the_fork_walks_the_way_of_the_parent() -> None:
    """A branch begins with its change: before that, its path is its parent's."""
    session = Session(with_dropout())
    timeline = Timeline(session)
    session.run(steps=40)
    timeline.note(session.snapshot())
    timeline.visit(session, 20)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, Text("another rate", "另一个学习率"), 40)
    session.run(steps=10)
    timeline.note(session.snapshot())
    at_30 = session.arena.copy()
    timeline.visit(session, 10)
    assert timeline.train_on(session)
    for _ in range(4):
        session.run(steps=5)
        timeline.note(session.snapshot())
    assert timeline.branch.number == 1
    assert same(session, straight(with_dropout(), 30))
    timeline.visit(session, 30, branch=2)
    assert np.array_equal(session.arena, at_30)
    timeline.visit(session, 5, branch=2)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, Text("another rate", "另一个学习率"))
    assert (timeline.branch.parent, timeline.branch.fork) == (1, 5)
