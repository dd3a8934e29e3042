from __future__ import annotations

import json
from typing import Any

from server.history import Curves
from server.hosts.base import Point


def point(step: int, loss: float | None = 0.5) -> Point:
    return Point(step, step / 10, loss, None, None, None)


def read(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_points_come_back_as_columns() -> None:
    curves = Curves()
    curves.add(point(0, 0.7))
    curves.add(point(5, None))
    message = read(curves.message())
    assert message["step"] == [0, 5]
    assert message["epoch"] == [0.0, 0.5]
    assert message["training_loss"] == [0.7, None]
    assert message["validation_accuracy"] == [None, None]
    assert message["restart"] is False


def test_same_step_is_replaced_and_later_ones_are_dropped() -> None:
    curves = Curves()
    for step in (0, 5, 9):
        curves.add(point(step))
    curves.add(point(5, 0.1))
    assert read(curves.message())["step"] == [0, 5]
    assert read(curves.message())["training_loss"] == [0.5, 0.1]


def test_old_points_are_thinned_and_new_ones_kept() -> None:
    curves = Curves(limit=100)
    for step in range(1000):
        curves.add(point(step))
    steps = read(curves.message())["step"]
    assert len(steps) <= 100
    assert steps[-50:] == list(range(950, 1000))
    assert steps[0] == 0
    assert steps == sorted(set(steps))


def test_page_that_knows_the_run_gets_later_points_only() -> None:
    curves = Curves()
    for step in (0, 5, 9):
        curves.add(point(step))
    assert read(curves.catch_up(curves.run, 5))["step"] == [9]
    assert read(curves.catch_up(curves.run, 5))["restart"] is False
    other = read(curves.catch_up(0, 5))
    assert (other["restart"], other["step"], other["run"]) == (True, [0, 5, 9], curves.run)


def test_rewinding_voids_later_points_and_begins_another_run() -> None:
    curves = Curves()
    for step in (0, 5, 9):
        curves.add(point(step))
    run = curves.run
    curves.rewind(5)
    assert read(curves.message())["step"] == [0, 5]
    assert curves.run > run
    curves.rewind(-1)
    assert len(curves) == 0 and curves.last_step == -1


def test_points_between_two_frames() -> None:
    curves = Curves()
    for step in (0, 5, 9, 12):
        curves.add(point(step))
    assert [found.step for found in curves.between(0, 12)] == [5, 9]
    assert not curves.between(12, float("nan"))


def test_page_that_knows_more_than_there_is_begins_anew() -> None:
    curves = Curves.restored([point(0), point(5)], run=3)
    assert read(curves.catch_up(3, 5))["step"] == []
    lost = read(curves.catch_up(3, 9))
    assert (lost["restart"], lost["run"], lost["step"]) == (True, 3, [0, 5])


def test_changes_replace_what_was_written_down_before() -> None:
    curves = Curves.restored([point(0), point(5)], run=1)
    assert curves.changes() == (5, [])
    curves.add(point(9))
    assert curves.changes() == (5, [point(9)])
    curves.add(point(12))
    curves.rewind(5)
    assert curves.changes() == (5, [])
    curves.add(point(7))
    after, points = curves.changes()
    assert (after, points) == (5, [point(7)])
    curves.put_back(after)
    curves.add(point(8))
    assert curves.changes() == (5, [point(7), point(8)])


def test_thinned_points_are_written_down_as_they_are_now() -> None:
    curves = Curves(limit=10)
    written: dict[int, Point] = {}
    for step in range(100):
        curves.add(point(step))
        if step % 7 == 0:
            after, points = curves.changes()
            written = {at: kept for at, kept in written.items() if at <= after}
            written |= {kept.step: kept for kept in points}
            assert list(written) == read(curves.message())["step"]
