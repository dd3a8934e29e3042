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
