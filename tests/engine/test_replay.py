"""The same run to the last bit, however it is cut: steps, rows, slices, snapshots, forks."""

from __future__ import annotations

import numpy as np
import pytest

from engine.experiment import Experiment
from engine.kernels.abi import STEP
from engine.scheduler import Scheduler
from engine.session import Session
from engine.snapshot import Snapshot
from tests.engine.experiments import EXPERIMENTS
from tests.engine.waiting import wait_until


def same(one: Session, other: Session) -> bool:
    return np.array_equal(one.arena, other.arena) and np.array_equal(one.state, other.state)


STEPS = {"spiral": 1000, "skip": 300, "mnist": 30, "dropout": 300}


@pytest.fixture(scope="module", params=list(EXPERIMENTS))
def case(request: pytest.FixtureRequest) -> tuple[Experiment, int, Session]:
    """(experiment, steps, a session that took them at one stretch)."""
    experiment = EXPERIMENTS[request.param]()
    session = Session(experiment)
    session.run(steps=STEPS[request.param])
    return experiment, STEPS[request.param], session


Case = tuple[Experiment, int, Session]


def test_single_steps_make_the_same_run(case: Case) -> None:
    experiment, steps, expected = case
    session = Session(experiment)
    for _ in range(steps):
        session.run(steps=1)
    assert same(session, expected)


def test_single_instructions_make_the_same_run(case: Case) -> None:
    experiment, steps, expected = case
    session = Session(experiment)
    rows = len(session.program.rows)
    for _ in range(steps):
        for row in range(rows):
            session.run_rows(row, row + 1)
        session.state[STEP] += np.uint64(1)
    assert same(session, expected)


def test_slices_of_a_scheduler_make_the_same_run(case: Case) -> None:
    experiment, steps, expected = case
    scheduler = Scheduler(2)
    scheduler.start()
    session = Session(experiment)
    place = scheduler.add(session)
    for part in (1, steps // 3, steps - 1 - steps // 3):
        place.play(steps=part)
        wait_until(lambda: not place.running)
    scheduler.stop()
    assert same(session, expected)


def test_going_on_from_a_snapshot_makes_the_same_run(case: Case) -> None:
    experiment, steps, expected = case
    session = Session(experiment)
    session.run(steps=steps // 2)
    moment = session.snapshot()
    data = moment.to_bytes()
    session.run(steps=7)
    session.restore(moment)
    assert session.step == steps // 2
    session.run(steps=steps - steps // 2)
    assert same(session, expected)
    elsewhere = Session(experiment)
    elsewhere.restore(Snapshot.from_bytes(data))
    elsewhere.run(steps=steps - steps // 2)
    assert same(elsewhere, expected)


def test_a_fork_makes_the_same_run_and_leaves_the_original_alone(case: Case) -> None:
    experiment, steps, expected = case
    session = Session(experiment)
    session.run(steps=steps // 2)
    fork = session.fork()
    assert same(fork, session)
    session.set_parameters({key: 0 * values for key, values in session.parameters().items()})
    session.run(steps=3)
    fork.run(steps=steps - steps // 2)
    assert same(fork, expected)


def test_measuring_in_between_makes_the_same_run(case: Case) -> None:
    experiment, steps, expected = case
    session = Session(experiment)
    for part in (steps // 4, steps - steps // 4):
        session.metrics()
        session.run(steps=part)
    assert same(session, expected)


def test_a_reset_replays_the_run(case: Case) -> None:
    experiment, steps, expected = case
    session = Session(experiment)
    session.run(steps=13)
    session.reset()
    assert session.step == 0
    assert same(session, Session(experiment))
    session.run(steps=steps)
    assert same(session, expected)
