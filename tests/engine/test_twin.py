"""Whatever way the first session goes, its twin stands where a straight run would stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine import presets
from engine.errors import LimitError, NeurariumError
from engine.experiment import Experiment, Seeds
from engine.limits import Limits
from engine.optimizers.adam import Adam
from engine.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from engine.session import Session
from engine.text import Text
from engine.timeline import Timeline, Walker
from engine.twin import Twin, begin_twin, twin_along
from tests.engine.experiments import EXPERIMENTS, with_dropout

CHANGE = Text("another rate", "另一个学习率")
HERE = 30
"""Where twins begin that don't begin at 0."""


def with_rate(experiment: Experiment, rate: float) -> Experiment:
    return experiment.model_copy(update={"optimizer": Adam(learning_rate=rate)})


def with_batch(experiment: Experiment, size: int) -> Experiment:
    return experiment.model_copy(update={"batch_size": size})


def same(one: Session, other: Session) -> bool:
    return np.array_equal(one.arena, other.arena) and np.array_equal(one.state, other.state)


def trained(experiment: Experiment, steps: int) -> tuple[Session, Timeline]:
    session = Session(experiment)
    timeline = Timeline(session)
    session.run(steps=steps)
    timeline.note(session.snapshot())
    return session, timeline


def straight(experiment: Experiment, step: int, row: int = 0) -> Session:
    """A run of its own."""
    session = Session(experiment)
    session.run(steps=step)
    session.advance(row)
    return session


def edited(before: Experiment, after: Experiment, at: int, step: int, row: int = 0) -> Session:
    """A run that was changed by hand at a step."""
    session = straight(before, at)
    session.edit(after)
    session.run(steps=step - at)
    session.advance(row)
    return session


MOVES = some.one_of(
    some.tuples(some.just("play"), some.integers(1, 25)),
    some.tuples(some.just("back"), some.sampled_from(["instruction", "layer", "batch", "epoch"])),
    some.tuples(some.just("forward"), some.sampled_from(["instruction", "layer", "sample"])),
    some.tuples(some.just("visit"), some.integers(0, 80), some.integers(0, 12)),
)


def move(walker: Walker, way: tuple[Any, ...]) -> None:
    session, timeline = walker.session, walker.timeline
    match way:
        case "play", steps:
            timeline.train_on(session)
            session.run(steps=steps)
            timeline.note(session.snapshot())
        case "back", level:
            walker.back(level)
        case "forward", level:
            walker.forward(level)
        case "visit", step, row:
            walker.visit(step, row)


@pytest.mark.parametrize("from_step", [0, HERE])
@settings(max_examples=25, deadline=None)
@given(some.lists(MOVES, min_size=1, max_size=8))
def test_whatever_way_the_first_one_goes_the_twin_is_where_a_straight_run_is(
    from_step: int, ways: list[tuple[Any, ...]]
) -> None:
    experiment, other = with_dropout(), with_rate(with_dropout(), 0.05)
    session, timeline = trained(experiment, HERE)
    twin = begin_twin(session, timeline, other, from_step)
    walker = Walker(session, timeline)
    for way in ways:
        move(walker, way)
        expected = session.snapshot()
        stand = twin.follow(session.step, session.row)
        assert np.array_equal(session.arena, expected.arena), "the first one was touched"
        if session.step < from_step:
            assert stand == "before"
            continue
        assert stand == "together"
        place = session.step, session.row
        assert (twin.session.step, twin.session.row) == place
        run = straight(other, *place) if not from_step else edited(experiment, other, HERE, *place)
        assert same(twin.session, run)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_kind_of_network_has_a_twin(name: str) -> None:
    experiment = EXPERIMENTS[name]()
    other = with_rate(experiment, 0.02)
    session, timeline = trained(experiment, 12)
    twin = begin_twin(session, timeline, other)
    assert twin.follow(12) == "together"
    assert same(twin.session, straight(other, 12))
    assert same(session, straight(experiment, 12))


def test_a_twin_that_begins_here_is_an_edit_by_hand_from_here_on() -> None:
    session, timeline = trained(with_dropout(), 40)
    twin = begin_twin(session, timeline, with_batch(with_dropout(), 20), 25)
    assert twin.follow(60) == "together"
    run = edited(with_dropout(), with_batch(with_dropout(), 20), 25, 60)
    assert same(twin.session, run)
    assert twin.follow(24) == "before"
    assert twin.follow(25) == "together"
    assert same(twin.session, edited(with_dropout(), with_batch(with_dropout(), 20), 25, 25))


def test_a_twin_begins_with_what_ran_at_its_step() -> None:
    """The first one was changed later on, in the same branch."""
    session, timeline = trained(with_dropout(), 20)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, CHANGE)
    session.run(steps=20)
    other = with_rate(with_dropout(), 0.001)
    twin = begin_twin(session, timeline, other, 10)
    twin.follow(40)
    assert same(twin.session, edited(with_dropout(), other, 10, 40))


def test_a_twin_of_another_branch_goes_as_that_went_with_all_changes_by_hand() -> None:
    session, timeline = trained(with_dropout(), 40)
    timeline.visit(session, 15)
    session.edit(with_rate(with_dropout(), 0.1))
    timeline.changed(session, CHANGE)
    session.run(steps=10)
    session.set_parameter("answer.bias", (0,), 0.5)
    timeline.changed(session, CHANGE)
    session.run(steps=15)
    timeline.note(session.snapshot())
    timeline.visit(session, 40, branch=1)
    twin = twin_along(session, timeline, 2)
    assert twin.difference() == Text("as on branch 2: another rate", "如分支 2：另一个学习率")
    for step in (40, 10, 20, 15, 14, 25, 24, 60, 33):
        expected = straight(with_dropout(), min(step, 15))
        if step >= 15:
            expected.edit(with_rate(with_dropout(), 0.1))
            expected.run(steps=min(step, 25) - 15)
        if step >= 25:
            expected.set_parameter("answer.bias", (0,), 0.5)
            expected.run(steps=step - 25)
        assert twin.follow(step) == "together"
        assert np.array_equal(twin.session.arena, expected.arena), step
    assert list(timeline.branches) == [1, 2]
    assert timeline.branches[2].end == 40


