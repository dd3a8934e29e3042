from __future__ import annotations

import pytest

from server.hosts.base import Point
from server.hosts.measuring import Load, Meter, point_of, steps_to_epoch


def test_one_small_session_is_shown_as_often_as_wanted() -> None:
    load = Load(2)
    load.add_frame("a", 0.0003)
    load.add_evaluation("a", 0.0002)
    assert load.frame_interval(60) == pytest.approx(1 / 60)
    assert load.evaluation_interval("a") == pytest.approx(0.1)


def test_many_sessions_share_the_time_but_each_gets_its_frames() -> None:
    load = Load(2)
    for number in range(64):
        load.add_frame(str(number), 0.0005)
        load.add_evaluation(str(number), 0.001)
    assert load.frame_interval(60) == pytest.approx(1 / 12)
    assert load.evaluation_interval("3") == pytest.approx(0.64)
    load.forget("3")
    assert load.evaluation_interval("4") == pytest.approx(0.63)


def test_large_network_measures_itself_less_often() -> None:
    load = Load(2)
    assert load.evaluation_seconds("a") == float("inf")
    load.add_evaluation("a", 0.05)
    assert load.evaluation_interval("a") == pytest.approx(2.5)


def test_network_that_stands_still_is_measured_once() -> None:
    meter = Meter("a", Load(1))
    assert meter.is_due(0.0, 5, running=False)
    meter.point = Point(5, 0.5, 0.1, None, None, None)
    assert not meter.is_due(1000.0, 5, running=False)
    assert meter.is_due(0.0, 6, running=False)
    meter.restart()
    assert meter.is_due(0.0, 5, running=False)


def test_what_is_not_finite_counts_as_not_measured() -> None:
    point = point_of(
        {
            "step": 3,
            "epoch": 0.5,
            "training": {"loss": float("nan"), "accuracy": None},
            "validation": None,
        }
    )
    assert point == Point(3, 0.5, None, None, None, None)


@pytest.mark.parametrize(
    ("epoch", "count", "steps"),
    [(0.0, 1, 25), (0.04, 1, 24), (0.96, 1, 1), (1.0, 1, 25), (0.5, 3, 63), (2.9999999999, 1, 25)],
)
def test_epochs_end_at_whole_numbers(epoch: float, count: int, steps: int) -> None:
    assert steps_to_epoch(epoch, count, 25) == steps
