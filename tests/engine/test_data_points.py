"""Points drawn by hand: what they become, and what is refused in which words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data.preparation import prepare
from engine.data.sources import Points
from engine.errors import DataError, from_validation_error


def read(points: Any) -> Points:
    return Points.model_validate_json(json.dumps({"kind": "points", "points": points}))


def test_points_keep_their_order_place_and_class() -> None:
    dataset = read([[-6, 6, 2], [1.5, -0.25, 0], [0, 0, 2]]).load(1)
    assert dataset.inputs.tolist() == [[-6, 6], [1.5, -0.25], [0, 0]]
    assert dataset.targets.tolist() == [2, 0, 2]
    assert [name.en for name in dataset.classes] == ["class 0", "class 1", "class 2"]


@pytest.mark.parametrize(
    ("points", "code", "english", "chinese"),
    [
        ([], "too_few_points", "too few points to learn from: 0", "只有 0 个"),
        ([[1, 1, 0]], "too_few_points", "too few points to learn from: 1", "只有 1 个"),
        (
            [[1, 1, 3], [2, 2, 3]],
            "one_class",
            "All 2 points are of class 3",
            "全部 2 个点都是类别 3",
        ),
    ],
)
def test_too_little_to_learn_from_says_what_to_do(
    points: list[list[float]], code: str, english: str, chinese: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(points).load(1)
    error = caught.value
    assert (error.code, error.where) == (code, "data.source.points")
    assert english in error.message.en
    assert chinese in error.message.zh
    assert "add points" in error.hint.en
    assert "添加" in error.hint.zh
    assert error.value is not None
    assert error.allowed is not None


@pytest.mark.parametrize(
    ("point", "place", "allowed"),
    [
        ([6.5, 0, 0], "points.0.0", "≤ 6.0"),
        ([0, -7, 0], "points.0.1", "≥ -6.0"),
        ([0, 0, 10], "points.0.2", "≤ 9"),
        ([0, 0, -1], "points.0.2", "≥ 0"),
    ],
)
def test_a_point_off_the_plane_is_named(point: list[float], place: str, allowed: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read([point, [1, 1, 1]])
    error = from_validation_error(caught.value)
    assert (error.where, error.allowed) == (place, allowed)


@pytest.mark.parametrize("bad", [[float("nan"), 0, 0], [0, float("inf"), 0], [0, 0, 0.5], [0, 0]])
def test_what_is_no_point_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValidationError):
        read([bad, [1, 1, 1]])


def test_two_thousand_points_are_the_limit() -> None:
    points = [[0.0, 0.0, number % 2] for number in range(2000)]
    assert len(read(points).load(1).inputs) == 2000
    with pytest.raises(ValidationError) as caught:
        read([*points, [1, 1, 1]])
    assert from_validation_error(caught.value).allowed == "≤ 2000"


def test_a_single_point_of_a_class_goes_to_training() -> None:
    dataset = read([[x, 0, 0] for x in range(-5, 5)] + [[0, 5, 1]]).load(1)
    for seed in range(20):
        assert 1 in prepare(dataset, [], 0.5, seed).training_targets
    assert np.bincount(prepare(dataset, [], 0.9, 1).training_targets).tolist() == [1, 1]
