"""A session that workers train stops at the very step at which a breakpoint is met."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine import Scheduler, Session, presets
from engine.breakpoints import Condition, Guard, Lookout, run_until
from engine.breakpoints.conditions.accuracy_reaches import AccuracyReaches
from engine.breakpoints.conditions.at_step import AtStep
from engine.breakpoints.conditions.gradient_leaves_band import GradientLeavesBand
from engine.breakpoints.conditions.loss_rises import LossRises
from engine.breakpoints.conditions.numbers_run_away import NumbersRunAway
from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.program.executor import run
from engine.scheduler import Place
from tests.engine.test_breakpoints import BAND, RISES, TRAINED, moons
from tests.engine.test_divergence import CASES
from tests.server.running import wait_until

LONG = 30_000


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    started = Scheduler(1)
    started.start()
    yield started
    started.stop()


def guarded(scheduler: Scheduler, experiment: Experiment) -> tuple[Session, Place, Guard]:
    session = Session(experiment)
    place = scheduler.add(session)
    return session, place, Guard(place)


def wait(guard: Guard, place: Place) -> None:
    """Look again and again, as a host does, until training has ended."""

    def has_ended() -> bool:
        guard.look()
        return not guard.running

    wait_until(has_ended)


@pytest.mark.parametrize(
    ("experiment", "condition"),
    [
        (presets.load("spiral"), BAND),
        (moons(0.5), RISES),
        (presets.load("spiral"), TRAINED),
        (presets.load("iris"), AtStep(step=123)),
        (CASES["a network of rectifiers explodes"], NumbersRunAway()),
    ],
    ids=["gradient", "loss", "accuracy", "step", "run away"],
)
def test_workers_stop_where_a_plain_loop_does(
    scheduler: Scheduler, experiment: Experiment, condition: Condition
) -> None:
    plain = Session(experiment)
    reason = run_until(plain, LONG, [condition])
    session, place, guard = guarded(scheduler, experiment)
    guard.arm([condition])
    guard.play()
    wait(guard, place)
    assert session.step == plain.step
    assert guard.stopped == reason
    assert np.array_equal(session.arena, plain.arena, equal_nan=True)
    assert session.diverged == plain.diverged


def test_looks_on_the_way_change_nothing(scheduler: Scheduler) -> None:
    """Accuracy is measured at every hundredth step, and never high enough."""
    session, place, guard = guarded(scheduler, presets.load("spiral"))
    guard.arm([AccuracyReaches(accuracy=1.0, every=100), LossRises(factor=1000.0)])
    guard.play(steps=2_050)
    wait(guard, place)
    plain = Session(presets.load("spiral"))
    plain.run(steps=2_050)
    assert (session.step, guard.stopped) == (2_050, None)
    assert np.array_equal(session.arena, plain.arena)
    assert np.array_equal(session.state, plain.state)


def test_whoever_takes_the_session_finds_it_judged(scheduler: Scheduler) -> None:
    """Also without any look in between: a flag that only asks for a look is never seen."""
    session, place, guard = guarded(scheduler, presets.load("spiral"))
    guard.arm([AtStep(step=50), AccuracyReaches(accuracy=1.0, every=20)])
    guard.play()
    wait_until(lambda: not place.running)
    assert guard.is_undecided
    with place.exclusive():
        assert not session.diverged
        assert session.step == 20
    wait(guard, place)
    assert session.step == 50
    assert guard.stopped is not None
    assert "50" in guard.stopped.en


def test_a_stop_with_the_last_step_of_a_slice_is_one() -> None:
    """The worker has left without noticing anything, and would come back."""
    session = Session(presets.load("xor"))
    place = Scheduler(1).add(session)
    guard = Guard(place)
    guard.arm([AtStep(step=10)])
    guard.play()
    lookout = Lookout(session, [AtStep(step=10)])
    assert run(session.arena, lookout.table, session.state, 10) == 10
    assert place.running
    guard.look()
    assert guard.stopped is not None
    assert not guard.running


def test_going_on_leaves_a_stop_behind_and_keeps_the_rest_of_the_steps_apart(
    scheduler: Scheduler,
) -> None:
    session, place, guard = guarded(scheduler, presets.load("xor"))
    guard.arm([AtStep(step=30)])
    guard.play(steps=100)
    wait(guard, place)
    assert session.step == 30
    guard.play(steps=100)
    assert guard.stopped is None
    wait(guard, place)
    assert session.step == 130


def test_a_step_that_was_begun_by_hand_is_looked_at_too(scheduler: Scheduler) -> None:
    session, place, guard = guarded(scheduler, presets.load("xor"))
    guard.arm([AtStep(step=1)])
    with place.exclusive():
        session.advance(3)
    guard.play()
    assert not guard.running
    assert session.step == 1
    assert guard.stopped is not None
    with place.exclusive():
        session.run(steps=1)
    assert not guard.has_stepped()


def test_another_network_leaves_out_what_it_does_not_have(scheduler: Scheduler) -> None:
    session, place, guard = guarded(scheduler, presets.load("spiral"))
    guard.arm([GradientLeavesBand(layer="hidden2", high=1e-9), AtStep(step=40)])
    with place.exclusive():
        session.edit(presets.load("moons"))
    guard.refresh()
    assert [problem is None for problem in guard.problems] == [False, True]
    guard.play()
    wait(guard, place)
    assert session.step == 40
    with place.exclusive():
        session.edit(presets.load("spiral"))
    guard.refresh()
    assert guard.problems == (None, None)
    guard.play()
    wait(guard, place)
    assert session.step == 41, "the layer is back, and so is its breakpoint"


def test_an_edit_without_a_refresh_trains_the_new_network(scheduler: Scheduler) -> None:
    session, place, guard = guarded(scheduler, presets.load("spiral"))
    guard.arm([BAND])
    with place.exclusive():
        session.edit(presets.load("moons"))
    guard.play(steps=20)
    wait(guard, place)
    plain = Session(presets.load("spiral"))
    plain.edit(presets.load("moons"))
    plain.run(steps=20)
    assert np.array_equal(session.arena, plain.arena)


def test_what_does_not_exist_is_refused_and_the_others_stay(scheduler: Scheduler) -> None:
    session, place, guard = guarded(scheduler, presets.load("xor"))
    guard.arm([AtStep(step=10)])
    with pytest.raises(NeurariumError) as caught:
        guard.arm([AtStep(step=5), GradientLeavesBand(layer="teapot")])
    assert caught.value.code == "unknown_layer"
    assert guard.conditions == (AtStep(step=10),)
    guard.play()
    wait(guard, place)
    assert session.step == 10


def test_a_divergence_that_nobody_waits_for_is_one(scheduler: Scheduler) -> None:
    session, place, guard = guarded(scheduler, CASES["a linear network explodes"])
    guard.arm([AtStep(step=LONG)])
    guard.play()
    wait(guard, place)
    assert session.diverged
    assert guard.stopped is None


def test_without_breakpoints_the_plain_table_is_walked(scheduler: Scheduler) -> None:
    session, place, guard = guarded(scheduler, presets.load("xor"))
    guard.arm([AtStep(step=10)])
    guard.arm([])
    guard.play(steps=20)
    wait(guard, place)
    assert (session.step, guard.stopped) == (20, None)


def test_a_look_is_foretold_from_the_pace(scheduler: Scheduler) -> None:
    _, place, guard = guarded(scheduler, presets.load("xor"))
    guard.arm([LossRises()])
    assert guard.seconds_to_look is None
    guard.arm([AtStep(step=1_000_000)])
    guard.play(steps_per_second=100)
    seconds = guard.seconds_to_look
    assert seconds is not None
    assert 5_000 < seconds <= 10_000
    place.pause()
    assert guard.seconds_to_look is None
