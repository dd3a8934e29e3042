from __future__ import annotations

import json
from typing import Any

from server.history import Curves
from server.hosts.base import Point, Stretch
from server.protocol import BranchInfo, Words


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


def test_points_of_the_past_take_their_places_and_later_ones_stay() -> None:
    curves = Curves()
    for step in (0, 5, 9):
        curves.add(point(step))
    curves.add(point(5, 0.1))
    curves.add(point(3, 0.2))
    assert read(curves.message())["step"] == [0, 3, 5, 9]
    assert read(curves.message())["training_loss"] == [0.5, 0.2, 0.1, 0.5]


def branch(number: int, parent: int | None, fork: int) -> BranchInfo:
    cause = Words(en="a change", zh="一次更改")
    return BranchInfo(
        number=number, parent=parent, fork=fork, start=fork, end=fork, cause=cause, changes=[]
    )


def test_a_branch_begins_with_its_parents_points_up_to_the_fork() -> None:
    curves = Curves()
    for step in (0, 5, 9):
        curves.add(point(step))
    run = curves.run
    root = branch(1, None, 0)
    assert not curves.follow([root], 1)
    assert curves.run == run
    assert curves.follow([root, branch(2, 1, 5)], 2)
    assert curves.run > run
    curves.add(point(7, 0.1))
    whole = [read(text) for text in curves.restart()]
    assert [(text["branch"], text["restart"], text["step"]) for text in whole] == [
        (2, True, [0, 5, 7]),
        (1, False, [0, 5, 9]),
    ]
    assert curves.follow([root, branch(2, 1, 5)], 1)
    assert curves.last_step == 9
    assert curves.follow([root], 1)
    assert [read(text)["branch"] for text in curves.restart()] == [1]


def test_what_is_new_is_told_for_every_branch_once() -> None:
    curves = Curves()
    for step in (0, 5, 9):
        curves.add(point(step))
    assert curves.changes() == ((1, -1, [point(0), point(5), point(9)]),)
    curves.follow([branch(1, None, 0), branch(2, 1, 5)], 2)
    curves.add(point(8))
    assert curves.changes() == ((1, 9, []), (2, -1, [point(0), point(5), point(8)]))
    # Where the past is walked once more, nothing is new.
    curves.add(point(5))
    assert curves.changes() == ((1, 9, []), (2, 8, []))
    curves.add(point(6))
    changes = curves.changes()
    assert changes[1] == (2, 5, [point(6), point(8)])
    curves.put_back(changes)
    assert curves.changes()[1] == (2, 5, [point(6), point(8)])
    again = Curves.restored(curves.all(), curves.run)
    assert again.all() == curves.all()
    assert again.changes() == ((1, 9, []), (2, 8, []))


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
    assert read(curves.catch_up(curves.run, 5)[0])["step"] == [9]
    assert read(curves.catch_up(curves.run, 5)[0])["restart"] is False
    other = read(curves.catch_up(0, 5)[0])
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


def stored(*steps: int) -> tuple[Stretch, ...]:
    return (Stretch(1, -1, [point(step) for step in steps]),)


def test_page_that_knows_more_than_there_is_begins_anew() -> None:
    curves = Curves.restored(stored(0, 5), run=3)
    assert read(curves.catch_up(3, 5)[0])["step"] == []
    lost = read(curves.catch_up(3, 9)[0])
    assert (lost["restart"], lost["run"], lost["step"]) == (True, 3, [0, 5])


def test_changes_replace_what_was_written_down_before() -> None:
    curves = Curves.restored(stored(0, 5), run=1)
    assert curves.changes() == ((1, 5, []),)
    curves.add(point(9))
    assert curves.changes() == ((1, 5, [point(9)]),)
    curves.add(point(12))
    curves.rewind(5)
    assert curves.changes() == ((1, 5, []),)
    curves.add(point(7))
    changes = curves.changes()
    assert changes == ((1, 5, [point(7)]),)
    curves.put_back(changes)
    curves.add(point(8))
    assert curves.changes() == ((1, 5, [point(7), point(8)]),)


def test_thinned_points_are_written_down_as_they_are_now() -> None:
    curves = Curves(limit=10)
    written: dict[int, Point] = {}
    for step in range(100):
        curves.add(point(step))
        if step % 7 == 0:
            ((_, after, points),) = curves.changes()
            written = {at: kept for at, kept in written.items() if at <= after}
            written |= {kept.step: kept for kept in points}
            assert list(written) == read(curves.message())["step"]
