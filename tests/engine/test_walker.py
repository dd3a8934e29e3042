"""Strides of every size, forwards and back, always end in the arena of a straight run."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.session import Session
from engine.text import Text
from engine.timeline import Timeline, Walker
from engine.timeline.walker import HandLevel, Level
from tests.engine.experiments import EXPERIMENTS, with_dropout

Place = tuple[int, int, int | None]


def walker_at(steps: int = 0, rows: int = 0, name: str = "dropout") -> Walker:
    session = Session(EXPERIMENTS[name]())
    timeline = Timeline(session)
    session.run(steps=steps)
    session.advance(rows)
    timeline.reach(session.step)
    return Walker(session, timeline)


def place(walker: Walker) -> Place:
    return walker.session.step, walker.session.row, walker.sample


def same(one: Session, other: Session) -> bool:
    return np.array_equal(one.arena, other.arena) and np.array_equal(one.state, other.state)


def phases(walker: Walker) -> list[str]:
    return [row.phase for row in walker.session.program.rows]


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_instructions_lead_through_a_whole_step(name: str) -> None:
    walker = walker_at(3, name=name)
    rows = len(walker.session.program.rows)
    for row in range(1, rows):
        walker.forward("instruction")
        assert place(walker) == (3, row, None)
    walker.forward("instruction")
    assert place(walker) == (4, 0, None)
    assert same(walker.session, walker_at(4, name=name).session)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_layers_stop_where_the_layer_or_the_phase_changes(name: str) -> None:
    walker = walker_at(name=name)
    rows = walker.session.program.rows
    stops = []
    while walker.session.step == 0:
        walker.forward("layer")
        stops.append(walker.session.row)
    changes = [
        number
        for number in range(1, len(rows))
        if (rows[number].layer, rows[number].phase)
        != (rows[number - 1].layer, rows[number - 1].phase)
    ]
    assert stops == [*changes, 0]


def test_samples_are_shown_before_the_update_and_the_last_one_leads_to_the_next_batch() -> None:
    walker = walker_at()
    ready, batch = phases(walker).index("update"), walker.session.material.plan.batch
    for sample in range(batch):
        walker.forward("sample")
        assert place(walker) == (0, ready, sample)
    walker.forward("sample")
    assert place(walker) == (1, ready, 0)


@pytest.mark.parametrize("level", get_args(HandLevel))
def test_back_undoes_what_forward_did(level: Any) -> None:
    walker = walker_at(2)
    places: list[Place] = []
    arenas = []
    for _ in range(45):
        places.append(place(walker))
        arenas.append(walker.session.arena.copy())
        walker.forward(level)
    for expected, arena in zip(reversed(places[1:]), reversed(arenas[1:]), strict=True):
        walker.back(level)
        assert place(walker) == expected
        assert np.array_equal(walker.session.arena, arena)


def test_a_batch_back_from_within_one_is_its_beginning() -> None:
    walker = walker_at(6, 3)
    walker.back("batch")
    assert place(walker) == (6, 0, None)
    walker.back("batch", 4)
    assert place(walker) == (2, 0, None)
    walker.back("batch", 4)
    assert place(walker) == (0, 0, None)


def test_an_epoch_back_is_where_the_pass_began() -> None:
    walker = walker_at(40)
    per_epoch = len(walker.session.material.training) / walker.session.material.plan.batch
    while walker.session.step:
        former = walker.session.epoch
        walker.back("epoch")
        passes = walker.session.epoch
        assert passes < former
        assert passes - int(passes) < 1 / per_epoch + 1e-9
        assert former - passes <= 1 + 1 / per_epoch


def test_the_beginning_is_the_end_of_going_back() -> None:
    walker = walker_at(1)
    for level in get_args(Level):
        walker.back(level, 1000)
        assert place(walker) == (0, 0, None)


def test_a_diverged_network_stays_where_it_is() -> None:
    walker = walker_at(3)
    session = walker.session
    session.program.view(session.arena, session.program.network.parameter_region)[:] = np.nan
    session.run(steps=5)
    step = session.step
    walker.forward("instruction", 5)
    assert place(walker) == (step, 0, None)


STRIDES = some.tuples(
    some.sampled_from([*get_args(Level), "fork"]), some.booleans(), some.integers(1, 9)
)


@settings(max_examples=60, deadline=None)
@given(some.lists(STRIDES, max_size=14))
def test_whatever_the_strides_a_moment_is_the_same(strides: list[tuple[Any, bool, int]]) -> None:
    walker = walker_at(5)
    session = walker.session
    for level, is_back, count in strides:
        if level == "fork":
            walker.timeline.fork(session, Text("a copy", "副本"))
        elif is_back:
            walker.back(level, count)
        elif level in ("batch", "epoch"):
            walker.timeline.train_on(session)
            session.run(steps=count)
            walker.timeline.note(session.snapshot())
        else:
            walker.forward(level, count)
    expected = Session(with_dropout())
    expected.run(steps=session.step)
    expected.advance(session.row)
    assert same(session, expected)
