"""Moments are kept while a session trains, within its share of the memory, and packed in time."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from engine import Scheduler, Session, Text, presets
from engine.timeline import unpack_timeline
from server.hosts.recorder import (
    LEAST_INTERVAL,
    SECONDS_AFTER_CHANGE,
    SECONDS_BETWEEN_PACKS,
    Recorder,
)
from server.hosts.surroundings import Surroundings
from tests.server.running import wait_until

BYTES = 1_000_000


def around(sessions: int = 1) -> Surroundings:
    """As much of a host as a recorder asks for."""
    options = SimpleNamespace(max_timeline_bytes=BYTES, max_checkpoint_bytes=BYTES)
    fake: Any = SimpleNamespace(options=options, count_sessions=lambda: sessions)
    return cast("Surroundings", fake)


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    started = Scheduler(1)
    started.start()
    yield started
    started.stop()


def steps_of(recorder: Recorder) -> list[int]:
    return [moment.step for moment in recorder.timeline.branch.segments[-1].moments]


def test_a_running_session_leaves_moments_that_are_exact(scheduler: Scheduler) -> None:
    session = Session(presets.load("spiral"))
    seat = scheduler.add(session)
    recorder = Recorder(session, seat, around())
    seat.play(steps_per_second=2000)
    now = 0.0
    for count in range(2, 6):
        recorder.look(now, running=True)
        wait_until(lambda: seat.has_kept)
        recorder.look(now, running=True)
        assert len(steps_of(recorder)) == count
        now += 2 * LEAST_INTERVAL
    seat.pause()
    recorder.settle()
    kept = recorder.timeline.branch.segments[-1].moments
    assert steps_of(recorder)[-1] == session.step
    for moment in kept:
        other = Session(presets.load("spiral"))
        other.run(steps=moment.step)
        assert np.array_equal(other.arena, moment.arena)


def test_copies_are_not_asked_for_more_often_than_they_may_be(scheduler: Scheduler) -> None:
    session = Session(presets.load("spiral"))
    seat = scheduler.add(session)
    recorder = Recorder(session, seat, around())
    seat.play(steps_per_second=1000)
    recorder.look(0.0, running=True)
    wait_until(lambda: seat.has_kept)
    for _ in range(5):
        recorder.look(LEAST_INTERVAL / 2, running=True)
    assert len(steps_of(recorder)) == 2
    seat.pause()
    recorder.settle()
    wait_until(lambda: seat.has_kept)
    settled = steps_of(recorder)
    recorder.look(99.0, running=False)
    assert steps_of(recorder) == settled


def test_sessions_share_the_memory(scheduler: Scheduler) -> None:
    session = Session(presets.load("spiral"))
    seat = scheduler.add(session)
    assert Recorder(session, seat, around()).timeline.budget == BYTES
    assert Recorder(session, seat, around(4)).timeline.budget == BYTES // 4


def test_a_history_is_packed_now_and_then_and_at_once_for_a_branch(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("server.hosts.recorder.time.perf_counter", lambda: clock.now)
    session = Session(presets.load("spiral"))
    recorder = Recorder(session, scheduler.add(session), around())
    assert recorder.pack() is not None
    assert recorder.pack() is None
    recorder.timeline.fork(session, Text("a copy", "副本"))
    packed = recorder.pack()
    assert packed is not None and recorder.pack() is None
    clock.now += SECONDS_BETWEEN_PACKS
    assert recorder.pack() is not None
    again = unpack_timeline(packed, Session(presets.load("spiral")), BYTES)
    assert sorted(again.branches) == [1, 2]


def test_a_damaged_history_costs_earlier_moments_only(scheduler: Scheduler) -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=7)
    recorder = Recorder(session, scheduler.add(session), around(), b"damaged")
    assert steps_of(recorder) == [7]
    assert session.step == 7


def test_a_change_is_packed_soon(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("server.hosts.recorder.time.perf_counter", lambda: clock.now)
    session = Session(presets.load("spiral"))
    recorder = Recorder(session, scheduler.add(session), around())
    assert recorder.pack() is not None
    session.run(steps=5)
    key = next(iter(session.parameters()))
    session.set_parameter(key, (0, 0), 2.5)
    recorder.timeline.changed(session, Text("by hand", "手动"))
    assert recorder.is_behind
    assert recorder.pack() is None, "one change after the other is packed together"
    clock.now += SECONDS_AFTER_CHANGE
    assert recorder.pack() is not None
    assert not recorder.is_behind
