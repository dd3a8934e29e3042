"""Splitting and fitting: nothing of the validation part reaches what the network learns from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.dataset import Dataset, Step
from engine.data.preparation import Prepared, prepare
from engine.data.preprocessing import Features, MinMax, Standardize
from engine.data.sources import Spiral
from engine.data.sources.curves import Sine
from engine.data.sources.digits import Mnist
from engine.data.sources.tables import Penguins
from engine.data.splitting import validation_counts
from engine.errors import DataError
from engine.text import Text

LINE = (Text("width", "宽"), Text("height", "高"))


def table(rows: int = 6, **changes: Any) -> Dataset:
    inputs = np.arange(2 * rows, dtype=np.float32).reshape(rows, 2)
    targets = np.arange(rows, dtype=np.int64) % 2
    return replace(Dataset(inputs, targets, "classification", features=LINE), **changes)


def arrays_of(prepared: Prepared) -> list[Any]:
    return [value for value in vars(prepared).values() if isinstance(value, np.ndarray)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.37, 0.5, 0.9])
@pytest.mark.parametrize("source", [Spiral(samples=101), Sine(samples=101), Penguins()])
def test_the_parts_have_the_sizes_asked_for_and_share_no_row(source: Any, share: float) -> None:
    dataset = source.load(1)
    count = len(dataset.inputs)
    prepared = prepare(dataset, [], share, 1)
    assert abs(len(prepared.validation_inputs) - share * count) <= 0.5
    rows = np.concatenate((prepared.training_rows, prepared.validation_rows))
    assert np.array_equal(np.sort(rows), np.arange(count))
    assert np.array_equal(prepared.training_inputs, dataset.inputs[prepared.training_rows])
    assert np.array_equal(prepared.training_targets, dataset.targets[prepared.training_rows])
    assert np.array_equal(prepared.validation_inputs, dataset.inputs[prepared.validation_rows])
    assert np.array_equal(prepared.validation_targets, dataset.targets[prepared.validation_rows])


def test_the_split_keeps_the_proportions_of_the_classes() -> None:
    dataset = Penguins().load(1)
    prepared = prepare(dataset, [], 0.25, 1)
    shares = np.bincount(prepared.validation_targets) / np.bincount(dataset.targets)
    assert np.allclose(shares, 0.25, atol=0.01)


def test_both_parts_are_mixed() -> None:
    prepared = prepare(Penguins().load(1), [], 0.5, 1)
    for part in (prepared.training_targets, prepared.validation_targets):
        for half in np.array_split(part, 4):
            assert set(half) == {0, 1, 2}


def test_the_split_follows_the_seed() -> None:
    dataset = Spiral().load(1)
    first, same, other = (prepare(dataset, [], 0.5, seed) for seed in (4, 4, 5))
    for left, right in zip(arrays_of(first), arrays_of(same), strict=True):
        assert left.tobytes() == right.tobytes()
    assert not np.array_equal(first.training_rows, other.training_rows)


def test_a_traditional_training_part_is_kept() -> None:
    dataset = table(6, training=4)
    for share, seed in ((0.0, 1), (0.9, 2)):
        prepared = prepare(dataset, [], share, seed)
        assert prepared.training_rows.tolist() == [0, 1, 2, 3]
        assert prepared.validation_rows.tolist() == [4, 5]


def test_large_sets_are_not_copied() -> None:
    dataset = Mnist().load(1)
    prepared = prepare(dataset, [], 0.2, 1)
    assert np.shares_memory(prepared.training_inputs, dataset.inputs)
    assert np.shares_memory(prepared.validation_inputs, dataset.inputs)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_something_is_always_left_to_learn_from(rows: int) -> None:
    prepared = prepare(table(rows), [], 0.9, 1)
    assert len(prepared.training_inputs) >= 1


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.floats(0, 0.9))
def test_every_class_gives_its_share(sizes: list[int], share: float) -> None:
    total = sum(sizes)
    wanted = int(total * share)
    if total == 0:
        return
    takes = validation_counts(np.array(sizes), wanted)
    for size, take in zip(sizes, takes, strict=True):
        assert 0 <= take <= max(size - 1, 0)
        assert take == max(size - 1, 0) or abs(take - size * wanted / total) < 1
    kept_back = sum(size * wanted / total > size - 1 for size in sizes)
    assert wanted - kept_back - 1 <= takes.sum() <= wanted


@pytest.mark.parametrize("step", [Standardize(), Standardize(together=True), MinMax()])
def test_changing_validation_rows_changes_nothing_that_was_fitted(step: Step) -> None:
    dataset = Penguins().load(1)
    honest = prepare(dataset, [step], 0.3, 1)
    spoiled = dataset.inputs.copy()
    spoiled[honest.validation_rows] *= 1000
    tampered = prepare(dataset.with_inputs(spoiled), [step], 0.3, 1)
    assert np.array_equal(honest.training_inputs, tampered.training_inputs)
    probe = dataset.inputs[:5]
    assert np.array_equal(honest.transform(probe), tampered.transform(probe))
    assert not np.array_equal(honest.validation_inputs, tampered.validation_inputs)


def test_changing_training_rows_changes_what_was_fitted() -> None:
    dataset = Penguins().load(1)
    honest = prepare(dataset, [Standardize()], 0.3, 1)
    spoiled = dataset.inputs.copy()
    spoiled[honest.training_rows[0]] *= 1000
    tampered = prepare(dataset.with_inputs(spoiled), [Standardize()], 0.3, 1)
    assert not np.allclose(honest.transform(dataset.inputs), tampered.transform(dataset.inputs))


def test_steps_are_fitted_on_what_the_steps_before_them_made() -> None:
    steps = [Features(features=("x1", "x1_squared", "sin_x2")), Standardize()]
    prepared = prepare(Spiral().load(1), steps, 0.5, 1)
    assert prepared.shape == (3,)
    assert [name.en for name in prepared.features] == ["x₁", "x₁²", "sin x₂"]
    assert np.allclose(prepared.training_inputs.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(prepared.training_inputs.std(axis=0), 1, atol=1e-5)
    assert not np.allclose(prepared.validation_inputs.mean(axis=0), 0, atol=1e-5)


def test_transform_is_what_both_parts_went_through() -> None:
    steps = [Features(features=("x1", "x1_x2")), MinMax()]
    prepared = prepare(Spiral().load(1), steps, 0.4, 1)
    training = prepared.transform(prepared.raw_training_inputs)
    validation = prepared.transform(prepared.raw_validation_inputs)
    assert np.array_equal(training, prepared.training_inputs)
    assert np.array_equal(validation, prepared.validation_inputs)


@pytest.mark.parametrize("steps", [[], [Standardize()], [Features(features=("x2", "x1"))]])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_all_arrays_are_contiguous_and_of_the_promised_types(
    steps: list[Step], share: float
) -> None:
    prepared = prepare(Spiral().load(1), steps, share, 1)
    assert all(array.flags.c_contiguous for array in arrays_of(prepared))
    assert prepared.training_inputs.dtype == prepared.validation_inputs.dtype == np.float32
    assert prepared.validation_inputs.shape[1:] == prepared.shape
    assert prepared.training_targets.dtype == np.int64


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(bad: float) -> None:
    dataset = table()
    dataset.inputs[3, 1] = bad
    with pytest.raises(DataError) as caught:
        prepare(dataset, [], 0.5, 1)
    error = caught.value
    assert (error.code, error.where) == ("not_finite", "data.source.rows.4")
    assert error.value == str(bad)
    assert "Row 4" in error.message.en and "height" in error.message.en
    assert "第 4 行" in error.message.zh and "高" in error.message.zh
    assert "改正" in error.hint.zh


def test_a_target_that_is_not_finite_is_named() -> None:
    targets = np.zeros((6, 1), dtype=np.float32)
    targets[5] = np.nan
    with pytest.raises(DataError) as caught:
        prepare(table(targets=targets, problem="regression"), [], 0.5, 1)
    assert caught.value.where == "data.source.rows.6"
    assert "target" in caught.value.message.en
    assert "目标值" in caught.value.message.zh


def test_a_pixel_that_is_not_finite_is_named() -> None:
    pictures = np.zeros((6, 4, 4), dtype=np.float32)
    pictures[1, 2, 3] = np.nan
    with pytest.raises(DataError) as caught:
        prepare(table(inputs=pictures, features=()), [], 0.5, 1)
    assert "Row 2 has the value nan at “feature 3, 4”" in caught.value.message.en


def test_no_samples_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        prepare(table(0), [], 0.5, 1)
    assert caught.value.code == "no_samples"
    assert "没有" in caught.value.message.zh


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_step_whose_result_overflows_is_named() -> None:
    dataset = table(inputs=np.full((6, 2), 1e30, dtype=np.float32))
    with pytest.raises(DataError) as caught:
        prepare(dataset, [Features(features=("x1_squared",))], 0.5, 1)
    assert (caught.value.code, caught.value.where) == ("overflow", "data.preprocessing.features")


def test_transform_refuses_other_shapes_and_values() -> None:
    prepared = prepare(Mnist().load(1), [], 0.2, 1)
    with pytest.raises(DataError) as caught:
        prepared.transform(np.zeros((1, 8, 8), dtype=np.float32))
    assert caught.value.value == "(8, 8)"
    assert caught.value.allowed == "(28, 28)"
    with pytest.raises(DataError) as caught:
        prepared.transform(np.full((1, 28, 28), np.nan, dtype=np.float32))
    assert caught.value.where == "inputs.rows.1"