def test_a_long_way_is_gone_in_pieces() -> None:
    session, timeline = trained(with_dropout(), 3_000)
    other = with_rate(with_dropout(), 0.02)
    twin = begin_twin(session, timeline, other)
    pieces = 0
    while twin.follow(3_000, seconds=0.0) != "together":
        pieces += 1
        assert twin.stand(3_000) == "catching_up"
    assert pieces > 3
    assert same(twin.session, straight(other, 3_000))


def test_a_change_in_the_past_is_reached_in_pieces_too() -> None:
    session, timeline = trained(with_dropout(), 600)
    # Nothing is kept between 0 and 600.
    other = with_rate(with_dropout(), 0.02)
    twin = begin_twin(session, timeline, other, 500)
    assert twin.experiment == other
    assert twin.follow(600, seconds=0.0) == "catching_up"
    while twin.follow(600, seconds=0.0) == "catching_up":
        pass
    assert same(twin.session, edited(with_dropout(), other, 500, 600))


def test_a_twin_whose_step_has_other_rows_stays_at_the_boundary() -> None:
    experiment = presets.load("skip")
    session, timeline = trained(experiment, 5)
    twin = begin_twin(session, timeline, presets.load("spiral"))
    assert not twin.walks_alike
    session.advance(2)
    assert twin.follow(5, 2) == "together"
    assert (twin.session.step, twin.session.row) == (5, 0)


def wild(experiment: Experiment) -> Experiment:
    """Diverges at once."""
    rate = StochasticGradientDescent(learning_rate=50.0)
    return experiment.model_copy(update={"optimizer": rate})


def test_a_twin_that_diverges_stays_where_that_happened() -> None:
    session, timeline = trained(presets.load("curve"), 400)
    twin = begin_twin(session, timeline, wild(presets.load("curve")))
    assert twin.follow(400) == "diverged"
    reached = twin.session.step
    assert 0 < reached < 400
    assert twin.follow(400) == "diverged"
    assert twin.follow(reached - 1) == "together"
    assert not twin.session.diverged
    assert twin.follow(reached) == "together"


def test_a_twin_follows_one_that_diverged() -> None:
    session, timeline = trained(wild(presets.load("curve")), 400)
    assert session.diverged
    twin = begin_twin(session, timeline, presets.load("curve"))
    assert twin.follow(session.step) == "together"
    assert same(twin.session, straight(presets.load("curve"), session.step))


def test_the_difference_is_told_in_words() -> None:
    session, timeline = trained(with_dropout(), 1)
    twin = begin_twin(session, timeline, with_rate(with_dropout(), 0.5))
    assert twin.difference() == Text("Learning rate 0.01 → 0.5", "学习率 0.01 → 0.5")
    session.edit(with_rate(with_dropout(), 0.5))
    assert twin.difference().en == "the same settings by now"


def test_what_can_not_be_a_twin_is_refused_with_what_to_do() -> None:
    session, timeline = trained(with_dropout(), 20)
    seeds = with_dropout().model_copy(update={"seeds": Seeds(weights=7)})
    other = with_rate(with_dropout(), 0.1)
    refusals: dict[str, tuple[str, Any]] = {
        "twin_is_same": ("experiment", lambda: begin_twin(session, timeline, with_dropout())),
        "twin_step_unknown": ("from_step", lambda: begin_twin(session, timeline, other, 21)),
        "twin_weights_begin_at_0": ("from_step", lambda: begin_twin(session, timeline, seeds, 5)),
        "unknown_branch": ("branch", lambda: twin_along(session, timeline, 9)),
    }
    for code, (where, attempt) in refusals.items():
        with pytest.raises(NeurariumError) as refused:
            attempt()
        assert (refused.value.code, refused.value.where) == (code, where)
        assert refused.value.allowed and refused.value.hint.zh
    with pytest.raises(NeurariumError, match="very same run"):
        twin_along(session, timeline, 1)
    assert begin_twin(session, timeline, seeds).follow(20) == "together"


def test_both_together_keep_the_limits_of_one_session() -> None:
    experiment = with_dropout()
    session = Session(experiment)
    other = with_rate(experiment, 0.1)
    session.limits = Limits(arena_bytes=100 * session.arena.nbytes)
    begin_twin(session, Timeline(session), other)
    session.limits = Limits(arena_bytes=session.arena.nbytes + 100)
    with pytest.raises(LimitError) as refused:
        begin_twin(session, Timeline(session), other)
    assert refused.value.code == "limit.arena_bytes"


def test_a_twin_keeps_no_more_moments_than_its_budget_allows() -> None:
    session, timeline = trained(with_dropout(), 20)
    budget = 5 * session.arena.nbytes
    twin: Twin = begin_twin(session, timeline, with_rate(with_dropout(), 0.1), budget=budget)
    for step in range(20):
        twin.follow(step)
        twin.timeline.note(twin.session.snapshot())
    assert twin.timeline.size <= budget
    stands = [twin.follow(step) for step in range(20)]
    assert set(stands) <= {"together", "before"}
    assert stands[-1] == "together"
