"""What each preprocessing step computes, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from engine.data.dataset import Floats, Step
from engine.data.preprocessing import Features, MinMax, Standardize
from engine.data.preprocessing.features import Feature
from engine.errors import DataError, from_validation_error
from engine.text import Text

ALL: tuple[Feature, ...] = ("x1", "x2", "x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2")
PLANE_NAMES = (Text("x₁", "x₁"), Text("x₂", "x₂"))

TABLES = arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.integers(1, 4)),
    elements=st.floats(-1e6, 1e6, width=32),
)


def run(step: Step, inputs: Any) -> Floats:
    table = np.asarray(inputs, dtype=np.float32)
    return step.apply(table, step.fit(table))


def test_features_of_a_point() -> None:
    (row,) = run(Features(features=ALL), [[2, -3]])
    assert row.tolist() == pytest.approx([2, -3, 4, 9, -6, np.sin(2), np.sin(-3)])
    names = Features(features=ALL).names(PLANE_NAMES)
    assert [name.en for name in names] == ["x₁", "x₂", "x₁²", "x₂²", "x₁x₂", "sin x₁", "sin x₂"]


def test_features_keep_the_order_in_which_they_were_chosen() -> None:
    step = Features(features=("x2_squared", "x1"))
    assert run(step, [[2, -3]]).tolist() == [[9, 2]]
    assert [name.en for name in step.names(PLANE_NAMES)] == ["x₂²", "x₁"]


def test_features_of_a_single_input() -> None:
    step = Features(features=("x1", "x1_squared", "sin_x1"))
    assert run(step, [[3]])[0].tolist() == pytest.approx([3, 9, np.sin(3)])
    assert [name.en for name in step.names((Text("x", "x"),))] == ["x", "x²", "sin x"]


@pytest.mark.parametrize("feature", ["x2", "x2_squared", "x1_x2", "sin_x2"])
def test_a_single_input_has_no_second_coordinate(feature: Any) -> None:
    with pytest.raises(DataError) as caught:
        run(Features(features=("x1", feature)), [[3]])
    error = caught.value
    assert (error.code, error.value) == ("wrong_inputs", feature)
    assert error.allowed == "x1, x1_squared, sin_x1"
    assert "only one input" in error.message.en
    assert "只有一个输入" in error.message.zh


@pytest.mark.parametrize("shape", [(5, 4), (5, 28, 28), (5,)])
def test_features_need_a_plane(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        run(Features(), np.zeros(shape))
    error = caught.value
    assert (error.code, error.where) == ("wrong_inputs", "data.preprocessing.features")
    assert error.value == str(shape[1:])
    assert str(shape[1:]) in error.message.en
    assert str(shape[1:]) in error.message.zh
    assert "Remove this step" in error.hint.en
    assert "去掉这一步" in error.hint.zh


@pytest.mark.parametrize("features", [[], ["x3"], ["x1", "x1"]])
def test_no_unknown_or_repeated_feature(features: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Features.model_validate({"features": features})
    assert from_validation_error(caught.value).where.startswith("features")


def test_standardize_by_feature() -> None:
    outputs = run(Standardize(), [[1, 100], [3, 300], [5, 800]])
    assert np.allclose(outputs.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(outputs.std(axis=0), 1, atol=1e-6)


def test_standardize_all_together_keeps_the_proportions() -> None:
    outputs = run(Standardize(together=True), [[0, 2], [4, 6]])
    assert outputs.mean() == pytest.approx(0, abs=1e-6)
    assert outputs.std() == pytest.approx(1)
    assert np.allclose(np.diff(outputs.ravel()), outputs[0, 1] - outputs[0, 0])


@pytest.mark.parametrize("constant", [0.0, 0.1, 12345.678])
@pytest.mark.parametrize("step", [Standardize(), MinMax(), MinMax(range="minus_one_to_one")])
def test_a_feature_that_never_changes_becomes_zero(step: Step, constant: float) -> None:
    # Rows enough that a careless sum would be rounded and a deviation appear from nothing.
    table = np.column_stack((np.full(777, constant), np.arange(777))).astype(np.float32)
    fitted = step.fit(table)
    assert np.allclose(step.apply(table, fitted)[:, 0], 0, atol=1e-6)
    # A value that was never met is not blown up either.
    assert step.apply(table[:1] + 1, fitted)[0, 0] == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(("range", "low"), [("zero_to_one", 0), ("minus_one_to_one", -1)])
def test_minmax_fills_its_range(range: Any, low: int) -> None:
    outputs = run(MinMax(range=range), [[10, -1], [20, 5], [15, 2]])
    assert outputs.min(axis=0).tolist() == [low, low]
    assert outputs.max(axis=0).tolist() == [1, 1]
    pictures = run(MinMax(range=range, together=True), np.arange(12).reshape(3, 2, 2))
    assert (pictures.min(), pictures.max()) == (low, 1)


@given(TABLES, st.sampled_from([Standardize(), Standardize(together=True), MinMax()]))
def test_scaling_leaves_its_input_alone_and_stays_finite(inputs: Floats, step: Step) -> None:
    before = inputs.copy()
    outputs = run(step, inputs)
    assert np.array_equal(inputs, before)
    assert outputs.shape == inputs.shape
    assert outputs.dtype == np.float32
    assert np.isfinite(outputs).all()


def test_scaling_keeps_the_names() -> None:
    assert Standardize().names(PLANE_NAMES) == PLANE_NAMES
    assert MinMax().names(PLANE_NAMES) == PLANE_NAMES
